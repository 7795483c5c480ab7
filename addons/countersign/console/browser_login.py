"""Logging in with a browser at one's own provider: the way there, and the way back (RFC 9700, 2.1 and 4.7)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from countersign.console.landing import Landing
from countersign.console.login_page import LoginPage, require_one_person
from countersign.console.pending_logins import NoPendingLogin
from countersign.console.problems import Problem, as_problem
from countersign.errors import ProviderUnavailable
from countersign.identity.authorization_code import ANSWER_PARAMETERS, LoginMisconfigured, LoginRefused

logger = logging.getLogger(__name__)

_NUMBER_DIGITS = 3


class StartLogin(LoginPage):
    """To the provider. Only from the console's own page: `is_page` is off, so the door refuses other sites' links."""

    async def get(self) -> None:
        application, landing = self.application, self.landing
        if urlsplit(f"//{self.request.host}").hostname != urlsplit(application.addresses.url).hostname:
            # the provider sends people to this one name only, and cookies do not go from name to name
            self.redirect(application.addresses.url + landing.carried_by("/login"), status=303)
            return
        try:
            with _in_words():
                redirect_uri = f"{application.addresses.url}/login/callback"
                request, url = await self.service.begin(self._issuer(), redirect_uri)
        except Problem as problem:
            self.show_login(problem.detail, problem.status_code, landing)
            return
        # one browser may have several log-ins on their way, in several tabs
        browser = self.browser() or secrets.token_urlsafe(32)
        pending = application.pending_logins.add(request, browser, self.old_session(), landing)
        self.set_signed_cookie(
            application.login_cookie,
            browser,
            expires_days=None,
            expires=datetime.fromtimestamp(pending.ends_at, UTC),
            path="/",
            httponly=True,
            secure=application.settings_of.is_secure,
            samesite="Lax",  # Strict would not come back with the provider's redirect
        )
        self.redirect(url, status=303)

    def _issuer(self) -> int:
        text = self.get_query_argument("issuer", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS else -1


class FinishLogin(LoginPage):
    """The provider's answer. It comes from another site, as a link does."""

    is_page = True

    async def get(self) -> None:
        application, landing = self.application, Landing()
        try:
            with _in_words(), application.attempts.attempt(self.request.remote_ip or ""):
                state = self.get_query_arguments("state", strip=False)
                pending = application.pending_logins.take(state[0] if len(state) == 1 else "", self.browser())
                landing = pending.landing
                if self.request.path != urlsplit(pending.request.redirect_uri).path:
                    raise LoginRefused("the answer came on the way back of another provider; begin again")
                answer = {name: self.get_query_arguments(name, strip=False) for name in ANSWER_PARAMETERS}
                caller = await self.service.finish(pending.request, answer)
            require_one_person(caller)
            with as_problem():
                session = application.sessions.begin_after_login(caller)
        except Problem as problem:
            self.show_login(problem.detail, problem.status_code, landing)
            return
        self.enter(session, pending.replaces)
        self.show_logged_in(landing)


@contextmanager
def _in_words() -> Iterator[None]:
    """Errors as what a person is told. The operator's are for the log: they name files and settings."""
    with as_problem():
        try:
            yield
        except NoPendingLogin as error:
            raise Problem(403, str(error)) from None
        except ProviderUnavailable as error:
            raise Problem(503, f"{error}; try again in a minute") from None
        except LoginMisconfigured as error:
            logger.warning("Countersign: nobody can log in with a browser: %s", error)
            raise Problem(503, "the gateway cannot log you in there; its operator finds why in its log") from None
