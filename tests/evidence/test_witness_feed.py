"""The log's side of tlog-witness, against our witness in the process and a foreign one over HTTP."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign import limits
from countersign.evidence.checkpoint import Checkpoint, split_note
from countersign.evidence.checkpoint_file import read_checkpoints, read_notes
from countersign.evidence.cosignature import CosignatureVerifier, Cosigner
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.witness import Witness
from countersign.evidence.witness_feed import Outcome, WitnessFeed
from countersign.evidence.witness_protocol import SIZE_TYPE, TEXT_TYPE
from tests.evidence.foreign import accepts, foreign_witness
from tests.evidence.growth import ORIGIN, Growth, signer

COSIGNER = Cosigner.of("witness.example.com/1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOW = 1_800_000_000
LOG = Growth()
FORKED = Growth(story="another", fork_at=2)
REWRITTEN = Growth(story="another")
COSIGNED = Outcome(is_cosigned=True)

type Post = Callable[[str, bytes], tuple[int, str, bytes]]


@dataclass
class Stage:
    """A log of so many records, its feed, and what the feed said of forks. The log may become another one."""

    post: Post
    keep: Path
    verifier: CosignatureVerifier = COSIGNER.verifier
    url: str = "http://witness.example"
    clock: Callable[[], int] = lambda: NOW * 1_000_000
    log: Growth = LOG
    size: int = 3
    forks: list[str] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    interval_seconds: float = 0.01
    steady_us: int = 0

    def steady(self) -> int:
        return self.steady_us

    def newest(self) -> tuple[bytes, Checkpoint]:
        return self.log.note(self.size), self.log.checkpoint(self.size)

    def consistency(self, old_size: int, size: int) -> Sequence[bytes]:
        return self.log.proof(old_size, size)

    def _post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        self.posted.append(body.partition(b"\n")[0])
        return self.post(url, body)

    @contextmanager
    def feed(self) -> Iterator[WitnessFeed]:
        feed = WitnessFeed(
            self.url,
            self.verifier,
            self.keep,
            self.newest,
            self.consistency,
            self._post,
            self.clock,
            self.steady,
            self.forks.append,
            self.interval_seconds,
        )
        try:
            yield feed
        finally:
            feed.stop(5)

    def kept(self) -> list[int]:
        """The sizes in the file; every note is signed by the log and cosigned by the witness."""

        def opened(note: bytes) -> Checkpoint:
            self.verifier.verify(note)
            return signer(1).verifier.open_checkpoint(note)

        return [checkpoint.size for checkpoint in read_checkpoints(self.keep, opened)]


@contextmanager
def staged(tmp_path: Path) -> Iterator[Stage]:
    """A log, and our witness without HTTP between."""
    keys = {ORIGIN: (signer(1).verifier,)}
    witness = Witness.open(tmp_path / "witness", COSIGNER, keys, lambda: NOW)

    def post(url: str, body: bytes) -> tuple[int, str, bytes]:
        assert url == "http://witness.example/add-checkpoint"
        answer = witness.add_checkpoint(body)
        return answer.status, answer.content_type, answer.body

    with closing(witness):
        yield Stage(post, tmp_path / "cosigned")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found


def answering(stage: Stage, status: int, content_type: str = TEXT_TYPE, body: bytes = b"") -> None:
    """From now on the witness is something else."""
    stage.post = lambda url, sent: (status, content_type, body)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        Event().wait(0.005)


def test_growth(stage: Stage) -> None:
    """Each checkpoint that grew is cosigned and kept; the proof begins where the witness is."""
    with stage.feed() as feed:
        assert feed.anchored is None
        for size in (3, 4, 9):
            stage.size = size
            assert feed.offer_now() == COSIGNED
            assert feed.anchored == (size, NOW * 1_000_000)
        assert feed.last_problem == ""
    assert stage.kept() == [3, 4, 9]
    assert stage.posted == [b"old 0", b"old 3", b"old 4"]


def test_the_same_again(stage: Stage) -> None:
    """Asked at a start, a witness confirms what it cosigned; it is kept once."""
    with stage.feed() as feed:
        assert feed.offer_now() == feed.offer_now() == COSIGNED
    assert stage.kept() == [3]
    with stage.feed() as feed:
        assert feed.anchored == (3, NOW * 1_000_000)
        assert feed.offer_now() == COSIGNED
    assert stage.posted[-1] == b"old 3"


@pytest.mark.parametrize("size", [3, 8])
def test_lost_file(stage: Stage, size: int) -> None:
    """Without the kept notes the witness says where it is, and the feed goes on from there."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    stage.keep.unlink()
    stage.size = size
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    assert stage.posted == [b"old 0", b"old 0", b"old 3"]
    assert stage.kept() == [size]


@pytest.mark.parametrize("is_file_lost", [False, True])
@pytest.mark.parametrize(
    ("log", "size", "reason"),
    [
        (LOG, 6, "7 records of this log, which now has 6"),
        (FORKED, 7, "another tree of 7 records"),
        (REWRITTEN, 9, "another tree of 7 records"),
    ],
    ids=["rollback", "fork", "rewritten and grown"],
)
def test_a_log_that_is_no_longer_the_same(
    stage: Stage, log: Growth, size: int, reason: str, is_file_lost: bool
) -> None:
    """Rolled back, forked, rewritten with the real key: the caller is told once, and nothing more is offered."""
    stage.size = 7
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    if is_file_lost:
        stage.keep.unlink()
    stage.log, stage.size = log, size
    with stage.feed() as feed:
        outcome = feed.offer_now()
        assert outcome.is_fork
        assert not outcome.is_cosigned
        assert reason in outcome.problem == feed.last_problem
        asked = len(stage.posted)
        assert feed.offer_now() == outcome
        assert len(stage.posted) == asked
    assert stage.forks == [outcome.problem]
    stage.log, stage.size = LOG, 9
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED


def test_the_thread_feeds(stage: Stage) -> None:
    """Without anybody asking, what is new is offered, and what is not new is not."""
    with stage.feed() as feed:
        feed.start()
        until(lambda: feed.anchored is not None and feed.anchored[0] == 3)
        stage.size = 8
        until(lambda: feed.anchored is not None and feed.anchored[0] == 8)
    assert stage.kept() == [3, 8]
    assert stage.posted == [b"old 0", b"old 3"]


def test_the_thread_finds_a_fork(stage: Stage) -> None:
    """The caller is told from the thread, which then ends."""
    stage.size = 7
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        feed.start()
        stage.log, stage.size = REWRITTEN, 9
        until(lambda: stage.forks)
        until(lambda: not feed._thread.is_alive())
    assert len(stage.forks) == 1


def test_the_thread_tries_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness that does not answer is remembered as the problem, and asked again until it does, in bounded time."""
    monkeypatch.setattr(limits, "MAX_WITNESS_RETRY_SECONDS", 0.05)
    good, tries = stage.post, 0

    def flaky(url: str, body: bytes) -> tuple[int, str, bytes]:
        nonlocal tries
        tries += 1
        if tries <= 4:
            raise OSError("no answer: connection refused")
        return good(url, body)

    stage.post = flaky
    with stage.feed() as feed:
        assert "connection refused" in feed.offer_now().problem
        assert "connection refused" in feed.last_problem
        feed.start()
        until(lambda: feed.anchored is not None)
        until(lambda: feed.last_problem == "")
    assert stage.forks == []
    assert stage.kept() == [3]


def test_hurry(stage: Stage) -> None:
    """A witness that fails is asked less and less often, but at each interval while somebody waits for it."""
    asked = 0

    def failing(url: str, body: bytes) -> tuple[int, str, bytes]:
        nonlocal asked
        asked += 1
        raise OSError("no answer")

    stage.post = failing
    with stage.feed() as feed:
        feed.start()

        def hurried() -> bool:
            feed.hurry()
            return asked >= 30  # years, with each pause twice as long as the one before

        until(hurried)


def test_a_patient_feed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody waits, a witness that fails is asked twice as late each time, up to the limit."""
    monkeypatch.setattr(limits, "MAX_WITNESS_RETRY_SECONDS", 0.16)
    times: list[float] = []

    def failing(url: str, body: bytes) -> tuple[int, str, bytes]:
        times.append(time.monotonic())
        raise OSError("no answer")

    stage.post = failing
    with stage.feed() as feed:
        feed.start()
        until(lambda: len(times) == 6)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause > least for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.16), strict=True))


@pytest.mark.parametrize("is_down", [False, True])
def test_stop_offers_the_end(stage: Stage, is_down: bool) -> None:
    """What was added since the last look is offered before the end, where the witness answered until then."""
    stage.interval_seconds = 60
    good = stage.post
    with stage.feed() as feed:
        feed.start()
        assert feed.offer_now() == COSIGNED
        stage.size = 9
        if is_down:
            answering(stage, 503)
            assert not feed.offer_now().is_cosigned
            stage.post = good
        feed.stop(10)
    assert stage.kept() == ([3] if is_down else [3, 9])


def test_when_it_was_offered(stage: Stage) -> None:
    """The time is that before the look at the log, of what was cosigned; what failed changes nothing."""
    with stage.feed() as feed:
        assert feed.offered_us is None
        stage.steady_us = 5
        assert feed.offer_now() == COSIGNED
        assert feed.offered_us == 5
        stage.steady_us, stage.size = 6, 7
        good = stage.post
        answering(stage, 200)
        assert not feed.offer_now().is_cosigned
        assert feed.offered_us == 5
        stage.post = good
        assert feed.offer_now() == COSIGNED
        assert feed.offered_us == 6


@pytest.mark.parametrize(("status", "remedy"), [(403, "newest log.vkey"), (404, "does not know this log")])
def test_what_to_do(stage: Stage, status: int, remedy: str) -> None:
    """A witness that was not told of a log, or of its new key, is to be told."""
    answering(stage, status)
    with stage.feed() as feed:
        assert remedy in feed.offer_now().problem


def test_the_thread_outlives_a_log_that_cannot_be_read(stage: Stage) -> None:
    """What fails once in reading the log is a problem until it is read again, and then no more."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        good, failed = stage.newest, Event()

        def broken() -> tuple[bytes, Checkpoint]:
            failed.set()
            raise RuntimeError

        feed._newest = broken
        feed.start()
        assert failed.wait(10)
        until(lambda: "RuntimeError" in feed.last_problem)
        stage.size = 7
        feed._newest = good
        until(lambda: feed.anchored == (7, NOW * 1_000_000) and feed.last_problem == "")


@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 500, 503])
def test_other_answers(stage: Stage, status: int) -> None:
    """Whatever else a witness answers is a problem and no fork: it is remembered, nothing is kept; then all is well."""
    good = stage.post
    answering(stage, status)
    with stage.feed() as feed:
        outcome = feed.offer_now()
        assert (outcome.is_cosigned, outcome.is_fork) == (False, False)
        assert COSIGNER.verifier.name in outcome.problem == feed.last_problem
        assert feed.anchored is None
        assert stage.kept() == []
        stage.post = good
        assert feed.offer_now() == COSIGNED
        assert feed.last_problem == ""
    assert stage.forks == []


@pytest.mark.parametrize(
    ("content_type", "body", "is_fork"),
    [
        (SIZE_TYPE, b"4\n", True),  # more than the log has
        (SIZE_TYPE, b"0\n", False),  # the size that was offered as old
        (SIZE_TYPE, b"x\n", False),
        (TEXT_TYPE, b"2\n", False),
        (SIZE_TYPE, b"2\n", False),  # again and again
    ],
)
def test_conflicts(stage: Stage, content_type: str, body: bytes, is_fork: bool) -> None:
    """Only a size above the log's own says that the log is wrong; an absurd one says that the witness is."""
    answering(stage, 409, content_type, body)
    with stage.feed() as feed:
        outcome = feed.offer_now()
    assert (outcome.is_cosigned, outcome.is_fork) == (False, is_fork)
    assert len(stage.posted) <= 3


def test_a_witness_that_never_decides(stage: Stage) -> None:
    """One that names another size each time is left alone until the next time."""
    stage.size = 7
    sizes = iter([b"1\n", b"2\n", b"3\n", b"4\n"])
    stage.post = lambda url, body: (409, SIZE_TYPE, next(sizes))
    with stage.feed() as feed:
        outcome = feed.offer_now()
    assert (outcome.is_cosigned, outcome.is_fork) == (False, False)
    assert stage.posted == [b"old 0", b"old 1", b"old 2"]


def test_a_fork_that_is_told_late(stage: Stage) -> None:
    """A size above the log's own is a fork also in the last answer that is heard."""
    sizes = iter([b"1\n", b"2\n", b"4\n"])
    stage.post = lambda url, body: (409, SIZE_TYPE, next(sizes))
    with stage.feed() as feed:
        assert feed.offer_now().is_fork


@pytest.mark.parametrize(("content_type", "body"), [(TEXT_TYPE, b"roots differ\n"), (SIZE_TYPE, b"3\n")])
def test_a_fork_as_version_1_0_says_it(stage: Stage, content_type: str, body: bytes) -> None:
    """Version 1.0 of the protocol answers 409, not 422, where two trees of one size differ."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        answering(stage, 409, content_type, body)
        assert feed.offer_now().is_fork


def _line(cosigner: Cosigner = COSIGNER, *, log: Growth = LOG, seconds: int = NOW) -> bytes:
    return cosigner.line(split_note(log.note(3))[0], seconds).encode()


STRANGER = Cosigner.of("witness.example.com/2", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NAMESAKE = Cosigner.of("witness.example.com/1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.mark.parametrize(
    "body",
    [
        _line(STRANGER),
        _line(NAMESAKE),
        _line(log=FORKED),
        _line(seconds=NOW + limits.MAX_WITNESS_CLOCK_SECONDS + 1),
        _line(seconds=NOW - limits.MAX_WITNESS_CLOCK_SECONDS - 1),
        _line() + _line(seconds=NOW - 1),
        _line()[:-1],
        b"\n" + _line(),
        b"x\n\n" + _line(),
        _line() + b"x" * limits.MAX_NOTE_BYTES,
        b"\xff" + _line(),
    ],
    ids=["stranger", "namesake", "other tree", "future", "past", "twice", "cut", "gap", "text", "long", "bytes"],
)
def test_bad_cosignatures(stage: Stage, body: bytes) -> None:
    """A 200 counts only with one fresh cosignature of this witness over this checkpoint, and nothing strange beside it."""
    answering(stage, 200, TEXT_TYPE, body)
    with stage.feed() as feed:
        outcome = feed.offer_now()
        assert (outcome.is_cosigned, outcome.is_fork) == (False, False)
        assert stage.keep.read_bytes() == b""
        answering(stage, 200, TEXT_TYPE, _line(seconds=NOW - limits.MAX_WITNESS_CLOCK_SECONDS))
        assert feed.offer_now() == COSIGNED


def test_other_keys_lines_are_dropped(stage: Stage) -> None:
    """A witness may answer with lines of several keys; only that of the known one is kept."""
    answering(stage, 200, TEXT_TYPE, _line(STRANGER) + _line() + _line(NAMESAKE))
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    assert list(read_notes(stage.keep)) == [LOG.note(3) + _line()]


def test_a_witness_that_lost_its_state(stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is fed anew, so that it vouches again, and that is said."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    with staged(tmp_path / "anew") as anew:
        stage.post = anew.post
        stage.size = 5
        with stage.feed() as feed:
            assert feed.offer_now() == COSIGNED
    assert "lost its state" in caplog.text
    assert stage.kept() == [3, 5]


def test_a_torn_file(stage: Stage) -> None:
    """A power cut while a cosigned note was written costs that note at most."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        stage.size = 7
        assert feed.offer_now() == COSIGNED
    whole = stage.keep.read_bytes()
    log_only = len(LOG.note(3) + _line() + LOG.note(7))
    for size in (len(whole) - 1, log_only, log_only - 1):
        stage.keep.write_bytes(whole[:size])
        with stage.feed() as feed:
            assert feed.anchored == (3, NOW * 1_000_000)
            assert feed.offer_now() == COSIGNED
            assert feed.anchored == (7, NOW * 1_000_000)


def test_a_damaged_file(stage: Stage) -> None:
    """Kept notes that nobody wrote so are no ground to begin on, and the file is let go."""
    for content in (LOG.note(3) + _line(log=FORKED), LOG.note(3) + _line() + b"!\n"):
        stage.keep.write_bytes(content)
        with pytest.raises(EvidenceDamaged, match="keep the file"), stage.feed():
            pass
    stage.keep.write_bytes(LOG.note(3) + _line())
    with stage.feed() as feed:
        assert feed.anchored == (3, NOW * 1_000_000)


def test_a_file_that_cannot_be_written(stage: Stage) -> None:
    """What is not kept is not anchored, whatever the witness said."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        stage.keep.unlink()
        stage.size = 7
        assert not feed.offer_now().is_cosigned
        assert feed.anchored == (3, NOW * 1_000_000)
        assert "removed" in feed.last_problem


@pytest.mark.parametrize("part", ["newest", "consistency"])
def test_a_log_that_cannot_be_read(stage: Stage, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in reading the log is a problem of the feed; its text, which may say anything, is not shown."""
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    stage.size = 7

    def broken(*_: int) -> tuple[bytes, Checkpoint]:
        raise RuntimeError("secret")

    with monkeypatch.context() as patched:
        patched.setattr(stage, part, broken)
        with stage.feed() as feed:
            outcome = feed.offer_now()
            assert (outcome.is_cosigned, outcome.is_fork) == (False, False)
            assert "RuntimeError" in outcome.problem
            assert "secret" not in outcome.problem
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED


def test_stop_ends_a_thread_in_the_middle(stage: Stage) -> None:
    """A witness that hangs delays the end by no more than the time-out; stopping again completes it."""
    asked, release = Event(), Event()
    good = stage.post

    def hanging(url: str, body: bytes) -> tuple[int, str, bytes]:
        asked.set()
        release.wait(10)
        return good(url, body)

    stage.post = hanging
    with stage.feed() as feed:
        feed.start()
        assert asked.wait(10)
        begun = time.monotonic()
        feed.stop(0.1)
        assert time.monotonic() - begun < 5
        release.set()
        feed.stop(10)
        assert not feed._thread.is_alive()


def http_post(url: str, body: bytes) -> tuple[int, str, bytes]:
    """A real HTTP client."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("POST", parts.path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()


@pytest.fixture(scope="module")
def foreign_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("foreign")
    with foreign_witness(directory, "foreign.example/w1", [signer(1).verifier.vkey()]) as running:
        yield Stage(
            http_post,
            directory / "cosigned",
            verifier=CosignatureVerifier.parse(running.vkey),
            url=running.url,
            clock=lambda: time.time_ns() // 1000,
            size=7,
        )


def test_foreign_witness(foreign_stage: Stage) -> None:
    """A witness that we did not write cosigns our log as it grows, and its own software accepts what we keep."""
    stage = foreign_stage
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
        stage.size = 20
        assert feed.offer_now() == COSIGNED
    assert stage.kept() == [7, 20]
    note = list(read_notes(stage.keep))[-1]
    assert accepts(note, signer(1).verifier.vkey(), stage.verifier.vkey())
    assert not accepts(LOG.note(20), signer(1).verifier.vkey(), stage.verifier.vkey())


@pytest.mark.parametrize("is_file_lost", [False, True])
@pytest.mark.parametrize(
    ("log", "size"),
    [(LOG, 12), (FORKED, 20), (REWRITTEN, 21)],
    ids=["rollback", "fork", "rewritten and grown"],
)
def test_foreign_witness_refuses(
    foreign_stage: Stage, log: Growth, size: int, is_file_lost: bool, tmp_path: Path
) -> None:
    """The foreign witness makes us stop on a rollback, a fork and a rewrite; the log as it was goes on."""
    stage = Stage(http_post, tmp_path / "cosigned", foreign_stage.verifier, foreign_stage.url, foreign_stage.clock)
    stage.size = 20
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
    if is_file_lost:
        stage.keep.unlink()
    stage.log, stage.size = log, size
    with stage.feed() as feed:
        assert feed.offer_now().is_fork
    stage.log, stage.size = LOG, 20
    with stage.feed() as feed:
        assert feed.offer_now() == COSIGNED
