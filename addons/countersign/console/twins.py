"""One masked twin of the held request per approval: what mitmweb lists. No live flow ever comes here.

Does not decide who may see a twin: every reader asks `may_see` about its approval.
"""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import urlsplit

from mitmproxy import connection, exceptions, http
from mitmproxy.addons.view import View
from mitmproxy.tools.web import app

from countersign import limits
from countersign.approvals import Approval, Desk, UnknownApproval
from countersign.visible_text import visible_line

#: mitmweb asks for no content view of an empty body, and the change is shown in one.
_NO_BODY = "(no body)"


class Twin(http.HTTPFlow):
    """What mitmweb shows of one approval. It leads nowhere: no connection stands behind it."""

    def __init__(self, approval: Approval) -> None:
        request = _request(approval)
        server = connection.Server(address=(request.host, request.port))
        super().__init__(connection.Client(peername=("", 0), sockname=("", 0)), server)
        self.id = approval.request.id
        self.request = request
        self.timestamp_created = approval.request.requested_at / 1_000_000
        self.show(approval)

    def show(self, approval: Approval) -> None:
        """Show `approval` as it stands now."""
        self.approval = approval
        self.intercepted = approval.state == "pending"
        state = f"{approval.missing} of {approval.request.quorum} signatures missing"
        if not self.intercepted:
            state = f"{approval.state}: {approval.why}" if approval.why else approval.state
        self.comment = " | ".join(visible_line(line) for line in (state, *approval.request.summary))

    def as_json(self) -> dict[str, Any]:
        """What mitmweb lists. The page reads the content again when its hash changes, so the state is part of it."""
        document = app.flow_to_json(self)
        document["request"]["contentHash"] += f"-{self.approval.state}-{len(self.approval.signatures)}"
        return document

    def resume(self) -> NoReturn:
        """Only a person's recorded decision releases anything; see decisions.py. Raises ControlException."""
        raise exceptions.ControlException("an approval is decided through the console, by a person")

    def kill(self) -> NoReturn:
        """As resume."""
        self.resume()


Twin.type = "http"  # mitmproxy derives it from the class's name, and the page knows its own types only


class Twins:
    """The twins of every pending approval of `desk`, in `view`, and of the last that were decided.

    Those stay, with Resume and Abort switched off: mitmweb selects the next flow when one goes away, and the second
    click of a double click would decide about that one, unseen.
    """

    def __init__(self, desk: Desk, view: View) -> None:
        self._desk = desk
        self._view = view

    def follow(self) -> None:
        """Make the view what the desk is now."""
        shown: dict[str, Twin] = {twin.id: twin for twin in self._view}
        pending = [approval for approval in self._desk.live() if approval.state == "pending"]
        for approval in pending:
            if approval.request.id not in shown:
                self._view.add([Twin(approval)])
        for twin in shown.values():
            self._refresh(twin)
        decided = [twin for twin in self._view if not twin.intercepted]
        for twin in decided[: max(0, len(decided) - limits.MAX_DECIDED_TWINS)]:
            self._view.remove([twin])

    def _refresh(self, twin: Twin) -> None:
        try:
            now = self._desk.get(twin.id)
        except UnknownApproval:
            self._view.remove([twin])
            return
        if now is not twin.approval:
            twin.show(now)
            self._view.update([twin])


def _request(approval: Approval) -> http.Request:
    message: dict[str, Any] = dict(approval.request.message)
    body = str(message.get("body") or _NO_BODY)
    headers = http.Headers([(_bytes(name), _bytes(value)) for name, value in message.get("headers") or []])
    url = str(message.get("url"))
    scheme, host, port, path = _split(url, approval.request.connection)
    asked_at = approval.request.requested_at / 1_000_000
    return http.Request(
        host=host,
        port=port,
        method=_bytes(message.get("method")),
        scheme=scheme.encode(),
        authority=b"",
        path=_bytes(path),
        http_version=b"HTTP/1.1",
        headers=headers,
        content=body.encode(errors="backslashreplace"),
        trailers=None,
        timestamp_start=asked_at,
        timestamp_end=asked_at,
    )


def _split(url: str, connection_name: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and the rest of `url`; of one that cannot be split, all of it is the rest."""
    try:
        parts = urlsplit(url)
        scheme = parts.scheme if parts.scheme in ("http", "https") else "https"
        port = parts.port or (80 if scheme == "http" else 443)
        host = parts.hostname or connection_name
        rest = url.partition("://")[2]
        path = "/" + rest.partition("/")[2] if parts.netloc else url
    except ValueError:
        return "https", visible_line(connection_name), 443, url
    return scheme, visible_line(host), port, path


def _bytes(text: object) -> bytes:
    return visible_line(str(text)).encode()  # no surrogate is left
