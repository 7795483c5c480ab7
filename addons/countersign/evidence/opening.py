"""From a directory to a log that may be written to: locked, verified, compared with its anchors, its start recorded.

Raises for whatever is wrong with it. Then no record was written; at most the tables were brought up to date, a torn end of a
checkpoint file was marked, and files that were missing were made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import anchors, appender, checkpoint_file, keys, recovery, schema, store
from countersign.evidence import directory as directories
from countersign.evidence.anchoring import Anchoring
from countersign.evidence.anchors import Anchor
from countersign.evidence.appender import Appender
from countersign.evidence.checkpoint_file import CheckpointFile
from countersign.evidence.draft import draft
from countersign.evidence.errors import EvidenceDamaged, KeyFileError
from countersign.evidence.keys import LogKeys
from countersign.evidence.lock import DirectoryLock, FileWatch
from countersign.evidence.places import DATABASE_NAME, cosigned_name
from countersign.evidence.records import Entry
from countersign.evidence.recovery import Recovered
from countersign.evidence.settings import LogSettings
from countersign.evidence.space import Reserve, shortage
from countersign.evidence.timeline import Timeline
from countersign.evidence.tree import Frontier
from countersign.evidence.witness_feed import Post
from countersign.strict_json import Json

_EPOCH = "select time from records where type in ('genesis', 'key_rotation') order by seq desc limit 1"


@dataclass(slots=True)
class Opened:
    """What a log is made of."""

    database: Path
    db: Database
    lock: DirectoryLock
    keys_directory: Path
    keys: LogKeys
    tail: Appender
    files: tuple[CheckpointFile, ...]
    anchoring: Anchoring
    reserve: Reserve
    timeline: Timeline
    randomness: Callable[[int], bytes]
    settings: LogSettings
    open_intents: tuple[str, ...]  #: whose outcome was recorded as unknown at this start
    epoch_us: int  #: when the key of this epoch was made, microseconds since 1970, UTC

    def close(self) -> None:
        """Let go of everything."""
        self.anchoring.stop(limits.EVIDENCE_CLOSE_SECONDS)
        with suppress(sqlite3.Error):
            self.db.close()
        with suppress(OSError):
            self.reserve.let_go()
        for file in self.files:
            file.close()
        self.lock.release()


def opened(
    directory: Path,
    keys_directory: Path,
    origin: str,
    clock: Callable[[], int],
    steady: Callable[[], int] | None,
    randomness: Callable[[int], bytes],
    software: Mapping[str, Json],
    settings: LogSettings,
    post: Post | None,
) -> Opened:
    """As `EvidenceLog.open` says."""
    database = directory / DATABASE_NAME
    for inside, what in ((keys_directory, "keys"), *((path, "anchors") for path in settings.anchor_files)):
        if inside.absolute().is_relative_to(directory.absolute()):
            raise KeyFileError(f"{inside}: keep the {what} outside of {directory}, or who has one has the other")
    try:
        with ExitStack() as undo:
            directories.make_private(directory)
            lock = DirectoryLock.acquire(directory)
            undo.callback(lock.release)
            store.refuse_read_only(database)
            is_new = not recovery.has_records(database)
            log_keys = _keys_for(keys_directory, origin, randomness, is_new=is_new)
            files = tuple(CheckpointFile.open(path) for path in settings.anchor_files)
            for file in files:
                undo.callback(file.close)
            db = store.open_for_writing(database)
            undo.callback(db.close)
            schema.migrate(db)
            version = appender.data_version(db)
            found = Recovered(Frontier(), ())
            if not is_new:
                kept = [*anchors_of(settings), *_cosigned(directory, settings)]
                found = recovery.recover(database, log_keys.known, kept)
                assert found.key is not None
                log_keys = keys.settle(keys_directory, log_keys, found.key)
            _refuse_lost_anchors(directory, settings, found)
            anchoring = Anchoring.open(directory, settings, found.note, post, clock, steady or clock)
            undo.callback(anchoring.stop, 0)
            anchoring.confirm()
            watch = FileWatch.of((database, database.with_name(DATABASE_NAME + "-wal"), lock.path))
            directories.sync(directory)  # SQLite flushes the name of its -wal too, but says nothing when that fails
            tail = Appender(db, log_keys.signer, found.frontier, watch, version, randomness, (*files, anchoring))
            log = Opened(
                database=database,
                db=db,
                lock=lock,
                keys_directory=keys_directory,
                keys=log_keys,
                tail=tail,
                files=files,
                anchoring=anchoring,
                reserve=Reserve.hold(directory),
                timeline=Timeline(clock, steady),
                randomness=randomness,
                settings=settings,
                open_intents=found.open_intents,
                epoch_us=0,
            )
            _begin(log, software)
            log.epoch_us = db.execute(_EPOCH).fetchone()[0]
            keys.publish(keys_directory, log_keys.signer.verifier)
            undo.pop_all()
    except (*store.UNREADABLE, OSError) as error:
        why = f"{error}{shortage(directory)}"
        raise EvidenceUnavailable(f"{directory}: the evidence log cannot be opened: {why}") from error
    return log


def anchors_of(settings: LogSettings) -> list[Anchor]:
    """The anchors that hold something: a new one is empty until the first commit."""
    return [anchors.of_file(path) for path in settings.anchor_files if _holds_notes(path)]


def _cosigned(directory: Path, settings: LogSettings) -> list[Anchor]:
    """What witnesses cosigned, as far as it is here: the log must be that also while none of them can be asked."""
    paths = [directory / cosigned_name(witness.verifier.key_id) for witness in settings.witnesses]
    return [anchors.of_file(path) for path in paths if _holds_notes(path)]


def _refuse_lost_anchors(directory: Path, settings: LogSettings, found: Recovered) -> None:
    """An anchor that is empty is a new one, unless the log says that it was in use. Raises EvidenceDamaged."""
    if found.note is None and (cosigned := _cosigned(directory, settings)):
        raise EvidenceDamaged(
            f"{cosigned[0].name}: it is of a log, but the database has no records; restore the evidence"
        )
    for path in settings.anchor_files:
        is_empty = not _holds_notes(path)
        if found.note is None and not is_empty:
            raise EvidenceDamaged(
                f"{path}: it holds checkpoints of a log, but the database has no records; restore the evidence, "
                "or give the new log an anchor of its own"
            )
        if is_empty and str(path) in found.anchor_files:
            raise EvidenceDamaged(
                f"{path}: the log was anchored here, and nothing is left of it; restore the file, or name another one"
            )


def _holds_notes(path: Path) -> bool:
    """Whether there is anything to compare with, also what cannot be read. Raises OSError."""
    try:
        return path.exists() and next(checkpoint_file.read_notes(path), None) is not None
    except EvidenceDamaged:
        return True


def _begin(log: Opened, software: Mapping[str, Json]) -> None:
    """The first records of this process, in one commit, before anybody else can write."""
    entries = [*recovery.unknown_outcomes(log.open_intents)]
    if log.tail.size == 0:
        entries.append(Entry("genesis", None, {"vkey": log.keys.signer.verifier.vkey()}))
    fields: dict[str, Json] = {
        "software": dict(software),
        "previous": {"size": log.tail.size, "root": log.tail.root.hex()},
        "heartbeat_seconds": log.settings.heartbeat_seconds,
        "anchor_files": [str(path) for path in log.settings.anchor_files],
        "witnesses": [
            {"name": witness.verifier.name, "key": witness.verifier.key_id.hex()} for witness in log.settings.witnesses
        ],
    }
    entries.append(Entry("start", None, fields))
    time_us = log.timeline.now()
    drafts = [draft(entry, log.keys.signer.verifier.name, time_us) for entry in entries]
    log.reserve.before_commit(drafts)
    log.tail.commit(drafts)


def _keys_for(directory: Path, origin: str, randomness: Callable[[int], bytes], *, is_new: bool) -> LogKeys:
    if not is_new:
        return keys.load(directory, origin, randomness)
    if keys.is_published(directory):
        raise KeyFileError(
            f"{directory}: a log was begun with these keys, but its database is gone or empty; restore it, or move "
            "the keys away to begin a new log"
        )
    return keys.create(directory, origin, randomness)
