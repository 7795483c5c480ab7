"""The tables."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from countersign.evidence import Entry, appender, schema, store, verify
from countersign.evidence.appender import Appender
from countersign.evidence.draft import draft
from countersign.evidence.lock import FileWatch
from countersign.evidence.tree import Frontier, leaf_hash, root_of
from tests.evidence import growth, logs


def test_migrate_twice() -> None:
    """A second migration changes nothing, and the result is what verification expects."""
    with Database(memory=True) as db:
        schema.migrate(db)
        schema.migrate(db)
        assert (schema.read(db), schema.applied(db)) == schema.expected()
        assert {row[1] for row in schema.read(db) if row[0] == "table"} >= {"records", "payloads", "checkpoints"}


@pytest.mark.parametrize(
    "statement",
    [
        "create table extra (x)",
        "create view extra as select * from records",
        "create trigger extra after insert on records begin select 1; end",
        "drop index idx_records_type",
        "alter table records add column extra text",
    ],
)
def test_changes_are_seen(statement: str) -> None:
    """Whatever is added to the tables or taken from them shows."""
    with Database(memory=True) as db:
        schema.migrate(db)
        db.execute(statement)
        assert schema.read(db) != schema.expected()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into sqlite_master values ('trigger', 'sqlite_x', 'records', 0,"
        " 'create trigger sqlite_x after insert on records begin delete from payloads; end')",
        "update sqlite_master set tbl_name = 'records' where name = 'sqlite_autoindex_payloads_1'",
    ],
)
def test_names_that_look_like_sqlites_own(statement: str) -> None:
    """Who edits the schema itself cannot hide a trigger behind a name that is reserved for SQLite."""
    with Database(memory=True) as db:
        schema.migrate(db)
        db.execute("pragma writable_schema=on")
        assert schema.read(db) == schema.expected()[0]
        db.execute(statement)
        assert schema.read(db) != schema.expected()[0]


@pytest.mark.parametrize("statements", range(12))
def test_migrating_is_all_or_nothing(tmp_path: Path, statements: int) -> None:
    """A migration that stops after any of its statements leaves a database that the next one brings up to date."""
    path = tmp_path / "evidence.db"
    left = statements

    def stop(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise TimeoutError

    with Database(path) as db, db.tracer(stop), pytest.raises(TimeoutError):
        schema.migrate(db)
    with Database(path) as db:
        assert not schema.read(db)
        schema.migrate(db)
        assert (schema.read(db), schema.applied(db)) == schema.expected()


def test_tables_are_strict() -> None:
    """SQLite itself refuses a value of another type."""
    with Database(memory=True) as db:
        schema.migrate(db)
        db.execute("insert into checkpoints (size, note) values (1, x'00')")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("insert into checkpoints (size, note) values (2, 'text')")


def subtrees(db: Database) -> list[tuple[int, bytes]]:
    """The stored roots of full tiles."""
    return db.execute("select tile, root from subtrees order by tile").fetchall()


@pytest.mark.parametrize(("count", "tiles"), [(255, 0), (256, 1), (257, 1), (512, 2), (600, 2)])
def test_subtrees(tmp_path: Path, count: int, tiles: int) -> None:
    """The root of a tile is stored in the commit that completes it, whether commits end there or not."""
    signer, path = growth.signer(1), tmp_path / "evidence.db"
    with closing(store.open_for_writing(path)) as db:
        schema.migrate(db)
        tail = Appender(db, signer, Frontier(), FileWatch.of([path]), appender.data_version(db), secrets.token_bytes)
        first = draft(Entry("genesis", None, {"vkey": signer.verifier.vkey()}), logs.ORIGIN, 1)
        other = draft(Entry("rules", None, {}), logs.ORIGIN, 1)
        tail.commit([first])
        while tail.size < count:
            tail.commit([other] * min(50, count - tail.size))
        hashes = [hashed for (hashed,) in db.execute("select leaf_hash from records order by seq")]
        assert subtrees(db) == [(tile, root_of(hashes[256 * tile : 256 * (tile + 1)])) for tile in range(tiles)]
    assert verify(path, signer.verifier.vkey()).ok


def test_a_database_of_the_first_version(tmp_path: Path) -> None:
    """A log of 600 records that was written before there were roots of tiles gets them, and verifies."""
    signer, path = growth.signer(1), tmp_path / "evidence.db"
    first = Migrations("countersign-evidence")
    first(name="0001_records_payloads_checkpoints")(schema._records_payloads_checkpoints)
    with closing(store.open_for_writing(path)) as db:
        first.apply(db)
        assert schema.applied(db) == ["0001_records_payloads_checkpoints"]
        frontier, leaves = Frontier(), []
        for seq in range(600):
            entry = Entry("rules", None, {}) if seq else Entry("genesis", None, {"vkey": signer.verifier.vkey()})
            leaf = draft(entry, logs.ORIGIN, 7).seal(logs.ORIGIN, seq, 0, {})
            leaves.append(leaf_hash(leaf))
            frontier.append(leaves[-1])
            db.execute(
                "insert into records (seq, time, type, leaf, leaf_hash) values (?, 7, ?, ?, ?)",
                [seq, entry.type, leaf, leaves[-1]],
            )
        db.execute("insert into checkpoints values (600, ?)", [signer.sign(600, frontier.root())])
    assert not verify(path, signer.verifier.vkey()).ok
    with closing(store.open_for_writing(path)) as db:
        schema.migrate(db)
        assert subtrees(db) == [(0, root_of(leaves[:256])), (1, root_of(leaves[256:512]))]
    report = verify(path, signer.verifier.vkey())
    assert (report.ok, report.records, report.vouched_size) == (True, 600, 600)
