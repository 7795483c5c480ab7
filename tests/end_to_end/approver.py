"""An approver as the gateway's console sees one: the API, with the person's own token."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from scripts.story.stage import Stage

PATIENCE_SECONDS = 30
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Approver:
    """One person with a token of the stage's provider."""

    def __init__(self, stage: Stage, person: str) -> None:
        self.token = stage.provider.token_for_person(person)
        self._stage = stage
        self.answers: list[bytes] = []  #: everything the console told this person

    def ask(self, method: str, path: str, document: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of one request to the console."""
        request = urllib.request.Request(self._stage.console_url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with _NO_PROXY.open(request, timeout=PATIENCE_SECONDS) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        self.answers.append(body)
        return status, json.loads(body)

    def look(self, path: str) -> bytes:
        """Head and body of whatever the console answers this person."""
        request = urllib.request.Request(
            self._stage.console_url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with _NO_PROXY.open(request, timeout=PATIENCE_SECONDS) as answer:
                said: bytes = answer.headers.as_bytes() + answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.headers.as_bytes() + error.read()
        self.answers.append(said)
        return said

    def pending(self, subject: str) -> list[dict[str, Any]]:
        """What waits for a decision on this subject."""
        _, answer = self.ask("GET", "/api/approvals")
        return [entry for entry in answer["approvals"] if (entry["subject"], entry["state"]) == (subject, "pending")]

    def wait_for(self, subject: str) -> dict[str, Any]:
        """The one approval that is asked for on this subject, once it is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := self.pending(subject):
                assert len(found) == 1
                return found[0]
            threading.Event().wait(0.02)
        raise AssertionError(f"nobody asked for an approval of {subject}")

    def decide(self, approval_id: str, verdict: str, reason: str = "") -> tuple[int, Any]:
        """Approve or deny."""
        return self.ask("POST", f"/api/approvals/{approval_id}/{verdict}", {"reason": reason})
