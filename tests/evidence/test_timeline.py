"""The times of records."""

from __future__ import annotations

from countersign import limits
from countersign.evidence.timeline import Timeline


class Clocks:
    """A wall clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.wall_us, self.steady_us = 1_800_000_000_000_000, 77

    def run(self, microseconds: int, *, slewed: int = 0) -> None:
        """Time passes; a time server makes the wall clock run a little faster."""
        self.steady_us += microseconds
        self.wall_us += microseconds + slewed

    def timeline(self) -> Timeline:
        """A timeline of the two."""
        return Timeline(lambda: self.wall_us, lambda: self.steady_us)


def test_now() -> None:
    """The time is that of the wall clock."""
    clocks = Clocks()
    assert clocks.timeline().now() == clocks.wall_us


def test_running() -> None:
    """A clock that only runs was not set, however long nobody asked."""
    clocks = Clocks()
    timeline = clocks.timeline()
    clocks.run(30 * 24 * 3600 * 1_000_000)
    assert timeline.step() == 0


def test_set() -> None:
    """A clock that is set is noticed in either direction, until that is recorded, and then once."""
    for step in (limits.CLOCK_STEP_US, -limits.CLOCK_STEP_US, -3600 * 1_000_000):
        clocks = Clocks()
        timeline = clocks.timeline()
        clocks.wall_us += step
        clocks.run(500)
        assert timeline.step() == step
        assert timeline.step() == step
        timeline.accept(step)
        assert timeline.step() == 0


def test_slewed() -> None:
    """What a time server corrects little by little is no step, and does not add up to one."""
    clocks = Clocks()
    timeline = clocks.timeline()
    for _ in range(10):
        clocks.run(60_000_000, slewed=limits.CLOCK_STEP_US - 1)
        assert timeline.step() == 0


def test_not_watched() -> None:
    """Without a steady clock nothing is noticed."""
    clocks = Clocks()
    timeline = Timeline(lambda: clocks.wall_us)
    clocks.wall_us += 3600 * 1_000_000
    assert timeline.step() == 0
    assert timeline.now() == clocks.wall_us
