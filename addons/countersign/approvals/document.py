"""One approval as the API shows it. Everything in it was masked before the approval was asked for."""

from __future__ import annotations

from countersign.approvals import signatures
from countersign.approvals.approval import Approval
from countersign.approvals.eligibility import needs_reason, possible
from countersign.approvals.risk import risk_of
from countersign.identity import Caller
from countersign.strict_json import Json

#: Left out of lists: they can be as large as the schemas.
_LARGE = frozenset({"before", "after", "changes", "message", "counterexamples", "reasons"})
_SECRET = frozenset({"fingerprint"})


def approval_document(approval: Approval, viewer: Caller | None = None) -> dict[str, Json]:
    """What was asked for (without the fingerprint, which binds it to bytes that people do not see) and how it stands.

    With `viewer`, also what they can do, and which of it needs a reason.
    """
    return _document(approval, viewer, _SECRET)


def approval_entry(approval: Approval, viewer: Caller | None = None) -> dict[str, Json]:
    """The same for a list: without the documents."""
    return _document(approval, viewer, _SECRET | _LARGE)


def _document(approval: Approval, viewer: Caller | None, left_out: frozenset[str]) -> dict[str, Json]:
    request, risk = approval.request, risk_of(approval.request)
    document = request.as_json(leave_out=left_out)
    document |= {
        "quorum": request.quorum,
        "approvers": [*request.approvers],
        "risk": {"level": risk.level, "why": risk.why},
        "state": approval.state,
        "why_ended": approval.why,
        "signatures": [signature.as_json() for signature in approval.signatures],
        "missing": approval.missing,
        "alternatives": _alternatives(approval),
        "deadline": approval.deadline,
        "break_glass": approval.broke_the_glass,
    }
    if viewer is not None:
        actions = possible(approval, viewer)
        document["you_may"] = [*actions]
        document["needs_reason"] = [action for action in actions if needs_reason(approval, action)]
    return document


def _alternatives(approval: Approval) -> list[Json]:
    """Who must sign: any one of the lists, and of that one everything; with what each part still lacks."""
    found: list[Json] = []
    for requirements in approval.request.alternatives:
        lacking = signatures.lacking(requirements, approval.signers)
        part: list[Json] = [
            {"quorum": each.quorum, "approvers": [*each.approvers], "missing": missing if approval.missing else 0}
            for each, missing in zip(requirements, lacking, strict=True)
        ]
        found.append(part)
    return found
