"""The console of one gateway: bound and listening, its twins following the approvals desk, until it is stopped.

Does not keep proxy clients from reaching it through the proxy: the proxy does.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import tornado.httpserver
from mitmproxy.addons.view import View
from mitmproxy.master import Master

from countersign import limits
from countersign.approvals import Desk
from countersign.console.application import ConsoleApplication, Verify
from countersign.console.approval_pages import History
from countersign.console.settings import Addresses, ConsoleError, ConsoleSettings
from countersign.console.twins import Twins
from countersign.errors import CountersignError
from countersign.identity import BrowserLogin

__all__ = ["Console", "ConsoleError", "ConsoleSettings"]

logger = logging.getLogger(__name__)


class Console:
    """mitmweb for approvers, served inside mitmdump. `verify` turns a person's token into a Caller; `browser_login` None:
    people log in with a token only. `history` reads what the approvals page tells of a subject; it runs in a thread.

    `clock` gives seconds since the epoch. The gateway's `master` lends its event loop, and nothing else: neither
    its options nor its flows are within reach of the console's handlers.
    """

    def __init__(
        self,
        master: Master,
        desk: Desk,
        verify: Verify,
        settings: ConsoleSettings,
        clock: Callable[[], float] = time.time,
        browser_login: BrowserLogin | None = None,
        *,
        history: History,
    ) -> None:
        self._loop = master.event_loop
        self._desk = desk
        self._verify = verify
        self._settings = settings
        self._clock = clock
        self._browser_login = browser_login
        self._history = history
        self._application: ConsoleApplication | None = None
        self._server: tornado.httpserver.HTTPServer | None = None
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Bind, listen, and show what is pending. Call it once, inside the loop.

        Raises ConsoleError where the port is taken or the certificate cannot be used.
        """
        tls = self._settings.tls_context()
        listening = self._bind()
        view = View()
        self._twins = Twins(self._desk, view)
        application = ConsoleApplication(
            view,
            self._desk,
            self._verify,
            self._settings,
            Addresses.of(self._settings, listening.getsockname()[1]),
            self._clock,
            self._browser_login,
            history=self._history,
        )
        view.sig_view_add.connect(application.audience.added)
        view.sig_view_update.connect(application.audience.updated)
        view.sig_view_remove.connect(application.audience.removed)
        self._server = tornado.httpserver.HTTPServer(
            application,
            ssl_options=tls,
            max_body_size=limits.MAX_CONSOLE_BODY_BYTES,
            max_buffer_size=2 * limits.MAX_CONSOLE_BODY_BYTES,
            body_timeout=limits.CONSOLE_IDLE_SECONDS,
            idle_connection_timeout=limits.CONSOLE_IDLE_SECONDS,
        )
        self._application = application
        self._server.add_socket(listening)
        self._twins.follow()
        self._following = self._loop.create_task(self._follow(), name="countersign console")

    def stop(self) -> None:
        """Stop listening and close every page. Safe to call twice, or before start."""
        if self._following is not None:
            self._following.cancel()
        if self._application is not None:
            self._application.audience.close_all()
        if self._server is not None:
            self._server.stop()
            self._closing = self._loop.create_task(self._server.close_all_connections())
        self._following = self._application = self._server = None

    @property
    def url(self) -> str:
        """Where people open it. Raises ConsoleError before start."""
        return self._started().addresses.url

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on, for the proxy to refuse. Raises ConsoleError before start."""
        return self._settings.host, self._started().addresses.port

    def approval_url(self, approval_id: str) -> str:
        """What a person opens to decide about one approval. Raises ConsoleError before start."""
        return self._started().approval_url(approval_id)

    def end_sessions(self) -> None:
        """Everybody logs in again: call it when the rules on who is who have changed."""
        application = self._started()
        application.sessions.end_all()
        application.audience.close_ended()

    def _started(self) -> ConsoleApplication:
        if self._application is None:
            raise ConsoleError("the console has not been started")
        return self._application

    def _bind(self) -> socket.socket:
        host = "127.0.0.1" if self._settings.host == "localhost" else self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, self._settings.port), family=family)
        except OSError as error:
            raise ConsoleError(
                f"the console cannot listen on {host}:{self._settings.port} ({error.strerror}); stop what listens there, "
                "or give the console another host or port (port 0 takes any free one)"
            ) from None
        listening.setblocking(False)
        return listening

    async def _follow(self) -> None:
        """After each step of the desk, and now and then, since time ends approvals and sessions."""
        seen = self._desk.revision
        while True:
            try:
                seen = await asyncio.wait_for(self._desk.wait_for_change(seen), limits.CONSOLE_REFRESH_SECONDS)
            except TimeoutError:
                await self._expire()
            self._started().audience.close_ended()  # first, so that nobody is told after their session
            self._twins.follow()

    async def _expire(self) -> None:
        try:
            await self._desk.expire_due()
        except CountersignError as error:
            logger.warning(f"Countersign: an approval could not be ended in time: {error}")
