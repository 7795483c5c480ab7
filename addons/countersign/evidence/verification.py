"""Verification: every record, column, payload and checkpoint of a log against the log's public keys, and against the
checkpoints that were kept elsewhere. Nothing is sampled.

Without an anchor it does not show that the end of the log was not cut off, or the whole rewritten with the log's own key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from countersign.evidence import store
from countersign.evidence.anchors import Anchor
from countersign.evidence.checkpoint import Verifier, parse_vkeys
from countersign.evidence.errors import BadNote
from countersign.evidence.examination import Examination
from countersign.evidence.report import Finding, Report
from countersign.evidence.tree import EMPTY_ROOT


def verify(database: Path, vkeys: str, anchors: Sequence[Anchor] = ()) -> Report:
    """Read a whole log, also one that a gateway is writing to, in one consistent snapshot and in bounded memory.

    `vkeys` are the log's public keys in C2SP form, one per line, oldest first; take them, and the anchors, from where
    the gateway cannot write. Later keys than those given are learnt from the log. Never raises for what is in the
    database: damage is in the report.
    """
    try:
        known = parse_vkeys(vkeys)
    except BadNote as error:
        return _unreadable("", f"the vkey cannot be used: {error}")
    try:
        db = store.open_for_reading(database)
    except sqlite3.OperationalError as error:
        return _unreadable(known[0].name, f"{database}: {error}")
    except store.UNREADABLE as error:
        return _damaged(known[0], str(error))
    with closing(db):
        return examine(db, known, anchors).report()


def examine(db: Database, known: Sequence[Verifier], anchors: Sequence[Anchor] = ()) -> Examination:
    """The finished examination of an open database, which besides the report knows the tree and the keys."""
    examination = Examination(db, known, anchors)
    examination.run()
    return examination


def _unreadable(origin: str, why: str) -> Report:
    return Report(origin, 0, 0, 0, 0, EMPTY_ROOT, (), 0, (), (), unreadable=why)


def _damaged(verifier: Verifier, what: str) -> Report:
    return Report(verifier.name, 0, 0, 0, 0, EMPTY_ROOT, (Finding(None, what),), 1, (), ())
