"""The approvals pages: an inbox, and one page per approval with a form that decides; no script is needed.

Shows and does what the API shows and does, through the same code, for people instead of tools.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from countersign import limits
from countersign.approvals import Approval, UnknownApproval
from countersign.approvals.eligibility import ACTIONS, is_approver, may_see
from countersign.console import inbox_values, page_values
from countersign.console.decisions import Deciding
from countersign.console.landing import Landing
from countersign.console.page_rendering import POLICY, render
from countersign.console.problems import Problem, phrase
from countersign.errors import CountersignError
from countersign.evidence.records import Record

#: The newest records of the approvals of one subject, by connection, subject and how many; blocks.
type History = Callable[[str, str | None, int], Sequence[Record]]

_OLD_FORM = (
    "This form did not come from a page of this console that you have open now, so nothing was done. "
    "Open the page again, and send the form from there."
)


class Page(Deciding):
    """What both pages have in common."""

    is_page = True

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Security-Policy", POLICY)

    async def show(self, template: str, status: int, work: Callable[[], dict[str, Any]]) -> None:
        """Answer with `template` filled with what `work` gives; both are done beside the event loop."""
        shared = {"person": ", ".join(sorted(self.session.caller.people)), "xsrf": self.xsrf_token.decode("ascii")}

        def page() -> str:
            return render(template, shared | work())

        text = await self.application.in_turn(self.session.caller, page)
        self.set_status(status)
        self._finish_page(text)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A page for people, whatever went wrong; never a stack trace."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        detail = "Something went wrong here."
        if isinstance(error, Problem):
            detail = error.detail
            if status_code == HTTPStatus.NOT_FOUND:
                detail += ". It ended long ago, or it is for other people to see."
        elif status_code == HTTPStatus.FORBIDDEN:
            detail = _OLD_FORM  # tornado's own check of the form's token
        elif status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            detail = "This request cannot be read."
        self._finish_page(
            render("problem.html", {"status": status_code, "title": phrase(status_code), "detail": detail})
        )

    def _finish_page(self, text: str) -> None:
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(text)

    def now(self) -> int:
        """Microseconds UTC."""
        return int(self.application.clock() * 1_000_000)


class InboxPage(Page):
    """Everything that waits, and that the viewer may see."""

    async def get(self) -> None:
        desk, viewer = self.application.desk, self.session.caller
        revision = desk.revision
        found = [approval for approval in (*desk.unreviewed(), *desk.live()) if may_see(approval, viewer)]
        now = self.now()

        def values() -> dict[str, Any]:
            return {"revision": revision, "inbox": inbox_values.inbox(found, viewer, now)}

        await self.show("inbox.html", HTTPStatus.OK, values)


class ApprovalPage(Page):
    """One approval, live or lately ended: where links in refusals and messages lead."""

    def login_path(self) -> str:
        return Landing(self.path_args[0]).carried_by("/login")

    async def get(self, approval_id: str) -> None:
        await self._show_approval(approval_id, HTTPStatus.OK, "", "")

    async def post(self, approval_id: str) -> None:
        """The form: `action` and `reason`. On success the page again, which then shows what was done."""
        self.seen(approval_id)
        action = self.get_body_argument("action", "")
        reason = self.get_body_argument("reason", "").replace("\r\n", "\n")  # as forms send line feeds
        try:
            if action not in ACTIONS:
                raise Problem(400, "press one of the buttons to say what you want to do")
            await self.act(approval_id, action, reason)
        except Problem as problem:
            detail = problem.detail
            if problem.members.get("reason_needed"):
                detail = "A reason is needed for this. Write it below."
            await self._show_approval(approval_id, problem.status_code, detail, reason)
            return
        self.redirect(f"{Landing(approval_id).path}#status", status=303)

    async def _show_approval(self, approval_id: str, status: int, refusal: str, reason: str) -> None:
        approval, viewer = self.seen(approval_id), self.session.caller
        revision, now = self.application.desk.revision, self.now()
        records, history_problem = await self._history(approval)

        def values() -> dict[str, Any]:
            return {
                **page_values.approval_values(approval, viewer, now),
                "history": page_values.history(records, approval_id),
                "has_more_history": len(records) > limits.MAX_HISTORY_ENTRIES,
                "history_problem": history_problem,
                "revision": revision,
                "refusal": refusal,
                "reason": reason,
                "reason_characters": limits.MAX_REASON_CHARACTERS,
            }

        await self.show("approval.html", status, values)

    async def _history(self, approval: Approval) -> tuple[Sequence[Record], str]:
        """One record more than the page shows, and why there are none; the decision does not depend on them.

        Approvers decide about a subject, and read what was decided before; who only asked reads what is theirs.
        """
        subject = (approval.request.connection, approval.request.subject)
        read, limit = self.application.history, limits.MAX_HISTORY_ENTRIES + 1
        try:
            found = await self.application.in_turn(self.session.caller, lambda: read(*subject, limit))
        except CountersignError as error:
            return (), str(error)
        if not is_approver(approval, self.session.caller):
            found = [record for record in found if self._is_theirs(record)]
        return found, ""

    def _is_theirs(self, record: Record) -> bool:
        try:
            return may_see(self.application.desk.get(str(record.fields.get("approval"))), self.session.caller)
        except UnknownApproval:
            return False
