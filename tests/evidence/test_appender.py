"""One group commit."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlite_utils import Database

from countersign import limits
from countersign.evidence import appender as module
from countersign.evidence import schema, store, verification
from countersign.evidence.appender import Appender
from countersign.evidence.checkpoint import Signer
from countersign.evidence.draft import Draft, draft
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.lock import FileWatch
from countersign.evidence.records import Entry
from countersign.evidence.tree import Frontier, leaf_hash
from tests.evidence import logs

SIGNER = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "evidence.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """An empty log's database."""
    with closing(store.open_for_writing(path)) as db:
        schema.migrate(db)
        yield db


@pytest.fixture
def tail(db: Database, path: Path) -> Appender:
    """The tail of an empty log."""
    watch = FileWatch.of([path, path.with_name(path.name + "-wal")])
    return Appender(db, SIGNER, Frontier(), watch, module.data_version(db), secrets.token_bytes)


def drafted(*entries: Entry) -> list[Draft]:
    """Drafts of entries."""
    return [draft(entry, logs.ORIGIN, 1_800_000_000_000_000) for entry in entries]


GENESIS = Entry("genesis", None, {"vkey": SIGNER.verifier.vkey()})


def test_commit(tail: Appender, db: Database, path: Path) -> None:
    """One commit writes its records, their payloads and one checkpoint; the result verifies."""
    first = tail.commit(drafted(GENESIS))
    second = tail.commit(drafted(logs.intent("a"), logs.intent("b")))
    assert [receipt.seq for receipt in (*first, *second)] == [0, 1, 2]
    stored = db.execute("select leaf from records where seq = 2").fetchone()[0]
    assert second[1].leaf_hash == leaf_hash(stored)
    assert [size for (size,) in db.execute("select size from checkpoints order by size")] == [1, 3]
    report = verification.verify(path, SIGNER.verifier.vkey())
    assert (report.ok, report.vouched_size, report.vouched_root) == (True, tail.size, tail.root)


def test_salts_differ(tail: Appender, db: Database) -> None:
    """Equal payloads have different commitments: equality is not shown either."""
    tail.commit(drafted(logs.intent("a"), logs.intent("b")))
    salts = [salt for (salt,) in db.execute("select salt from payloads")]
    assert len(set(salts)) == 2
    assert all(len(salt) == 32 for salt in salts)


def test_failed_commit_leaves_nothing(tail: Appender, db: Database) -> None:
    """When one row cannot be written none is, and the tree stays where it was."""
    tail.commit(drafted(GENESIS))
    before = (tail.size, tail.root)
    db.execute("create trigger spoil before insert on checkpoints begin select raise(abort, 'spoiled'); end")
    with pytest.raises(sqlite3.IntegrityError, match="spoiled"):
        tail.commit(drafted(logs.intent("a")))
    assert (tail.size, tail.root) == before
    assert db.execute("select count(*) from records").fetchone()[0] == 1
    assert db.execute("select count(*) from payloads").fetchone()[0] == 0


def test_disk_full(tail: Appender, db: Database) -> None:
    """A full disk is an error of SQLite and leaves what was written before."""
    tail.commit(drafted(GENESIS))
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages + 2}")
    tail.commit(drafted(Entry("rules", None, {})))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        tail.commit(drafted(logs.intent("a", body=bytes(100_000))))
    assert db.execute("select count(*) from records").fetchone()[0] == 2


@pytest.mark.parametrize(
    "statement",
    ["update records set subject = 'other'", "delete from records where seq = 0", "create table extra (x)"],
)
def test_foreign_writer(tail: Appender, path: Path, statement: str) -> None:
    """A commit of another connection, whatever it changed, is noticed before the next record is written."""
    tail.commit(drafted(GENESIS))
    with closing(sqlite3.connect(path)) as other:
        other.execute("select count(*) from records").fetchone()
    tail.commit(drafted(logs.intent("a")))
    logs.execute(path, statement)
    with pytest.raises(EvidenceDamaged, match="another program"):
        tail.commit(drafted(logs.intent("b")))


def test_unexpected_last_record(db: Database, path: Path) -> None:
    """A tail that does not fit the database does not write into it."""
    frontier = Frontier()
    frontier.append(bytes(32))
    lost = Appender(db, SIGNER, frontier, FileWatch.of([path]), module.data_version(db), secrets.token_bytes)
    with pytest.raises(EvidenceDamaged, match="last record"):
        lost.commit(drafted(GENESIS))


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_replaced_file(tail: Appender, path: Path, tmp_path: Path, suffix: str) -> None:
    """A record that went into a file that nobody will find again is not acknowledged."""
    tail.commit(drafted(GENESIS))
    os.rename(path.with_name(path.name + suffix), tmp_path / "moved")
    with pytest.raises(EvidenceDamaged, match="removed"):
        tail.commit(drafted(logs.intent("a")))


def test_copy_wal(tail: Appender, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write-ahead log is copied into the database once it has grown, and not for every commit."""
    tail.commit(drafted(GENESIS))
    tail.copy_wal()
    small = path.stat().st_size
    monkeypatch.setattr(limits, "WAL_CHECKPOINT_BYTES", 50_000)
    tail.commit(drafted(logs.intent("a", body=bytes(60_000))))
    assert path.stat().st_size == small
    tail.copy_wal()
    assert path.stat().st_size > 60_000
    tail.commit(drafted(logs.intent("b")))
