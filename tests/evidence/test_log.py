"""The log as the gateway uses it: durable, one writer, refusing to continue what it did not write."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import Entry, EvidenceDamaged, EvidenceLog, LogInUse, StatePlaces, verify
from countersign.evidence.appender import Appender
from countersign.evidence.errors import BadEntry
from countersign.evidence.records import OWN_TYPES
from countersign.evidence.settings import LogSettings
from countersign.evidence.tree import leaf_hash
from tests.evidence import logs

#: Records intents and outcomes for ever, and says which are durable: one line "seq leaf_hash" for each receipt.
_SCRIBE = """
import secrets, sys, time
from pathlib import Path
from countersign.evidence import Entry, EvidenceLog, Payload, StatePlaces
places = StatePlaces(Path(sys.argv[1]))
log = EvidenceLog.open(places.evidence, places.keys, sys.argv[2], clock=lambda: time.time_ns() // 1000,
                       randomness=secrets.token_bytes, software={})
number = 0
while True:
    number += 1
    exchange = f"{secrets.token_hex(4)}-{number}"
    waiting = [log.submit(Entry("intent", exchange, {}, {"request": Payload("text/plain", b"x" * 500)})),
               log.submit(Entry("outcome", exchange, {"status": 200}), Entry("rules", None, {}))]
    for future in waiting:
        for receipt in future.result(10):
            print(receipt.seq, receipt.leaf_hash.hex(), flush=True)
"""


def scribe(places: StatePlaces) -> subprocess.Popen[str]:
    """A process that writes the log."""
    addons = Path(__file__).parents[2] / "addons"
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIBE, str(places.root), logs.ORIGIN],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(addons)},
    )


async def test_append(places: StatePlaces) -> None:
    """A record is durable, numbered and hashed when append returns; what was given is read back."""
    with logs.opened(places) as log:
        receipts = await log.append(logs.intent("x"), logs.decision("x", "allow"))
        found = {record.seq: record for record in log.records(after=1)}
        assert [receipt.seq for receipt in receipts] == [2, 3] == list(found)
        assert found[2].fields == logs.intent("x").fields
        assert found[2].payloads == logs.intent("x").payloads
        assert leaf_hash(found[2].leaf) == receipts[0].leaf_hash
        assert found[2].time_us == receipts[0].time_us


async def test_appending_at_once(places: StatePlaces) -> None:
    """Many callers at the same time all get their own receipts, and the log verifies."""
    with logs.opened(places) as log:
        answers = await asyncio.gather(*(log.append(logs.intent(f"x{number}")) for number in range(200)))
        assert sorted(receipts[0].seq for receipts in answers) == list(range(2, 202))
        report = verify(places.database, log.vkey)
        assert report.ok
        assert report.vouched_size == log.size == 202
        assert report.vouched_root == log.root


@pytest.mark.parametrize("kind", sorted(OWN_TYPES))
def test_own_types(places: StatePlaces, kind: str) -> None:
    """What only the log may say cannot be submitted: a second genesis would spoil the log for good."""
    with logs.opened(places) as log:
        with pytest.raises(BadEntry, match="log itself"):
            log.submit(Entry(kind, None, {}))
        log.submit(Entry("rules", None, {})).result(5)


async def test_bad_entry_does_not_latch(places: StatePlaces) -> None:
    """An entry that cannot be recorded is the caller's fault: refused whole, and the log goes on."""
    with logs.opened(places) as log:
        with pytest.raises(BadEntry, match="payload"):
            await log.append(logs.intent("x"), Entry("rules", None, {"text": "a" * limits.MAX_RECORD_BYTES}))
        with pytest.raises(BadEntry, match="nothing"):
            await log.append()
        assert log.is_healthy
        receipts = await log.append(logs.outcome("y"))
        assert receipts[0].seq == 2


async def test_deadline(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not answer in time fails the caller; the record may still become durable, and is not lost."""
    monkeypatch.setattr(limits, "EVIDENCE_DEADLINE_SECONDS", 0.05)
    with logs.opened(places) as log:
        with closing(sqlite3.connect(places.database, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(EvidenceUnavailable, match="not durable"):
                await log.append(logs.intent("x"))
            other.execute("rollback")
        log.submit(logs.outcome("x")).result(5)
        assert [record.exchange for record in log.records(after=1)] == ["x", "x"]
        assert log.is_healthy


async def test_cancelled_caller(places: StatePlaces) -> None:
    """A client that hangs up does not undo the record."""
    with logs.opened(places) as log:
        with closing(sqlite3.connect(places.database, isolation_level=None)) as other:
            other.execute("begin immediate")
            waiting = asyncio.create_task(log.append(logs.intent("x")))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            other.execute("rollback")
        log.submit(logs.outcome("x")).result(5)
        assert [record.type for record in log.records(after=1)] == ["intent", "outcome"]


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_file_gone_while_running(places: StatePlaces, suffix: str) -> None:
    """A database that is taken away stops the log: no record is acknowledged that nobody can find."""
    log = logs.open_log(places)
    try:
        await log.append(logs.intent("x"))
        os.rename(places.database.with_name(places.database.name + suffix), places.evidence / "moved")
        with pytest.raises(EvidenceUnavailable, match="removed"):
            await log.append(logs.outcome("x"))
        assert not log.is_healthy
        assert "removed" in str(log.latched_because)
        with pytest.raises(EvidenceUnavailable):
            log.submit(logs.outcome("x"))
    finally:
        log.close()


async def test_foreign_writer(places: StatePlaces) -> None:
    """Somebody who changes the database while the gateway runs stops it at the next record."""
    log = logs.open_log(places)
    try:
        await log.append(logs.intent("x"))
        logs.execute(places.database, "update records set subject = 'innocent' where seq = 2")
        with pytest.raises(EvidenceUnavailable, match="another program"):
            await log.append(logs.outcome("x"))
    finally:
        log.close()
    with pytest.raises(EvidenceDamaged, match="record 2"):
        logs.open_log(places)


def test_close(places: StatePlaces) -> None:
    """Closing records the stop once, and afterwards nothing is taken; reading still works."""
    log = logs.open_log(places)
    log.close()
    log.close()
    assert not log.is_healthy
    assert log.latched_because is None
    with pytest.raises(EvidenceUnavailable, match="closed"):
        log.submit(logs.intent("x"))
    assert [record.type for record in log.records()] == ["genesis", "start", "stop"]


def test_close_is_bounded(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not answer does not keep the gateway from ending; the lock is kept until it is really over."""
    monkeypatch.setattr(limits, "EVIDENCE_CLOSE_SECONDS", 0.05)
    log = logs.open_log(places)
    with closing(sqlite3.connect(places.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        log.close()
        assert not log.is_healthy
        with pytest.raises(LogInUse):
            logs.open_log(places)
        other.execute("rollback")
    monkeypatch.setattr(limits, "EVIDENCE_CLOSE_SECONDS", 10)
    log.close()
    logs.open_log(places).close()


def test_reading_while_gone(places: StatePlaces) -> None:
    """Records that cannot be read are an error, not an empty list."""
    log = logs.open_log(places)
    log.close()
    places.database.unlink()
    with pytest.raises(EvidenceUnavailable, match="cannot be read"):
        list(log.records())


def test_digest_key(places: StatePlaces) -> None:
    """The key of keyed digests stays the same over restarts and is nowhere in the database."""
    with logs.opened(places) as log:
        key = log.digest_key
    with logs.opened(places) as log:
        assert log.digest_key == key
    content = places.database.read_bytes()
    assert key not in content
    assert key.hex().encode() not in content


def test_private_files(places: StatePlaces) -> None:
    """The evidence is its owner's only."""
    with logs.opened(places):
        for path in places.evidence.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path
        assert places.evidence.stat().st_mode & 0o077 == 0


def test_second_process(places: StatePlaces) -> None:
    """A gateway that is started twice on one state directory does not start the second time."""
    with scribe(places) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline()
            with pytest.raises(LogInUse, match="another gateway"):
                logs.open_log(places)
        finally:
            other.kill()
            other.wait(10)
    logs.open_log(places).close()


def test_killed(places: StatePlaces) -> None:
    """A gateway that is killed at any moment loses nothing that it acknowledged, and the log verifies and continues."""
    acknowledged: dict[int, str] = {}
    for lines in (1, 7, 20, 41, 90):
        with scribe(places) as writing:
            assert writing.stdout is not None
            try:
                for _ in range(lines):
                    seq, hashed = writing.stdout.readline().split()
                    acknowledged[int(seq)] = hashed
            finally:
                writing.send_signal(signal.SIGKILL)
                rest = writing.stdout.readlines()
                writing.wait(10)
            for line in rest:
                if line.endswith("\n"):
                    seq, hashed = line.split()
                    acknowledged[int(seq)] = hashed
        with logs.opened(places, clock=logs.Clock(4_000_000_000_000_000)) as log:
            stored = {record.seq: leaf_hash(record.leaf).hex() for record in log.records()}
            assert acknowledged.items() <= stored.items()
            report = verify(places.database, log.vkey)
            assert report.ok, report.problems
            assert not report.open_intents
    assert len(acknowledged) >= 159


def test_time_order(places: StatePlaces) -> None:
    """The times of the records are those of the clock, in the order of the records."""
    clock = logs.Clock()
    with logs.opened(places, clock=clock) as log:
        before = clock.now_us
        futures = [log.submit(logs.outcome(f"x{number}")) for number in range(5)]
        times = [future.result(5)[0].time_us for future in futures]
    assert times == [before + 1000 * number for number in range(1, 6)]


def test_time_order_between_threads(places: StatePlaces) -> None:
    """A thread that is held up between looking at the clock and queueing does not end up behind a later time."""
    clock = logs.Clock()
    second_looked = threading.Event()
    first_looked = threading.Event()

    def slow_clock() -> int:
        now_us = clock()
        if threading.current_thread().name == "first":
            first_looked.set()
            second_looked.wait(0.2)  # with the order kept, the second cannot look before the first has queued
        elif threading.current_thread().name == "second":
            second_looked.set()
        return now_us

    log = EvidenceLog.open(
        places.evidence, places.keys, logs.ORIGIN, clock=slow_clock, randomness=os.urandom, software={}
    )
    try:
        first = threading.Thread(name="first", target=lambda: log.submit(logs.intent("a")).result(5))
        second = threading.Thread(name="second", target=lambda: log.submit(logs.intent("b")).result(5))
        first.start()
        assert first_looked.wait(5)
        second.start()
        first.join(10)
        second.join(10)
        assert [record.exchange for record in log.records(types={"intent"})] == ["a", "b"]
    finally:
        log.close()


def test_damage_shows_when_read(places: StatePlaces, copy_of_told: Callable[[], Path]) -> None:
    """Reading for approvals at the start does not swallow a record that disagrees with itself."""
    with logs.opened(places) as log:
        logs.tell_story(log)
        assert len(list(log.records())) == 7
        logs.execute(places.database, "update records set verdict = 'allow' where seq = 6")
        with pytest.raises(EvidenceDamaged, match="verdict"):
            list(log.records())


def test_history_is_the_newest(places: StatePlaces) -> None:
    """At most as many as are wanted, while the log is being written."""
    with logs.opened(places) as log:
        for verdict in ("requested", "approved", "used"):
            log.submit(logs.step("asking", verdict)).result(5)
        assert [record.fields["verdict"] for record in log.history("registry", "orders-value", 2)] == [
            "used",
            "approved",
        ]
        assert len(log.history("registry", "orders-value", 50)) == 3
        assert log.history("registry", None, 50) == ()


def test_history_that_cannot_be_read(places: StatePlaces) -> None:
    """The caller hears of it."""
    with logs.opened(places) as log:
        log.submit(logs.step("asking", "requested")).result(5)
        logs.execute(places.database, "alter table payloads rename to gone")
        with pytest.raises(EvidenceUnavailable, match="cannot be read"):
            log.history("registry", "orders-value", 1)


def test_rotate_key(places: StatePlaces) -> None:
    """The log goes on with another key, the old one is gone, and auditors with the first key or with all verify it."""
    with logs.opened(places) as log:
        old, first = (places.keys / "log.key").read_bytes(), log.vkey
        log.rotate_key("alice")
        record = next(iter(log.records(types={"key_rotation"})))
        assert record.fields == {"next": log.vkey.splitlines()[1], "epoch": 1, "actor": "alice"}
        log.submit(logs.intent("x"), logs.outcome("x")).result(5)
        log.rotate_key("alice")
        log.submit(logs.outcome("y")).result(5)
        assert len(log.vkey.splitlines()) == 3
        for vkeys in (first, places.vkey.read_text(), log.vkey):
            report = verify(places.database, vkeys)
            assert report.ok, report.problems
            assert [(epoch.begin, epoch.end) for epoch in report.epochs] == [(0, 3), (3, 6), (6, 7)]
    assert old not in [path.read_bytes() for path in places.keys.iterdir()]


def test_old_key_signs_nothing_more(places: StatePlaces) -> None:
    """After a rotation a checkpoint of the old key alone is no signature any more, whatever it says."""
    with logs.opened(places) as log:
        signer = log._parts.keys.signer
        log.rotate_key("alice")
        log.submit(logs.outcome("x")).result(5)
        size, root, vkeys = log.size, log.root, log.vkey
        assert verify(places.database, vkeys).vouched_size == size
        logs.execute(
            places.database, ("update checkpoints set note = ? where size = ?", [signer.sign(size, root), size])
        )
        report = verify(places.database, vkeys)
        assert (report.ok, report.vouched_size) == (False, size - 1)


@pytest.mark.parametrize("missing", ["the old key", "the new key"])
def test_rotation_is_signed_by_both(places: StatePlaces, missing: str) -> None:
    """The checkpoint of the rotation itself needs both signatures."""
    with logs.opened(places) as log:
        log.rotate_key("alice")
    with closing(sqlite3.connect(places.database)) as db:
        note = db.execute("select note from checkpoints where size = 3").fetchone()[0]
    *text, old, new = note.decode().splitlines(keepends=True)
    assert verify(places.database, log.vkey).ok
    only = "".join([*text, new if missing == "the old key" else old]).encode()
    logs.execute(places.database, ("update checkpoints set note = ? where size = 3", [only]))
    report = verify(places.database, log.vkey)
    assert any("0 signatures" in str(problem) for problem in report.problems)
    assert report.vouched_size == 2


def test_others_write_while_the_key_rotates(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever submits a record during a rotation does not wait for it: the event loop would stand still."""
    rotating, go_on = threading.Event(), threading.Event()
    rotate = Appender.rotate

    def slowly(self: Appender, *arguments: object) -> object:
        rotating.set()
        assert go_on.wait(5)
        return rotate(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Appender, "rotate", slowly)
    with logs.opened(places) as log:
        thread = threading.Thread(target=log.rotate_key, args=["alice"])
        thread.start()
        assert rotating.wait(5)
        written = log.submit(logs.outcome("x"))
        assert not written.done()
        go_on.set()
        written.result(5)
        thread.join(5)
        assert [record.type for record in log.records(after=1)] == ["key_rotation", "outcome"]


def test_a_rotation_that_takes_too_long(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, comes about all the same, and until then there is no other: the new key is not thrown away."""
    go_on = threading.Event()
    rotate = Appender.rotate

    def slowly(self: Appender, *arguments: object) -> object:
        assert go_on.wait(5)
        return rotate(self, *arguments)  # type: ignore[arg-type]

    with logs.opened(places) as log:
        with monkeypatch.context() as slow:
            slow.setattr(Appender, "rotate", slowly)
            slow.setattr(limits, "EVIDENCE_CLOSE_SECONDS", 0.05)
            with pytest.raises(EvidenceUnavailable, match="not durable"):
                log.rotate_key("alice")
            with pytest.raises(EvidenceUnavailable, match="already"):
                log.rotate_key("alice")
            go_on.set()
            log.submit(logs.outcome("x")).result(5)
        assert len(log.vkey.splitlines()) == 2
        log.rotate_key("alice")
        assert verify(places.database, places.vkey.read_text()).ok
    logs.open_log(places).close()


def test_a_rotation_after_the_latch(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an anchor fails after a rotation was committed, asking again does not cost the log its key."""
    (places.root.parent / "elsewhere").mkdir()
    settings = LogSettings(anchor_files=(places.root.parent / "elsewhere" / "checkpoints",))

    def full(*arguments: object) -> None:
        raise OSError("no space left")

    log = logs.open_log(places, settings=settings)
    with monkeypatch.context() as failing:
        failing.setattr("countersign.evidence.checkpoint_file.CheckpointFile.append", full)
        for _ in range(2):
            with pytest.raises(EvidenceUnavailable, match="has stopped"):
                log.rotate_key("alice")
    log.close()
    with logs.opened(places, settings=settings) as again:
        assert len(again.vkey.splitlines()) == 2


def test_no_rotation_of_a_closed_log(places: StatePlaces) -> None:
    """It is refused before a key is made."""
    log = logs.open_log(places)
    log.close()
    before = sorted(places.keys.iterdir())
    with pytest.raises(EvidenceUnavailable, match="closed"):
        log.rotate_key("alice")
    assert sorted(places.keys.iterdir()) == before


def test_heartbeat(places: StatePlaces) -> None:
    """A gateway with nothing to record records that, so that its silence can be told from its absence."""
    with logs.opened(places, clock=lambda: time.time_ns() // 1000, settings=LogSettings(heartbeat_seconds=1)) as log:
        assert logs.waited_for(lambda: log.size >= 4, seconds=10)
        beats = list(log.records(types={"heartbeat"}))
        assert len(beats) >= 2
        assert beats[1].time_us - beats[0].time_us >= 1_000_000
        assert next(iter(log.records(types={"start"}))).fields["heartbeat_seconds"] == 1
    report = verify(places.database, log.vkey)
    assert (report.ok, report.remarks) == (True, ())


class _Clocks:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall_us, self.steady_us = 1_800_000_000_000_000, 77

    def wall(self) -> int:
        return self.wall_us

    def steady(self) -> int:
        return self.steady_us


@pytest.mark.parametrize("step", [3_600_000_000, -3_600_000_000])
def test_clock_step(places: StatePlaces, step: int) -> None:
    """A clock that is set is recorded once, ahead of the next record, with by how much."""
    clocks = _Clocks()
    with logs.opened(places, clock=clocks.wall, steady=clocks.steady) as log:
        clocks.wall_us += step
        log.submit(logs.outcome("x")).result(5)
        log.submit(logs.outcome("y")).result(5)
        found = list(log.records(after=1))
        assert [record.type for record in found] == ["clock_step", "outcome", "outcome"]
        assert found[0].fields == {"microseconds": step}
        clocks.wall_us += step
        log.rotate_key("alice")
        assert [record.type for record in log.records(after=4)] == ["clock_step", "key_rotation"]
    report = verify(places.database, log.vkey)
    assert report.ok
    assert [remark.what for remark in report.remarks if "went back" in remark.what] == (
        ["the clock went back"] * 2 if step < 0 else []
    )


def test_a_clock_step_is_not_lost(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too much waits for the disk to record it, it is recorded with the next record."""
    clocks = _Clocks()
    with logs.opened(places, clock=clocks.wall, steady=clocks.steady) as log:
        clocks.wall_us += 3_600_000_000
        with monkeypatch.context() as full:
            full.setattr(limits, "MAX_QUEUED_RECORDS", 0)
            with pytest.raises(EvidenceUnavailable, match="too many"):
                log.submit(logs.outcome("x"))
        log.submit(logs.outcome("y")).result(5)
        assert [record.type for record in log.records(after=1)] == ["clock_step", "outcome"]


def test_a_clock_that_is_set_back_does_not_end_heartbeats(places: StatePlaces) -> None:
    """A day back, and the next heartbeat still comes, with the step ahead of it."""
    clocks = _Clocks()
    with logs.opened(places, clock=clocks.wall, steady=clocks.steady, settings=LogSettings(heartbeat_seconds=1)) as log:
        clocks.wall_us -= 24 * 3_600_000_000
        assert logs.waited_for(lambda: log.size >= 4, seconds=10)
        assert [record.type for record in log.records(after=1)][:2] == ["clock_step", "heartbeat"]


def test_a_log_that_latched_is_left_alone(places: StatePlaces, caplog: pytest.LogCaptureFixture) -> None:
    """What it would do by itself is not tried again and again: it has said once why it stopped."""
    log = logs.open_log(places, clock=lambda: time.time_ns() // 1000, settings=LogSettings(key_epoch_seconds=1))
    try:
        log._writer.latch("a witness has seen more")
        assert log._keep() == limits.HEARTBEAT_SECONDS
    finally:
        log.close()
    assert len([record for record in caplog.records if "is tried again" in record.message]) <= 1
