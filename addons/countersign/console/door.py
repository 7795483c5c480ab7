"""What every request to the console passes before anything else: which site it comes from, and who sends it.

The Host header was checked before (application.py). Does not check what the person may do: the handlers and the
approvals do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import tornado.web

from countersign.console.problems import CONTENT_TYPE, Problem, as_problem, problem_document
from countersign.console.sessions import NoSession, Session
from countersign.errors import InvalidCredential
from countersign.identity import from_authorization

if TYPE_CHECKING:
    from countersign.console.application import ConsoleApplication

_OWN_SITE = frozenset({"same-origin", "none"})


class Door(tornado.web.RequestHandler):
    """Mixed into every handler. `session` says who asks; nothing is answered to nobody."""

    application: ConsoleApplication
    session: Session
    is_page = False  #: what a person may come to from elsewhere: a link in a chat
    is_public = False  #: the log-in itself

    async def prepare(self) -> None:
        """Raises Problem. Order: other sites first, so that they learn nothing about who is logged in."""
        self._refuse_other_sites()
        if self.is_public:
            return
        try:
            with as_problem():
                self.session = await self._authenticate()
        except Problem as problem:
            if self.is_page and problem.status_code == HTTPStatus.UNAUTHORIZED:
                self._lead_to_login()
                return
            raise

    def get_current_user(self) -> Any:
        """What mitmproxy's own handlers ask before they answer. Its password is not in use."""
        return getattr(self, "session", None)

    # -- which site ---------------------------------------------------------------------------------------------------

    def _refuse_other_sites(self) -> None:
        """Fetch metadata and Origin. A link may lead to a page from anywhere: opening one changes nothing."""
        headers = self.request.headers
        is_link = (
            self.is_page
            and self.request.method == "GET"
            and headers.get("Sec-Fetch-Mode") == "navigate"
            and headers.get("Sec-Fetch-Dest") == "document"
        )
        if headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE and not is_link:
            raise Problem(403, "this request comes from another site")
        origin = headers.get("Origin")
        if origin is not None and origin.lower() not in self.application.addresses.origins:
            raise Problem(403, "this request comes from another origin")
        if origin is None and self.request.method != "GET" and not self._has_bearer():
            raise Problem(403, "a browser's request must say its origin; send a bearer token from elsewhere")

    def check_xsrf_cookie(self) -> None:
        """A bearer token is sent by nobody else's page; the session cookie needs the page's own token with it."""
        if not self._has_bearer():
            super().check_xsrf_cookie()

    # -- who ----------------------------------------------------------------------------------------------------------

    def _has_bearer(self) -> bool:
        return "Authorization" in self.request.headers

    async def _authenticate(self) -> Session:
        """Raises NoSession, InvalidCredential, ProviderUnavailable or TooManyAttempts."""
        if not self._has_bearer():
            cookie = self.get_signed_cookie(self.application.session_cookie, max_age_days=1, min_version=2)
            if cookie is None:
                raise NoSession("log in first, or send `Authorization: Bearer <token>`")
            return self.application.sessions.find(cookie.decode("ascii"))
        values = self.request.headers.get_list("Authorization")
        if len(values) != 1 or not values[0].lower().startswith("bearer "):
            raise InvalidCredential("send one Authorization header, `Bearer <token>`")
        caller = await self.application.verified(from_authorization(values[0]), self.request.remote_ip)
        return Session("", caller, caller.expires_at)

    def _lead_to_login(self) -> None:
        """A Strict cookie is not sent when a link comes from another site: step once onto our own, then it is."""
        if self.request.headers.get("Sec-Fetch-Site", "none") in _OWN_SITE:
            self.redirect(self.login_path(), status=303)
            return
        self.set_header("Refresh", f"0; url={self.request.path}")
        self.finish("<!doctype html><title>Countersign</title>")

    def login_path(self) -> str:
        """Where somebody who is not logged in is sent; a page that knows where they want to go says so."""
        return "/login"

    # -- answers ------------------------------------------------------------------------------------------------------

    def set_default_headers(self) -> None:
        """Replaces mitmproxy's: nothing from outside, no frames, nothing kept in caches."""
        scheme = "wss" if self.request.protocol == "https" or self.application.settings_of.is_secure else "ws"
        for name, value in {
            "Server": "countersign",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; font-src 'self'; connect-src 'self' {scheme}://{self.request.host}; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }.items():
            self.set_header(name, value)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A problem document, whatever went wrong; never a stack trace."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        detail, members = (error.detail, error.members) if isinstance(error, Problem) else ("", {})
        self.set_header("Content-Type", CONTENT_TYPE)
        if status_code == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", "Bearer")
        if status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self.set_header("Retry-After", "60")
        document = problem_document(status_code, detail or "the console does not do this", members)
        self.finish(tornado.escape.json_encode(document))


class Refused(tornado.web.RequestHandler):
    """Everything that the allow-list does not name, whatever the method."""

    class _Every:
        def __contains__(self, method: object) -> bool:
            return True

    SUPPORTED_METHODS = _Every()  # type: ignore[assignment]  # tornado would answer 405 before `prepare` otherwise

    def initialize(self, detail: str) -> None:
        self.detail = detail

    def check_xsrf_cookie(self) -> None:
        """Nothing is done, so there is nothing to guard."""

    def prepare(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", CONTENT_TYPE)
        self.set_header("Server", "countersign")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(tornado.escape.json_encode(problem_document(403, self.detail, {})))
