"""Verification of a database file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, keys, verify
from countersign.evidence.places import VKEY_NAME
from tests.evidence import logs
from tests.evidence.conftest import Told


def test_verify(told: Told) -> None:
    """The public key that was published verifies the log."""
    report = verify(told.places.database, told.places.vkey.read_text())
    assert report.ok
    assert report.vouched_size == report.records == 8
    assert [key.vkey() for key in keys.read_vkeys(told.places.keys / VKEY_NAME)] == [told.vkey]


def test_tampered(copy_of_told: Callable[[], Path], told: Told) -> None:
    """One letter in one column is enough."""
    path = copy_of_told()
    assert verify(path, told.vkey).ok
    logs.execute(path, "update records set verdict = 'allow' where seq = 6")
    assert not verify(path, told.vkey).ok


@pytest.mark.parametrize("vkey", ["", "nonsense", "a+b+c"])
def test_bad_vkey(told: Told, vkey: str) -> None:
    """Without a key there is nothing to verify with: not fine, and said why."""
    report = verify(told.places.database, vkey)
    assert not report.ok
    assert "vkey" in str(report.unreadable)


def test_missing_file(told: Told, tmp_path: Path) -> None:
    """No file is not an intact log."""
    report = verify(tmp_path / "nowhere.db", told.vkey)
    assert not report.ok
    assert "nowhere.db" in str(report.unreadable)
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000, b"SQLite format 3\x00" + bytes(4000)])
def test_not_a_database(told: Told, tmp_path: Path, content: bytes) -> None:
    """An empty or foreign file is damage, not a crash and not fine."""
    path = tmp_path / "odd.db"
    path.write_bytes(content)
    report = verify(path, told.vkey)
    assert not report.ok
    assert report.unreadable is None
    assert report.problems


def test_cut_file(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A file that lost its end is damaged."""
    path = copy_of_told()
    content = path.read_bytes()
    for pages in range(1, len(content) // 4096):
        path.write_bytes(content[: pages * 4096])
        assert not verify(path, told.vkey).ok


def test_while_it_is_written(places: StatePlaces) -> None:
    """A log that a gateway is writing to verifies in a snapshot, again and again, and the gateway is not disturbed."""
    with logs.opened(places) as log:
        done = threading.Event()

        def write() -> None:
            number = 0
            while not done.is_set():
                number += 1
                log.submit(logs.intent(f"x{number}"), logs.outcome(f"x{number}")).result(5)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            sizes = []
            for _ in range(10):
                report = verify(places.database, log.vkey)
                assert report.ok, report.problems
                assert report.vouched_size == report.records
                sizes.append(report.records)
        finally:
            done.set()
            thread.join(10)
        assert sizes == sorted(sizes)
        assert log.is_healthy
        assert log.size >= sizes[-1] > sizes[0]


def test_locked_out(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A database that somebody holds exclusively cannot be read: said so, not called fine."""
    path = copy_of_told()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=exclusive")
        other.execute("begin exclusive")
        report = verify(path, told.vkey)
    assert not report.ok
    assert verify(path, told.vkey).ok
