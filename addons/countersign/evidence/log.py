"""The evidence log as the rest of the gateway sees it: open, submit, read, prune, close."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Self

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import key_acts, pruning, store
from countersign.evidence.draft import draft
from countersign.evidence.erasures import Selection
from countersign.evidence.errors import BadEntry
from countersign.evidence.keeper import Keeper
from countersign.evidence.opening import Opened, opened
from countersign.evidence.pruning import Needed, Pruned, Tell
from countersign.evidence.records import OWN_TYPES, Entry, Receipt, Record
from countersign.evidence.settings import LogSettings
from countersign.evidence.witness_feed import Post
from countersign.evidence.writer import Act, Writer
from countersign.strict_json import Json

_LOG = logging.getLogger(__name__)
_DEFAULT = LogSettings()


class EvidenceLog:
    """A durable, append-only, tamper-evident log. Made by `open`; one per gateway."""

    def __init__(self, parts: Opened) -> None:
        self._parts = parts
        self._writer = Writer(parts.tail, parts.reserve)
        self._in_order = threading.Lock()  # a record's time is never before that of the record ahead of it in the queue
        self._is_closed = False
        self._rotation: Future[tuple[Receipt, ...]] | None = None  # the last one
        self._rotating = threading.Lock()
        self._written_us = parts.timeline.now()
        self._keeper = Keeper(self._keep)

    @classmethod
    def open(
        cls,
        directory: Path,
        keys_directory: Path,
        origin: str,
        *,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        software: Mapping[str, Json],
        settings: LogSettings = _DEFAULT,
        steady: Callable[[], int] | None = None,
        post: Post | None = None,
    ) -> Self:
        """Lock, verify and continue a log, or begin one.

        `clock()` is microseconds since 1970 in UTC, `steady()` microseconds that nobody sets; `randomness(n)` gives n
        secret random bytes; `software` says in the start record what runs (no secrets); `post` reaches the witnesses, as
        `WitnessFeed` says. Blocks while everything that is stored is hashed again, and while the witnesses are asked.

        Raises LogInUse, KeyFileError, EvidenceDamaged, or EvidenceUnavailable (the disk, SQLite). Each means that the
        gateway must not start.
        """
        parts = opened(directory, keys_directory, origin, clock, steady, randomness, software, settings, post)
        log = cls(parts)
        log._writer.start()
        log._keeper.start()
        parts.anchoring.start(log._writer.latch)
        return log

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._parts.keys.signer.verifier.name

    @property
    def vkey(self) -> str:
        """The log's public keys in C2SP form: a line for each epoch, oldest first."""
        return "\n".join(key.vkey() for key in self._parts.keys.known)

    @property
    def digest_key(self) -> bytes:
        """HMAC-SHA-256 key (32 bytes) of the keyed digests that records hold. It is never in the database."""
        return self._parts.keys.digest_key

    @property
    def values_key(self) -> bytes:
        """HMAC-SHA-256 key (32 bytes) of masked values that stay comparable; another one once it was erased."""
        return self._parts.keys.values_key

    @property
    def size(self) -> int:
        """Durable records."""
        return self._parts.tail.size

    @property
    def root(self) -> bytes:
        """Merkle root of the durable records (32 bytes)."""
        return self._parts.tail.root

    @property
    def recovered(self) -> tuple[str, ...]:
        """Exchanges whose outcome was recorded as unknown at this start."""
        return self._parts.open_intents

    @property
    def is_healthy(self) -> bool:
        """Whether records are still being written. When not, nothing may pass."""
        return self._writer.is_open

    @property
    def latched_because(self) -> str | None:
        """Why the log stopped for good; None while it has not."""
        return self._writer.latched_because

    @property
    def anchor_age_seconds(self) -> float | None:
        """For how long the oldest commit that is not anchored outside of the database waits for it; 0: none does.

        None: nothing anchors this log. Looks at no disk.
        """
        return self._parts.anchoring.age_seconds

    def require_anchor(self) -> None:
        """Before a change passes. Raises NotAnchored when the last anchor is too old."""
        self._parts.anchoring.require()

    def submit(self, *entries: Entry) -> Future[tuple[Receipt, ...]]:
        """Record entries, all or none, next to each other; the future is done when they are durable.

        The future fails with EvidenceUnavailable; cancelling it does nothing. Raises EvidenceUnavailable at once when
        the log has stopped or too much is waiting, and its subclass BadEntry when an entry cannot be a record.
        """
        if not entries:
            raise BadEntry("nothing to record")
        for entry in entries:
            if entry.type in OWN_TYPES:
                raise BadEntry(f"a record of type {entry.type} is written by the log itself")
        return self._submit(entries)

    async def append(self, *entries: Entry) -> tuple[Receipt, ...]:
        """Record entries and wait until they are durable, at most limits.EVIDENCE_DEADLINE_SECONDS.

        Raises EvidenceUnavailable; after the deadline the entries may still become durable. A caller that is cancelled
        does not cancel the writing.
        """
        written = asyncio.wrap_future(self.submit(*entries))
        written.add_done_callback(_retrieve)
        done, _ = await asyncio.wait({written}, timeout=limits.EVIDENCE_DEADLINE_SECONDS)
        if not done:
            raise EvidenceUnavailable(f"not durable after {limits.EVIDENCE_DEADLINE_SECONDS} seconds")
        return written.result()

    def rotate_key(self, actor: str) -> None:
        """Begin a new epoch: the current key signs for the next one, and is erased. Blocks for one commit.

        Raises EvidenceUnavailable (a rotation that took too long may still come about), KeyFileError, BadEntry.
        """
        with self._rotating:
            if self._rotation is not None and not self._rotation.done():
                raise EvidenceUnavailable("the key is being rotated already, and the disk does not answer")
            if not self.is_healthy:  # looked at after the last rotation: one that failed has latched the log
                raise EvidenceUnavailable(f"the evidence log has stopped: {self.latched_because or 'it is closed'}")
            self._rotation = done = self._submit_act(key_acts.rotation(self._parts, actor))
            try:
                done.result(limits.EVIDENCE_CLOSE_SECONDS)
            except TimeoutError:
                raise EvidenceUnavailable(f"not durable after {limits.EVIDENCE_CLOSE_SECONDS} seconds") from None

    def erase_values_key(self, actor: str, reason: str | None) -> None:
        """Erase the key of masked values, and go on with a new one. Blocks for one commit. Raises as `rotate_key`."""
        done = self._submit_act(key_acts.erasure_of_values_key(self._parts, actor, reason))
        try:
            done.result(limits.EVIDENCE_CLOSE_SECONDS)
        except TimeoutError:
            raise EvidenceUnavailable(f"not durable after {limits.EVIDENCE_CLOSE_SECONDS} seconds") from None

    def prune(
        self,
        selection: Selection,
        needed: Needed,
        *,
        rule: str,
        actor: str,
        reason: str | None = None,
        tell: Tell = lambda payloads: None,
    ) -> Pruned:
        """Erase payloads and their salts by rule, in as many commits as it takes, each with a record of what went.

        What is `needed` stays; `rule` says which rule that is, `actor` who wants it; `tell` hears how far it is. Blocks
        until nothing of them is left in the database's files. Raises BadEntry (they are too young), EvidenceDamaged,
        EvidenceUnavailable, and what `needed` and `tell` raise.
        """
        pruning.check(selection, self._parts.timeline.now())
        said: dict[str, Json] = {"rule": rule, "actor": actor, "reason": reason}
        (plan,) = pruning.plan(self._parts.database, [selection], needed)
        return pruning.prune(
            self._submit_act,
            plan,
            lambda erased, time_us: draft(Entry("prune", None, {**erased, **said}), self.origin, time_us),
            tell,
        )

    def records(self, *, types: Container[str] | None = None, after: int = -1) -> Iterator[Record]:
        """The durable records in order, on a connection of its own that only reads, in one snapshot.

        Raises EvidenceDamaged when one does not agree with itself, and EvidenceUnavailable.
        """
        try:
            with closing(store.open_for_reading(self._parts.database)) as db:
                db.execute("begin")
                yield from store.read_records(db, types=types, after=after)
        except store.UNREADABLE as error:
            raise EvidenceUnavailable(f"the evidence cannot be read: {error}") from error

    def history(self, connection: str, subject: str | None, limit: int) -> tuple[Record, ...]:
        """What became of the approvals of one subject, newest first, at most `limit` records, without their payloads.

        Those are the steps of its approvals, and the outcomes of the requests they were taken for. Does not tell what
        passed without anybody being asked. Raises EvidenceDamaged, EvidenceUnavailable.
        """
        try:
            with closing(store.open_for_reading(self._parts.database)) as db:
                db.execute("begin")
                return tuple(islice(store.read_history(db, connection, subject), limit))
        except store.UNREADABLE as error:
            raise EvidenceUnavailable(f"the evidence cannot be read: {error}") from error

    def close(self) -> None:
        """Record the stop, write what is queued, and let go of the log; at most limits.EVIDENCE_CLOSE_SECONDS."""
        if self._is_closed:
            return
        self._keeper.stop(limits.EVIDENCE_CLOSE_SECONDS)
        with suppress(EvidenceUnavailable):
            self._submit([Entry("stop", None, {})])
        if not self._writer.stop(limits.EVIDENCE_CLOSE_SECONDS):
            _LOG.critical("the evidence log is still waiting for the disk; its lock is kept, close it again later")
            return
        self._is_closed = True
        with suppress(sqlite3.Error):
            self._parts.close()

    def _submit(self, entries: Sequence[Entry]) -> Future[tuple[Receipt, ...]]:
        with self._in_order:
            time_us = self._next_time()
            done = self._writer.submit(tuple(draft(entry, self.origin, time_us) for entry in entries))
            self._written_us = time_us
            return done

    def _submit_act(self, made: Callable[[int], Act]) -> Future[tuple[Receipt, ...]]:
        with self._in_order:
            return self._writer.submit_act(made(self._next_time()))

    def _next_time(self) -> int:
        """The time of what is queued next; a clock that was set is recorded ahead of it."""
        timeline = self._parts.timeline
        step, time_us = timeline.step(), timeline.now()
        if step:
            self._writer.submit((draft(Entry("clock_step", None, {"microseconds": step}), self.origin, time_us),))
            timeline.accept(step)
        return time_us

    def _keep(self) -> float:
        """Do what is due; in how many seconds to ask again. Raises CountersignError."""
        settings, written_us = self._parts.settings, self._written_us
        now_us = self._parts.timeline.now()
        if not self.is_healthy:
            return settings.heartbeat_seconds  # it has said why
        silence = (now_us - written_us) / 1_000_000
        if not 0 <= silence < settings.heartbeat_seconds:  # below 0: the clock was set back
            self._submit([Entry("heartbeat", None, {})])
            silence = 0
        epoch_seconds = settings.key_epoch_seconds
        if epoch_seconds is not None and now_us - self._parts.epoch_us >= epoch_seconds * 1_000_000:
            self.rotate_key("the log itself")
        return min(settings.heartbeat_seconds - silence, self._parts.anchoring.look())


def _retrieve(written: asyncio.Future[tuple[Receipt, ...]]) -> None:
    """The caller may be gone: then nobody else looks at the error, and asyncio would complain."""
    if not written.cancelled():
        written.exception()
