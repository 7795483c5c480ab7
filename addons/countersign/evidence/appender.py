"""The tail of the log: one group commit turns drafts into leaves, tree, signed checkpoint and rows, all or nothing.

Does not check what was there before (that is `recovery`). Used by one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlite_utils import Database

from countersign import limits
from countersign.evidence.checkpoint import Signer
from countersign.evidence.draft import Draft
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.lock import FileWatch
from countersign.evidence.records import COLUMNS, SALT_BYTES, Receipt
from countersign.evidence.tree import Frontier, leaf_hash

_INSERT_RECORD = (
    f"insert into records ({', '.join(COLUMNS)}, leaf, leaf_hash) values ({', '.join('?' * (len(COLUMNS) + 2))})"  # noqa: S608 - constants
)
_INSERT_PAYLOAD = "insert into payloads (seq, name, salt, data) values (?, ?, ?, ?)"
_INSERT_CHECKPOINT = "insert into checkpoints (size, note) values (?, ?)"


class Appender:
    """Adds to the end of a log whose last state is `frontier`."""

    def __init__(
        self,
        db: Database,
        signer: Signer,
        frontier: Frontier,
        watch: FileWatch,
        data_version: int,
        randomness: Callable[[int], bytes],
    ) -> None:
        """`data_version` is what `data_version(db)` said before the records were read and `frontier` was built."""
        self._db = db
        self._signer = signer
        self._frontier = frontier
        self._watch = watch
        self._data_version = data_version
        self._randomness = randomness
        self._bytes_in_wal = 0

    @property
    def size(self) -> int:
        """Durable records."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """Root hash of the durable records (32 bytes)."""
        return self._frontier.root()

    def commit(self, drafts: Sequence[Draft]) -> tuple[Receipt, ...]:
        """Append drafts and a checkpoint in one transaction; durable when this returns.

        Raises sqlite3.Error, or EvidenceDamaged when somebody else wrote or replaced the database. After any error
        this object must not be used again: an fsync that failed once "succeeds" when it is tried again.
        """
        frontier = self._frontier.copy()
        batch = frontier.size
        records: list[tuple[object, ...]] = []
        payloads: list[tuple[object, ...]] = []
        receipts: list[Receipt] = []
        for draft in drafts:
            seq = frontier.size
            salts = {name: self._randomness(SALT_BYTES) for name in draft.payloads}
            leaf = draft.seal(self._signer.verifier.name, seq, batch, salts)
            hashed = leaf_hash(leaf)
            frontier.append(hashed)
            records.append((seq, draft.time_us, draft.type, draft.exchange, *draft.columns, leaf, hashed))
            payloads.extend((seq, name, salts[name], payload.data) for name, payload in draft.payloads.items())
            receipts.append(Receipt(seq, draft.time_us, hashed))
        note = self._signer.sign(frontier.size, frontier.root())
        connection = self._db.conn
        connection.execute("begin immediate")
        try:
            self._refuse_foreign_changes()
            connection.executemany(_INSERT_RECORD, records)
            connection.executemany(_INSERT_PAYLOAD, payloads)
            connection.execute(_INSERT_CHECKPOINT, (frontier.size, note))
            connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise
        self._watch.check()
        self._frontier = frontier
        self._bytes_in_wal += sum(draft.size for draft in drafts)
        return tuple(receipts)

    def copy_wal(self) -> None:
        """Copy the write-ahead log into the database when it has grown. Between commits: it can take long.

        Raises sqlite3.Error.
        """
        if self._bytes_in_wal >= limits.WAL_CHECKPOINT_BYTES:
            self._db.execute("PRAGMA wal_checkpoint(passive)").fetchone()
            self._bytes_in_wal = 0

    def _refuse_foreign_changes(self) -> None:
        if data_version(self._db) != self._data_version:
            raise EvidenceDamaged("another program wrote to the database")
        last = self._db.execute("select max(seq) from records").fetchone()[0]
        if last != (self._frontier.size - 1 if self._frontier.size else None):
            raise EvidenceDamaged(f"the last record in the database is {last}, not the one that was written last")


def data_version(db: Database) -> int:
    """A number that changes when another connection changes the database (PRAGMA data_version). Raises sqlite3.Error."""
    version: int = db.execute("PRAGMA data_version").fetchone()[0]
    return version
