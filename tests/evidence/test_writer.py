"""The thread: order, groups, bounds, latch."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import appender as module
from countersign.evidence import schema, store
from countersign.evidence.appender import Appender
from countersign.evidence.checkpoint import Signer
from countersign.evidence.draft import Draft, draft
from countersign.evidence.lock import FileWatch
from countersign.evidence.records import Receipt
from countersign.evidence.space import Reserve
from countersign.evidence.tree import Frontier
from countersign.evidence.writer import Writer
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
def reserve(path: Path) -> Iterator[Reserve]:
    """Room for the outcomes."""
    reserve = Reserve.hold(path.parent)
    yield reserve
    reserve.let_go()


@pytest.fixture
def writer(db: Database, path: Path, reserve: Reserve) -> Iterator[Writer]:
    """A running writer on it."""
    writer = Writer(
        Appender(db, SIGNER, Frontier(), FileWatch.of([path]), module.data_version(db), secrets.token_bytes),
        reserve,
    )
    writer.start()
    yield writer
    assert writer.stop(10)


def drafts(*exchanges: str) -> tuple[Draft, ...]:
    """One intent for each exchange."""
    return tuple(draft(logs.intent(exchange), logs.ORIGIN, 1_800_000_000_000_000) for exchange in exchanges)


@contextmanager
def stalled(path: Path) -> Iterator[None]:
    """Another connection holds the database, so that the writer waits."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        yield
        other.execute("rollback")


def test_order(writer: Writer) -> None:
    """Records get their numbers in the order in which they were submitted."""
    futures = [writer.submit(drafts(f"a{number}", f"b{number}")) for number in range(50)]
    seqs = [receipt.seq for future in futures for receipt in future.result(5)]
    assert seqs == list(range(100))


def test_group_commit(writer: Writer, db: Database, path: Path) -> None:
    """What waits for the disk together is written in one commit, with one checkpoint."""
    writer.submit(drafts("first")).result(5)
    with stalled(path):
        futures = [writer.submit(drafts(f"x{number}")) for number in range(40)]
    for future in futures:
        future.result(5)
    # the writer may have taken the first of them before the others were there
    assert db.execute("select count(*) from checkpoints").fetchone()[0] <= 3
    assert db.execute("select count(*) from records").fetchone()[0] == 41


def test_group_limit(writer: Writer, db: Database, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit has at most so many records, but a submission is never divided."""
    monkeypatch.setattr(limits, "MAX_COMMIT_RECORDS", 2)
    with stalled(path):
        futures = [writer.submit(drafts("a", "b", "c")) for _ in range(4)]
    for future in futures:
        future.result(5)
    assert [size for (size,) in db.execute("select size from checkpoints order by size")] == [3, 6, 9, 12]


def test_cannot_be_cancelled(writer: Writer) -> None:
    """A future cannot be cancelled: what was submitted is written."""
    future = writer.submit(drafts("a"))
    assert not future.cancel()
    assert future.result(5)[0].seq == 0


def test_bounded_records(writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When too much waits, the next is refused; nothing that was taken is dropped, and later there is room again."""
    monkeypatch.setattr(limits, "MAX_QUEUED_RECORDS", 3)
    with stalled(path):
        taken: list[Future[tuple[Receipt, ...]]] = []
        refused = None
        while refused is None and len(taken) < 10:
            try:
                taken.append(writer.submit(drafts("more")))
            except EvidenceUnavailable as error:
                refused = error
        assert "wait for the disk" in str(refused)
        assert 3 <= len(taken) <= 6  # the writer may have taken up to three out before it stalled
    for future in taken:
        future.result(5)
    writer.submit(drafts("later")).result(5)
    assert writer.is_open


def test_bounded_bytes(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes that wait are limited too."""
    monkeypatch.setattr(limits, "MAX_QUEUED_EVIDENCE_BYTES", drafts("a")[0].size)
    writer.submit(drafts("a")).result(5)
    with pytest.raises(EvidenceUnavailable):
        writer.submit(drafts("a", "b"))


def test_latch_on_full_disk(writer: Writer, db: Database) -> None:
    """After a full disk nothing is written any more, not even what would fit."""
    writer.submit(drafts("fits")).result(5)
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    large = draft(logs.intent("large", body=bytes(100_000)), logs.ORIGIN, 1)
    with pytest.raises(EvidenceUnavailable, match="SQLITE_FULL"):
        writer.submit((large,)).result(5)
    db.execute("PRAGMA max_page_count=1000000")
    with pytest.raises(EvidenceUnavailable, match="SQLITE_FULL"):
        writer.submit(drafts("would fit"))
    assert writer.latched_because is not None
    assert not writer.is_open
    assert db.execute("select count(*) from records").fetchone()[0] == 1


def test_latch_on_busy(writer: Writer, path: Path) -> None:
    """Somebody who holds the database longer than the time-out stops the log, and what waits fails with it."""
    writer.submit(drafts("before")).result(5)
    with stalled(path):
        futures = [writer.submit(drafts(f"x{number}")) for number in range(5)]
        for future in futures:
            assert isinstance(future.exception(5), EvidenceUnavailable)
    assert "SQLITE_BUSY" in str(writer.latched_because)


def test_latch_on_any_error(db: Database, path: Path, reserve: Reserve) -> None:
    """Not only SQLite: whatever fails in a commit stops the log, and the reason is told without a secret."""

    def no_randomness(_: int) -> bytes:
        raise OSError("no entropy")

    writer = Writer(
        Appender(db, SIGNER, Frontier(), FileWatch.of([path]), module.data_version(db), no_randomness),
        reserve,
    )
    writer.start()
    with pytest.raises(EvidenceUnavailable, match="OSError: no entropy"):
        writer.submit(drafts("a")).result(5)
    assert writer.latched_because == "OSError: no entropy"
    assert writer.stop(5)


def test_latch_between_commits(writer: Writer, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault while the write-ahead log is copied stops the log as well; what was durable before stays so."""
    monkeypatch.setattr(limits, "WAL_CHECKPOINT_BYTES", 1)
    db.conn.set_authorizer(
        lambda action, name, *_: (
            sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_PRAGMA and name == "wal_checkpoint" else sqlite3.SQLITE_OK
        )
    )
    assert writer.submit(drafts("a")).result(5)[0].seq == 0
    assert writer.stop(5)
    assert "SQLITE_AUTH" in str(writer.latched_because)
    with pytest.raises(EvidenceUnavailable, match="SQLITE_AUTH"):
        writer.submit(drafts("b"))


def test_a_full_disk_refuses_what_begins(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An intent is refused before it is queued, and nothing stops: what ends is written, and with room intents are too."""
    monkeypatch.setattr(limits, "MIN_FREE_EVIDENCE_BYTES", 1 << 60)
    with pytest.raises(EvidenceUnavailable, match="nothing new is begun"):
        writer.submit(drafts("x"))
    end = draft(logs.outcome("x"), logs.ORIGIN, 1_800_000_000_000_000)
    assert writer.submit((end,)).result(5)[0].seq == 0
    monkeypatch.undo()
    assert writer.submit(drafts("x")).result(5)[0].seq == 1


def test_stop_drains(db: Database, path: Path, reserve: Reserve) -> None:
    """What was submitted before the end is written; afterwards nothing is taken."""
    writer = Writer(
        Appender(db, SIGNER, Frontier(), FileWatch.of([path]), module.data_version(db), secrets.token_bytes),
        reserve,
    )
    writer.start()
    futures = [writer.submit(drafts(f"x{number}")) for number in range(20)]
    assert writer.stop(10)
    assert all(future.done() for future in futures)
    assert [future.result()[0].seq for future in futures] == list(range(20))
    with pytest.raises(EvidenceUnavailable, match="closed"):
        writer.submit(drafts("late"))


def test_stop_is_bounded(db: Database, path: Path, reserve: Reserve) -> None:
    """A disk that does not answer does not hold up the end for longer than was asked."""
    writer = Writer(
        Appender(db, SIGNER, Frontier(), FileWatch.of([path]), module.data_version(db), secrets.token_bytes),
        reserve,
    )
    writer.start()
    with stalled(path):
        future = writer.submit(drafts("a"))
        assert not writer.stop(0.05)
    future.result(5)
    assert writer.stop(5)


def test_an_act_is_alone(writer: Writer, db: Database, path: Path) -> None:
    """What is done besides committing has its place in the order, and no commit is shared with it."""
    seen: list[int] = []

    def look(tail: Appender) -> tuple[Receipt, ...]:
        seen.append(tail.size)
        return tail.commit(drafts("act"))

    with stalled(path):
        futures = [
            writer.submit(drafts("first")),
            writer.submit(drafts("a", "b")),
            writer.submit_act(look),
            writer.submit_act(look),
            writer.submit(drafts("c")),
            writer.submit(drafts("d")),
        ]
    assert [[receipt.seq for receipt in future.result(5)] for future in futures] == [[0], [1, 2], [3], [4], [5], [6]]
    assert seen == [3, 4]
    sizes = [size for (size,) in db.execute("select size from checkpoints order by size")]
    assert {3, 4, 5, 7} <= set(sizes)
    assert 6 not in sizes


def test_an_act_that_fails_latches(writer: Writer) -> None:
    """As a commit that fails: nobody knows how far it came."""

    def fail(tail: Appender) -> tuple[Receipt, ...]:
        raise OSError("the anchor's disk is full")

    with pytest.raises(EvidenceUnavailable, match="anchor's disk"):
        writer.submit_act(fail).result(5)
    assert not writer.is_open
    with pytest.raises(EvidenceUnavailable, match="anchor's disk"):
        writer.submit_act(fail)


def test_latch_from_outside(writer: Writer, path: Path) -> None:
    """Who finds that the log is not what it was stops it: what waits fails, and nothing more is taken."""
    with stalled(path):
        begun = writer.submit(drafts("begun"))
        while writer._queue:  # until the thread has taken it
            pass
        waiting = writer.submit(drafts("waiting"))
        writer.latch("a witness has seen more")
        with pytest.raises(EvidenceUnavailable, match="a witness has seen more"):
            waiting.result(5)
        with pytest.raises(EvidenceUnavailable, match="a witness has seen more"):
            writer.submit(drafts("late"))
    assert begun.result(5)[0].seq == 0
    writer.latch("something else")
    assert writer.latched_because == "EvidenceDamaged: a witness has seen more"
