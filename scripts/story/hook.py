"""A team's chat bot: takes the gateway's signed webhooks (Standard Webhooks) and says each in two lines.

Thirty lines of standard library: what a receiver has to do, on loopback. Does not refuse what comes a second time.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import queue
import secrets
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.story.process import ChildFailed

MAX_AGE_SECONDS = 300


def is_signed(headers: Any, body: bytes, key: bytes, now: float) -> bool:
    """Whether `body` is from who has `key`, and of the last five minutes; `headers` as http.server reads them."""
    identifier, sent, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not sent.isascii() or not sent.isdigit() or abs(now - int(sent[:12])) > MAX_AGE_SECONDS:
        return False
    right = b"v1," + base64.b64encode(hmac.digest(key, f"{identifier}.{sent}.".encode() + body, "sha256"))
    return any(hmac.compare_digest(right, one.encode()) for one in signatures.split(" "))


def told(document: dict[str, Any]) -> str:
    """What the bot writes: what happened, to what, and the link."""
    data = document["data"]
    subject = data["subject"] or "the service as a whole"
    what = f"{document['type']}: {data['effect']} of {subject} by {', '.join(data['people'])}, {data['risk']['level']} risk"
    return f"{what}: {'; '.join(data['summary'])}\n{data['url']}"


class Hook:
    """A running receiver. Use it as a context manager. `say` hears every message once it is set."""

    def __init__(self, directory: Path) -> None:
        """Write a new key into `directory`, then listen, and keep there what comes in."""
        key = secrets.token_bytes(32)
        self.key_file = directory / "hook.key"
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(f"whsec_{base64.b64encode(key).decode()}")
        self.log = directory / "hook.log"
        self.say: Callable[[str], None] | None = None
        self._news: queue.Queue[dict[str, Any]] = queue.Queue()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if is_signed(self.headers, body, key, time.time()):
                    hook._hear(json.loads(body))
                    self.send_response(204)
                else:
                    self.send_response(401)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """The messages are what counts."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/countersign"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for(self, kind: str, *, seconds: float = 10) -> dict[str, Any]:
        """The next message of type `kind`; those before it are passed over. Raises ChildFailed when none comes in time."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while True:
                document = self._news.get(timeout=max(deadline - time.monotonic(), 0.001))
                if document["type"] == kind:
                    return document
        raise ChildFailed(f"the chat bot was not told of {kind} within {seconds:g} s")

    def _hear(self, document: dict[str, Any]) -> None:
        with self.log.open("a") as log:
            log.write(json.dumps(document, ensure_ascii=False) + "\n")
        self._news.put(document)
        if self.say is not None:
            self.say(told(document))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
