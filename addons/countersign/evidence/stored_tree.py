"""The Merkle tree of a stored log at any of its sizes: roots and proofs, from leaf hashes and the roots of full tiles.

Does not check that what is stored is genuine (that is `verification`): a proof from altered rows verifies nowhere.
"""

from __future__ import annotations

import hashlib

from sqlite_utils import Database

from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.tree import TILE_LEAVES, Frontier, root_of

_HASH_BYTES = hashlib.sha256().digest_size

_LEAF_HASHES = "select leaf_hash from records where seq >= ? and seq < ? order by seq"
_TILE_ROOTS = "select root from subtrees where tile >= ? and tile < ? order by tile"


class StoredTree:
    """The tree over the records of a database, read in the caller's transaction.

    A proof reads one row for every 256 records, and at most some hundred leaf hashes more.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def root(self, size: int) -> bytes:
        """Root hash (32 bytes) of the first `size` records (RFC 6962 section 2.1).

        Raises ValueError when the log never had this size, EvidenceDamaged when a row is missing, sqlite3.Error.
        """
        self._refuse_size(size, smallest=0)
        return self._root(0, size)

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of record `index` in the tree of `size` records, lowest sibling first (RFC 6962, 2.1.1).

        Raises as `root`; ValueError also when there is no such record in that tree.
        """
        self._refuse_size(size, smallest=1)
        if not 0 <= index < size:
            raise ValueError(f"there is no leaf {index} in a tree of {size}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency_proof(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """The proof that the tree of `new_size` records begins with that of `old_size` (RFC 6962, 2.1.2).

        Raises as `root`; ValueError also when `old_size` is not between 1 and `new_size`.
        """
        self._refuse_size(new_size, smallest=1)
        if not 0 < old_size <= new_size:
            raise ValueError(f"a tree of {new_size} never had the size {old_size}")
        path: list[bytes] = []
        start, end, is_known = 0, new_size, True
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start, is_known = middle, False
        if not is_known:
            path.append(self._root(start, end))
        return tuple(reversed(path))

    def _refuse_size(self, size: int, *, smallest: int) -> None:
        last = self._db.execute("select max(seq) from records").fetchone()[0]
        stored = 0 if last is None else last + 1
        if not smallest <= size <= stored:
            raise ValueError(f"a log of {stored} records has no tree of {size}")

    def _root(self, start: int, end: int) -> bytes:
        """The root over records `start` to `end`, which RFC 6962 makes a node (or the tree itself)."""
        if end - start < TILE_LEAVES:
            return root_of(self._hashes(_LEAF_HASHES, start, end))
        tiles = Frontier()  # of tiles; those end where whole tiles end
        for root in self._hashes(_TILE_ROOTS, start // TILE_LEAVES, end // TILE_LEAVES):
            tiles.append(root)
        leaves = Frontier()
        for hashed in self._hashes(_LEAF_HASHES, end - end % TILE_LEAVES, end):
            leaves.append(hashed)
        return Frontier(end - start, [*tiles.peaks, *leaves.peaks]).root()

    def _hashes(self, query: str, start: int, end: int) -> list[bytes]:
        found = [row[0] for row in self._db.execute(query, [start, end])]
        if len(found) != end - start or any(type(value) is not bytes or len(value) != _HASH_BYTES for value in found):
            what = "leaf hashes" if query is _LEAF_HASHES else "roots of tiles"
            raise EvidenceDamaged(f"the {what} from {start} to {end - 1} are not all there; run `evidence verify`")
        return found


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
