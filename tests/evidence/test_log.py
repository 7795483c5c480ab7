"""The log as the gateway uses it: durable, one writer, refusing to continue what it did not write."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import Entry, EvidenceDamaged, EvidenceLog, KeyFileError, LogInUse, StatePlaces, verify
from countersign.evidence.errors import BadEntry
from countersign.evidence.tree import leaf_hash, root_of
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


def test_first_records(places: StatePlaces) -> None:
    """A log begins with its public key and says what software started; later starts name the head they found."""
    with logs.opened(places) as log:
        first = list(log.records())
        assert [record.type for record in first] == ["genesis", "start"]
        assert first[0].fields == {"vkey": log.vkey}
        assert first[1].fields["software"] == {"countersign": "0.0.test"}
        assert log.origin == logs.ORIGIN
        log.submit(logs.intent("x"), logs.outcome("x")).result(5)
    with closing(sqlite3.connect(places.database)) as db:
        head = db.execute("select max(size) from checkpoints").fetchone()[0]
    with logs.opened(places) as log:
        start = list(log.records(types={"start"}))[-1]
        assert start.fields["previous"] == {"size": head, "root": verify_root(places, head)}
        assert [record.type for record in log.records(after=3)] == ["stop", "start"]


def verify_root(places: StatePlaces, size: int) -> str:
    """The root of the first records, computed from their leaves."""
    with closing(sqlite3.connect(places.database)) as db:
        leaves = db.execute("select leaf from records where seq < ? order by seq", [size]).fetchall()
    return root_of([leaf_hash(leaf) for (leaf,) in leaves]).hex()


def test_open_intents_become_unknown(places: StatePlaces) -> None:
    """After a restart every intent without an outcome or a denial has one that says that nobody knows."""
    with logs.opened(places) as log:
        log.submit(logs.intent("answered"), logs.intent("denied"), logs.intent("lost"), logs.intent("held")).result(5)
        log.submit(logs.outcome("answered"), logs.decision("denied", "deny"), logs.decision("held", "hold")).result(5)
    with logs.opened(places, clock=logs.Clock(1_900_000_000_000_000)) as log:
        assert log.recovered == ("lost", "held")
        unknown = list(log.records(types={"outcome_unknown"}))
        assert [(record.exchange, record.fields) for record in unknown] == [
            ("lost", {"reason": "gateway restarted"}),
            ("held", {"reason": "gateway restarted"}),
        ]
        report = verify(places.database, log.vkey)
        assert report.ok
        assert not report.open_intents
        assert not report.remarks
    with logs.opened(places) as log:
        assert log.recovered == ()


@pytest.mark.parametrize("kind", ["genesis", "start", "stop"])
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


@pytest.mark.parametrize(
    "damage",
    [
        "update records set verdict = 'allow' where seq = 6",
        "delete from records where seq = 7",
        "delete from checkpoints",
        "update checkpoints set note = x'00' where size = 8",
        "update payloads set salt = zeroblob(32) where seq = 2",
        "delete from _sqlite_migrations where 1",
    ],
)
def test_refuses_to_continue_damage(places: StatePlaces, damage: str) -> None:
    """A log that is not what was written is not continued; the same log without the damage is."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    content = places.database.read_bytes()
    logs.execute(places.database, damage)
    with pytest.raises((EvidenceDamaged, EvidenceUnavailable)):
        logs.open_log(places)
    for path in places.evidence.glob("evidence.db*"):
        path.unlink()
    places.database.write_bytes(content)
    logs.open_log(places).close()


def test_refuses_a_garbled_file(places: StatePlaces) -> None:
    """A file that is no database any more is not overwritten by a new log."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    garbled = b"\0" * places.database.stat().st_size
    places.database.write_bytes(garbled)
    with pytest.raises(EvidenceDamaged):
        logs.open_log(places)
    assert places.database.read_bytes() == garbled


@pytest.mark.parametrize("keep_file", [False, True])
def test_refuses_to_begin_anew(places: StatePlaces, keep_file: bool) -> None:
    """When the keys say that there was a log and the database is gone or empty, no second one begins under its name."""
    logs.open_log(places).close()
    for path in places.evidence.glob("evidence.db*"):
        path.unlink()
    if keep_file:
        places.database.touch()
    with pytest.raises(KeyFileError, match="gone or empty"):
        logs.open_log(places)
    places.keys.rename(places.root / "old-keys")
    logs.open_log(places).close()


@pytest.mark.parametrize("name", ["log.key", "digest.key"])
def test_refuses_without_its_keys(places: StatePlaces, name: str) -> None:
    """A log whose keys are gone is not continued with new ones."""
    logs.open_log(places).close()
    (places.keys / name).rename(places.root / "aside")
    with pytest.raises(KeyFileError, match=name):
        logs.open_log(places)
    (places.root / "aside").rename(places.keys / name)
    logs.open_log(places).close()


def test_vkey_is_published_again(places: StatePlaces) -> None:
    """A start that was cut short before the vkey was written makes up for it."""
    logs.open_log(places).close()
    published = places.vkey.read_text()
    places.vkey.unlink()
    logs.open_log(places).close()
    assert places.vkey.read_text() == published


def test_keys_inside_the_evidence(places: StatePlaces) -> None:
    """Keys beside the database would be copied with it: refused."""
    with pytest.raises(KeyFileError, match="outside"):
        logs.open_log(_Inside(places.root))
    assert not places.evidence.exists()


class _Inside(StatePlaces):
    @property
    def keys(self) -> Path:
        return self.evidence / "keys"


def test_bad_origin(places: StatePlaces) -> None:
    """A name that cannot name a log is refused before anything is recorded."""
    with pytest.raises(KeyFileError, match="URL"):
        logs.open_log(places, origin="two words")
    assert not places.database.exists()
    logs.open_log(places).close()


def test_no_directory(places: StatePlaces) -> None:
    """Where the evidence cannot be, the gateway does not start."""
    places.root.mkdir()
    places.evidence.touch()
    with pytest.raises(EvidenceUnavailable, match="cannot be opened"):
        logs.open_log(places)
    places.evidence.unlink()
    logs.open_log(places).close()


def test_failed_open_lets_go(places: StatePlaces) -> None:
    """An attempt to open that failed leaves no lock behind."""
    with pytest.raises(BadEntry):
        EvidenceLog.open(
            places.evidence,
            places.keys,
            logs.ORIGIN,
            clock=logs.Clock(),
            randomness=os.urandom,
            software={"version": 1.5},
        )
    logs.open_log(places).close()


def test_second_log_in_this_process(places: StatePlaces) -> None:
    """One log has one writer."""
    with logs.opened(places), pytest.raises(LogInUse):
        logs.open_log(places)
    logs.open_log(places).close()


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
