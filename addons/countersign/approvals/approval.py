"""The state of one approval, projected from its events. Pure: the same events always give the same state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent
from countersign.strict_json import Json

State = Literal["pending", "approved", "denied", "expired", "void", "used"]

#: From these nothing leads on.
FINAL: frozenset[State] = frozenset({"denied", "expired", "void", "used"})


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's decision."""

    person: str
    verdict: Literal["approve", "deny"]
    reason: str
    at: int  #: microseconds UTC
    signer: dict[str, Json]  #: the approver's token, as in the evidence

    def as_json(self) -> dict[str, Json]:
        return {"person": self.person, "verdict": self.verdict, "reason": self.reason, "at": self.at}


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
        """How many people must still say yes."""
        return max(0, self.request.quorum - len(_people(self.signatures))) if self.state == "pending" else 0

    @property
    def deadline(self) -> int:
        """When a live approval ends by itself, in microseconds UTC."""
        return self.grant_until if self.state == "approved" else self.request.expires_at

    @property
    def is_live(self) -> bool:
        return self.state not in FINAL


def begin(event: ApprovalEvent) -> Approval:
    """The approval that a `requested` event starts. Raises ValueError on any other event."""
    if event.kind != "requested":
        raise ValueError(f"an approval starts with `requested`, not {event.kind!r}")
    return Approval(ApprovalRequest.from_json(event.data))


def advance(approval: Approval, event: ApprovalEvent) -> Approval:
    """The state after `event`. Raises ValueError where the event cannot follow."""
    match event.kind, approval.state:
        case "approved", "pending":
            signatures = (*approval.signatures, _signature(event, "approve"))
            if len(_people(signatures)) < approval.request.quorum:
                return replace(approval, signatures=signatures)
            grant_until = event.at + approval.request.grant_seconds * 1_000_000
            return replace(approval, signatures=signatures, state="approved", grant_until=grant_until)
        case "denied", "pending":
            signature = _signature(event, "deny")
            return replace(approval, signatures=(*approval.signatures, signature), state="denied", why=signature.reason)
        case (("expired" | "void"), ("pending" | "approved")):
            return replace(approval, state=event.kind, why=str(event.data["why"]))
        case "used", "approved":
            return replace(approval, state="used")
        case _:
            raise ValueError(f"{event.kind!r} cannot follow {approval.state!r}")


def _people(signatures: tuple[Signature, ...]) -> frozenset[str]:
    """One person counts once, however often their name is there."""
    return frozenset(signature.person for signature in signatures)


def _signature(event: ApprovalEvent, verdict: Literal["approve", "deny"]) -> Signature:
    signer = event.data["signer"]
    assert isinstance(signer, dict)
    return Signature(str(event.data["person"]), verdict, str(event.data["reason"]), event.at, signer)
