"""The state of one approval, projected from its events. Pure: the same events always give the same state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from countersign.approvals import signatures as counting
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent
from countersign.strict_json import Json

State = Literal[
    "pending", "approved", "denied", "withdrawn", "revoked", "expired", "void", "used", "unreviewed", "reviewed"
]

#: A request can still join or use these.
LIVE: frozenset[State] = frozenset({"pending", "approved"})

#: From these nothing leads on. `unreviewed` is in neither: a break-glass change is over, and yet somebody must look.
FINAL: frozenset[State] = frozenset({"denied", "withdrawn", "revoked", "expired", "void", "used", "reviewed"})


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's word on a request: a decision, or the review of a change that broke the glass."""

    person: str
    verdict: Literal["approve", "deny", "accept", "object"]
    reason: str
    at: int  #: microseconds UTC
    signer: dict[str, Json]  #: the approver's token, as in the evidence
    signed_as: tuple[str, ...] = ()  #: which of the approvers named in the request the person was then

    def as_json(self) -> dict[str, Json]:
        return {
            "person": self.person,
            "verdict": self.verdict,
            "reason": self.reason,
            "at": self.at,
            "signed_as": [*self.signed_as],
        }


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval as it stands."""

    request: ApprovalRequest
    state: State = "pending"
    signatures: tuple[Signature, ...] = ()
    why: str = ""  #: of a final state
    grant_until: int = 0  #: microseconds UTC; of an approved one

    @property
    def missing(self) -> int:
        """The fewest people who must still say yes."""
        if self.state not in ("pending", "unreviewed"):
            return 0
        return counting.missing(self.request.alternatives, self.signers)

    @property
    def signers(self) -> dict[str, tuple[str, ...]]:
        """Who has signed, and as which of the approvers; one person is there once."""
        return {signature.person: signature.signed_as for signature in self.signatures}

    @property
    def broke_the_glass(self) -> bool:
        """Whether it passed without approval, to be reviewed afterwards."""
        return self.state in ("unreviewed", "reviewed")

    @property
    def deadline(self) -> int:
        """When a live approval ends by itself, in microseconds UTC."""
        return self.grant_until if self.state == "approved" else self.request.expires_at

    @property
    def is_live(self) -> bool:
        """Whether a request can still join or use it."""
        return self.state in LIVE


def begin(event: ApprovalEvent) -> Approval:
    """The approval that a `requested` or `break-glass` event starts. Raises ValueError on any other event."""
    match event.kind:
        case "requested":
            return Approval(ApprovalRequest.from_json(event.data))
        case "break-glass":
            return Approval(ApprovalRequest.from_json(event.data), "unreviewed")
        case _:
            raise ValueError(f"an approval starts with `requested` or `break-glass`, not {event.kind!r}")


def advance(approval: Approval, event: ApprovalEvent) -> Approval:
    """The state after `event`. Raises ValueError where the event cannot follow."""
    match event.kind, approval.state:
        case "approved", "pending":
            signed = _signed(approval, event, "approve")
            if signed.missing:
                return signed
            grant_until = event.at + approval.request.grant_seconds * 1_000_000
            return replace(signed, state="approved", grant_until=grant_until)
        case "denied", "pending":
            signed = _signed(approval, event, "deny")
            return replace(signed, state="denied", why=signed.signatures[-1].reason)
        case "reviewed", "unreviewed":
            verdict: Literal["accept", "object"] = "accept" if event.data["verdict"] == "accept" else "object"
            signed = _signed(approval, event, verdict)
            if verdict == "accept" and signed.missing:
                return signed
            return replace(signed, state="reviewed", why=signed.signatures[-1].reason)
        case (("withdrawn" | "revoked"), ("pending" | "approved")):
            reason = f": {event.data['reason']}" if event.data["reason"] else ""
            return replace(approval, state=event.kind, why=f"by {event.data['person']}{reason}")
        case (("expired" | "void"), ("pending" | "approved")):
            return replace(approval, state=event.kind, why=str(event.data["why"]))
        case "used", "approved":
            return replace(approval, state="used")
        case _:
            raise ValueError(f"{event.kind!r} cannot follow {approval.state!r}")


def _signed(
    approval: Approval, event: ApprovalEvent, verdict: Literal["approve", "deny", "accept", "object"]
) -> Approval:
    data = event.data
    signer, signed_as = (
        data["signer"],
        data.get("signed_as", list(approval.request.approvers)),
    )  # until 0.2 it was not said
    assert isinstance(signer, dict)
    assert isinstance(signed_as, list)
    roles = tuple(str(role) for role in signed_as)
    signature = Signature(str(data["person"]), verdict, str(data["reason"]), event.at, signer, roles)
    return replace(approval, signatures=(*approval.signatures, signature))
