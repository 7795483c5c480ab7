"""Resume, Abort and the API: each one step of the approvals desk, in the name of the person who sent it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import tornado.escape

from countersign import limits, strict_json
from countersign.approvals import Approval, ReasonNeeded
from countersign.approvals.document import approval_document, approval_entry
from countersign.approvals.eligibility import Action, may_see
from countersign.console.door import Door
from countersign.console.mitmweb_pages import MitmwebHandler
from countersign.console.problems import Problem, as_problem
from countersign.errors import BadInput
from countersign.strict_json import Json

if TYPE_CHECKING:
    from countersign.console.application import ConsoleApplication


class Deciding(Door):
    """What deciding and reading have in common."""

    def seen(self, approval_id: str) -> Approval:
        """The approval that the viewer may see. Raises Problem 404 for any other."""
        with as_problem():
            approval = self.application.desk.get(approval_id)
        if not may_see(approval, self.session.caller):
            raise Problem(404, f"there is no approval {approval_id!r}")
        return approval

    async def act(self, approval_id: str, action: Action, reason: str) -> Approval:
        """Record the step and return the approval as it stands then. Raises Problem."""
        self.seen(approval_id)
        try:
            with as_problem():
                return await self.application.desk.act(approval_id, self.session.caller, action, reason)
        except Problem as problem:
            problem.members = {"approval": approval_id, "approval_url": self.application.approval_url(approval_id)}
            if isinstance(problem.__context__, ReasonNeeded):
                problem.members |= {"reason_needed": True}
                problem.detail += "; give it on the approval's page, or in a terminal with --reason"
            raise

    def answer(self, document: Json) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(tornado.escape.json_encode(document))


class Press(Deciding, MitmwebHandler):
    """Resume is approve, Abort is deny; neither carries a reason."""

    application: ConsoleApplication

    def initialize(self, action: Action) -> None:
        self.action = action

    async def post(self, twin_id: str) -> None:
        self.twin(twin_id)
        self.answer(approval_document(await self.act(twin_id, self.action, ""), self.session.caller))


class ApprovalList(Deciding):
    """What the caller may see of what is pending, granted or not yet reviewed, oldest first; without the documents.

    With `?seen=<revision>` the answer waits until something is another than at that revision, or for LONG_POLL_SECONDS.
    """

    async def get(self) -> None:
        desk, caller = self.application.desk, self.session.caller
        seen = self.get_query_argument("seen", "")
        if seen:
            if not seen.isascii() or not seen.isdigit():
                raise Problem(400, "`seen` is the revision of an earlier answer, a number")
            await self._wait(int(seen))
            if self.application.sessions.is_over(self.session):
                raise Problem(401, "your session ended while you waited; log in again")
        revision = desk.revision
        found = [*desk.unreviewed(), *desk.live()]
        entries: list[Json] = [approval_entry(approval, caller) for approval in found if may_see(approval, caller)]
        self.answer({"revision": revision, "approvals": entries})

    async def _wait(self, seen: int) -> None:
        """Raises Problem where too many wait already."""
        with self.application.waiting(self.session.caller) as is_room:
            if not is_room:
                raise Problem(503, "too many pages wait for news; close one")
            self.hung_up = asyncio.get_running_loop().create_future()
            change = asyncio.ensure_future(self.application.desk.wait_for_change(seen))
            await asyncio.wait(
                {change, self.hung_up}, timeout=limits.LONG_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            change.cancel()

    def on_connection_close(self) -> None:
        """The one who waited has gone: stop waiting."""
        hung_up: asyncio.Future[None] | None = getattr(self, "hung_up", None)
        if hung_up is not None and not hung_up.done():
            hung_up.set_result(None)


class OneApproval(Deciding):
    """One approval, live or lately ended."""

    async def get(self, approval_id: str) -> None:
        self.answer(approval_document(self.seen(approval_id), self.session.caller))


class Decision(Deciding):
    """Take a step with a reason: approve, deny, revoke, withdraw, accept or object."""

    async def post(self, approval_id: str, action: Action) -> None:
        with as_problem():
            reason = _reason(self.request.headers.get("Content-Type", ""), self.request.body)
        self.answer(approval_document(await self.act(approval_id, action, reason), self.session.caller))


def _reason(content_type: str, body: bytes) -> str:
    """Raises BadInput unless `body` is `{"reason": "..."}` or nothing at all."""
    if not body:
        return ""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise BadInput("send the reason as application/json")
    match strict_json.loads(body, max_depth=1):
        case {"reason": str(reason), **others} if not others:
            if len(reason) > limits.MAX_REASON_CHARACTERS:
                raise BadInput(f"the reason is longer than {limits.MAX_REASON_CHARACTERS} characters")
            return reason
        case _:
            raise BadInput('send {"reason": "..."} and nothing else')
