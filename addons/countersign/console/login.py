"""Logging in with one's own token, on a page without a script, and out again."""

from __future__ import annotations

from countersign.console.door import Door
from countersign.console.login_page import LoginPage, require_one_person
from countersign.console.problems import Problem, as_problem
from countersign.identity import from_authorization


class Login(LoginPage):
    """The ways in; one of them, a field for a token, ends here."""

    is_page = True

    def get(self) -> None:
        self.show_login("", 200, self.landing)

    async def post(self) -> None:
        try:
            with as_problem():
                token = from_authorization("Bearer " + self.get_body_argument("token", "").strip())
                caller = await self.application.verified(token, self.request.remote_ip)
                require_one_person(caller)
                session = self.application.sessions.begin(caller)
        except Problem as problem:
            self.show_login(problem.detail, problem.status_code, self.landing)
            return
        self.enter(session, self.old_session())
        self.redirect(self.landing.path, status=303)


class Logout(Door):
    """Ends the session, here and in the browser, and closes its pages."""

    def post(self) -> None:
        self.application.sessions.end(self.session.id)
        self.application.audience.close_ended()
        self.clear_cookie(self.application.session_cookie, path="/", secure=self.application.settings_of.is_secure)
        self.redirect("/login", status=303)
