"""A disk that gets full: what is new is refused in time, what began ends in order, and nothing is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import Entry, Payload, StatePlaces
from countersign.evidence.erasures import Selection
from countersign.evidence.settings import LogSettings
from tests.evidence import logs
from tests.faults.evidence_rounds import Child, lost, open_log
from tests.faults.small_volume import MEGABYTE, SMALL, Filler, Told, opened


@pytest.fixture
def filler(volume: Path) -> Filler:
    """Nothing taken yet."""
    return Filler(volume)


def records_of(root: Path, kind: str) -> list[str | None]:
    """The exchanges of the records of a type."""
    with closing(sqlite3.connect(StatePlaces(root).database)) as db:
        return [exchange for (exchange,) in db.execute("select exchange from records where type = ?", [kind])]


def test_full_between_intent_and_outcome(volume: Path, filler: Filler) -> None:
    """What is in flight ends in order, what is new is refused and told why, and with room again it goes on."""
    root = volume / "state"
    with opened(root) as (log, told):
        told.record(*(logs.intent(f"x{number}") for number in range(20)))
        filler.fill()
        with pytest.raises(EvidenceUnavailable, match="the disk is nearly full, so nothing new is begun: 0 bytes"):
            told.record(logs.intent("late"))
        for number in range(20):
            told.record(logs.outcome(f"x{number}"))
        assert log.is_healthy
        with pytest.raises(EvidenceUnavailable, match="nothing new is begun"):
            told.record(logs.intent("late"))
        filler.remove()
        told.record(logs.decision("x1", "allow"))
        told.record(logs.intent("later"), logs.outcome("later"))
        filler.fill()
    assert records_of(root, "stop") == [None]
    filler.remove()
    assert not lost(root, told.acknowledged)
    assert records_of(root, "outcome_unknown") == []
    assert "late" not in records_of(root, "intent")


def test_many_callers_fill_the_disk(volume: Path) -> None:
    """The log itself fills the volume: everything that began gets its outcome, and it never comes to a latch."""
    root = volume / "state"
    refusals: set[str] = set()

    def work(told: Told, caller: int) -> None:
        body = Payload("application/octet-stream", bytes(20_000))
        for number in range(1000):
            exchange = f"{caller}-{number}"
            try:
                told.record(logs.intent(exchange))
            except EvidenceUnavailable as error:
                refusals.add(str(error).partition(":")[0])
                return
            told.record(Entry("outcome", exchange, {}, {"response": body}))

    with opened(root) as (log, told):
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(work, told, caller) for caller in range(8)]:
                done.result()
        assert log.latched_because is None
        assert refusals == {"the disk is nearly full, so nothing new is begun"}
        assert len(told.acknowledged) > 100
    assert not lost(root, told.acknowledged)
    assert records_of(root, "outcome_unknown") == []


def test_erasing_on_a_full_disk(volume: Path, filler: Filler, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator does about it is not refused, and does not stop the log."""
    monkeypatch.setattr(limits, "MIN_RETENTION_SECONDS", 0)
    root = volume / "state"
    body = Payload("application/octet-stream", bytes(1000))
    with opened(root) as (log, told):
        for number in range(100):
            told.record(logs.intent(f"x{number}"))
            told.record(Entry("outcome", f"x{number}", {}, {"response": body}))
        filler.fill()
        selection = Selection(before_us=time.time_ns() // 1000, names=("response",))
        assert log.prune(selection, logs.nothing_needed, rule="test", actor="tester").payloads == 100
        assert log.is_healthy
    filler.remove()
    assert not lost(root, told.acknowledged)


def test_small_records_do_not_pile_up(volume: Path) -> None:
    """The write-ahead log is copied by what it takes on the disk: whole pages, however small the records are."""
    root = volume / "state"
    wal = StatePlaces(root).database.with_name("evidence.db-wal")
    with opened(root) as (_, told):
        for number in range(100):
            told.record(logs.intent(f"x{number}"))
            told.record(logs.outcome(f"x{number}"))
        assert wal.stat().st_size < 3 * SMALL["WAL_CHECKPOINT_BYTES"]


def test_full_beyond_the_reserve(volume: Path, filler: Filler) -> None:
    """An outcome for which there is no room stops the log; with room, the next start says that nobody knows."""
    root = volume / "state"
    body = Payload("application/octet-stream", os.urandom(3 * MEGABYTE))
    with opened(root) as (log, told):
        told.record(logs.intent("x"))
        filler.fill()
        with pytest.raises(EvidenceUnavailable, match="SQLITE_FULL: database or disk is full"):
            told.record(Entry("outcome", "x", {}, {"response": body}))
        for entry in (logs.outcome("x"), logs.intent("y")):
            with pytest.raises(EvidenceUnavailable, match="has stopped: SQLITE_FULL"):
                told.record(entry)
        assert not log.is_healthy
    filler.remove()
    assert not lost(root, told.acknowledged)
    assert records_of(root, "outcome_unknown") == ["x"]


def test_a_start_on_a_full_disk(volume: Path, filler: Filler) -> None:
    """It is refused and says why; with a little room the log opens and nothing begins; with more it goes on."""
    root = volume / "state"
    with opened(root) as (_, told):
        told.record(logs.intent("x"))
    filler.fill()
    with pytest.raises(EvidenceUnavailable, match=r"cannot be opened: .*; the disk is nearly full, 0 bytes are free"):
        open_log(root).close()
    filler.shrink(500_000)
    with opened(root) as (log, told_later):
        with pytest.raises(EvidenceUnavailable, match="nothing new is begun"):
            told_later.record(logs.intent("y"))
        told_later.record(Entry("rules", None, {}))
        assert log.recovered == ("x",)
    filler.remove()
    assert not lost(root, [*told.acknowledged, *told_later.acknowledged])


def test_the_ballast_of_a_killed_gateway(volume: Path, filler: Filler) -> None:
    """Its successor on a full disk records from it what became of the requests that were in flight."""
    root = volume / "state"
    small = [word for name, value in SMALL.items() for word in ("--limit", name, value)]
    with Child.start(root, *small, "--kill", "after the answer", 5) as child:
        assert child.wait() == -signal.SIGKILL
        acknowledged = child.acknowledged
    filler.fill()
    with opened(root) as (log, told):
        assert log.recovered
        with pytest.raises(EvidenceUnavailable, match="nothing new is begun"):
            told.record(logs.intent("y"))
    filler.remove()
    assert not lost(root, acknowledged)


def test_the_volume_of_the_checkpoint_file_is_full(tmp_path: Path, volume: Path, filler: Filler) -> None:
    """A checkpoint that cannot be kept elsewhere stops the log before anybody is told that the record is durable."""
    root = tmp_path / "state"
    settings = LogSettings(anchor_files=(volume / "checkpoints",))
    places = StatePlaces(root)
    with logs.opened(places, settings=settings) as log:
        told = Told(log)
        told.record(logs.intent("x"))
        filler.fill()
        answers = [refused(told, logs.intent(f"y{number}")) for number in range(40)]
        assert any("No space left" in answer or "only a part of the checkpoint" in answer for answer in answers)
        assert not log.is_healthy
    filler.remove()
    with logs.opened(places, settings=settings, clock=logs.Clock(1_900_000_000_000_000)) as log:
        found = {record.seq: record.exchange for record in log.records()}
    assert all(found[one.seq] == one.exchange for one in told.acknowledged)


def refused(told: Told, entry: Entry) -> str:
    """What the refusal says; empty when there was none."""
    try:
        told.record(entry)
    except EvidenceUnavailable as error:
        return str(error)
    return ""
