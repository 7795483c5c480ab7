"""One group commit."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlite_utils import Database

from countersign import limits
from countersign.evidence import appender as module
from countersign.evidence import schema, store, verification
from countersign.evidence.appender import Appender
from countersign.evidence.checkpoint import Signer, split_note
from countersign.evidence.draft import Draft, draft
from countersign.evidence.erasures import Selection
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.lock import FileWatch
from countersign.evidence.records import Entry
from countersign.evidence.tree import Frontier, leaf_hash
from countersign.strict_json import Json
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


class _Keeper:
    """Keeps checkpoints in memory; fails when it is told to."""

    def __init__(self) -> None:
        self.notes: list[bytes] = []
        self.fails = False

    def append(self, note: bytes) -> None:
        if self.fails:
            raise OSError("the anchor's disk is full")
        self.notes.append(note)


def test_keepers(db: Database, path: Path) -> None:
    """Every keeper has each checkpoint before anybody is told that it is durable; one that fails ends it."""
    keepers = [_Keeper(), _Keeper()]
    tail = Appender(db, SIGNER, Frontier(), FileWatch.of([path]), module.data_version(db), secrets.token_bytes, keepers)
    tail.commit(drafted(GENESIS))
    tail.commit(drafted(logs.intent("x")))
    stored = [note for (note,) in db.execute("select note from checkpoints order by size")]
    assert keepers[0].notes == keepers[1].notes == stored
    keepers[1].fails = True
    with pytest.raises(OSError, match="anchor's disk"):
        tail.commit(drafted(logs.outcome("x")))
    assert tail.size == 2


def test_rotate(tail: Appender, db: Database) -> None:
    """The commit of a rotation is signed by both keys, in order, the next by the new one."""
    successor = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
    tail.commit(drafted(GENESIS))
    rotation = Entry("key_rotation", None, {"next": successor.verifier.vkey(), "epoch": 1})
    assert [receipt.seq for receipt in tail.rotate(drafted(rotation)[0], successor)] == [1]
    assert tail.signer == successor
    tail.commit(drafted(Entry("rules", None, {})))
    signers = {
        size: [verifier for verifier in (SIGNER.verifier, successor.verifier) if verifier.key_id in _key_ids(note)]
        for size, note in db.execute("select size, note from checkpoints")
    }
    both = [SIGNER.verifier, successor.verifier]
    assert signers == {1: both[:1], 2: both, 3: both[1:]}


def _key_ids(note: bytes) -> list[bytes]:
    return [blob[:4] for _, blob in split_note(note)[1]]


def test_rotation_that_fails(tail: Appender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old key stays that of a log that did not come to the new one."""
    successor = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
    monkeypatch.setattr(module, "signed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tail.rotate(drafted(GENESIS)[0], successor)
    assert tail.signer == SIGNER


def test_erase(tail: Appender, db: Database) -> None:
    """What is selected in a range goes with a record of it; where nothing is, nothing is written."""
    tail.commit(drafted(GENESIS, logs.intent("x"), logs.outcome("x"), logs.intent("y")))
    made: list[dict[str, Json]] = []

    def record(fields: dict[str, Json]) -> Draft:
        made.append(fields)
        return drafted(Entry("prune", None, fields))[0]

    everything = Selection(2**53 - 1)
    assert tail.erase(replace(everything, connection="nowhere"), 0, 3, record) == ()
    assert (tail.size, made) == (4, [])
    assert [receipt.seq for receipt in tail.erase(everything, 0, 2, record)] == [4]
    assert [fields["count"] for fields in made] == [2]
    assert db.execute("select seq from payloads").fetchall() == [(3,)]
    assert not db.conn.in_transaction


def test_empty_wal(tail: Appender, path: Path) -> None:
    """Nothing stays in the write-ahead log, except for as long as a reader needs it."""
    wal = path.with_name(path.name + "-wal")
    tail.commit(drafted(GENESIS))
    assert wal.stat().st_size > 0
    assert tail.empty_wal()
    assert wal.stat().st_size == 0
    with closing(store.open_for_reading(path)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from records").fetchone()
        tail.commit(drafted(logs.intent("x")))
        assert not tail.empty_wal()
        reader.execute("rollback")
    assert tail.empty_wal()
