"""Lets a held change pass at once where a break-glass rule opens to its caller; it stays open until it is reviewed.

Everything is durable before the change is sent. Runs under the lock of the subject, right after the reading of the
current schema, so what was assessed is what is there. Does not judge the justification.
"""

from __future__ import annotations

from dataclasses import replace

from mitmproxy import http

from countersign.approvals import ApprovalError
from countersign.decision import Deny, Hold, break_glass
from countersign.proxy.asking import approval_request
from countersign.proxy.exchange import Assessment, Clearance, Exchange, is_waited_for, refuse
from countersign.proxy.header_names import BREAK_GLASS
from countersign.proxy.justification import said
from countersign.proxy.refusal import Refusal
from countersign.proxy.runtime import Parts, new_id, now
from countersign.rulebook.values import Requirement


async def break_the_glass(
    exchange: Exchange, flow: http.HTTPFlow, parts: Parts, assessment: Assessment, hold: Hold
) -> None:
    """Clear the request, or refuse it. Raises EvidenceUnavailable."""
    assert exchange.connection is not None
    assert exchange.caller is not None
    assert exchange.operation is not None
    moment = now()
    rule = break_glass(
        exchange.caller,
        exchange.connection.name,
        exchange.operation,
        assessment.diff,
        parts.rules,
        moment / 1_000_000,
    )
    if isinstance(rule, Deny):
        await parts.evidence.decision(exchange, replace(assessment, verdict=rule))
        return refuse(flow, Refusal(403, "break-glass-not-allowed", rule.reason))
    if not is_waited_for(flow):
        return refuse(flow, Refusal(403, "client-gone", "the client has gone"))
    held = approval_request(
        new_id(),
        exchange,
        flow,
        assessment,
        hold,
        rules=parts.rules.digest,
        digest=parts.digest,
        text=parts.masking.text,
        now=moment,
    )
    asked = replace(
        held,
        rule=f"{rule.name} ({rule.source})",
        why=parts.masking.text(f"it passed without approval, though {hold.reason}"),
        alternatives=((Requirement(1, rule.reviewers),),),
        justification=said(exchange, BREAK_GLASS),
    )
    try:
        approval = await parts.desk.break_glass(asked)
    except ApprovalError as error:
        return refuse(flow, Refusal(503, "too-many-approvals", str(error), (("Retry-After", "30"),)))
    exchange.asked = approval.request
    await parts.evidence.broke_the_glass(exchange, assessment, rule, approval.request.id)
    await parts.desk.void_for(
        held.fingerprint,
        f"the same request passed by breaking the glass meanwhile (to be reviewed as {approval.request.id}); "
        "send the request again only to make the change once more",
    )
    exchange.clearance = Clearance(held.fingerprint, "break-glass", approval.request.id)
    return None
