"""Connections, and reading records through them."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from countersign.errors import EvidenceUnavailable
from countersign.evidence import StatePlaces, store
from countersign.evidence.errors import EvidenceDamaged
from tests.evidence import logs


@contextmanager
def _unprivileged() -> Iterator[None]:
    """File modes mean nothing to root: be nobody for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_durable_modes(tmp_path: Path) -> None:
    """The writing connection is in WAL mode with synchronous=FULL, and the file is its owner's only."""
    path = tmp_path / "evidence.db"
    with closing(store.open_for_writing(path)) as db:
        modes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
        assert modes == ["wal", 2, 1]
        assert db.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_wal_no_log() -> None:
    """SQLite says "memory" and no error when it is asked for WAL where it cannot have it: that is refused."""
    with Database(memory=True) as db, pytest.raises(EvidenceUnavailable, match="memory instead of wal"):
        store.make_durable(db)


def test_foreign_file(tmp_path: Path) -> None:
    """A file that is no database is not made into one."""
    path = tmp_path / "evidence.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        store.open_for_writing(path)
    path.unlink()
    store.open_for_writing(path).close()


def test_reading_cannot_write(copy_of_told: Callable[[], Path]) -> None:
    """A reading connection reads and cannot write."""
    with closing(store.open_for_reading(copy_of_told())) as db:
        assert db.execute("select count(*) from records").fetchone()[0] > 0
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("delete from records")


def test_reading_makes_no_file(tmp_path: Path) -> None:
    """Looking for a database that is not there does not make one."""
    with pytest.raises(sqlite3.OperationalError):
        store.open_for_reading(tmp_path / "evidence.db")
    assert not list(tmp_path.iterdir())


def test_read_only_media(copy_of_told: Callable[[], Path]) -> None:
    """An ended log can be read where nothing can be written; one with unsaved parts there cannot."""
    directory = Path(tempfile.mkdtemp())
    try:
        path = Path(shutil.copy(copy_of_told(), directory / "evidence #1?.db"))
        path.chmod(0o444)
        directory.chmod(0o555)
        with _unprivileged(), closing(store.open_for_reading(path)) as db:
            assert len(list(store.read_records(db))) == 8
        directory.chmod(0o755)
        path.with_name(path.name + "-wal").write_bytes(b"unsaved")
        path.with_name(path.name + "-wal").chmod(0o444)
        directory.chmod(0o555)
        with _unprivileged(), pytest.raises(sqlite3.OperationalError):
            store.open_for_reading(path)
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)


def test_odd_path(copy_of_told: Callable[[], Path], tmp_path: Path) -> None:
    """A path is a path, whatever characters of a URL are in it."""
    path = Path(shutil.copy(copy_of_told(), tmp_path / "a?mode=rw#b%41.db"))
    with closing(store.open_for_reading(path)) as db:
        assert len(list(store.read_records(db))) == 8


def test_read_records(places: StatePlaces) -> None:
    """Records come back in order with what was given, from their leaves."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    with closing(store.open_for_reading(places.database)) as db:
        found = list(store.read_records(db))
        assert [record.seq for record in found] == list(range(8))
        assert [record.type for record in found] == [
            "genesis",
            "start",
            "intent",
            "decision",
            "outcome",
            "intent",
            "decision",
            "stop",
        ]
        assert found[5].payloads["request"].data == b"\x00\xff"
        assert found[4].fields == {"status": 200}
        assert [record.seq for record in store.read_records(db, types={"intent"}, after=2)] == [5]
        assert [record.seq for record in store.read_records(db, where="status = ?", parameters=[200])] == [4]
        assert next(store.read_records(db, newest_first=True)).seq == 7


@pytest.mark.parametrize(
    "damage",
    [
        "update records set subject = 'other' where seq = 2",
        "update payloads set data = x'00' where seq = 2",
        "delete from payloads where seq = 2",
        "update records set leaf = x'7b7d' where seq = 2",
    ],
)
def test_read_damaged(copy_of_told: Callable[[], Path], damage: str) -> None:
    """A record that does not agree with itself is not shown."""
    path = copy_of_told()
    with closing(store.open_for_reading(path)) as db:
        assert len(list(store.read_records(db))) == 8
    logs.execute(path, damage)
    with closing(store.open_for_reading(path)) as db, pytest.raises(EvidenceDamaged):
        list(store.read_records(db))


def test_history_of_a_subject(places: StatePlaces) -> None:
    """The steps of its approvals and the outcomes of their requests, newest first, without payloads; nobody else's."""
    with logs.opened(places) as log:
        log.submit(
            logs.outcome_of("a-read"),  # nobody was asked
            logs.step("asking", "requested"),
            logs.outcome_of("asking"),
            logs.step(None, "approved"),
            logs.step("sending", "used"),
            logs.outcome_of("sending", kind="outcome_unknown"),
            logs.step("asking", "requested", subject="others-value"),
            logs.step("asking", "requested", name="another registry"),
            logs.step("no-subject", "requested", subject=None),
            logs.outcome_of("no-subject", subject=None),
        ).result(5)
    with closing(store.open_for_reading(places.database)) as db:
        found = list(store.read_history(db, "registry", "orders-value"))
        assert [(record.type, record.exchange) for record in found] == [
            ("outcome_unknown", "sending"),
            ("approval", "sending"),
            ("approval", None),
            ("outcome", "asking"),
            ("approval", "asking"),
        ]
        assert all(record.payloads == {} for record in found)
        whole = store.read_history(db, "registry", None)
        assert [(record.type, record.exchange) for record in whole] == [
            ("outcome", "no-subject"),
            ("approval", "no-subject"),
        ]


def test_damaged_history(places: StatePlaces) -> None:
    """A step that does not agree with itself is not told; an undamaged one is."""
    with logs.opened(places) as log:
        log.submit(logs.step("asking", "requested")).result(5)
    with closing(store.open_for_reading(places.database)) as db:
        assert len(list(store.read_history(db, "registry", "orders-value"))) == 1
    logs.execute(places.database, "update records set verdict = 'approved' where type = 'approval'")
    with closing(store.open_for_reading(places.database)) as db, pytest.raises(EvidenceDamaged):
        list(store.read_history(db, "registry", "orders-value"))


def test_a_read_only_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that may not be written is refused before SQLite sees it; one that may, and one that is not there, are not."""
    path = tmp_path / "evidence.db"
    store.refuse_read_only(path)
    assert not path.exists()
    path.touch(0o600)
    store.refuse_read_only(path)
    wanted: list[int] = []

    def read_only(path: Path, flags: int, *_: int) -> int:
        wanted.append(flags)
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", read_only)  # whoever runs the tests may be root
    with pytest.raises(PermissionError):
        store.refuse_read_only(path)
    assert wanted[0] & os.O_RDWR
