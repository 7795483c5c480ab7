"""Resume, Abort and the API: each one step of the approvals desk, in the name of the person who sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import tornado.escape

from countersign import limits, strict_json
from countersign.approvals import Approval, ReasonNeeded
from countersign.approvals.eligibility import may_see
from countersign.console.approval_document import approval_document
from countersign.console.door import Door
from countersign.console.mitmweb_pages import MitmwebHandler
from countersign.console.problems import Problem, as_problem
from countersign.errors import BadInput
from countersign.strict_json import Json

if TYPE_CHECKING:
    from countersign.console.application import ConsoleApplication

Verdict = Literal["approve", "deny"]


class Deciding(Door):
    """What deciding and reading have in common."""

    def seen(self, approval_id: str) -> Approval:
        """The approval that the viewer may see. Raises Problem 404 for any other."""
        with as_problem():
            approval = self.application.desk.get(approval_id)
        if not may_see(approval, self.session.caller):
            raise Problem(404, f"there is no approval {approval_id!r}")
        return approval

    async def sign(self, approval_id: str, verdict: Verdict, reason: str) -> None:
        """Record the decision and answer with the approval as it stands then. Raises Problem."""
        self.seen(approval_id)
        try:
            with as_problem():
                approval = await self.application.desk.sign(approval_id, self.session.caller, verdict, reason)
        except Problem as problem:
            problem.members = {"approval": approval_id, "approval_url": self.application.approval_url(approval_id)}
            if isinstance(problem.__context__, ReasonNeeded):
                problem.members |= {"reason_needed": True}
                problem.detail += f"; where none can be typed: countersign approvals {verdict} {approval_id} --reason …"
            raise
        self.answer(approval_document(approval))

    def answer(self, document: Json) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(tornado.escape.json_encode(document))


class Press(Deciding, MitmwebHandler):
    """Resume is approve, Abort is deny; neither carries a reason."""

    application: ConsoleApplication

    def initialize(self, verdict: Verdict) -> None:
        self.verdict = verdict

    async def post(self, twin_id: str) -> None:
        self.twin(twin_id)
        await self.sign(twin_id, self.verdict, "")


class ApprovalList(Deciding):
    """The live approvals that the caller may see, oldest first."""

    async def get(self) -> None:
        caller = self.session.caller
        live = self.application.desk.live()
        self.answer({"approvals": [approval_document(approval) for approval in live if may_see(approval, caller)]})


class OneApproval(Deciding):
    """One approval, live or lately ended."""

    async def get(self, approval_id: str) -> None:
        self.answer(approval_document(self.seen(approval_id)))


class Decision(Deciding):
    """Approve or deny with a reason."""

    def initialize(self, verdict: Verdict) -> None:
        self.verdict = verdict

    async def post(self, approval_id: str) -> None:
        with as_problem():
            reason = _reason(self.request.headers.get("Content-Type", ""), self.request.body)
        await self.sign(approval_id, self.verdict, reason)


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
