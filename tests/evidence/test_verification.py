"""Verification of a database file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, anchors, keys, verify
from countersign.evidence.places import VKEY_NAME
from countersign.evidence.settings import LogSettings
from tests.evidence import logs
from tests.evidence.conftest import Told
from tests.evidence.cosigning import FIRST, SECOND, beside, notes_of
from tests.evidence.watching import Time, watching


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
            sizes = [log.size]
            for _ in range(10):
                assert logs.waited_for(lambda: log.size > sizes[-1])
                report = verify(places.database, log.vkey)
                assert report.ok, report.problems
                assert report.vouched_size == report.records
                sizes.append(report.records)
        finally:
            done.set()
            thread.join(10)
        assert sizes == sorted(set(sizes))
        assert log.is_healthy
        assert log.size >= sizes[-1]


def test_beside_an_anchor_that_grows(places: StatePlaces, tmp_path: Path) -> None:
    """A log that is written while it is verified, and its anchor with it: never called cut off."""
    file = tmp_path / "checkpoints"
    with logs.opened(places, settings=LogSettings(anchor_files=(file,))) as log:
        done = threading.Event()

        def write() -> None:
            while not done.is_set():
                log.submit(logs.intent("x"), logs.outcome("x")).result(5)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(10):
                before = log.size
                assert logs.waited_for(lambda: log.size > before)  # noqa: B023 - asked at once
                report = verify(places.database, log.vkey, [anchors.of_file(file)])
                assert report.ok, report.problems
                assert before <= report.anchored_size <= report.records
        finally:
            done.set()
            thread.join(10)
        report = verify(places.database, log.vkey, [anchors.of_file(file)])
        assert report.anchored_size == report.records == log.size


def test_witnesses(places: StatePlaces, tmp_path: Path) -> None:
    """Cosignatures beside the log count for the witnesses that are named, as many as are asked."""
    file = tmp_path / "checkpoints"
    with logs.opened(places, settings=LogSettings(anchor_files=(file,))) as log:
        logs.tell_story(log)
        vkey = log.vkey
    verifiers = [FIRST.verifier, SECOND.verifier]
    beside(places, FIRST, notes_of(file, 3, 7))
    beside(places, SECOND, [])
    kept = anchors.beside(places.database, verifiers)
    assert len(kept) == 2
    alone = verify(places.database, vkey, kept, verifiers[:1])
    assert (alone.ok, alone.quorum, alone.anchored_size, alone.is_anchored) == (True, 1, 7, True)
    for quorum, is_anchored in ((None, False), (2, False), (1, True)):
        report = verify(places.database, vkey, kept, verifiers, quorum)
        assert (report.ok, report.is_anchored) == (True, is_anchored), report.problems
    assert [each.size for each in report.witnesses] == [7, 0]
    assert anchors.beside(tmp_path / "elsewhere.db", verifiers) == []
    with pytest.raises(ValueError, match="no quorum"):
        verify(places.database, vkey, kept, verifiers, 3)


def test_what_a_gateway_keeps_of_its_witnesses(places: StatePlaces, tmp_path: Path) -> None:
    """The cosignatures that a log gets of real witnesses are found, and vouch for all of it."""
    time = Time()
    with logs.opened(places, clock=time.wall) as log:
        logs.tell_story(log)
    with watching(tmp_path, places, time, 2) as watch:
        settings = watch.settings(quorum=2)
        log = logs.open_log(places, clock=time.wall, steady=time.steady, settings=settings, post=watch.post)
        log.submit(logs.intent("x"), logs.outcome("x")).result(5)
        log.close()
    verifiers = [witness.verifier for witness in watch.places]
    kept = anchors.beside(places.database, verifiers)
    report = verify(places.database, places.vkey.read_text(), kept, verifiers)
    assert (report.ok, report.witnessed_size, report.is_anchored) == (True, report.records, True), report.problems
    assert [each.seconds for each in report.witnesses] == [time.wall() // 1_000_000] * 2
    assert report.remarks == ()


def test_locked_out(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A database that somebody holds exclusively cannot be read: said so, not called fine."""
    path = copy_of_told()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=exclusive")
        other.execute("begin exclusive")
        report = verify(path, told.vkey)
    assert not report.ok
    assert verify(path, told.vkey).ok
