"""The Merkle tree against the definitions of RFC 6962, computed a second way."""

from __future__ import annotations

import hashlib

import pytest

from countersign.evidence import tree
from countersign.evidence.errors import BadProof

SIZES = range(1, 65)
LEAVES = [tree.leaf_hash(b"leaf %d" % index) for index in range(64)]

# the eight inputs and roots that implementations of Certificate Transparency test themselves with
CT_INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def mth(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:split]) + mth(hashes[split:])).digest()


def test_published_vectors() -> None:
    """The roots of the well-known eight leaves come out, one by one."""
    frontier = tree.Frontier()
    for given, root in zip(CT_INPUTS, CT_ROOTS, strict=True):
        frontier.append(tree.leaf_hash(bytes.fromhex(given)))
        assert frontier.root().hex() == root


def test_empty_tree() -> None:
    """The root of no leaves is the hash of nothing."""
    assert tree.Frontier().root() == mth([]) == tree.EMPTY_ROOT


def test_roots_of_all_sizes() -> None:
    """The frontier's root is the recursive definition's at every size."""
    frontier = tree.Frontier()
    for size in SIZES:
        frontier.append(LEAVES[size - 1])
        assert frontier.root() == mth(LEAVES[:size]) == tree.root_of(LEAVES[:size])
        assert frontier.size == size


def test_copy_is_independent() -> None:
    """What is appended to a copy is not in the original: a failed commit leaves the frontier as it was."""
    frontier = tree.Frontier()
    frontier.append(LEAVES[0])
    copy = frontier.copy()
    copy.append(LEAVES[1])
    assert (frontier.size, frontier.root()) == (1, LEAVES[0])
    assert copy.root() == mth(LEAVES[:2])


def test_inclusion_proofs() -> None:
    """Every leaf of every size has a proof that verifies, and only for its own place, size and root."""
    for size in SIZES:
        root = mth(LEAVES[:size])
        for index in range(size):
            proof = tree.inclusion_proof(LEAVES[:size], index)
            tree.verify_inclusion(LEAVES[index], index, size, proof, root)
            with pytest.raises(BadProof):
                tree.verify_inclusion(LEAVES[(index + 1) % 64], index, size, proof, root)
            with pytest.raises(BadProof):
                tree.verify_inclusion(LEAVES[index], index, size, (*proof, root), root)


def test_inclusion_proof_altered() -> None:
    """No node of a proof can be changed, left out or moved, and no index or size be another."""
    root = mth(LEAVES[:13])
    proof = tree.inclusion_proof(LEAVES[:13], 5)
    tree.verify_inclusion(LEAVES[5], 5, 13, proof, root)
    for place in range(len(proof)):
        for altered in (
            (*proof[:place], bytes(32), *proof[place + 1 :]),
            (*proof[:place], *proof[place + 1 :]),
            (*proof[place:], *proof[:place]) if place else tuple(reversed(proof)),
        ):
            with pytest.raises(BadProof):
                tree.verify_inclusion(LEAVES[5], 5, 13, altered, root)
    for index, size in ((4, 13), (5, 8), (5, 30), (13, 13), (-1, 13)):
        with pytest.raises(BadProof):
            tree.verify_inclusion(LEAVES[5], index, size, proof, root)
    with pytest.raises(BadProof):
        tree.verify_inclusion(LEAVES[5], 5, 13, proof, bytes(32))


def test_consistency_proofs() -> None:
    """Every older size of every size has a proof that verifies, and does not for another old or new root."""
    for size in SIZES:
        new_root = mth(LEAVES[:size])
        for old_size in range(1, size + 1):
            old_root = mth(LEAVES[:old_size])
            proof = tree.consistency_proof(LEAVES[:size], old_size)
            tree.verify_consistency(old_size, old_root, size, new_root, proof)
            with pytest.raises(BadProof):
                tree.verify_consistency(old_size, bytes(32), size, new_root, proof)
            with pytest.raises(BadProof):
                tree.verify_consistency(old_size, old_root, size, bytes(32), proof)
            with pytest.raises(BadProof):
                tree.verify_consistency(old_size, old_root, size, new_root, (*proof, new_root))


def test_consistency_proof_altered() -> None:
    """No node of a proof can be changed or left out, and the empty tree proves nothing."""
    old_root, new_root = mth(LEAVES[:6]), mth(LEAVES[:13])
    proof = tree.consistency_proof(LEAVES[:13], 6)
    tree.verify_consistency(6, old_root, 13, new_root, proof)
    for place in range(len(proof)):
        for altered in (
            (*proof[:place], bytes(32), *proof[place + 1 :]),
            (*proof[:place], *proof[place + 1 :]),
        ):
            with pytest.raises(BadProof):
                tree.verify_consistency(6, old_root, 13, new_root, altered)
    for old_size, size in ((0, 13), (14, 13), (5, 13), (6, 8), (6, 40)):
        with pytest.raises(BadProof):
            tree.verify_consistency(old_size, old_root, size, new_root, proof)


def test_same_size() -> None:
    """A tree is consistent with itself, by an empty proof, and with no other of its size."""
    root = mth(LEAVES[:6])
    tree.verify_consistency(6, root, 6, root, ())
    for other, proof in ((mth(LEAVES[1:7]), ()), (root, (root,))):
        with pytest.raises(BadProof, match="same size"):
            tree.verify_consistency(6, root, 6, other, proof)


def test_rewritten_history_has_no_proof() -> None:
    """A tree whose second leaf was changed is not consistent with the old root, whatever its own proof says."""
    forged = [LEAVES[0], LEAVES[40], *LEAVES[2:13]]
    proof = tree.consistency_proof(forged, 6)
    with pytest.raises(BadProof):
        tree.verify_consistency(6, mth(LEAVES[:6]), 13, mth(forged), proof)


@pytest.mark.parametrize("index", [-1, 3])
def test_no_such_leaf(index: int) -> None:
    """A proof for a leaf that is not there cannot be asked for."""
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion_proof(LEAVES[:3], index)


@pytest.mark.parametrize("old_size", [0, 4])
def test_no_such_size(old_size: int) -> None:
    """A proof from a size that the tree never had cannot be asked for."""
    with pytest.raises(ValueError, match="never had"):
        tree.consistency_proof(LEAVES[:3], old_size)
