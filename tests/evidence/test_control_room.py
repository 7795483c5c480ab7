"""What a running gateway does for its operators."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import limits
from countersign.evidence import EvidenceLog, StatePlaces, control, control_client, verify
from countersign.evidence.control import Control
from countersign.evidence.control_room import ControlRoom
from countersign.evidence.control_socket import CONTROL_NAME
from countersign.rulebook.values import EvidenceRules, RetentionRule, Source
from tests.evidence import logs

PATIENCE_SECONDS = 10
DAY_US = 24 * 3600 * 1_000_000
RULES = (
    RetentionRule("requests", 2, None, ("intent",), None, Source("evidence.yaml", 7)),
    RetentionRule("all", 3, None, None, None, Source("evidence.yaml", 9)),
)


@pytest.fixture
def places() -> Iterator[StatePlaces]:
    """With a path that a socket can have."""
    folder = Path(tempfile.mkdtemp(prefix="room-"))
    yield StatePlaces(folder / "state")
    shutil.rmtree(folder)


@pytest.fixture
def clock() -> logs.Clock:
    """Ticks."""
    return logs.Clock()


@pytest.fixture
def log(places: StatePlaces, clock: logs.Clock) -> Iterator[EvidenceLog]:
    """A log with an old story."""
    with logs.opened(places, clock=clock) as opened:
        logs.tell_story(opened)
        clock.now_us += 5 * DAY_US
        yield opened


def room(places: StatePlaces, log: EvidenceLog, clock: logs.Clock, hours: int | None) -> ControlRoom:
    """The control room of a gateway with these rules."""
    rules = EvidenceRules(retention=RULES, prune_every_hours=hours)
    return ControlRoom(places.evidence, Control(log, RULES, logs.nothing_needed, clock), rules)


def test_commands(places: StatePlaces, log: EvidenceLog, clock: logs.Clock) -> None:
    """Are taken beside the database, from the start to the end; nothing is erased that nobody asked for."""
    made = room(places, log, clock, None)
    made.start()
    socket = places.evidence / CONTROL_NAME
    assert "new" in control_client.ask(socket, control.ROTATE_KEY, lambda erased: None)
    assert not list(log.records(types={"prune"}))
    assert control_client.ask(socket, control.prune_by(RULES[0], None), lambda erased: None)["payloads"] == 2
    made.stop(PATIENCE_SECONDS)
    assert not control_client.is_served(socket)
    assert verify(places.database, log.vkey).ok


def test_prunes_by_itself(places: StatePlaces, log: EvidenceLog, clock: logs.Clock) -> None:
    """Every rule, when it starts, as the gateway itself."""
    made = room(places, log, clock, 24)
    made.start()
    try:
        assert logs.waited_for(lambda: len(list(log.records(types={"prune"}))) == 2)
    finally:
        made.stop(PATIENCE_SECONDS)
    said = [(record.fields["rule"], record.fields["actor"]) for record in log.records(types={"prune"})]
    assert said == [
        ("requests (evidence.yaml:7)", "the gateway itself"),
        ("all (evidence.yaml:9)", "the gateway itself"),
    ]
    assert not any(record.payloads for record in log.records())
    assert verify(places.database, log.vkey).ok


def test_again_and_again(places: StatePlaces, log: EvidenceLog, clock: logs.Clock) -> None:
    """As often as the rules say."""
    assert room(places, log, clock, 6)._prune() == 6 * 3600
    clock.now_us += 5 * DAY_US
    log.submit(logs.intent("later")).result(5)
    clock.now_us += 5 * DAY_US
    room(places, log, clock, 6)._prune()
    assert not any(record.payloads for record in log.records())


def test_what_fails_is_tried_again(
    places: StatePlaces,
    log: EvidenceLog,
    clock: logs.Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody else prunes: nothing is lost by it."""
    monkeypatch.setattr(limits, "KEEPER_RETRY_SECONDS", 0.01)
    acts = Control(log, RULES, logs.nothing_needed, clock)
    begun, finish = threading.Event(), threading.Event()

    def wait(erased: int) -> None:
        begun.set()
        assert finish.wait(PATIENCE_SECONDS)

    other = threading.Thread(target=lambda: acts.prune(RULES[0], "bob", None, wait))
    other.start()
    assert begun.wait(PATIENCE_SECONDS)
    made = ControlRoom(places.evidence, acts, EvidenceRules(retention=RULES, prune_every_hours=1))
    made.start()
    try:
        assert logs.waited_for(lambda: "already" in caplog.text)
        finish.set()
        other.join(PATIENCE_SECONDS)
        assert logs.waited_for(lambda: not any(record.payloads for record in log.records()))
    finally:
        finish.set()
        made.stop(PATIENCE_SECONDS)


def test_the_end_is_not_held_up(
    places: StatePlaces, log: EvidenceLog, clock: logs.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prune that the gateway began by itself ends at its next step."""
    monkeypatch.setattr(limits, "PRUNED_RECORDS_PER_COMMIT", 1)
    made = room(places, log, clock, 1)
    made._stopping.set()
    made.start()
    assert logs.waited_for(lambda: len(list(log.records(types={"prune"}))) == 1)
    made.stop(PATIENCE_SECONDS)
    assert not made._pruner.is_running
    assert len(list(log.records(types={"prune"}))) == 1
    assert any(record.payloads for record in log.records())


def test_one_that_was_not_started(places: StatePlaces, log: EvidenceLog, clock: logs.Clock) -> None:
    """Can be stopped."""
    room(places, log, clock, 1).stop(PATIENCE_SECONDS)
    assert log.is_healthy
