"""Verification: every record, column, payload and checkpoint of a log against the log's public key. Nothing is sampled.

Does not show that the end of the log was not cut off, or the whole rewritten with the log's own key: only a checkpoint
that was kept elsewhere shows that.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from countersign.evidence import store
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import BadNote
from countersign.evidence.examination import Examination
from countersign.evidence.report import Finding, Report
from countersign.evidence.tree import EMPTY_ROOT


def verify(database: Path, vkey: str) -> Report:
    """Read a whole log, also one that a gateway is writing to, in one consistent snapshot and in bounded memory.

    `vkey` is the log's public key in C2SP form; take it from where the gateway cannot write. Never raises for what is
    in the database: damage is in the report.
    """
    try:
        verifier = Verifier.parse(vkey)
    except BadNote as error:
        return _unreadable("", f"the vkey cannot be used: {error}")
    try:
        db = store.open_for_reading(database)
    except sqlite3.OperationalError as error:
        return _unreadable(verifier.name, f"{database}: {error}")
    except store.UNREADABLE as error:
        return _damaged(verifier, str(error))
    with closing(db):
        return examine(db, verifier).report()


def examine(db: Database, verifier: Verifier) -> Examination:
    """The finished examination of an open database, which besides the report knows the tree."""
    examination = Examination(db, verifier)
    examination.run()
    return examination


def _unreadable(origin: str, why: str) -> Report:
    return Report(origin, 0, 0, 0, 0, EMPTY_ROOT, (), 0, (), (), unreadable=why)


def _damaged(verifier: Verifier, what: str) -> Report:
    return Report(verifier.name, 0, 0, 0, 0, EMPTY_ROOT, (Finding(None, what),), 1, (), ())
