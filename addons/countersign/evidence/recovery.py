"""What must hold before a log is written to again, and what the last process left undone.

Does not repair anything: a log that does not verify is for people to look at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from countersign.evidence import store
from countersign.evidence.anchors import Anchor
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Entry
from countersign.evidence.tree import Frontier
from countersign.evidence.verification import examine

_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Recovered:
    """A log that verified."""

    frontier: Frontier
    open_intents: tuple[str, ...]  #: exchanges, in the order of their intents
    key: Verifier | None = None  #: of the epoch that the log is in; None: of a log that is yet to begin
    note: bytes | None = None  #: its last checkpoint
    anchor_files: tuple[str, ...] = ()  #: those in which a checkpoint must stand


def has_records(database: Path) -> bool:
    """Whether there is a log to recover.

    Raises EvidenceDamaged when the file is no database, and sqlite3.OperationalError when the disk cannot tell.
    """
    if not database.exists() or database.stat().st_size == 0:
        return False
    try:
        with closing(store.open_for_reading(database)) as db:
            tables = db.execute("select count(*) from sqlite_master where name = 'records'").fetchone()[0]
            return bool(tables and db.execute("select count(*) from records").fetchone()[0])
    except sqlite3.OperationalError:
        raise  # the disk, or who may read it: nothing is wrong with what is stored
    except store.UNREADABLE as error:
        raise EvidenceDamaged(
            f"{database}: {error}; restore the evidence, or look at it with `evidence verify`"
        ) from None


def recover(database: Path, known: Sequence[Verifier], anchors: Sequence[Anchor] = ()) -> Recovered:
    """Verify a log from its first record to its last checkpoint, and against its anchors.

    Raises EvidenceDamaged at any difference, a log that is shorter than an anchor among them, or one of store.UNREADABLE.
    """
    with closing(store.open_for_reading(database)) as db:
        examination = examine(db, known, anchors)
    report = examination.report()
    if not report.ok:
        shown = "; ".join(str(problem) for problem in report.problems[:_SHOWN_PROBLEMS])
        raise EvidenceDamaged(
            f"{database}: the evidence is not what was written, so the gateway does not start "
            f"({report.problem_count} problems: {shown}). Keep the file, and see `countersign evidence verify`"
        )
    return Recovered(
        frontier=examination.frontier,
        open_intents=report.open_intents,
        key=examination.keys.current,
        note=examination.last_note,
        anchor_files=examination.anchor_files,
    )


def unknown_outcomes(open_intents: tuple[str, ...]) -> tuple[Entry, ...]:
    """What is recorded for intents whose outcome nobody knows, because the gateway ended in between."""
    return tuple(Entry("outcome_unknown", exchange, {"reason": "gateway restarted"}) for exchange in open_intents)
