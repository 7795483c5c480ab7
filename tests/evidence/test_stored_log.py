"""A log in its database, as an examination reads it; what is made of it is in test_examination.py."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, store, tree
from countersign.evidence.stored_log import StoredLog
from tests.evidence import logs, long_logs
from tests.evidence.conftest import Told


def test_reads_one_state(places: StatePlaces) -> None:
    """What is written while a log is read does not change what is read."""
    with logs.opened(places) as log, closing(store.open_for_reading(places.database)) as db:
        stored = StoredLog(db)
        with stored.reading():
            before = len(list(stored.records()))
            log.submit(logs.intent("x")).result(5)
            assert (len(list(stored.records())), len(list(stored.checkpoints()))) == (before, before - 1)
        with stored.reading():
            assert len(list(stored.records())) == before + 1


@pytest.mark.parametrize(
    ("statement", "is_readable", "told_as"),
    [
        ("select 1", True, None),
        ("create table extra (x)", False, "tables"),
        ("drop table payloads", False, "tables"),
        ("drop index idx_records_subject", False, "tables"),
    ],
)
def test_structure(copy_of_told: Callable[[], Path], statement: str, is_readable: bool, told_as: str | None) -> None:
    """Tables that are not ours are told, and nothing of them is read."""
    path, heard = copy_of_told(), list[str]()
    logs.execute(path, statement)
    with closing(store.open_for_reading(path)) as db:
        stored = StoredLog(db)
        with stored.reading():
            assert stored.structure(lambda _, what: heard.append(what)) == is_readable
    assert [told_as in what for what in heard if told_as] == ([True] if told_as else [])


def test_rows(told: Told) -> None:
    """Each leaf comes with its hash and columns, each payload with its salt, each checkpoint with its size."""
    with closing(store.open_for_reading(told.places.database)) as db:
        stored = StoredLog(db)
        with stored.reading():
            for seq, (leaf, hashed, *columns) in enumerate(stored.records()):
                assert isinstance(leaf, bytes)
                assert (hashed, columns[0]) == (tree.leaf_hash(leaf), seq)
            assert [row[:2] for row in stored.payloads()] == [(2, "request"), (4, "response"), (5, "request")]
            assert [size for size, _ in stored.checkpoints()] == [2, 3, 4, 6, 7, 8]
            assert list(stored.prunes()) == []


@pytest.mark.parametrize(
    ("statement", "during", "after"),
    [
        ("select 1", 0, 0),
        ("update subtrees set root = zeroblob(32) where tile = 1", 1, 0),
        ("delete from subtrees where tile = 0", 2, 0),
        ("insert into subtrees values (7, zeroblob(32))", 0, 1),
    ],
)
def test_roots_of_tiles(long_log: Path, statement: str, during: int, after: int) -> None:
    """Each stored root is that of the tile that was read, and none is left over."""
    logs.execute(long_log, statement)
    with closing(store.open_for_reading(long_log)) as db:
        stored = StoredLog(db)
        with stored.reading():
            assert stored.structure(lambda *_: None)
            frontier, found = tree.Frontier(), 0
            for leaf, *_ in stored.records():
                assert isinstance(leaf, bytes)
                hashed = tree.leaf_hash(leaf)
                found += len(stored.grown(hashed, frontier.append(hashed)))
            assert (found, len(list(stored.ended(None, [])))) == (during, after)


def test_prunes(long_log: Path) -> None:
    """The records of what a rule erased are found without reading the others."""
    with closing(store.open_for_reading(long_log)) as db:
        (leaf,) = StoredLog(db).prunes()
    assert isinstance(leaf, bytes)
    assert b'"type":"prune"' in leaf


@pytest.fixture
def long_log(tmp_path: Path) -> Path:
    """A database with full tiles."""
    return long_logs.written(tmp_path).database
