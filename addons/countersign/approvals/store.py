"""The seam to what keeps approval events: one small interface, so that several gateways can share a table later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from countersign.strict_json import Json

EventKind = Literal[
    "requested", "approved", "denied", "withdrawn", "revoked", "expired", "void", "used", "break-glass", "reviewed"
]


@dataclass(frozen=True, slots=True)
class ApprovalEvent:
    """One step in the life of one approval. `data` holds masked values only."""

    kind: EventKind
    approval: str
    at: int  #: microseconds UTC
    exchange: str | None  #: the request this step was made for, where there is one
    data: dict[str, Json]


class ApprovalStore(Protocol):
    """Where events are kept, in order."""

    async def append(self, event: ApprovalEvent) -> None:
        """Return when the event is durable. Raises EvidenceUnavailable; the event then did not happen."""

    def replay(self) -> Iterable[ApprovalEvent]:
        """Every event so far, oldest first."""
