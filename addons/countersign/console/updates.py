"""The page's web socket: tells each viewer about the twins they may see. Whatever the page sends is ignored.

mitmweb's own socket takes filter expressions; they are regular expressions, and one that never ends would stop the
gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import tornado.escape
import tornado.websocket
from mitmproxy.flow import Flow

from countersign import limits
from countersign.approvals.eligibility import may_see
from countersign.console.door import Door
from countersign.console.problems import Problem
from countersign.console.sessions import Session
from countersign.console.twins import Twin
from countersign.identity import Caller


class Updates(Door, tornado.websocket.WebSocketHandler):
    """One open page."""

    async def prepare(self) -> None:
        await super().prepare()
        audience = self.application.audience
        if (
            len(audience) >= limits.MAX_CONSOLE_SOCKETS
            or audience.pages_of(self.session.caller) >= limits.MAX_WAITING_PER_CALLER
        ):
            raise Problem(503, "too many pages are open; close one")

    def check_origin(self, origin: str) -> bool:
        """The door has checked it; without one there must be a bearer token."""
        return origin.lower() in self.application.addresses.origins

    def open(self, *args: str, **kwargs: str) -> None:
        if not (self._has_bearer() or self.request.headers.get("Origin")):
            self.close(code=1008, reason="say your origin")
            return
        self._messages: asyncio.Queue[str] = asyncio.Queue(limits.MAX_SOCKET_QUEUE_MESSAGES)
        self._sending = asyncio.ensure_future(self._send_all())
        self.application.audience.join(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignored; see above."""

    def on_close(self) -> None:
        self.application.audience.leave(self)
        if hasattr(self, "_sending"):
            self._sending.cancel()

    def tell(self, message: str) -> None:
        """Send `message` in order; a page that does not read is closed."""
        try:
            self._messages.put_nowait(message)
        except asyncio.QueueFull:
            self.close(code=1013, reason="too slow")

    async def _send_all(self) -> None:
        try:
            while True:
                await self.write_message(await self._messages.get())
        except tornado.websocket.WebSocketClosedError:
            return


class Audience:
    """Every open page, and what each of them hears. `is_over` says whether a session has ended."""

    def __init__(self, is_over: Callable[[Session], bool]) -> None:
        self._is_over = is_over
        self._pages: set[Updates] = set()

    def __len__(self) -> int:
        return len(self._pages)

    def pages_of(self, caller: Caller) -> int:
        """How many pages of the same token's holder are open."""
        who = (caller.issuer, caller.subject)
        return sum((page.session.caller.issuer, page.session.caller.subject) == who for page in self._pages)

    def join(self, page: Updates) -> None:
        self._pages.add(page)

    def leave(self, page: Updates) -> None:
        self._pages.discard(page)

    def added(self, flow: Flow) -> None:
        self._show("flows/add", flow)

    def updated(self, flow: Flow) -> None:
        self._show("flows/update", flow)

    def removed(self, flow: Flow, index: int) -> None:
        self._tell(flow, {"type": "flows/remove", "payload": flow.id})

    def close_ended(self) -> None:
        """Close the pages of those who have logged out, or whose session is over."""
        self._close(page for page in self._pages.copy() if self._is_over(page.session))

    def close_all(self) -> None:
        self._close(self._pages.copy())

    def _close(self, pages: Iterable[Updates]) -> None:
        for page in pages:
            self.leave(page)
            page.close(code=1001, reason="log in again")

    def _show(self, kind: str, flow: Flow) -> None:
        assert isinstance(flow, Twin)
        self._tell(flow, {"type": kind, "payload": {"flow": flow.as_json(), "matching_filters": {}}})

    def _tell(self, flow: Flow, message: dict[str, Any]) -> None:
        assert isinstance(flow, Twin)
        text = tornado.escape.json_encode(message)
        for page in self._pages.copy():
            if may_see(flow.approval, page.session.caller):
                page.tell(text)
