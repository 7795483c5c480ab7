"""The tail of the log: one group commit turns drafts into leaves, tree, signed checkpoint and rows, all or nothing.

Does not check what was there before (that is `recovery`). Used by one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from sqlite_utils import Database

from countersign import limits
from countersign.evidence import erasures
from countersign.evidence.checkpoint import Signer, signed
from countersign.evidence.draft import Draft
from countersign.evidence.erasures import Selection, Tally
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.lock import FileWatch
from countersign.evidence.records import COLUMNS, SALT_BYTES, Receipt
from countersign.evidence.space import wal_bytes
from countersign.evidence.tree import TILE_LEAVES, Frontier, leaf_hash
from countersign.strict_json import Json

_INSERT_RECORD = (
    f"insert into records ({', '.join(COLUMNS)}, leaf, leaf_hash) values ({', '.join('?' * (len(COLUMNS) + 2))})"  # noqa: S608 - constants
)
_INSERT_PAYLOAD = "insert into payloads (seq, name, salt, data) values (?, ?, ?, ?)"
_INSERT_CHECKPOINT = "insert into checkpoints (size, note) values (?, ?)"
_INSERT_SUBTREE = "insert into subtrees (tile, root) values (?, ?)"
_DELETE_PAYLOAD = "delete from payloads where seq = ? and name = ?"


class NoteKeeper(Protocol):
    """Keeps checkpoints where the database is not, or sees to it."""

    def append(self, note: bytes) -> None:
        """Take one, right after its commit. Raises OSError, EvidenceDamaged, BadNote."""


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
        keepers: Sequence[NoteKeeper] = (),
    ) -> None:
        """`data_version` is what `data_version(db)` said before the records were read and `frontier` was built."""
        self._db = db
        self._signer = signer
        self._frontier = frontier
        self._watch = watch
        self._data_version = data_version
        self._randomness = randomness
        self._keepers = keepers
        self._bytes_in_wal = 0

    @property
    def size(self) -> int:
        """Durable records."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """Root hash of the durable records (32 bytes)."""
        return self._frontier.root()

    @property
    def signer(self) -> Signer:
        """The key of this epoch."""
        return self._signer

    def commit(self, drafts: Sequence[Draft]) -> tuple[Receipt, ...]:
        """Append drafts and a checkpoint in one transaction; durable, and kept by every keeper, when this returns.

        Raises sqlite3.Error, OSError, or EvidenceDamaged when somebody else wrote or replaced a file. After any error
        this object must not be used again: an fsync that failed once "succeeds" when it is tried again.
        """
        return self._transaction(lambda: drafts, (self._signer,))

    def rotate(self, draft: Draft, successor: Signer) -> tuple[Receipt, ...]:
        """Append the record of a new key: the one commit that both keys sign. Raises as `commit` does."""
        receipts = self._transaction(lambda: [draft], (self._signer, successor))
        self._signer = successor
        return receipts

    def erase(
        self, selection: Selection, first: int, last: int, record: Callable[[dict[str, Json]], Draft]
    ) -> tuple[Receipt, ...]:
        """Erase what is selected among the records `first` to `last`, and append the record of it, in one transaction.

        `record` makes it from the fields that say what was erased, and up to where: it ends before `last` when that is
        enough for one commit. Empty, and nothing is written, where nothing is selected. Raises as `commit` does.
        """
        return self._transaction(lambda: self._erased(selection, first, last, record), (self._signer,))

    def copy_wal(self) -> None:
        """Copy the write-ahead log into the database when it has grown. Between commits: it can take long.

        Raises sqlite3.Error.
        """
        if self._bytes_in_wal >= limits.WAL_CHECKPOINT_BYTES:
            self._db.execute("PRAGMA wal_checkpoint(passive)").fetchone()
            self._bytes_in_wal = 0

    def empty_wal(self) -> bool:
        """Let nothing stay in the write-ahead log; False where a reader still needs it. Raises sqlite3.Error."""
        busy: int = self._db.execute("PRAGMA wal_checkpoint(truncate)").fetchone()[0]
        return not busy

    def _erased(
        self, selection: Selection, first: int, last: int, record: Callable[[dict[str, Json]], Draft]
    ) -> list[Draft]:
        found: list[tuple[int, str]] = []
        tally, size = Tally(), 0
        for seq, name, length in erasures.select(self._db, selection, first, last):
            if size >= limits.MAX_COMMIT_BYTES and seq > found[-1][0]:
                last = seq - 1
                break
            found.append((seq, name))
            tally.add(seq, name)
            size += length
        self._db.conn.executemany(_DELETE_PAYLOAD, found)
        self._bytes_in_wal += size  # what is erased is overwritten, through the write-ahead log
        return [record(erasures.fields(selection, first, last, tally))] if found else []

    def _transaction(self, drafts: Callable[[], Sequence[Draft]], signers: Sequence[Signer]) -> tuple[Receipt, ...]:
        connection = self._db.conn
        connection.execute("begin immediate")
        try:
            self._refuse_foreign_changes()
            written = drafts()
            if not written:
                connection.execute("rollback")
                return ()
            frontier, receipts = self._insert(written)
            note = signed(signers, frontier.size, frontier.root())
            connection.execute(_INSERT_CHECKPOINT, (frontier.size, note))
            connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise
        self._watch.check()
        for keeper in self._keepers:
            keeper.append(note)
        self._frontier = frontier
        self._bytes_in_wal += wal_bytes(written)
        return receipts

    def _insert(self, drafts: Iterable[Draft]) -> tuple[Frontier, tuple[Receipt, ...]]:
        frontier = self._frontier.copy()
        batch = frontier.size
        rows: list[tuple[object, ...]] = []
        payloads: list[tuple[object, ...]] = []
        tiles: list[tuple[object, ...]] = []
        receipts: list[Receipt] = []
        for draft in drafts:
            seq = frontier.size
            salts = {name: self._randomness(SALT_BYTES) for name in draft.payloads}
            leaf = draft.seal(self._signer.verifier.name, seq, batch, salts)
            hashed = leaf_hash(leaf)
            if (tile := frontier.append(hashed)) is not None:
                tiles.append((seq // TILE_LEAVES, tile))
            rows.append((seq, draft.time_us, draft.type, draft.exchange, *draft.columns, leaf, hashed))
            payloads.extend((seq, name, salts[name], payload.data) for name, payload in draft.payloads.items())
            receipts.append(Receipt(seq, draft.time_us, hashed))
        connection = self._db.conn
        connection.executemany(_INSERT_RECORD, rows)
        connection.executemany(_INSERT_PAYLOAD, payloads)
        connection.executemany(_INSERT_SUBTREE, tiles)
        return frontier, tuple(receipts)

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
