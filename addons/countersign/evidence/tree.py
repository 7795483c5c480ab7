"""The Merkle tree of RFC 6962: leaf hashes, root, inclusion and consistency proofs, and the checking of proofs.

Does not check who says what the root is (that is `checkpoint`), nor what the leaves mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from countersign.evidence.errors import BadProof

EMPTY_ROOT = hashlib.sha256(b"").digest()
TILE_LEAVES = 256  # C2SP tlog-tiles: the width of a tile, fixed there
_TILE_LEVELS = 8  # of nodes below the root of a full tile


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first. All that appending needs."""

    size: int = 0  #: leaves
    peaks: list[bytes] = field(default_factory=list)

    def append(self, hashed_leaf: bytes) -> bytes | None:
        """Add one leaf hash (32 bytes) at the end.

        Returns the root of the tile that it completes (TILE_LEAVES leaves), None where it completes none.
        """
        node, merges, level, tile = hashed_leaf, self.size, 0, None
        while merges & 1:
            node = node_hash(self.peaks.pop(), node)
            merges >>= 1
            level += 1
            if level == _TILE_LEVELS:
                tile = node
        self.peaks.append(node)
        self.size += 1
        return tile

    def root(self) -> bytes:
        """Root hash of the leaves so far (32 bytes)."""
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def copy(self) -> Frontier:
        """An independent frontier of the same leaves."""
        return Frontier(self.size, list(self.peaks))


def root_of(hashed_leaves: Sequence[bytes]) -> bytes:
    """Root hash over leaf hashes in order (32 bytes)."""
    frontier = Frontier()
    for hashed in hashed_leaves:
        frontier.append(hashed)
    return frontier.root()


def inclusion_proof(hashed_leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path for the leaf at `index`, lowest sibling first (RFC 6962 section 2.1.1).

    Raises ValueError when there is no such leaf.
    """
    if not 0 <= index < len(hashed_leaves):
        raise ValueError(f"there is no leaf {index} in a tree of {len(hashed_leaves)}")
    if len(hashed_leaves) == 1:
        return ()
    split = _split(len(hashed_leaves))
    left, right = hashed_leaves[:split], hashed_leaves[split:]
    if index < split:
        return (*inclusion_proof(left, index), root_of(right))
    return (*inclusion_proof(right, index - split), root_of(left))


def consistency_proof(hashed_leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """The proof that the first `old_size` leaves are a prefix of all of them (RFC 6962 section 2.1.2).

    Raises ValueError when `old_size` is not between 1 and the number of leaves.
    """
    if not 0 < old_size <= len(hashed_leaves):
        raise ValueError(f"a tree of {len(hashed_leaves)} never had the size {old_size}")
    return _subproof(hashed_leaves, old_size, is_known=True)


def verify_inclusion(hashed_leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check an audit path (RFC 9162 section 2.1.3.2). Raises BadProof.

    Does not check where `root` and `size` come from.
    """
    if not 0 <= index < size:
        raise BadProof(f"a tree of {size} has no leaf {index}")
    node, here, last = hashed_leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise BadProof("the proof is too long")
        if here & 1 or here == last:
            node = node_hash(sibling, node)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    if node != root:
        raise BadProof("the proof does not lead to the root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the new tree only appended to the old one (RFC 9162 section 2.1.4.2). Raises BadProof.

    Does not check where the roots and sizes come from. An empty old tree is refused: it is consistent with anything.
    """
    if not 0 < old_size <= new_size:
        raise BadProof(f"a tree of {new_size} cannot follow one of {old_size}")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise BadProof("two different trees of the same size")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise BadProof("the proof is too short")
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if here & 1 or here == last:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new_node = node_hash(new_node, sibling)
        here, last = here >> 1, last >> 1
    if last != 0:
        raise BadProof("the proof is too short")
    if old_node != old_root:
        raise BadProof("the proof does not lead to the old root")
    if new_node != new_root:
        raise BadProof("the proof does not lead to the new root")


def _subproof(hashed_leaves: Sequence[bytes], old_size: int, *, is_known: bool) -> tuple[bytes, ...]:
    if old_size == len(hashed_leaves):
        return () if is_known else (root_of(hashed_leaves),)
    split = _split(len(hashed_leaves))
    left, right = hashed_leaves[:split], hashed_leaves[split:]
    if old_size <= split:
        return (*_subproof(left, old_size, is_known=is_known), root_of(right))
    return (*_subproof(right, old_size - split, is_known=False), root_of(left))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
