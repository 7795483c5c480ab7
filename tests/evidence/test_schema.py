"""The tables."""

from __future__ import annotations

import sqlite3

import pytest
from sqlite_utils import Database

from countersign.evidence import schema


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


def test_tables_are_strict() -> None:
    """SQLite itself refuses a value of another type."""
    with Database(memory=True) as db:
        schema.migrate(db)
        db.execute("insert into checkpoints (size, note) values (1, x'00')")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("insert into checkpoints (size, note) values (2, 'text')")
