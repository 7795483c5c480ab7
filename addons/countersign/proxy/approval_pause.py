"""Holds a request until enough of the right people said yes, and checks everything they agreed to once more.

Paused through mitmproxy's own interception. A resume that has no recorded decision behind it pauses again; a denial, an
expiry and the end of the hold time answer the request and then resume it (a kill would leave its client hanging).
"""

from __future__ import annotations

import asyncio

from mitmproxy import http

from countersign import limits
from countersign.approvals import AlreadyDecided, Approval, ApprovalError
from countersign.decision import Hold
from countersign.errors import InvalidCredential
from countersign.proxy.approval_answers import answer_to
from countersign.proxy.approval_recheck import NoLongerSo, require_unchanged
from countersign.proxy.asking import approval_request
from countersign.proxy.exchange import Clearance, Exchange, exchange_of, is_waited_for, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.refusal import Refusal, refusal_for
from countersign.proxy.runtime import Parts, Runtime, new_id, now
from countersign.proxy.schema_gate import apply_verdict
from countersign.proxy.sent_request import RequestChanged


class ApprovalPause(FailClosed):
    name = "countersign_approval_pause"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def request(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        if exchange.clearance is not None:
            return
        assert exchange.connection is not None
        deadline = asyncio.get_running_loop().time() + exchange.connection.hold_seconds
        for _ in range(limits.MAX_REASSESSMENTS):
            assert exchange.assessment is not None
            hold = exchange.assessment.verdict
            assert isinstance(hold, Hold)
            approval = await self._wait(exchange, flow, hold, deadline)
            if approval is None or await self._use(exchange, flow, approval):
                return
        refuse(
            flow, Refusal(503, "schema-unavailable", "the subject keeps changing; try again", (("Retry-After", "5"),))
        )

    async def _wait(self, exchange: Exchange, flow: http.HTTPFlow, hold: Hold, deadline: float) -> Approval | None:
        """The approval that was granted; None where the request has been answered instead."""
        parts = self._runtime.parts
        assert exchange.assessment is not None
        asked = approval_request(
            new_id(),
            exchange,
            flow,
            exchange.assessment,
            hold,
            rules=parts.rules.digest,
            digest=parts.digest,
            text=parts.masking.text,
            now=now(),
        )
        try:
            approval = await parts.desk.open_or_join(asked)
        except ApprovalError as error:
            refuse(flow, Refusal(503, "too-many-approvals", str(error), (("Retry-After", "30"),)))
            return None
        exchange.asked = approval.request
        if approval.state == "pending":
            approval = await self._pause(flow, parts, approval, deadline)
        if approval.state == "approved":
            return approval
        self._answer(exchange, flow, approval)
        return None

    async def _pause(self, flow: http.HTTPFlow, parts: Parts, approval: Approval, deadline: float) -> Approval:
        """Wait until the approval is decided or the hold time is over, whoever resumes the flow meanwhile."""
        decided = asyncio.ensure_future(parts.desk.wait_until_decided(approval.request.id))
        expiry = asyncio.get_running_loop().time() + (approval.deadline - now()) / 1_000_000
        try:
            while True:
                flow.intercept()
                resumed = asyncio.ensure_future(flow.wait_for_resume())
                remaining = min(deadline, expiry) - asyncio.get_running_loop().time()
                await asyncio.wait({decided, resumed}, timeout=max(0.0, remaining), return_when=asyncio.FIRST_COMPLETED)
                resumed.cancel()
                if decided.done():
                    return decided.result()
                if asyncio.get_running_loop().time() >= min(deadline, expiry):
                    await parts.desk.expire_due()
                    return parts.desk.get(approval.request.id)
        finally:
            decided.cancel()
            flow.resume()

    async def _use(self, exchange: Exchange, flow: http.HTTPFlow, approval: Approval) -> bool:
        """Check everything again and claim the approval; False where there is a new difference to ask about.

        The subject stays locked from here on, until the outcome or a refusal.
        """
        parts, approval_id = self._runtime.parts, approval.request.id
        assert exchange.connection is not None
        assert exchange.operation is not None
        if _has_expired(exchange, flow):
            return True
        exchange.release = await parts.locks.acquire(exchange.connection.name, exchange.operation.subject)
        if (approval := parts.desk.get(approval_id)).state != "approved":  # somebody was faster
            self._answer(exchange, flow, approval)
            return True
        assessment = await parts.assessor.assess(exchange)
        if _has_expired(exchange, flow):
            return True
        parts.log.require_anchor()  # the approval stays, for when there is a newer one
        try:
            bound = require_unchanged(approval.request, exchange, flow, parts, assessment)
            await parts.desk.claim(approval_id, exchange.id, lambda: is_waited_for(flow))
        except RequestChanged as error:
            await parts.desk.void(approval_id, "the request is no longer the one that was approved")
            refuse(flow, refusal_for(error))
            return True
        except AlreadyDecided:
            self._answer(exchange, flow, parts.desk.get(approval_id))
            return True
        except NoLongerSo as error:
            await parts.desk.void(approval_id, str(error))
            exchange.assessment = assessment
            await parts.evidence.decision(exchange, assessment)
            return apply_verdict(exchange, flow, parts, assessment) is None
        exchange.assessment = assessment
        exchange.clearance = Clearance(bound, "approved", approval_id)
        return True

    def _answer(self, exchange: Exchange, flow: http.HTTPFlow, approval: Approval) -> None:
        assert exchange.connection is not None
        url = self._runtime.approval_url(approval.request.id)
        refuse(flow, answer_to(approval, url, exchange.connection.pending_status))


def _has_expired(exchange: Exchange, flow: http.HTTPFlow) -> bool:
    """Refuse where the caller's token is no longer good; the grant stays for their next one."""
    assert exchange.caller is not None
    if exchange.caller.good_until > now() / 1_000_000:
        return False
    expired = InvalidCredential("the token has expired meanwhile; send the request again with a fresh one")
    refuse(flow, refusal_for(expired, unauthenticated_status=401 if exchange.via == "reverse" else 407))
    return True
