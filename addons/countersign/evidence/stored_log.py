"""A log in its database, read for an examination. Does not verify anything but the roots of tiles that are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sqlite_utils import Database

from countersign import limits
from countersign.evidence import records, schema
from countersign.evidence.checkpoint import Verifier

_RECORDS = f"select leaf, leaf_hash, {', '.join(records.COLUMNS)} from records order by seq"  # noqa: S608 - constants
_PAYLOADS = "select seq, name, salt, data from payloads order by seq, name"
_CHECKPOINTS = "select size, note from checkpoints order by size"
_SUBTREES = "select tile, root from subtrees order by tile"
_PRUNES = "select leaf from records where type = 'prune' order by seq"


class StoredLog:
    """The tables of a database. See `examination.Source`."""

    holds_payloads = True

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tiles = 0  # that were completed
        self._subtrees: Iterator[tuple[object, ...]] = iter(())

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One read transaction."""
        self._db.execute("begin")
        try:
            yield
        finally:
            self._db.rollback()

    def structure(self, problem: Callable[[int | None, str], None]) -> bool:
        """SQLite finds its own structure sound, and the tables are exactly ours."""
        for (answer,) in self._db.execute(f"PRAGMA integrity_check({limits.MAX_REPORTED_PROBLEMS})"):
            if answer != "ok":
                problem(None, f"SQLite: {answer}")
        tables, migrations = schema.expected()
        if schema.read(self._db) != tables or schema.applied(self._db) != migrations:
            problem(None, "the tables are not those of this version of countersign; nothing else was read")
            return False
        self._subtrees = iter(self._db.execute(_SUBTREES))
        return True

    def prunes(self) -> Iterator[object]:
        """By the column, which says the same as the leaf where the log is whole."""
        return (leaf for (leaf,) in self._db.execute(_PRUNES))

    def records(self) -> Iterator[tuple[object, ...]]:
        """Leaf, leaf hash and columns."""
        return iter(self._db.execute(_RECORDS))

    def payloads(self) -> Iterator[tuple[object, ...]]:
        """Each with its salt."""
        return iter(self._db.execute(_PAYLOADS))

    def checkpoints(self) -> Iterator[tuple[object, object]]:
        """Each with the size that it is stored under."""
        return iter(self._db.execute(_CHECKPOINTS))

    def grown(self, hashed_leaf: bytes, tile: bytes | None) -> Sequence[str]:
        """The stored root of a tile is the tile's."""
        if tile is None:
            return ()
        self._tiles += 1
        if next(self._subtrees, None) == (self._tiles - 1, tile):
            return ()
        return ("the stored root of the tile that this record completes is not the tile's",)

    def ended(self, note: bytes | None, keys: Sequence[Verifier]) -> Iterator[str]:
        """No roots of tiles are left over."""
        if next(self._subtrees, None) is not None:
            yield "roots of tiles are stored that no records complete"
