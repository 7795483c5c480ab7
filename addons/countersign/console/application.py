"""mitmweb's own tornado application with an allow-list in front: what is not named in it is answered 403.

mitmproxy's handlers are never reached by mitmproxy's own table of routes, and the `master` they know holds the twins
and nothing of the gateway: no options, no commands, no log.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote
from weakref import WeakValueDictionary

import tornado.httputil
import tornado.web
from mitmproxy.addons.view import View
from mitmproxy.tools.web import app
from mitmproxy.tools.web.master import WebMaster

from countersign import limits
from countersign.approvals import Desk
from countersign.approvals.eligibility import ACTIONS
from countersign.console.approval_pages import ApprovalPage, History, InboxPage
from countersign.console.approval_view import content_views
from countersign.console.browser_login import FinishLogin, StartLogin
from countersign.console.decisions import ApprovalList, Decision, OneApproval, Press
from countersign.console.door import Refused
from countersign.console.landing import APPROVAL_ID
from countersign.console.login import Login, Logout
from countersign.console.login_attempts import LoginAttempts
from countersign.console.mitmweb_pages import Content, Fixed, Flows, Index, PageFile, index_page
from countersign.console.pending_logins import PendingLogins
from countersign.console.sessions import Sessions
from countersign.console.settings import Addresses, ConsoleSettings
from countersign.console.updates import Audience, Updates
from countersign.identity import BrowserLogin, Caller

type Verify = Callable[[str], Awaitable[Caller]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one kind of path, and who answers it. Groups of `path` are the handler's arguments."""

    method: str
    path: re.Pattern[str]
    handler: type[tornado.web.RequestHandler]
    arguments: dict[str, Any] = field(default_factory=dict)


def _route(method: str, path: str, handler: type[tornado.web.RequestHandler], /, **arguments: Any) -> Route:
    return Route(method, re.compile(path), handler, arguments)


#: Python computes one at a time: more threads gain nothing, and take from the event loop, that is from everybody.
_RENDERING = ThreadPoolExecutor(1, "countersign-pages")

_MITMWEB_FILES = str(Path(app.__file__).with_name("static"))
_OUR_FILES = str(Path(__file__).with_name("page"))
_ID = f"({APPROVAL_ID})"

#: What mitmweb's page wants to know of its own state: no version, no servers, no platform of the gateway.
_STATE = {"version": "Countersign", "contentViews": content_views().available_views(), "servers": {}, "platform": ""}
#: The page's settings that matter here: which columns, and that it shows the whole text at once.
_OPTIONS = {
    "web_columns": {"value": ["method", "path", "comment", "timestamp"]},
    "content_view_lines_cutoff": {"value": 2**31 - 1},
}

ROUTES = (
    _route("GET", "/login", Login),
    _route("POST", "/login", Login),
    _route("GET", "/login/start", StartLogin),
    _route("GET", "/login/callback(?:/[A-Za-z0-9._~%:/-]{1,500})?", FinishLogin),
    _route("POST", "/logout", Logout),
    _route("GET", "/approvals", InboxPage),
    _route("GET", f"/approvals/{_ID}", ApprovalPage),
    _route("POST", f"/approvals/{_ID}", ApprovalPage),
    _route("GET", "/api/approvals", ApprovalList),
    _route("GET", f"/api/approvals/{_ID}", OneApproval),
    _route("POST", f"/api/approvals/{_ID}/({'|'.join(ACTIONS)})", Decision),
    # mitmweb's page and what it asks for
    _route("GET", "/", Index),
    _route("GET", r"/static/([A-Za-z0-9_.-]+)", PageFile, path=_MITMWEB_FILES),
    _route("GET", r"/(approv(?:er|als)\.(?:css|js))", PageFile, path=_OUR_FILES),
    _route("GET", r"/state(?:\.json)?", Fixed, document=_STATE),
    _route("GET", r"/options(?:\.json)?", Fixed, document=_OPTIONS),
    _route("GET", r"/commands(?:\.json)?", Fixed, document={}),
    _route("GET", r"/events(?:\.json)?", Fixed, document=[]),
    _route("GET", r"/filter-help(?:\.json)?", Fixed, document={"commands": []}),
    _route("GET", "/updates", Updates),
    _route("GET", r"/flows(?:\.json)?", Flows),
    _route("GET", f"/flows/{_ID}/(request|response)/content/([A-Za-z]{{1,20}})(?:\\.json)?", Content),
    _route("POST", f"/flows/{_ID}/resume", Press, action="approve"),
    _route("POST", f"/flows/{_ID}/kill", Press, action="deny"),
)


class _NoPassword:
    """In place of mitmproxy's WebAuth: there is no password, so none is right. The door lets people in."""

    def is_valid_password(self, password: str) -> bool:
        return False

    def auth_cookie_name(self) -> str:
        return "unused"


@dataclass(frozen=True)
class _Master:
    """All that mitmweb's application may touch."""

    view: View
    addons: dict[str, _NoPassword] = field(default_factory=lambda: {"webauth": _NoPassword()})


class ConsoleApplication(app.Application):
    """The allow-list, and what the handlers share. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        view: View,
        desk: Desk,
        verify: Verify,
        settings: ConsoleSettings,
        addresses: Addresses,
        clock: Callable[[], float],
        browser_login: BrowserLogin | None = None,
        *,
        history: History,
    ) -> None:
        super().__init__(cast("WebMaster", _Master(view)), debug=False)
        self.desk = desk
        self.settings_of = settings
        self.addresses = addresses
        self.clock = clock
        self.history = history
        self.sessions = Sessions(clock)
        self.audience = Audience(self.sessions.is_over)
        self.content_views = content_views()
        self.index = index_page()
        self._verify = verify
        self.attempts = LoginAttempts(clock)
        self.browser_login = browser_login
        self.pending_logins = PendingLogins(clock)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()  # live while in use
        self._waiting: Counter[tuple[str, str]] = Counter()
        port = addresses.port
        self.session_cookie = f"__Host-countersign-{port}" if settings.is_secure else f"countersign-{port}"
        self.login_cookie = f"{self.session_cookie}-login"
        self.settings |= {
            "cookie_secret": settings.session_key,
            "xsrf_cookie_kwargs": {"samesite": "Strict", "secure": settings.is_secure, "path": "/"},
            "websocket_max_message_size": limits.MAX_SOCKET_MESSAGE_BYTES,
            "log_function": lambda handler: None,  # the evidence says who did what; no ids in a log
        }

    def find_handler(self, request: tornado.httputil.HTTPServerRequest, **kwargs: Any) -> Any:
        """The handler of the first route that matches method and path; `Refused` where none does."""
        if request.headers.get("Host", "").lower() not in self.addresses.hosts:
            return self.get_handler_delegate(request, Refused, {"detail": "the console is not called by this name"})
        for route in ROUTES:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                groups = [group.encode() for group in match.groups()]
                return self.get_handler_delegate(request, route.handler, route.arguments, groups)
        return self.get_handler_delegate(request, Refused, {"detail": "the console does not do this"})

    async def verified(self, token: str, address: str | None) -> Caller:
        """Who holds `token`. Raises InvalidCredential, ProviderUnavailable, or TooManyAttempts from this address."""
        with self.attempts.attempt(address or ""):
            return await self._verify(token)

    async def in_turn[Result](self, caller: Caller, work: Callable[[], Result]) -> Result:
        """What `work` gives, beside the event loop: one after another for each caller, so that who asks for page after
        page keeps nobody else from theirs. Raises what it raises."""
        async with self._turns.setdefault((caller.issuer, caller.subject), asyncio.Lock()):
            return await asyncio.get_running_loop().run_in_executor(_RENDERING, work)

    @contextmanager
    def waiting(self, caller: Caller) -> Iterator[bool]:
        """While `caller` waits for news; false where too many wait already, or they themselves too often."""
        who = (caller.issuer, caller.subject)
        is_room = (
            self._waiting.total() < limits.MAX_CONSOLE_SOCKETS and self._waiting[who] < limits.MAX_WAITING_PER_CALLER
        )
        self._waiting[who] += is_room
        try:
            yield is_room
        finally:
            self._waiting[who] -= is_room
            self._waiting += Counter()  # drops those who are at 0

    def approval_url(self, approval_id: str) -> str:
        """What a person opens to decide."""
        return f"{self.addresses.url}/approvals/{quote(approval_id, safe='')}"
