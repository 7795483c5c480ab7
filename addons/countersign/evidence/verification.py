"""Verification: every record, column, payload and checkpoint of a log against the log's public keys, and against the
checkpoints that were kept elsewhere. Nothing is sampled. The log is a database, or an export of one.

Without an anchor it does not show that the end of the log was not cut off, or the whole rewritten with the log's own key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from countersign.evidence import store
from countersign.evidence.anchors import Anchor
from countersign.evidence.checkpoint import Verifier, parse_vkeys
from countersign.evidence.cosignature import CosignatureVerifier, quorum_of
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.examination import Examination, Source
from countersign.evidence.exported_log import ExportedLog, NoExport
from countersign.evidence.report import Finding, Report
from countersign.evidence.stored_log import StoredLog
from countersign.evidence.tree import EMPTY_ROOT


def verify(
    log: Path,
    vkeys: str,
    anchors: Sequence[Anchor] = (),
    witnesses: Sequence[CosignatureVerifier] = (),
    quorum: int | None = None,
) -> Report:
    """Read a whole log, also one that a gateway is writing to, in one consistent snapshot and in bounded memory.

    `log` is a database, or the directory of an export. `vkeys` are the log's public keys in C2SP form, one per line,
    oldest first; take them, the anchors, and the keys of the witnesses from where the gateway cannot write. Later keys
    than those given are learnt from the log. Of the witnesses `quorum` must have cosigned (None: all of them).

    Never raises for what is in the log: damage is in the report. Raises ValueError for a quorum that cannot be.
    """
    needed = quorum_of(witnesses, quorum)
    try:
        known = parse_vkeys(vkeys)
    except BadNote as error:
        return _unreadable("", f"the vkey cannot be used: {error}")
    try:
        with _opened(log) as source:
            examination = Examination(source, known, anchors, witnesses)
            examination.run()
            return replace(examination.report(), quorum=needed)
    except (sqlite3.OperationalError, NoExport, OSError) as error:
        return _unreadable(known[0].name, f"{log}: {error}")
    except (*store.UNREADABLE, EvidenceDamaged) as error:
        return _damaged(known[0], str(error))


def examine(db: Database, known: Sequence[Verifier], anchors: Sequence[Anchor] = ()) -> Examination:
    """The finished examination of an open database, which besides the report knows the tree and the keys."""
    examination = Examination(StoredLog(db), known, anchors)
    examination.run()
    return examination


@contextmanager
def _opened(log: Path) -> Iterator[Source]:
    if log.is_dir():
        yield ExportedLog(log)
        return
    with closing(store.open_for_reading(log)) as db:
        yield StoredLog(db)


def _unreadable(origin: str, why: str) -> Report:
    return Report(origin, 0, 0, 0, 0, EMPTY_ROOT, (), 0, (), (), unreadable=why)


def _damaged(verifier: Verifier, what: str) -> Report:
    return Report(verifier.name, 0, 0, 0, 0, EMPTY_ROOT, (Finding(None, what),), 1, (), ())
