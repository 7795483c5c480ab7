"""The erasing of payloads by rule: in steps that others can write between, each of them a record of what went.

Leaves, tree, proofs and checkpoints stay as they are. Does not reach copies and backups of the database.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from countersign import limits
from countersign.evidence import erasures
from countersign.evidence.appender import Appender
from countersign.evidence.draft import Draft
from countersign.evidence.erasures import Selection, Tally
from countersign.evidence.errors import BadEntry
from countersign.evidence.records import MAX_INTEGER, Receipt
from countersign.evidence.writer import Act
from countersign.strict_json import Json

#: Queues what is to be done at the tail, made for the time that its records get.
type Submit = Callable[[Callable[[int], Act]], Future[tuple[Receipt, ...]]]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune did."""

    records: int  #: prune records written
    payloads: int  #: payloads erased
    is_gone: bool  #: whether nothing is left of them in the write-ahead log; else when its readers let go of it


def check(selection: Selection, now_us: int) -> None:
    """Refuse what would erase too much. Raises BadEntry."""
    youngest = now_us - limits.MIN_RETENTION_SECONDS * 1_000_000
    if selection.before_us > youngest:
        raise BadEntry(
            f"payloads younger than {limits.MIN_RETENTION_SECONDS // 3600} hours are never erased: they may still be decided about"
        )
    if selection.types == () or selection.names == ():
        raise BadEntry("name the types of records and the payloads to erase, or leave them out to mean all")


def prune(submit: Submit, size: int, selection: Selection, record: Callable[[dict[str, Json], int], Draft]) -> Pruned:
    """Erase among the first `size` records. Raises EvidenceUnavailable, and BadEntry before anything is erased.

    `record` makes a prune record of its fields and its time; `submit` queues an act that is made for a time.
    """
    record(erasures.fields(selection, MAX_INTEGER, MAX_INTEGER, Tally(MAX_INTEGER)), 0)  # at the tail it would latch
    receipts: list[Receipt] = []
    first = payloads = 0
    while first < size:
        step = _Step(selection, first, min(first + limits.PRUNED_RECORDS_PER_COMMIT, size) - 1, record)
        receipts += submit(step.at).result()
        first, payloads = step.last + 1, payloads + step.payloads
    gone: list[bool] = []

    def emptied(tail: Appender) -> tuple[Receipt, ...]:
        gone.append(tail.empty_wal())
        return ()

    submit(lambda time_us: emptied).result()
    return Pruned(len(receipts), payloads, all(gone))


@dataclass(slots=True)
class _Step:
    selection: Selection
    first: int
    last: int  #: that it is to look at, and afterwards: that it came to
    record: Callable[[dict[str, Json], int], Draft]
    payloads: int = 0  #: erased

    def at(self, time_us: int) -> Act:
        def recorded(fields: dict[str, Json]) -> Draft:
            match fields:
                case {"last": int(last), "count": int(count)}:
                    self.last, self.payloads = last, count
            return self.record(fields, time_us)

        return lambda tail: tail.erase(self.selection, self.first, self.last, recorded)
