"""A real log and real witnesses: what is anchored and for how long it was not, forks, restarts."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import EvidenceDamaged, EvidenceLog, StatePlaces, checkpoint, store, verify
from countersign.evidence.anchoring import Anchoring
from countersign.evidence.checkpoint import parse_vkeys
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.errors import NotAnchored
from countersign.evidence.places import cosigned_name
from countersign.evidence.settings import LogSettings
from tests.evidence import logs
from tests.evidence.watching import Time, Watching, cosigner, watching


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WITNESS_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(limits, "MAX_WITNESS_RETRY_SECONDS", 0.05)


@pytest.fixture
def begun(places: StatePlaces, time: Time) -> StatePlaces:
    """A log that no witness has seen yet."""
    with logs.opened(places, clock=time.wall) as log:
        logs.tell_story(log)
    return places


@pytest.fixture
def two(begun: StatePlaces, tmp_path: Path, time: Time) -> Iterator[Watching]:
    """Two witnesses of it."""
    with watching(tmp_path, begun, time, 2) as found:
        yield found


def start(places: StatePlaces, watch: Watching, settings: LogSettings | None = None) -> EvidenceLog:
    clocks = watch.time
    return logs.open_log(
        places, clock=clocks.wall, settings=settings or watch.settings(), steady=clocks.steady, post=watch.post
    )


def kept(places: StatePlaces, number: int) -> list[int]:
    """The sizes that one witness cosigned, each with the log's signature and its own."""
    found = []
    (key,) = parse_vkeys(places.vkey.read_text())
    for note in read_notes(places.evidence / cosigned_name(cosigner(number).verifier.key_id)):
        assert cosigner(number).verifier.verify(note) > 1_700_000_000
        found.append(key.open_checkpoint(note).size)
    return found


def anchored(log: EvidenceLog, *numbers: int) -> bool:
    """Whether these witnesses, or the first, vouch for everything."""
    watched = log._parts.anchoring._watched
    return all(watched[number].size == log.size for number in numbers or (0,))


def test_it_is_fed(begun: StatePlaces, two: Watching, time: Time) -> None:
    """The log as it was found is confirmed before anything is added, and what is added is cosigned by each witness; at
    the end, the end is too. Everything kept is of this log."""
    found = verify(begun.database, begun.vkey.read_text()).records
    with closing(start(begun, two)) as log:
        assert kept(begun, 0)[0] == kept(begun, 1)[0] == found
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        log.submit(logs.outcome("x")).result(5)
        assert logs.waited_for(lambda: anchored(log, 0, 1))
    size = verify(begun.database, begun.vkey.read_text()).records
    assert size == found + 3
    assert kept(begun, 0)[-1] == kept(begun, 1)[-1] == size
    with closing(store.open_for_reading(begun.database)) as db:
        sizes = {size for (size,) in db.execute("select size from checkpoints")}
    assert {*kept(begun, 0)} <= sizes


def test_the_start_names_them(begun: StatePlaces, two: Watching, time: Time) -> None:
    """Who was to cosign is in the record of the start: names and key ids, not where they listen."""
    with closing(start(begun, two)) as log:
        record = list(log.records(types={"start"}))[-1]
    assert record.fields["witnesses"] == [
        {"name": f"witness.example.com/{number}", "key": cosigner(number).verifier.key_id.hex()} for number in (0, 1)
    ]
    assert b"http://" not in record.leaf


def test_a_new_log(places: StatePlaces, tmp_path: Path, time: Time) -> None:
    """One that has no records yet asks nobody, and is fed as soon as its witness knows its key."""
    other = StatePlaces(tmp_path / "other")
    logs.open_log(other).close()
    with watching(tmp_path, other, time) as watch:
        sizes: list[int] = []
        watch.hold = lambda number: sizes.append(log.size)
        with closing(start(places, watch)) as log:
            time.pass_seconds(3)
            assert log.anchor_age_seconds == 3
            assert logs.waited_for(lambda: bool(log._parts.anchoring._watched[0].feed.last_problem))
            assert "give it the newest log.vkey" in log._parts.anchoring._watched[0].feed.last_problem
            assert 0 not in sizes
            other.vkey.write_text(other.vkey.read_text() + places.vkey.read_text())
            assert logs.waited_for(lambda: anchored(log))
            assert log.anchor_age_seconds == 0


def test_age(begun: StatePlaces, two: Watching, time: Time) -> None:
    """It is the time since the first commit that the quorum has not cosigned, and 0 where there is none."""
    log = start(begun, two)
    with closing(log):
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        time.pass_seconds(100)
        assert log.anchor_age_seconds == 0  # nothing new, however long
        two.down = {0, 1}
        log.submit(logs.outcome("x")).result(5)
        time.pass_seconds(5)
        log.submit(logs.outcome("y")).result(5)
        time.pass_seconds(7)
        assert log.anchor_age_seconds == 12
        two.down = {1}
        assert logs.waited_for(lambda: anchored(log))
        assert log.anchor_age_seconds == 0
        two.down = {0, 1}
        log.submit(logs.outcome("z")).result(5)
        time.pass_seconds(3)
        assert log.anchor_age_seconds == 3


def test_quorum(begun: StatePlaces, two: Watching, time: Time) -> None:
    """With a quorum of both, one that is down counts; with one of them it does not."""
    two.down = {1}
    ages = []
    for quorum in (1, 2):
        with closing(start(begun, two, two.settings(quorum))) as log:
            assert logs.waited_for(lambda: anchored(log))
            time.pass_seconds(7)
            ages.append(log.anchor_age_seconds)
    assert ages == [0, 14]


def test_age_while_an_offer_is_under_way(begun: StatePlaces, two: Watching, time: Time) -> None:
    """Under load there is always a commit that was not offered yet: it is not older than the offer that succeeded last."""
    offered, answer = Event(), Event()
    with closing(start(begun, two)) as log:
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        two.down = {1}
        time.pass_seconds(100)

        def hold(number: int) -> None:
            if number == 0:
                offered.set()
                answer.wait(10)
                answer.clear()

        two.hold = hold
        log.submit(logs.outcome("x")).result(5)
        for _ in range(3):
            assert offered.wait(10)
            offered.clear()
            time.pass_seconds(4)
            log.submit(logs.outcome("y")).result(5)
            time.pass_seconds(2)
            before = kept(begun, 0)
            answer.set()
            assert logs.waited_for(lambda: kept(begun, 0) != before)  # noqa: B023 - called in this round
            assert offered.wait(10)  # the next offer, which holds
            assert log.anchor_age_seconds is not None
            assert 2 <= log.anchor_age_seconds <= 6
        two.hold = lambda number: None
        answer.set()


def test_nothing_to_anchor(places: StatePlaces, tmp_path: Path) -> None:
    """Without an anchor there is no age; with a checkpoint file it is 0, and every change passes."""
    with logs.opened(places) as log:
        assert log.anchor_age_seconds is None
        log.require_anchor()
    with logs.opened(places, settings=LogSettings(anchor_files=(tmp_path / "checkpoints",))) as log:
        assert log.anchor_age_seconds == 0
        log.require_anchor()


def test_too_old(begun: StatePlaces, two: Watching, time: Time, caplog: pytest.LogCaptureFixture) -> None:
    """Beyond the limit nothing that changes anything passes, until the witness answers, which it is asked at once; the
    operators are told at each limit, with what the witness said, and when it is over."""
    log = start(begun, two, two.settings(2, warn=10, refuse=60))
    with closing(log):
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        anchoring = log._parts.anchoring
        two.down = {1}
        log.submit(logs.outcome("x")).result(5)
        assert logs.waited_for(lambda: "connection refused" in anchoring._watched[1].feed.last_problem)
        assert not anchoring._said
        time.pass_seconds(60)
        log.require_anchor()
        anchoring.look()
        assert "changes are refused after 60: witness.example.com/1: no answer: connection refused" in caplog.text
        time.pass_seconds(1)
        with pytest.raises(NotAnchored, match="for 61 seconds, and after 60"):
            log.require_anchor()
        anchoring.look()
        anchoring.look()
        assert len([each for each in caplog.records if "refused until it is" in each.message]) == 1
        log.submit(logs.intent("a-read"), logs.outcome("a-read")).result(5)
        two.down = set()
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        log.require_anchor()
        anchoring.look()
        assert "is anchored again" in caplog.text


def test_who_is_refused_wakes_the_feeds(
    begun: StatePlaces, two: Watching, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness that was down for long is asked as soon as a change is refused for it: the next try may pass."""
    monkeypatch.setattr(limits, "MAX_WITNESS_RETRY_SECONDS", 3600.0)
    two.down = {0, 1}
    with closing(start(begun, two)) as log:
        time.pass_seconds(61)

        def is_asked() -> bool:
            with pytest.raises(NotAnchored):
                log.require_anchor()
            return two.asked.count(1) >= 30  # years, where it is asked twice as late each time

        assert logs.waited_for(is_asked)


def test_age_outlives_the_process(begun: StatePlaces, two: Watching, time: Time) -> None:
    """Who ends the gateway again and again, with its witness out of reach, does not begin the age anew."""
    with closing(start(begun, two, two.settings(2))) as log:
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        two.down = {1}
        log.submit(logs.outcome("x")).result(5)
    for age in (40, 80):
        time.pass_seconds(40)
        with closing(start(begun, two, two.settings(2))) as log:
            assert log.anchor_age_seconds == age
    with closing(start(begun, two, two.settings(2))) as log:
        with pytest.raises(NotAnchored):
            log.require_anchor()
        two.down = set()
        assert logs.waited_for(lambda: anchored(log, 0, 1))
        log.require_anchor()


@pytest.mark.parametrize("is_rolled_back", [True, False])
def test_rolled_back(begun: StatePlaces, two: Watching, time: Time, tmp_path: Path, is_rolled_back: bool) -> None:
    """A state that was put back as a whole does not open where a witness saw more; as it was left it does."""
    older = tmp_path / "older"
    shutil.copytree(begun.evidence, older)
    records = verify(begun.database, begun.vkey.read_text()).records
    with closing(start(begun, two)) as log:
        log.submit(logs.outcome("x")).result(5)
    if not is_rolled_back:
        start(begun, two).close()
        return
    shutil.rmtree(begun.evidence)
    shutil.copytree(older, begun.evidence)
    with pytest.raises(
        EvidenceDamaged, match=r"rolled back.*witness.example.com/0: it cosigned 1\d records of this log"
    ):
        start(begun, two)
    with closing(sqlite3.connect(begun.database)) as db:
        assert db.execute("select count(*) from records").fetchone() == (records,)  # nothing was added
    two.down = {0}
    with pytest.raises(EvidenceDamaged, match=r"witness\.example\.com/1"):
        start(begun, two)


def test_rolled_back_without_a_witness_to_ask(begun: StatePlaces, two: Watching, time: Time) -> None:
    """What the witnesses cosigned is here too: a database that is older than that does not open, whoever is down."""
    before = begun.database.read_bytes()
    start(begun, two).close()
    after = begun.database.read_bytes()
    two.down = {0, 1}
    begun.database.write_bytes(before)
    with pytest.raises(EvidenceDamaged, match="its end is gone"):
        start(begun, two)
    for path in begun.evidence.glob("evidence.db-*"):
        path.unlink()
    begun.database.write_bytes(after)
    start(begun, two).close()


def test_cosigned_without_a_database(begun: StatePlaces, two: Watching, time: Time) -> None:
    """No log begins anew beside what a witness cosigned of another."""
    start(begun, two).close()
    for path in begun.evidence.glob("evidence.db*"):
        path.unlink()
    shutil.rmtree(begun.keys)
    with pytest.raises(EvidenceDamaged, match="the database has no records"):
        start(begun, two)


def test_a_copy(begun: StatePlaces, two: Watching, time: Time, tmp_path: Path) -> None:
    """Of a log and its copy that both go on, the first that reaches the witness does; the other one stops for good."""
    shutil.copytree(begun.root, tmp_path / "copy")
    copied = StatePlaces(tmp_path / "copy")
    two.down = {0, 1}
    first, second = start(begun, two), start(copied, two)
    with closing(first), closing(second):
        first.submit(logs.outcome("x")).result(5)
        second.submit(logs.outcome("y")).result(5)
        two.down = {1}
        assert logs.waited_for(lambda: anchored(first) or anchored(second))
        assert logs.waited_for(lambda: not (first.is_healthy and second.is_healthy))
        good, stopped = (first, second) if first.is_healthy else (second, first)
        assert "a witness knows another log than this one: witness.example.com/0" in (stopped.latched_because or "")
        with pytest.raises(EvidenceUnavailable, match="another log"):
            stopped.submit(logs.outcome("y"))
        good.submit(logs.outcome("y")).result(5)
        assert logs.waited_for(lambda: anchored(good))


def test_key_rotation(begun: StatePlaces, two: Watching, time: Time) -> None:
    """A new epoch needs no restart of the witness: it reads the file of keys again. The log opens again on what is kept."""
    with closing(start(begun, two)) as log:
        log.rotate_key("alice")
        log.submit(logs.outcome("x")).result(5)
        assert logs.waited_for(lambda: anchored(log))
    start(begun, two).close()
    last = list(read_notes(begun.evidence / cosigned_name(cosigner(0).verifier.key_id)))[-1]
    assert checkpoint.split_note(last)[1][0][1][:4] == parse_vkeys(begun.vkey.read_text())[1].key_id


def test_witnesses_need_a_way(begun: StatePlaces, two: Watching, time: Time) -> None:
    """Settings with witnesses, and nothing that reaches them, are a mistake of the caller."""
    with pytest.raises(ValueError, match="a way to reach them"):
        logs.open_log(begun, clock=time.wall, settings=two.settings())
    logs.open_log(begun, clock=time.wall).close()


def test_a_file_that_cannot_be_used(begun: StatePlaces, two: Watching, time: Time) -> None:
    """A kept note that was damaged, or whose cosignature was, stops the start; everybody's files are let go."""
    start(begun, two).close()
    path = begun.evidence / cosigned_name(cosigner(1).verifier.key_id)
    content = path.read_bytes()
    forged = bytearray(content)
    forged[-20] = ord("A") if forged[-20] != ord("A") else ord("B")
    for damaged in (content + b"!\n", bytes(forged)):
        path.write_bytes(damaged)
        with pytest.raises(EvidenceDamaged, match=str(path)):
            start(begun, two)
    path.write_bytes(content)
    start(begun, two).close()


def test_without_witnesses_nothing_is_watched(places: StatePlaces, time: Time) -> None:
    """Then there is nothing to look at, ever."""
    made = Anchoring.open(places.evidence, LogSettings(), None, None, time.wall, time.steady)
    made.confirm()
    assert made.look() == float("inf")
    made.stop(1)
