"""Approvals kept as records of the evidence log: with one gateway their state is a projection of it, restarts included."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import cast

from countersign import limits
from countersign.approvals.approval import FINAL
from countersign.approvals.store import ApprovalEvent, EventKind
from countersign.errors import CountersignError
from countersign.evidence import Entry, EvidenceLog, Payload, Record
from countersign.strict_json import Json, dumps_in_pieces, loads

#: The events that say what an approval is about.
_BEGINNINGS: frozenset[EventKind] = frozenset({"requested", "break-glass"})


class ApprovalRecords:
    """An ApprovalStore over the evidence log. `about` tells the connection, subject and caller of an approval."""

    def __init__(self, log: EvidenceLog) -> None:
        self._log = log
        self._about: dict[str, dict[str, Json]] = {}

    async def append(self, event: ApprovalEvent) -> None:
        """Durable on return. Raises EvidenceUnavailable."""
        if event.kind in _BEGINNINGS:
            self._remember(event)
        signer = event.data.get("signer")
        fields: dict[str, Json] = {
            **self._about.get(event.approval, {}),
            "approval": event.approval,
            "verdict": event.kind,
            "at": event.at,
            "reason": event.data["why"] if event.kind in _BEGINNINGS else event.data.get("reason"),
            "why": event.data.get("why"),
            "justification": event.data.get("justification"),
            "person": event.data.get("person"),
            "review": event.data.get("verdict"),
            "identity": signer,
        }
        body = Payload("application/json", await asyncio.to_thread(dumps_in_pieces, cast("Json", event.data)))
        await self._log.append(Entry("approval", event.exchange, fields, {"event": body}))
        self._forget_ended(event)

    def replay(self) -> Iterable[ApprovalEvent]:
        """Every approval event of the log, oldest first. Raises CountersignError where one cannot be read."""
        for event in events(self._log.records(types={"approval"})):
            if event.kind in _BEGINNINGS:
                self._remember(event)
            self._forget_ended(event)
            yield event

    def _forget_ended(self, event: ApprovalEvent) -> None:
        if event.kind in FINAL:  # each of them is the state that it leads to
            self._about.pop(event.approval, None)

    def _remember(self, event: ApprovalEvent) -> None:
        caller = event.data.get("caller")
        self._about[event.approval] = {
            "connection": event.data.get("connection"),
            "subject": event.data.get("subject"),
            "caller": caller.get("label") if isinstance(caller, dict) else None,
        }


def events(records: Iterable[Record]) -> Iterator[ApprovalEvent]:
    """The events that records of type `approval` hold, in their order. Raises CountersignError where one cannot be read.

    Approvals of which a retention rule erased the beginning are left out: they ended long before (see `retention`).
    """
    erased: set[str] = set()
    for record in records:
        fields = record.fields
        if "event" in record.erased:
            erased.add(str(fields["approval"]))
        if fields["approval"] in erased:
            continue
        data = loads(record.payloads["event"].data, max_depth=limits.MAX_APPROVAL_DEPTH)
        if not isinstance(data, dict) or not isinstance(fields["at"], int):
            raise CountersignError(f"the approval record {record.seq} cannot be read; verify the evidence")
        kind = cast("EventKind", fields["verdict"])
        yield ApprovalEvent(kind, str(fields["approval"]), fields["at"], record.exchange, data)
