"""What the one who waits for an approval is told, for each state that it can be in; never a 2xx."""

from __future__ import annotations

from dataclasses import replace

from countersign import limits
from countersign.approvals import Approval
from countersign.proxy.refusal import Refusal


def answer_to(approval: Approval, url: str, pending_status: int) -> Refusal:
    """The refusal for whoever waits for `approval`, which cannot be used (now). `url` is where people decide on it."""
    members = {"approval": approval.request.id, "approval_url": url}
    return replace(_refusal(approval, pending_status, url), members=members)


def _refusal(approval: Approval, pending_status: int, url: str) -> Refusal:
    match approval.state:
        case "pending":
            retry = (("Retry-After", str(limits.RETRY_AFTER_SECONDS)),)
            return Refusal(pending_status, "approval-pending", _still_waits(approval, url), retry)
        case "denied":
            signature = approval.signatures[-1]
            reason = f": {signature.reason}" if signature.reason else ""
            return Refusal(403, "denied", f"{signature.person} denied the change{reason}")
        case "withdrawn" | "revoked":
            return Refusal(403, approval.state, f"the approval was {approval.state} {approval.why}")
        case "used":
            detail = (
                "the approval is used already: the same request was sent more than once, and one of them has passed"
            )
            # no 503: clients repeat those by themselves, and would ask for the change once more
            return Refusal(409, "approval-ended", f"{detail}; send it again only to make the change once more")
        case "approved":
            return Refusal(503, "approval-ended", "the client has gone; the approval stays for its next try")
        case state:
            why = f"the approval is {state}: {approval.why}"
            return Refusal(
                503, "approval-ended", why if "send the request again" in why else f"{why}; send the request again"
            )


def _still_waits(approval: Approval, url: str) -> str:
    """With the link in it: some clients show people nothing but this text."""
    people = "another person" if approval.missing == 1 else f"{approval.missing} other people"
    return (
        f"the change waits for {people} of {', '.join(approval.request.approvers)}, who decide at {url} : "
        f"{'; '.join(approval.request.summary)}. Send the same request again to join it; it passes once it is approved."
    )
