"""The log-in page, without a script, and what every way to log in ends with: a new session in this browser."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import tornado.template

from countersign import limits
from countersign.console.door import Door
from countersign.console.landing import Landing
from countersign.console.problems import Problem
from countersign.console.sessions import Session
from countersign.identity import BrowserLogin, Caller

_PAGE = Path(__file__).with_name("page")
_STYLE = (_PAGE / "login.css").read_text(encoding="utf-8")
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LOGIN = tornado.template.Template((_PAGE / "login.html").read_text(encoding="utf-8"))
_LOGGED_IN = tornado.template.Template((_PAGE / "logged_in.html").read_text(encoding="utf-8"))


class LoginPage(Door):
    """What the handlers of a log-in share."""

    is_public = True

    @property
    def landing(self) -> Landing:
        """Where the person was on the way to."""
        return Landing.of(self.get_argument)

    def show_login(self, refusal: str, status: int, landing: Landing) -> None:
        """The page with every way in, and above it why the last try was not one."""
        service = self.application.browser_login
        providers = [
            (label, landing.carried_by("/login/start", issuer=str(number)))
            for number, label in enumerate(service.labels if service is not None else ())
        ]
        self.set_status(status)
        self._finish_page(
            _LOGIN.generate(
                refusal=refusal,
                providers=providers,
                is_token_open=self.request.method == "POST",
                arguments=landing.arguments,
                xsrf=self.xsrf_form_html(),
                style=_STYLE,
            )
        )

    def show_logged_in(self, landing: Landing) -> None:
        """A Strict cookie is not sent along a redirect from another site: from a page of our own it is."""
        self.set_header("Refresh", f"0; url={landing.path}")
        self._finish_page(_LOGGED_IN.generate(path=landing.path, style=_STYLE))

    @property
    def service(self) -> BrowserLogin:
        """Raises Problem 404 where nobody logs in with a browser."""
        if self.application.browser_login is None:
            raise Problem(404, "no provider is set up for the log-in with a browser; use a token")
        return self.application.browser_login

    def old_session(self) -> str:
        """The id of the session that this browser's cookie names; empty where it names none."""
        cookie = self.get_signed_cookie(self.application.session_cookie, max_age_days=1, min_version=2)
        return (cookie or b"").decode("ascii")

    def browser(self) -> str:
        """What the cookie of a log-in on its way says of this browser; empty where there is none."""
        days = limits.LOGIN_SECONDS / 86_400
        cookie = self.get_signed_cookie(self.application.login_cookie, max_age_days=days, min_version=2)
        return (cookie or b"").decode("ascii")

    def enter(self, session: Session, replaces: str) -> None:
        """Give the browser `session`; the one it had ends, here too, so that a copy of its cookie is worth nothing."""
        self.application.sessions.end(replaces)
        self.application.audience.close_ended()
        self.set_signed_cookie(
            self.application.session_cookie,
            session.id,
            expires_days=None,
            expires=datetime.fromtimestamp(session.ends_at, UTC),
            path="/",
            httponly=True,
            secure=self.application.settings_of.is_secure,
            samesite="Strict",
        )

    def _finish_page(self, page: bytes) -> None:
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Content-Security-Policy", _POLICY)
        self.finish(page)


def require_one_person(caller: Caller) -> None:
    """Raises Problem 403 where `caller` is nobody that identity.yaml knows, several people at once, or something that a
    person started: it could not decide, and would take the place of one of their own sessions."""
    if len(caller.people) != 1:
        problem = "more than one person" if caller.people else "no person"
        raise Problem(
            403,
            f"{caller.label} stands for {problem} in identity.yaml; log in as yourself, or ask who keeps that file",
        )
    if not caller.may_sign:
        raise Problem(403, f"this token speaks for something that {caller.label} started; log in with your own")
