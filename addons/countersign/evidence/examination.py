"""The reading of a whole log, record by record: the checklist behind `verification` and `recovery`.

Does not open or choose the log, and knows no checkpoint but those stored in it and in the anchors it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from countersign import limits
from countersign.evidence import erasures, records, store
from countersign.evidence.anchors import Anchor, Comparison
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.epochs import KeyChain
from countersign.evidence.erasures import Erasures
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.records import Envelope
from countersign.evidence.report import Epoch, Finding, Report
from countersign.evidence.story import Story
from countersign.evidence.tree import EMPTY_ROOT, Frontier, leaf_hash


class Source(Protocol):
    """Where a log is read, in its own order; any of it may raise one of store.UNREADABLE, EvidenceDamaged, OSError."""

    holds_payloads: bool  #: False: an export of the records alone, which says nothing of their payloads

    def reading(self) -> AbstractContextManager[None]:
        """What is read meanwhile is one state of the log."""

    def structure(self, problem: Callable[[int | None, str], None]) -> bool:
        """Whether it has the form of a log, so that the rest can be read; `problem` hears what is wrong with it."""

    def prunes(self) -> Iterable[object]:
        """The leaves of all prune records, perhaps among others."""

    def records(self) -> Iterator[tuple[object, ...]]:
        """Each leaf, and behind it what is stored twice: the leaf hash and records.COLUMNS, or nothing."""

    def payloads(self) -> Iterator[tuple[object, ...]]:
        """seq, name, salt and data, by seq and name."""

    def checkpoints(self) -> Iterator[tuple[object, object]]:
        """Sizes and signed notes, by size."""

    def grown(self, hashed_leaf: bytes, tile: bytes | None) -> Sequence[str]:
        """A record was read, which perhaps completes a tile of leaves with this root: what is wrong with the tiles."""

    def ended(self, note: bytes | None, keys: Sequence[Verifier]) -> Iterator[str]:
        """All was read, the last checkpoint and the keys were these: what is wrong with the rest."""


class Examination:
    """One pass over one log. In order to vouch for it:

    0. what it is stored in is sound in itself (SQLite's own structure and our tables, or the files of an export);
    1. every record's leaf is a strict envelope of this log, at its place in the sequence;
    2. every column says what the leaf says, the stored leaf hash is the leaf's, and so are the tiles;
    3. every payload is the one that was committed to, or was erased by a rule that says so, and there are no others;
    4. at the end of every group commit, and nowhere else, stands a checkpoint: with the size and root of then, signed
       by the key of its epoch;
    5. the last checkpoint covers the last record;
    6. every checkpoint that an anchor kept is of this tree, and none is of a longer one;
    7. the story holds together: one genesis, and no start while the outcome of an intent was missing.
    """

    def __init__(
        self,
        source: Source,
        known: Sequence[Verifier],
        anchors: Sequence[Anchor] = (),
        witnesses: Sequence[CosignatureVerifier] = (),
    ) -> None:
        self._source = source
        self.keys = KeyChain(known)
        self.frontier = Frontier()
        self.last_note: bytes | None = None  #: the checkpoint that covers the last record
        self._problems: list[Finding] = []
        self._problem_count = 0
        self._remarks: list[Finding] = []
        self._story = Story(self.keys, self._remark)
        self._comparison = Comparison(anchors, witnesses, self.keys, self._problem, self._remark)
        self._erasures = Erasures(())
        self._payload_count = 0
        self._erased_count = 0
        self._checkpoint_count = 0
        self._vouched = (0, EMPTY_ROOT)
        self._last_time_us = 0
        self._batch = 0
        self._next_checkpoint: tuple[object, object] | None = None
        self._next_payload: tuple[object, ...] | None = None

    @property
    def open_intents(self) -> tuple[str, ...]:
        """Exchanges whose outcome is not recorded, in the order of their intents."""
        return tuple(self._story.open_intents)

    @property
    def anchor_files(self) -> tuple[str, ...]:
        """The checkpoint files that the log was anchored in; one that only its last commit names may have missed that."""
        return tuple(file for file, since in self._story.anchor_files.items() if since < self._batch)

    def run(self) -> None:
        """Do it. Damage becomes findings; nothing is raised for it."""
        self._comparison.begin()  # before the log: a gateway that writes to it meanwhile writes to the anchors last
        try:
            with self._source.reading():
                if self._source.structure(self._problem):
                    self._read_everything()
        except (*store.UNREADABLE, EvidenceDamaged, OSError) as error:
            self._problem(None, f"the log cannot be read any further: {error}")

    def report(self) -> Report:
        """What was found."""
        size = self.frontier.size
        starts = [begin for _, begin in self.keys.epochs] + [size]
        return Report(
            origin=self.keys.current.name,
            records=size,
            payloads=self._payload_count,
            erased=self._erased_count,
            checkpoints=self._checkpoint_count,
            vouched_size=self._vouched[0],
            vouched_root=self._vouched[1],
            epochs=tuple(
                Epoch(key.vkey(), begin, end) for (key, begin), end in zip(self.keys.epochs, starts[1:], strict=True)
            ),
            anchors=self._comparison.vouched,
            witnesses=self._comparison.witnessed,
            newest_us=self._last_time_us,
            holds_payloads=self._source.holds_payloads,
            problems=tuple(self._problems),
            problem_count=self._problem_count,
            remarks=tuple(self._remarks),
            open_intents=self.open_intents,
        )

    def _read_everything(self) -> None:
        prunes = (records.parse(leaf) for leaf in self._source.prunes())
        self._erasures = Erasures([erasures.parse(envelope) for envelope in prunes if envelope.type == "prune"])
        checkpoints, payloads = self._source.checkpoints(), self._source.payloads()
        self._next_checkpoint, self._next_payload = next(checkpoints, None), next(payloads, None)
        for leaf, *stored in self._source.records():
            seq = self.frontier.size
            rows = self._payloads_of(seq, payloads)
            try:
                envelope = records.parse(leaf)
            except EvidenceDamaged as error:
                self._problem(seq, str(error))
            else:
                if envelope.batch == seq:
                    self._expect_checkpoint(seq, checkpoints)
                    self._batch = seq
                self._check(seq, self._check_place, envelope)
                if stored:
                    self._check(seq, records.check_columns, envelope, tuple(stored[1:]))
                self._check(seq, records.check_payloads, envelope, rows, self._is_erased)
                self._check(seq, self._follow, envelope)
                self._last_time_us = envelope.time_us
            hashed = leaf_hash(leaf if isinstance(leaf, bytes) else b"")
            if stored and stored[0] != hashed:
                self._problem(seq, "the stored leaf hash is not the leaf's")
            for what in self._source.grown(hashed, self.frontier.append(hashed)):
                self._problem(seq, what)
        self._finish(checkpoints, payloads)

    def _payloads_of(self, seq: int, payloads: Iterator[tuple[object, ...]]) -> dict[str, tuple[bytes, bytes]]:
        """Those of one record; what stands before them belongs to none."""
        found: dict[str, tuple[bytes, bytes]] = {}
        while self._next_payload is not None:
            owner, name, salt, data = self._next_payload
            if not isinstance(owner, int) or owner > seq:
                break
            if owner == seq:
                found[name] = (salt, data)  # type: ignore[index, assignment]  # `check_payloads` looks at what they are
                self._payload_count += 1
            else:
                self._problem(None, "payloads are stored that belong to no record")
            self._next_payload = next(payloads, None)
        return found

    def _is_erased(self, envelope: Envelope, name: str) -> bool:
        if not self._source.holds_payloads:
            return True  # not in the export; whether it is in the log is not known
        erased = self._erasures.count(envelope, name)
        self._erased_count += erased
        return erased

    def _check[**P](self, seq: int, check: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """One check does not hide another."""
        try:
            check(*args, **kwargs)
        except EvidenceDamaged as error:
            self._problem(seq, str(error))

    def _check_place(self, envelope: Envelope) -> None:
        if envelope.seq != self.frontier.size:
            raise EvidenceDamaged(f"the record at this place calls itself {envelope.seq}")
        if envelope.origin != self.keys.current.name:
            raise EvidenceDamaged("the record is of another log")
        if envelope.batch != self._batch:
            raise EvidenceDamaged("the record names a group commit that it is not in")

    def _follow(self, envelope: Envelope) -> None:
        for intent in self._story.follow(envelope):
            self._problem(intent, "the outcome of this intent is missing, and the gateway started again")

    def _expect_checkpoint(self, size: int, checkpoints: Iterator[tuple[object, object]]) -> None:
        """A group commit ended at `size` records: its checkpoint must be the next one."""
        if size == 0:
            return
        note = self._checkpoint_of(size, checkpoints)
        if note is None:
            self._problem(size - 1, "the checkpoint after this record is missing")
        else:
            self._check_checkpoint(size, note)
        self._comparison.at(size, self.frontier.root, note, self._last_time_us)
        self.keys.advance(size)

    def _checkpoint_of(self, size: int, checkpoints: Iterator[tuple[object, object]]) -> object:
        """The stored checkpoint of this size; None where there is none."""
        while self._next_checkpoint is not None:
            found, note = self._next_checkpoint
            if not isinstance(found, int) or found > size:
                break
            self._next_checkpoint = next(checkpoints, None)
            self._checkpoint_count += 1
            if found == size:
                return note
            self._problem(found, "a checkpoint stands where no commit ended")
        return None

    def _check_checkpoint(self, size: int, note: object) -> None:
        try:
            if not isinstance(note, bytes):
                raise BadNote("it is not stored as it was written")
            checkpoint = self.keys.open(note)
            if checkpoint.size != size:
                raise BadNote(f"it is of size {checkpoint.size}")
            if checkpoint.root != self.frontier.root():
                raise BadNote("its root is not that of the records before it")
        except BadNote as error:
            self._problem(size - 1, f"the checkpoint after this record: {error}")
            return
        self.last_note = note
        if not self._problem_count:
            self._vouched = (size, checkpoint.root)

    def _finish(self, checkpoints: Iterator[tuple[object, object]], payloads: Iterator[tuple[object, ...]]) -> None:
        size = self.frontier.size
        if size == 0:
            self._problem(None, "the log holds no records")
        if self._payloads_of(size, payloads) or self._next_payload is not None:
            self._problem(None, "payloads are stored that belong to no record")
        self._expect_checkpoint(size, checkpoints)
        while self._next_checkpoint is not None:
            self._problem(
                None, f"a checkpoint says {self._next_checkpoint[0]} records, there are {size}: some are gone"
            )
            self._checkpoint_count += 1
            self._next_checkpoint = next(checkpoints, None)
        for seq, what in self._erasures.differences() if self._source.holds_payloads else ():
            self._problem(seq, what)
        if self.keys.missing:
            self._problem(
                None,
                f"{self.keys.missing} later keys of this log are known, and it never came to them: its end is gone",
            )
        self._comparison.finish(size)
        for what in self._source.ended(self.last_note, [key for key, _ in self.keys.epochs]):
            self._problem(None, what)

    def _problem(self, seq: int | None, what: str) -> None:
        self._problem_count += 1
        if len(self._problems) < limits.MAX_REPORTED_PROBLEMS:
            self._problems.append(Finding(seq, what))

    def _remark(self, seq: int | None, what: str) -> None:
        if len(self._remarks) < limits.MAX_REPORTED_PROBLEMS:
            self._remarks.append(Finding(seq, what))
