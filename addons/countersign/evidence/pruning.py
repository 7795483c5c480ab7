"""The erasing of payloads by rule: in steps that others can write between, each of them a record of what went.

Leaves, tree, proofs and checkpoints stay as they are. Does not reach copies and backups of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import erasures, store
from countersign.evidence.appender import Appender
from countersign.evidence.draft import Draft
from countersign.evidence.erasures import Extent, Selection, Tally
from countersign.evidence.errors import BadEntry
from countersign.evidence.records import MAX_INTEGER, Receipt
from countersign.evidence.writer import Act
from countersign.rulebook.values import RetentionRule
from countersign.strict_json import Json

_DAY_US = 24 * 3600 * 1_000_000

#: Queues what is to be done at the tail, made for the time that its records get.
type Submit = Callable[[Callable[[int], Act]], Future[tuple[Receipt, ...]]]

#: Which records keep their payloads whatever a rule says, because a start reads them: of a database, when everything of
#: records before a time (microseconds since 1970, UTC) is to go.
type Needed = Callable[[Database, int], Collection[int]]

#: Hears how many payloads are erased so far, after each step; what it raises ends the erasing there.
type Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a prune would erase."""

    selection: Selection
    ranges: tuple[
        tuple[int, int], ...
    ]  #: of records, first and last: in them something is selected, and nothing is kept
    extent: Extent
    kept: int  #: payloads that are old enough, and needed


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune did."""

    plan: Plan
    records: int  #: prune records written
    payloads: int  #: payloads erased
    is_gone: bool  #: whether nothing is left of them in the write-ahead log, which a reader can hold fast


def check(selection: Selection, now_us: int) -> None:
    """Refuse what would erase too much. Raises BadEntry."""
    youngest = now_us - limits.MIN_RETENTION_SECONDS * 1_000_000
    if selection.before_us > youngest:
        raise BadEntry(
            f"payloads younger than {limits.MIN_RETENTION_SECONDS // 3600} hours are never erased: they may still be decided about"
        )
    if selection.types == () or selection.names == ():
        raise BadEntry("name the types of records and the payloads to erase, or leave them out to mean all")


def by_rule(rule: RetentionRule, now_us: int) -> Selection:
    """What a rule selects at a time (microseconds since 1970, UTC)."""
    return Selection(now_us - rule.older_than_days * _DAY_US, rule.connection, rule.types, rule.names)


def plan(database: Path, selections: Sequence[Selection], needed: Needed) -> tuple[Plan, ...]:
    """What of a database would be erased now, by one selection after the other. Reads only.

    Raises EvidenceUnavailable, and what `needed` raises. A record that is kept is in no range, so no prune record speaks for
    it: a later one can, when it is not needed any more.
    """
    try:
        with closing(store.open_for_reading(database)) as db:
            db.execute("begin")
            db.execute("create temp table planned (seq integer, name text, primary key (seq, name)) without rowid")
            return tuple(_plan(db, selection, sorted(needed(db, selection.before_us))) for selection in selections)
    except store.UNREADABLE as error:
        raise EvidenceUnavailable(f"{database}: cannot be read: {error}") from error


def prune(submit: Submit, plan: Plan, record: Callable[[dict[str, Json], int], Draft], tell: Tell) -> Pruned:
    """Do what was planned. Raises EvidenceUnavailable, what `tell` raises, and BadEntry before anything is erased.

    `record` makes a prune record of its fields and its time; `submit` queues an act that is made for a time.
    """
    widest = erasures.fields(plan.selection, MAX_INTEGER, MAX_INTEGER, Tally(MAX_INTEGER))
    record(widest, 0)  # one that is too long would latch the log at the tail
    records = payloads = 0
    for first, last in plan.ranges:
        while first <= last:
            step = _Step(plan.selection, first, last, record)
            records += len(_done(submit(step.at)))
            first, payloads = step.last + 1, payloads + step.payloads
            tell(payloads)
    gone: list[bool] = []

    def emptied(tail: Appender) -> tuple[Receipt, ...]:
        gone.append(tail.empty_wal())
        return ()

    _done(submit(lambda time_us: emptied))
    return Pruned(plan, records, payloads, all(gone))


def _plan(db: Database, selection: Selection, spared: Sequence[int]) -> Plan:
    (size,) = db.execute("select coalesce(max(seq) + 1, 0) from records").fetchone()
    ranges: list[tuple[int, int]] = []
    extent = Extent()
    for first, last in _between(spared, size):
        found = erasures.measure(db, selection, first, last)
        if found.payloads:
            ranges.append((first, last))
            extent += found
            erasures.put_aside(db, selection, first, last)
    kept = sum(erasures.measure(db, selection, seq, seq).payloads for seq in spared)
    return Plan(selection, tuple(ranges), extent, kept)


def _between(spared: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """The records from 0 to `size` without the spared ones, in ranges that are short enough for one commit."""
    first = 0
    for end in (*spared, size):
        for begin in range(first, end, limits.PRUNED_RECORDS_PER_COMMIT):
            yield begin, min(begin + limits.PRUNED_RECORDS_PER_COMMIT, end) - 1
        first = end + 1


def _done(step: Future[tuple[Receipt, ...]]) -> tuple[Receipt, ...]:
    try:
        return step.result(limits.PRUNE_STEP_SECONDS)
    except TimeoutError:
        raise EvidenceUnavailable(
            f"a step of the erasing is not durable after {limits.PRUNE_STEP_SECONDS} seconds; it may still come about"
        ) from None


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
