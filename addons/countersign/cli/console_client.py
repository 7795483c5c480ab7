"""The API of a running console, with one person's token. Checks neither the token nor what the console says."""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from countersign import limits
from countersign.errors import CountersignError

_APPROVAL_ID = re.compile(r"[0-9a-f-]{1,64}")


class Refused(CountersignError):
    """The console understood and said no; the text is its own. `status` is the HTTP status."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(f"{detail} ({status})")
        self.status = status


class Unreachable(CountersignError):
    """No answer, or none that a console would give."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ConsoleClient:
    """One person's way to one console. HTTPS_PROXY is ignored: on these machines it is the gateway. Threads can share it."""

    url: str
    token: str
    tls: ssl.SSLContext

    def approvals(self, seen: int | None = None) -> tuple[int, list[dict[str, Any]]]:
        """The revision, and what is held and may be seen; with `seen` once something is another than at that revision.

        Raises Refused, Unreachable.
        """
        answer = self._ask("GET", "/api/approvals" if seen is None else f"/api/approvals?seen={seen:d}")
        try:
            return int(answer["revision"]), [dict(each) for each in answer["approvals"]]
        except (KeyError, TypeError, ValueError):
            raise Unreachable("the answer is not a console's of this version") from None

    def approval(self, approval_id: str) -> dict[str, Any]:
        """All of one approval. Raises Refused, Unreachable; ValueError where `approval_id` cannot be one."""
        return self._document(self._ask("GET", f"/api/approvals/{checked_id(approval_id)}"))

    def take(self, approval_id: str, action: str, reason: str) -> dict[str, Any]:
        """Take a step, and return the approval as it stands then.

        Raises Refused, or Unreachable: then nobody knows whether it was recorded. ValueError where `approval_id` cannot
        be one.
        """
        path = f"/api/approvals/{checked_id(approval_id)}/{action}"
        return self._document(self._ask("POST", path, {"reason": reason}))

    def _document(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise Unreachable("the answer is not a console's of this version")
        return answer

    def _ask(self, method: str, path: str, document: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - the scheme was checked
        request.add_header("Authorization", f"Bearer {self.token}")
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls), _NoRedirect()
        )
        try:
            with opener.open(request, timeout=limits.CONSOLE_TIMEOUT_SECONDS) as answer:
                return _json(answer.read(limits.MAX_CONSOLE_ANSWER_BYTES + 1))
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                f"{self.url} does not answer: {reason}; is the gateway running, and is this its console?"
            ) from None


def checked_id(approval_id: str) -> str:
    """`approval_id`, which can stand in a path. Raises ValueError where it would reach another part of the API."""
    if not _APPROVAL_ID.fullmatch(approval_id):
        raise ValueError("an approval's id has hexadecimal digits and dashes only")
    return approval_id


def _refusal(error: urllib.error.HTTPError) -> CountersignError:
    """What a problem document says; an answer that is none does not come from a console."""
    try:
        problem = _json(error.read(limits.MAX_CONSOLE_BODY_BYTES))
        return Refused(str(problem["detail"]), error.code)
    except (Unreachable, OSError, HTTPException, KeyError, TypeError):
        return Unreachable(f"the answer is {error.code} and not a console's; is this the URL of the gateway's console?")


def _json(data: bytes) -> Any:
    if len(data) > limits.MAX_CONSOLE_ANSWER_BYTES:
        raise Unreachable("the answer is too large; ask for one approval with `show`")
    try:
        return json.loads(data)
    except ValueError:
        raise Unreachable("the answer is not JSON; is this the URL of the gateway's console?") from None
