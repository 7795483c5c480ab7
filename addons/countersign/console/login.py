"""Logging in with one's own token, on a page without a script, and out again."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import tornado.web

from countersign.console.door import Door
from countersign.console.problems import Problem, as_problem
from countersign.identity import Caller, from_authorization

APPROVAL_ID = r"[0-9a-f-]{1,64}"
_PAGE = Path(__file__).with_name("page")


class Login(Door):
    """One field for a token."""

    is_public = True
    is_page = True

    def get(self) -> None:
        self._show("", 200)

    async def post(self) -> None:
        try:
            with as_problem():
                token = from_authorization("Bearer " + self.get_body_argument("token", "").strip())
                caller = await self.application.verified(token, self.request.remote_ip)
                _require_one_person(caller)
                session = self.application.sessions.begin(caller)
        except Problem as problem:
            self._show(problem.detail, problem.status_code)
            return
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
        approval = self._approval()
        self.redirect(f"/#/flows/{approval}/request" if approval else "/#/flows", status=303)

    def _approval(self) -> str:
        """The id of the approval the person was on the way to; nothing that could lead elsewhere."""
        wanted = self.get_argument("approval", "")
        return wanted if re.fullmatch(APPROVAL_ID, wanted) else ""

    def _show(self, refusal: str, status: int) -> None:
        page = _LoginPage.template.generate(
            refusal=refusal, approval=self._approval(), xsrf=self.xsrf_form_html(), style=_LoginPage.style
        )
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src '{_LoginPage.style_source}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'",
        )
        self.finish(page)


class Logout(Door):
    """Ends the session, here and in the browser, and closes its pages."""

    def post(self) -> None:
        self.application.sessions.end(self.session.id)
        self.application.audience.close_ended()
        self.clear_cookie(self.application.session_cookie, path="/", secure=self.application.settings_of.is_secure)
        self.redirect("/login", status=303)


def _require_one_person(caller: Caller) -> None:
    if len(caller.people) != 1:
        problem = "more than one person" if caller.people else "no person"
        raise Problem(403, f"{caller.label}: this token stands for {problem} in identity.yaml; log in with your own")


class _LoginPage:
    """Read once."""

    style = (_PAGE / "login.css").read_text(encoding="utf-8")
    style_source = "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = tornado.template.Template((_PAGE / "login.html").read_text(encoding="utf-8"))
