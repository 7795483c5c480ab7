"""The reading of a whole log, record by record: the checklist behind `verification` and `recovery`.

Does not open or choose the database, and does not know any checkpoint but those stored in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlite_utils import Database

from countersign import limits
from countersign.evidence import records, schema, store
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.records import Envelope
from countersign.evidence.report import Finding, Report
from countersign.evidence.tree import EMPTY_ROOT, Frontier, leaf_hash

_RECORDS = f"select leaf, leaf_hash, {', '.join(records.COLUMNS)} from records order by seq"  # noqa: S608 - constants
_PAYLOADS = "select name, salt, data from payloads where seq = ?"
_CHECKPOINTS = "select size, note from checkpoints order by size"


class Examination:
    """One pass over one database. In order to vouch for it:

    0. SQLite finds its own structure sound, and the tables are exactly ours;
    1. every record's leaf is a strict envelope of this log, at its place in the sequence;
    2. every column says what the leaf says, and the stored leaf hash is the leaf's;
    3. every payload is there and is the one that was committed to, and there are no others;
    4. at the end of every group commit, and nowhere else, stands a checkpoint: signed, with the size and root of then;
    5. the last checkpoint covers the last record;
    6. the story holds together: one genesis, and no start while the outcome of an intent was missing.
    """

    def __init__(self, db: Database, verifier: Verifier) -> None:
        self._db = db
        self._verifier = verifier
        self.frontier = Frontier()
        self.open_intents: dict[str, int] = {}
        self._denied: set[str] = set()  # exchanges whose denial is recorded, and its outcome not yet
        self._problems: list[Finding] = []
        self._problem_count = 0
        self._remarks: list[Finding] = []
        self._payload_count = 0
        self._checkpoint_count = 0
        self._vouched = (0, EMPTY_ROOT)
        self._batch = 0
        self._last_time_us = 0
        self._next_checkpoint: tuple[object, object] | None = None

    def run(self) -> None:
        """Do it, in one read transaction. Damage becomes findings; nothing is raised for it."""
        try:
            self._db.execute("begin")
            try:
                if self._structure_is_sound():
                    self._read_everything()
            finally:
                self._db.rollback()
        except store.UNREADABLE as error:
            self._problem(None, f"the database cannot be read any further: {error}")

    def report(self) -> Report:
        """What was found."""
        return Report(
            origin=self._verifier.name,
            records=self.frontier.size,
            payloads=self._payload_count,
            checkpoints=self._checkpoint_count,
            vouched_size=self._vouched[0],
            vouched_root=self._vouched[1],
            problems=tuple(self._problems),
            problem_count=self._problem_count,
            remarks=tuple(self._remarks),
            open_intents=tuple(self.open_intents),
        )

    def _structure_is_sound(self) -> bool:
        for (answer,) in self._db.execute(f"PRAGMA integrity_check({limits.MAX_REPORTED_PROBLEMS})"):
            if answer != "ok":
                self._problem(None, f"SQLite: {answer}")
        tables, migrations = schema.expected()
        if schema.read(self._db) != tables or schema.applied(self._db) != migrations:
            self._problem(None, "the tables are not those of this version of countersign; nothing else was read")
            return False
        return True

    def _read_everything(self) -> None:
        checkpoints: Iterator[tuple[object, object]] = iter(self._db.execute(_CHECKPOINTS))
        self._next_checkpoint = next(checkpoints, None)
        for leaf, stored_hash, *stored in self._db.execute(_RECORDS):
            seq = self.frontier.size
            rows = {name: (salt, data) for name, salt, data in self._db.execute(_PAYLOADS, [seq])}
            self._payload_count += len(rows)
            try:
                envelope = records.parse(leaf)
            except EvidenceDamaged as error:
                self._problem(seq, str(error))
            else:
                if envelope.batch == seq:
                    self._expect_checkpoint(seq, checkpoints)
                    self._batch = seq
                self._check(seq, self._check_place, envelope)
                self._check(seq, records.check_columns, envelope, tuple(stored))
                self._check(seq, records.check_payloads, envelope, rows)
                self._check(seq, self._follow, envelope)
            hashed = leaf_hash(leaf if isinstance(leaf, bytes) else b"")
            if stored_hash != hashed:
                self._problem(seq, "the stored leaf hash is not the leaf's")
            self.frontier.append(hashed)
        self._finish(checkpoints)

    def _check[**P](self, seq: int, check: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """One check does not hide another."""
        try:
            check(*args, **kwargs)
        except EvidenceDamaged as error:
            self._problem(seq, str(error))

    def _check_place(self, envelope: Envelope) -> None:
        if envelope.seq != self.frontier.size:
            raise EvidenceDamaged(f"the record at this place calls itself {envelope.seq}")
        if envelope.origin != self._verifier.name:
            raise EvidenceDamaged("the record is of another log")
        if envelope.batch != self._batch:
            raise EvidenceDamaged("the record names a group commit that it is not in")

    def _expect_checkpoint(self, size: int, checkpoints: Iterator[tuple[object, object]]) -> None:
        """A group commit ended at `size` records: its checkpoint must be the next one."""
        while self._next_checkpoint is not None:
            found, note = self._next_checkpoint
            if not isinstance(found, int) or found > size:
                break
            self._next_checkpoint = next(checkpoints, None)
            self._checkpoint_count += 1
            if found == size:
                self._check_checkpoint(size, note)
                return
            self._problem(found, "a checkpoint stands where no commit ended")
        if size > 0:
            self._problem(size - 1, "the checkpoint after this record is missing")

    def _check_checkpoint(self, size: int, note: object) -> None:
        try:
            if not isinstance(note, bytes):
                raise BadNote("it is not stored as it was written")
            checkpoint = self._verifier.open_checkpoint(note)
            if checkpoint.size != size:
                raise BadNote(f"it is of size {checkpoint.size}")
            if checkpoint.root != self.frontier.root():
                raise BadNote("its root is not that of the records before it")
        except BadNote as error:
            self._problem(size - 1, f"the checkpoint after this record: {error}")
            return
        if not self._problem_count:
            self._vouched = (size, checkpoint.root)

    def _finish(self, checkpoints: Iterator[tuple[object, object]]) -> None:
        size = self.frontier.size
        if size == 0:
            self._problem(None, "the log holds no records")
        if self._db.execute("select count(*) from payloads").fetchone()[0] != self._payload_count:
            self._problem(None, "payloads are stored that belong to no record")
        self._expect_checkpoint(size, checkpoints)
        while self._next_checkpoint is not None:
            self._problem(
                None, f"a checkpoint says {self._next_checkpoint[0]} records, there are {size}: some are gone"
            )
            self._checkpoint_count += 1
            self._next_checkpoint = next(checkpoints, None)

    def _follow(self, envelope: Envelope) -> None:
        seq, exchange = self.frontier.size, envelope.exchange
        if envelope.time_us < self._last_time_us:
            self._remark(seq, "the clock went back")
        self._last_time_us = envelope.time_us
        if (envelope.type == "genesis") != (seq == 0):
            raise EvidenceDamaged("a log begins with its genesis record and has one only")
        match envelope.type:
            case "genesis":
                if envelope.fields.get("vkey") != self._verifier.vkey():
                    raise EvidenceDamaged("the log was begun with another key")
            case "intent":
                if exchange is None or exchange in self.open_intents:
                    self._remark(seq, "an intent that cannot be told from an earlier one")
                if exchange is not None:
                    self.open_intents[exchange] = seq
            case "outcome" | "outcome_unknown":
                if exchange in self._denied:
                    self._denied.discard(exchange)  # what the client was told of the denial
                elif exchange not in self.open_intents and "observed" in envelope.fields:
                    pass  # the service was asked later what became of a request whose outcome was unknown
                elif exchange is None or self.open_intents.pop(exchange, None) is None:
                    self._remark(seq, "an outcome without an open intent")
            case "decision":
                if exchange is not None and envelope.fields.get("verdict") == "deny":
                    if self.open_intents.pop(exchange, None) is not None:
                        self._denied.add(exchange)
            case "start":
                for intent in self.open_intents.values():
                    self._problem(intent, "the outcome of this intent is missing, and the gateway started again")
                self.open_intents.clear()
                self._denied.clear()

    def _problem(self, seq: int | None, what: str) -> None:
        self._problem_count += 1
        if len(self._problems) < limits.MAX_REPORTED_PROBLEMS:
            self._problems.append(Finding(seq, what))

    def _remark(self, seq: int | None, what: str) -> None:
        if len(self._remarks) < limits.MAX_REPORTED_PROBLEMS:
            self._remarks.append(Finding(seq, what))
