"""The tree of a stored log, against the definitions in `tree`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from countersign.evidence import tree
from countersign.evidence.errors import BadProof, EvidenceDamaged
from countersign.evidence.stored_tree import StoredTree

LEAVES = [tree.leaf_hash(b"leaf %d" % index) for index in range(1500)]
MAX_EXHAUSTIVE = 200
STRANGER = tree.leaf_hash(b"stranger")


def stored(leaves: Sequence[bytes]) -> Database:
    """A database with just these leaf hashes, and the roots of their full tiles."""
    db = Database(memory=True)
    db.execute("create table records (seq integer primary key, leaf_hash blob not null) strict")
    db.execute("create table subtrees (tile integer primary key, root blob not null) strict")
    db.conn.executemany("insert into records values (?, ?)", enumerate(leaves))
    width = tree.TILE_LEAVES
    tiles = [tree.root_of(leaves[start : start + width]) for start in range(0, len(leaves) - width + 1, width)]
    db.conn.executemany("insert into subtrees values (?, ?)", enumerate(tiles))
    return db


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    """All of LEAVES."""
    with closing(stored(LEAVES)) as db:
        yield db


def roots(size: int) -> list[bytes]:
    """The root of every size from 0 to `size`."""
    frontier = tree.Frontier()
    found = [frontier.root()]
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
        found.append(frontier.root())
    return found


ROOTS = roots(len(LEAVES))


def test_roots_of_all_sizes(db: Database) -> None:
    """The root of every size up to two tiles and a half, and of some larger ones, is the definition's."""
    stored_tree = StoredTree(db)
    for size in [*range(601), 767, 768, 769, 1024, 1279, 1280, 1500]:
        assert stored_tree.root(size) == ROOTS[size]


def test_proofs_of_all_sizes(db: Database) -> None:
    """At every size up to 600 the proofs for two places, and at some for those around every border, are right."""
    stored_tree = StoredTree(db)
    for size in range(1, 601):
        borders = {1, 255, 256, 257, 511, 512, 513, size - 1, size} if size % 37 == 0 else {size}
        for place in {size // 3 + 1, *borders} & set(range(1, size + 1)):
            inclusion = stored_tree.inclusion_proof(place - 1, size)
            tree.verify_inclusion(LEAVES[place - 1], place - 1, size, inclusion, ROOTS[size])
            consistency = stored_tree.consistency_proof(place, size)
            tree.verify_consistency(place, ROOTS[place], size, ROOTS[size], consistency)
            if size % 37 == 0:
                assert inclusion == tree.inclusion_proof(LEAVES[:size], place - 1)
                assert consistency == tree.consistency_proof(LEAVES[:size], place)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_proofs_at_random(data: st.DataObject, db: Database) -> None:
    """Anywhere, the proofs are those of the definition."""
    size = data.draw(st.integers(1, len(LEAVES)))
    place = data.draw(st.integers(1, size))
    stored_tree = StoredTree(db)
    assert stored_tree.inclusion_proof(place - 1, size) == tree.inclusion_proof(LEAVES[:size], place - 1)
    assert stored_tree.consistency_proof(place, size) == tree.consistency_proof(LEAVES[:size], place)


def test_every_inclusion_proof(db: Database) -> None:
    """Every leaf of every size up to 200: the proof verifies; altered, or for another leaf or place, it does not."""
    stored_tree = StoredTree(db)
    for size in range(1, MAX_EXHAUSTIVE + 1):
        root = ROOTS[size]
        for index in range(size):
            leaf, proof = LEAVES[index], stored_tree.inclusion_proof(index, size)
            tree.verify_inclusion(leaf, index, size, proof, root)
            refused = [(STRANGER, index, proof), (leaf, index - 1, proof), (leaf, index + 1, proof)]
            for other_leaf, claimed, other in [(leaf, index, altered(proof, index + size)), refused[index % 3]]:
                assert is_refused(tree.verify_inclusion, other_leaf, claimed, size, other, root)


def test_every_consistency_proof(db: Database) -> None:
    """Every pair of sizes up to 200: the proof verifies; altered, or for another root, it does not."""
    stored_tree = StoredTree(db)
    for size in range(1, MAX_EXHAUSTIVE + 1):
        root = ROOTS[size]
        for old_size in range(1, size + 1):
            old_root, proof = ROOTS[old_size], stored_tree.consistency_proof(old_size, size)
            tree.verify_consistency(old_size, old_root, size, root, proof)
            refused = [(old_root, STRANGER, proof), (STRANGER, root, proof)]
            other_proof = (old_root, root, altered(proof, old_size + size))
            for claimed_old, claimed_new, other in [other_proof, refused[old_size % 2]]:
                assert is_refused(tree.verify_consistency, old_size, claimed_old, size, claimed_new, other)


def is_refused[**P](check: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> bool:
    """As pytest.raises(BadProof), and fast enough for a hundred thousand times."""
    try:
        check(*args, **kwargs)
    except BadProof:
        return True
    return False


def altered(proof: tuple[bytes, ...], number: int) -> tuple[bytes, ...]:
    """The proof with a node more, one less, or another one; by turns."""
    if not proof or number % 3 == 0:
        return (*proof, STRANGER)
    return proof[:-1] if number % 3 == 1 else _with_another_node(proof, number % len(proof))


def test_every_node_counts(db: Database) -> None:
    """Of the longest proofs, no single node can be another one."""
    stored_tree = StoredTree(db)
    inclusion, consistency = stored_tree.inclusion_proof(700, 1500), stored_tree.consistency_proof(701, 1500)
    for place in range(len(inclusion)):
        with pytest.raises(BadProof):
            tree.verify_inclusion(LEAVES[700], 700, 1500, _with_another_node(inclusion, place), ROOTS[1500])
    for place in range(len(consistency)):
        with pytest.raises(BadProof):
            tree.verify_consistency(701, ROOTS[701], 1500, ROOTS[1500], _with_another_node(consistency, place))
    tree.verify_inclusion(LEAVES[700], 700, 1500, inclusion, ROOTS[1500])
    tree.verify_consistency(701, ROOTS[701], 1500, ROOTS[1500], consistency)


def _with_another_node(proof: tuple[bytes, ...], place: int) -> tuple[bytes, ...]:
    node = proof[place]
    return (*proof[:place], bytes([node[0] ^ 1]) + node[1:], *proof[place + 1 :])


def test_few_rows_are_read() -> None:
    """A proof needs no leaf hashes but those of the tiles at its two borders: it is the same when the others are gone."""
    with closing(stored(LEAVES)) as db:
        proof = StoredTree(db).inclusion_proof(700, 1500)
        db.execute("delete from records where seq < 512 or seq between 768 and 1279")
        assert StoredTree(db).inclusion_proof(700, 1500) == proof == tree.inclusion_proof(LEAVES, 700)


@pytest.mark.parametrize(("size", "index"), [(0, 0), (3, 3), (3, -1), (-1, 0), (1501, 0)])
def test_no_such_leaf(db: Database, size: int, index: int) -> None:
    """A proof that cannot be is refused, not made up."""
    with pytest.raises(ValueError, match=r"no (leaf|tree)"):
        StoredTree(db).inclusion_proof(index, size)
    StoredTree(db).inclusion_proof(0, 1)


@pytest.mark.parametrize(("old_size", "size"), [(0, 3), (4, 3), (1, 0), (1, 1501)])
def test_no_such_size(db: Database, old_size: int, size: int) -> None:
    """A proof between sizes that the log never had is refused."""
    with pytest.raises(ValueError, match=r"never had|no tree"):
        StoredTree(db).consistency_proof(old_size, size)
    StoredTree(db).consistency_proof(3, 4)


@pytest.mark.parametrize("size", [-1, 1501])
def test_no_such_root(db: Database, size: int) -> None:
    """The root of a size that the log never had is refused; that of no records is the empty tree's."""
    with pytest.raises(ValueError, match="no tree"):
        StoredTree(db).root(size)
    assert StoredTree(db).root(0) == tree.EMPTY_ROOT


@pytest.mark.parametrize(
    "damage",
    [
        "delete from records where seq = 520",
        "delete from subtrees where tile = 1",
        "update subtrees set root = x'00' where tile = 1",
        "update records set leaf_hash = x'00' where seq = 520",
    ],
)
def test_missing_rows(damage: str) -> None:
    """A row that is missing or of another length is damage, not another root."""
    with closing(stored(LEAVES[:600])) as db:
        assert StoredTree(db).root(600) == ROOTS[600]
        db.execute(damage)
        with pytest.raises(EvidenceDamaged, match="not all there"):
            StoredTree(db).root(600)
