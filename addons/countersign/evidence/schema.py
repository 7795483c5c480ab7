"""The tables of the evidence database, made by sqlite-utils migrations.

The columns of `records` beside `leaf` only serve searching: what counts is the leaf, and verification compares them.
"""

from __future__ import annotations

from functools import cache

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from countersign.evidence.tree import TILE_LEAVES, Frontier

#: A migration is never changed once released; a change of the tables is a new one.
MIGRATIONS = Migrations("countersign-evidence")

type SchemaRow = tuple[str, str, str, str | None]


@MIGRATIONS(name="0001_records_payloads_checkpoints")
def _records_payloads_checkpoints(db: Database) -> None:
    db.create_table(
        "records",
        {
            "seq": int,
            "time": int,
            "type": str,
            "exchange": str,
            "connection": str,
            "subject": str,
            "caller": str,
            "verdict": str,
            "status": int,
            "leaf": bytes,
            "leaf_hash": bytes,
        },
        pk="seq",
        not_null=("time", "type", "leaf", "leaf_hash"),
        strict=True,
    )
    for column in ("exchange", "type", "subject", "time"):
        db.table("records").create_index([column])
    db.create_table(
        "payloads",
        {"seq": int, "name": str, "salt": bytes, "data": bytes},
        pk=("seq", "name"),
        not_null=("salt", "data"),
        foreign_keys=[("seq", "records", "seq")],
        strict=True,
    )
    db.create_table("checkpoints", {"size": int, "note": bytes}, pk="size", not_null=("note",), strict=True)


@MIGRATIONS(name="0002_subtrees")
def _subtrees(db: Database) -> None:
    """Roots of full tiles, so that a proof reads some hundred hashes and not the whole tree."""
    db.create_table("subtrees", {"tile": int, "root": bytes}, pk="tile", not_null=("root",), strict=True)
    frontier = Frontier()
    for (hashed,) in db.execute("select leaf_hash from records order by seq"):
        if (root := frontier.append(hashed)) is not None:
            db.execute("insert into subtrees (tile, root) values (?, ?)", [frontier.size // TILE_LEAVES - 1, root])


def migrate(db: Database) -> None:
    """Bring the tables up to this version, in one transaction. Raises sqlite3.Error."""
    with db.atomic():  # also the table of migrations and its index: killed in between, they would never match again
        MIGRATIONS.apply(db)


def read(db: Database) -> list[SchemaRow]:
    """What the database says of its own tables, indexes, views and triggers. Raises sqlite3.Error.

    SQLite's own are among them: with writable_schema anybody can give a trigger such a name.
    """
    return db.execute("select type, name, tbl_name, sql from sqlite_master order by 1, 2, 3, 4").fetchall()


def applied(db: Database) -> list[str]:
    """The names of the migrations that were applied, in order. Raises sqlite3.Error."""
    return [migration.name for migration in MIGRATIONS.applied(db)]


@cache
def expected() -> tuple[list[SchemaRow], list[str]]:
    """What `read` and `applied` say of a database that this version made."""
    with Database(memory=True) as db:
        migrate(db)
        return read(db), applied(db)
