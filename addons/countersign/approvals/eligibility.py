"""Who may sign: exactly one known person, not one behind the request, of the people or groups that the rule names, once.

No role is exempt. Does not check the token: identity/ has done that.
"""

from __future__ import annotations

from typing import Literal

from countersign import limits
from countersign.approvals.approval import Approval
from countersign.approvals.errors import AlreadyDecided, NotEligible, ReasonNeeded, ReasonTooLong
from countersign.identity import Caller


def require_signer(approval: Approval, signer: Caller, verdict: Literal["approve", "deny"], reason: str) -> str:
    """The person who signs. Raises NotEligible, AlreadyDecided or ReasonNeeded, each with the reason in words."""
    request = approval.request
    if len(signer.people) != 1:
        known = "stands for more than one person" if signer.people else "is not mapped to a person"
        raise NotEligible(f"{signer.label} {known} in identity.yaml, and so cannot sign")
    (person,) = signer.people
    if person in request.caller_people:
        raise NotEligible(f"{person} stands behind this request; another person must decide")
    if (signer.issuer, signer.subject) == (request.caller["iss"], request.caller["sub"]):
        raise NotEligible("the caller cannot decide on their own request")
    groups = {f"group:{group}" for group in signer.groups}
    if f"person:{person}" not in request.approvers and groups.isdisjoint(request.approvers):
        raise NotEligible(f"{person} is not among the approvers of this rule: {', '.join(request.approvers)}")
    if approval.state != "pending":
        raise AlreadyDecided(
            f"the approval is {approval.state} already" + (f": {approval.why}" if approval.why else "")
        )
    if any(signature.person == person for signature in approval.signatures):
        raise AlreadyDecided(f"{person} has signed already; {approval.missing} more needed from other people")
    if verdict in request.reason and not any(character.isalnum() for character in reason):
        raise ReasonNeeded(f"this rule asks for a reason to {verdict}")
    if len(reason) > limits.MAX_REASON_CHARACTERS:
        raise ReasonTooLong(f"a reason has at most {limits.MAX_REASON_CHARACTERS} characters; link to the rest")
    return person


def may_see(approval: Approval, viewer: Caller) -> bool:
    """Whether `viewer` may read this approval: its approvers, and the people behind the request."""
    request = approval.request
    return (
        not viewer.people.isdisjoint(request.caller_people)
        or not {f"person:{person}" for person in viewer.people}.isdisjoint(request.approvers)
        or not {f"group:{group}" for group in viewer.groups}.isdisjoint(request.approvers)
    )
