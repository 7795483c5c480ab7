"""One approval as the API shows it. Everything in it was masked before the approval was asked for."""

from __future__ import annotations

from countersign.approvals import Approval
from countersign.strict_json import Json


def approval_document(approval: Approval) -> dict[str, Json]:
    """What was asked for (without the fingerprint, which binds it to bytes that people do not see) and how it stands."""
    request = approval.request.as_json()
    del request["fingerprint"]
    return {
        **request,
        "state": approval.state,
        "why_ended": approval.why,
        "signatures": [signature.as_json() for signature in approval.signatures],
        "missing": approval.missing,
        "deadline": approval.deadline,
    }
