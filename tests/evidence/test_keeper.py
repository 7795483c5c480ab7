"""The thread that does what is due."""

from __future__ import annotations

import logging
import queue
import threading

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence.keeper import Keeper


def test_calls_again() -> None:
    """It asks at once, and again after as many seconds as it was told."""
    calls: queue.Queue[int] = queue.Queue()
    waits = iter([0.0, 0.01, 0.0, 3600.0])

    def due() -> float:
        calls.put(1)
        return next(waits)

    keeper = Keeper(due)
    keeper.start()
    try:
        for _ in range(4):
            calls.get(timeout=5)
    finally:
        keeper.stop(5)
    assert calls.empty()


def test_stop_does_not_wait_for_what_is_due() -> None:
    """The end of a gateway does not wait for the next heartbeat."""
    asked = threading.Event()

    def due() -> float:
        asked.set()
        return 3600.0

    keeper = Keeper(due)
    keeper.start()
    assert asked.wait(5)
    keeper.stop(5)
    assert not keeper.is_running


def test_tries_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be done is told, and tried again: one full queue does not end the heartbeats."""
    monkeypatch.setattr(limits, "KEEPER_RETRY_SECONDS", 0.01)
    answers = iter([False, False, True])
    done = threading.Event()

    def due() -> float:
        if not next(answers):
            raise EvidenceUnavailable("too much waits")
        done.set()
        return 3600.0

    keeper = Keeper(due)
    with caplog.at_level(logging.ERROR):
        keeper.start()
        try:
            assert done.wait(5)
        finally:
            keeper.stop(5)
    assert [record.message.count("too much waits") for record in caplog.records] == [1, 1]
