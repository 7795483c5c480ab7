"""Which payloads were erased by rule: the `prune` records of a log, and what each of them speaks for.

A prune record says what it erased by a predicate over leaves, how many payloads that were, and a digest of which. So a
reader can tell what a rule erased from what is missing. Does not erase anything: that is `pruning`.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sqlite_utils import Database

from countersign.evidence import records
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Envelope
from countersign.strict_json import Json

_PRUNES = "select leaf from records where type = 'prune' order by seq"
_NOT_PLANNED = "not exists (select 1 from planned where planned.seq = payloads.seq and planned.name = payloads.name)"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which payloads a rule is about; None: whichever."""

    before_us: int  #: of records older than this, microseconds since 1970, UTC
    connection: str | None = None
    types: tuple[str, ...] | None = None  #: of records
    names: tuple[str, ...] | None = None  #: of payloads

    def covers(self, envelope: Envelope, name: str) -> bool:
        """Whether the payload `name` of a record is meant."""
        return (
            envelope.time_us < self.before_us
            and (self.connection is None or envelope.fields.get("connection") == self.connection)
            and (self.types is None or envelope.type in self.types)
            and (self.names is None or name in self.names)
        )


@dataclass(slots=True)
class Tally:
    """How many payloads, and which: SHA-256 over the lines `<seq> <name>` in order."""

    count: int = 0
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, seq: int, name: str) -> None:
        self.count += 1
        self._digest.update(f"{seq} {name}\n".encode())

    @property
    def digest(self) -> str:
        """Hexadecimal."""
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Erasure:
    """One prune record."""

    seq: int  #: its own
    selection: Selection
    first: int  #: of the records that were looked at
    last: int  #: the last of them
    count: int  #: payloads that were erased
    digest: str  #: of which, as `Tally` has it

    def covers(self, envelope: Envelope, name: str) -> bool:
        """Whether this erased the payload `name` of a record, if it was still there."""
        return self.first <= envelope.seq <= self.last and self.selection.covers(envelope, name)


def fields(selection: Selection, first: int, last: int, tally: Tally) -> dict[str, Json]:
    """What a prune record says of what it erased."""
    return {
        "before": selection.before_us,
        "connection": selection.connection,
        "types": None if selection.types is None else list(selection.types),
        "names": None if selection.names is None else list(selection.names),
        "first": first,
        "last": last,
        "count": tally.count,
        "digest": tally.digest,
    }


class Erasures:
    """All of them, in order: what is missing is the work of the first that covers it."""

    def __init__(self, found: Sequence[Erasure]) -> None:
        self._found = tuple(found)
        self._tallies = [Tally() for _ in self._found]
        self._order = sorted(range(len(self._found)), key=lambda place: self._found[place].first)
        self._firsts = [self._found[place].first for place in self._order]
        self._reach = [*accumulate((self._found[place].last for place in self._order), max)]

    def is_erased(self, envelope: Envelope, name: str) -> bool:
        """Whether a rule erased this payload, which is not there."""
        return self._eraser(envelope, name) is not None

    def count(self, envelope: Envelope, name: str) -> bool:
        """As `is_erased`; takes note of it for `differences`. To be called once for each missing payload, in order."""
        place = self._eraser(envelope, name)
        if place is not None:
            self._tallies[place].add(envelope.seq, name)
        return place is not None

    def _eraser(self, envelope: Envelope, name: str) -> int | None:
        """Looks only at those whose range can hold the record: rules that erase every day leave thousands of them."""
        covering: list[int] = []
        index = bisect_right(self._firsts, envelope.seq)
        while index and self._reach[index - 1] >= envelope.seq:
            index -= 1
            if self._found[self._order[index]].covers(envelope, name):
                covering.append(self._order[index])
        return min(covering, default=None)

    def differences(self) -> Iterator[tuple[int, str]]:
        """Prune records that say something else than what is missing now."""
        for each, tally in zip(self._found, self._tallies, strict=True):
            if (each.count, each.digest) != (tally.count, tally.digest):
                yield (
                    each.seq,
                    f"it says that {each.count} payloads were erased, and {tally.count} are: not the same ones",
                )


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is selected."""

    payloads: int = 0
    size: int = 0  #: bytes of data, without the salts
    oldest_us: int | None = (
        None  #: time of the first of their records, microseconds since 1970, UTC; None: there is none
    )
    newest_us: int | None = None

    def __add__(self, other: Extent) -> Extent:
        times = [
            time for time in (self.oldest_us, self.newest_us, other.oldest_us, other.newest_us) if time is not None
        ]
        return Extent(
            self.payloads + other.payloads,
            self.size + other.size,
            min(times, default=None),
            max(times, default=None),
        )


def select(db: Database, selection: Selection, first: int, last: int) -> Iterator[tuple[int, str, int]]:
    """The payloads that are stored and selected, of the records `first` to `last`, in order, and their bytes.

    Raises sqlite3.Error.
    """
    selected, parameters = _selected(selection, first, last)
    query = f"select payloads.seq, payloads.name, length(payloads.data) {selected} order by payloads.seq, payloads.name"
    yield from db.execute(query, parameters)


def measure(db: Database, selection: Selection, first: int, last: int) -> Extent:
    """How much `select` would give, if nothing were stored of what is in the temporary table `planned`.

    Raises sqlite3.Error.
    """
    selected, parameters = _selected(selection, first, last)
    figures = "count(*), coalesce(sum(length(payloads.data)), 0), min(records.time), max(records.time)"
    return Extent(*db.execute(f"select {figures} {selected} and {_NOT_PLANNED}", parameters).fetchone())


def put_aside(db: Database, selection: Selection, first: int, last: int) -> None:
    """Put into the table `planned` what `measure` counted. Raises sqlite3.Error."""
    selected, parameters = _selected(selection, first, last)
    db.execute(f"insert into planned select payloads.seq, payloads.name {selected} and {_NOT_PLANNED}", parameters)


def _selected(selection: Selection, first: int, last: int) -> tuple[str, list[int | str]]:
    """By the columns, which say the same as the leaves: who verifies compares them.

    `cross join`, so that SQLite goes through the range, and not through every record of a type for each range anew.
    """
    conditions = ["payloads.seq between ? and ?", "records.time < ?"]
    parameters: list[int | str] = [first, last, selection.before_us]
    if selection.connection is not None:
        conditions.append("records.connection = ?")
        parameters.append(selection.connection)
    for column, words in (("records.type", selection.types), ("payloads.name", selection.names)):
        if words is not None:
            conditions.append(f"{column} in ({', '.join('?' * len(words))})")
            parameters += words
    return f"from payloads cross join records using (seq) where {' and '.join(conditions)}", parameters


def read(db: Database) -> Erasures:
    """Those of a database. Raises one of store.UNREADABLE, and EvidenceDamaged.

    Does not check that the records stand in the tree: who verifies a log reads each of them again.
    """
    return Erasures([parse(records.parse(leaf)) for (leaf,) in db.execute(_PRUNES)])


def parse(envelope: Envelope) -> Erasure:
    """A prune record, strictly. Raises EvidenceDamaged."""
    match dict(envelope.fields):
        case {
            "before": int(before),
            "connection": None | str() as connection,
            "types": None | list() as types,
            "names": None | list() as names,
            "first": int(first),
            "last": int(last),
            "count": int(count),
            "digest": str(digest),
        } if 0 <= first <= last < envelope.seq and count > 0:
            selection = Selection(before, connection, _words(types), _words(names))
            return Erasure(envelope.seq, selection, first, last, count, digest)
    raise EvidenceDamaged("the prune record does not say what it erased")


def _words(found: list[Json] | None) -> tuple[str, ...] | None:
    if found is None:
        return None
    words = tuple(each for each in found if isinstance(each, str))
    if len(words) < len(found):
        raise EvidenceDamaged("the prune record does not say what it erased")
    return words
