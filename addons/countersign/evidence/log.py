"""The evidence log as the rest of the gateway sees it: open, submit, read, close."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from itertools import islice
from pathlib import Path

from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import appender, keys, recovery, schema, store
from countersign.evidence import directory as directories
from countersign.evidence.appender import Appender
from countersign.evidence.draft import draft
from countersign.evidence.errors import BadEntry, KeyFileError
from countersign.evidence.keys import LogKeys
from countersign.evidence.lock import DirectoryLock, FileWatch
from countersign.evidence.places import DATABASE_NAME
from countersign.evidence.records import OWN_TYPES, Entry, Receipt, Record
from countersign.evidence.tree import Frontier
from countersign.evidence.writer import Writer
from countersign.strict_json import Json

_LOG = logging.getLogger(__name__)


class EvidenceLog:
    """A durable, append-only, tamper-evident log. Made by `open`; one per gateway."""

    def __init__(
        self,
        database: Path,
        db: Database,
        lock: DirectoryLock,
        log_keys: LogKeys,
        tail: Appender,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._db = db
        self._lock = lock
        self._keys = log_keys
        self._tail = tail
        self._clock = clock
        self._writer = Writer(tail)
        self._in_order = threading.Lock()  # a record's time is never before that of the record ahead of it in the queue
        self._is_closed = False
        self._recovered: tuple[str, ...] = ()

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
    ) -> EvidenceLog:
        """Lock, verify and continue a log, or begin one.

        `clock()` is microseconds since 1970 in UTC; `randomness(n)` gives n secret random bytes; `software` says in the
        start record what runs (no secrets). Blocks while everything that is stored is hashed again.

        Raises LogInUse, KeyFileError, EvidenceDamaged, or EvidenceUnavailable (the disk, SQLite). Each means that the
        gateway must not start.
        """
        database = directory / DATABASE_NAME
        if keys_directory.absolute().is_relative_to(directory.absolute()):
            raise KeyFileError(f"{keys_directory}: keep the keys outside of {directory}, or who has one has the other")
        try:
            with ExitStack() as undo:
                directories.make_private(directory)
                lock = DirectoryLock.acquire(directory)
                undo.callback(lock.release)
                is_new = not recovery.has_records(database)
                log_keys = _keys_for(keys_directory, origin, randomness, is_new=is_new)
                db = store.open_for_writing(database)
                undo.callback(db.close)
                schema.migrate(db)
                version = appender.data_version(db)
                found = recovery.Recovered(Frontier(), ())
                if not is_new:
                    found = recovery.recover(database, log_keys.signer.verifier)
                watch = FileWatch.of((database, database.with_name(DATABASE_NAME + "-wal"), lock.path))
                tail = Appender(db, log_keys.signer, found.frontier, watch, version, randomness)
                log = cls(database, db, lock, log_keys, tail, clock)
                log._begin(found.open_intents, software)
                keys.publish(keys_directory, log_keys.signer.verifier)
                undo.pop_all()
        except (*store.UNREADABLE, OSError) as error:
            raise EvidenceUnavailable(f"{directory}: the evidence log cannot be opened: {error}") from error
        log._writer.start()
        return log

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._keys.signer.verifier.name

    @property
    def vkey(self) -> str:
        """The log's public key in C2SP form."""
        return self._keys.signer.verifier.vkey()

    @property
    def digest_key(self) -> bytes:
        """HMAC-SHA-256 key (32 bytes) of the keyed digests that records hold. It is never in the database."""
        return self._keys.digest_key

    @property
    def size(self) -> int:
        """Durable records."""
        return self._tail.size

    @property
    def root(self) -> bytes:
        """Merkle root of the durable records (32 bytes)."""
        return self._tail.root

    @property
    def recovered(self) -> tuple[str, ...]:
        """Exchanges whose outcome was recorded as unknown at this start."""
        return self._recovered

    @property
    def is_healthy(self) -> bool:
        """Whether records are still being written. When not, nothing may pass."""
        return self._writer.is_open

    @property
    def latched_because(self) -> str | None:
        """Why the log stopped for good; None while it has not."""
        return self._writer.latched_because

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

    def records(self, *, types: Container[str] | None = None, after: int = -1) -> Iterator[Record]:
        """The durable records in order, on a connection of its own that only reads, in one snapshot.

        Raises EvidenceDamaged when one does not agree with itself, and EvidenceUnavailable.
        """
        try:
            with closing(store.open_for_reading(self._database)) as db:
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
            with closing(store.open_for_reading(self._database)) as db:
                db.execute("begin")
                return tuple(islice(store.read_history(db, connection, subject), limit))
        except store.UNREADABLE as error:
            raise EvidenceUnavailable(f"the evidence cannot be read: {error}") from error

    def close(self) -> None:
        """Record the stop, write what is queued, and let go of the log; at most limits.EVIDENCE_CLOSE_SECONDS."""
        if self._is_closed:
            return
        with suppress(EvidenceUnavailable):
            self._submit([Entry("stop", None, {})])
        if not self._writer.stop(limits.EVIDENCE_CLOSE_SECONDS):
            _LOG.critical("the evidence log is still waiting for the disk; its lock is kept, close it again later")
            return
        self._is_closed = True
        with suppress(sqlite3.Error):
            self._db.close()
        self._lock.release()

    def _submit(self, entries: Sequence[Entry]) -> Future[tuple[Receipt, ...]]:
        with self._in_order:
            time_us = self._clock()
            return self._writer.submit(tuple(draft(entry, self.origin, time_us) for entry in entries))

    def _begin(self, open_intents: tuple[str, ...], software: Mapping[str, Json]) -> None:
        """The first records of this process, in one commit, before anybody else can write."""
        entries = [*recovery.unknown_outcomes(open_intents)]
        if self.size == 0:
            entries.append(Entry("genesis", None, {"vkey": self.vkey}))
        previous: dict[str, Json] = {"size": self.size, "root": self.root.hex()}
        entries.append(Entry("start", None, {"software": dict(software), "previous": previous}))
        time_us = self._clock()
        self._tail.commit([draft(entry, self.origin, time_us) for entry in entries])
        self._recovered = open_intents


def _keys_for(directory: Path, origin: str, randomness: Callable[[int], bytes], *, is_new: bool) -> LogKeys:
    if not is_new:
        return keys.load(directory, origin)
    if keys.is_published(directory):
        raise KeyFileError(
            f"{directory}: a log was begun with these keys, but its database is gone or empty; restore it, or move "
            "the keys away to begin a new log"
        )
    return keys.create(directory, origin, randomness)


def _retrieve(written: asyncio.Future[tuple[Receipt, ...]]) -> None:
    """The caller may be gone: then nobody else looks at the error, and asyncio would complain."""
    if not written.cancelled():
        written.exception()
