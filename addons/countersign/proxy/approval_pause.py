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
from countersign.proxy.asking import approval_request, fingerprint_of
from countersign.proxy.exchange import Clearance, Exchange, exchange_of, is_waited_for, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.refusal import Refusal, refusal_for
from countersign.proxy.runtime import Parts, Runtime, new_id, now
from countersign.proxy.schema_gate import apply_verdict


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
        match approval.state:
            case "approved":
                return approval
            case "pending":
                assert exchange.connection is not None
                refuse(flow, self._pending(approval, exchange.connection.pending_status))
            case "denied":
                signature = approval.signatures[-1]
                reason = f": {signature.reason}" if signature.reason else ""
                refuse(flow, self._refusal(approval, 403, "denied", f"{signature.person} denied the change{reason}"))
            case state:
                detail = (
                    f"the approval is {state}: {approval.why}" if approval.why else f"the approval is {state} already"
                )
                refuse(flow, self._refusal(approval, 503, "approval-ended", f"{detail}; send the request again"))
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
        """Check everything again and claim the approval; False where there is a new difference to ask about."""
        parts = self._runtime.parts
        assert exchange.connection is not None
        assert exchange.operation is not None
        assert exchange.caller is not None
        if exchange.caller.good_until <= now() / 1_000_000:
            expired = InvalidCredential("the token has expired meanwhile; send the request again with a fresh one")
            refuse(flow, refusal_for(expired, unauthenticated_status=401 if exchange.via == "reverse" else 407))
            return True
        exchange.release = await parts.locks.acquire(exchange.connection.name, exchange.operation.subject)
        assessment = await parts.assessor.assess(exchange)
        bound = fingerprint_of(exchange, flow, assessment, parts.rules.digest, parts.digest)
        if bound != approval.request.fingerprint:
            why = "the current schema is no longer the one that was reviewed"
            await parts.desk.void(approval.request.id, why)
        elif isinstance(assessment.verdict, Hold):
            try:
                await parts.desk.claim(approval.request.id, exchange.id, lambda: is_waited_for(flow))
            except AlreadyDecided as error:
                refuse(flow, self._refusal(approval, 503, "approval-ended", f"{error}; send the request again"))
                return True
            exchange.clearance = Clearance(bound, "approved", approval.request.id)
            return True
        exchange.assessment = assessment
        await parts.evidence.decision(exchange, assessment)
        return apply_verdict(exchange, flow, parts, assessment) is None

    def _pending(self, approval: Approval, status: int) -> Refusal:
        detail = (
            f"the change waits for {approval.missing} more approval(s) from {', '.join(approval.request.approvers)}: "
            f"{'; '.join(approval.request.summary)}. Send the same request again to join it; "
            "it passes once it is approved."
        )
        headers = (("Retry-After", str(limits.RETRY_AFTER_SECONDS)),)
        refusal = self._refusal(approval, status, "approval-pending", detail)
        return Refusal(refusal.status, refusal.code, refusal.detail, headers, refusal.members)

    def _refusal(self, approval: Approval, status: int, code: str, detail: str) -> Refusal:
        url = self._runtime.approval_url(approval.request.id)
        return Refusal(status, code, detail, (), {"approval": approval.request.id, "approval_url": url})
