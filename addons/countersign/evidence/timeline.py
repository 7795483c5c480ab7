"""The times of records: what the wall clock says, and whether somebody set it."""

from __future__ import annotations

from collections.abc import Callable

from countersign import limits


class Timeline:
    """Times of one process. Used by one thread at a time."""

    def __init__(self, clock: Callable[[], int], steady: Callable[[], int] | None = None) -> None:
        """`clock()` is microseconds since 1970 in UTC; `steady()` microseconds that nobody sets (None: not watched)."""
        self._clock = clock
        self._steady = steady
        self._offset = clock() - steady() if steady is not None else 0

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return self._clock()

    def step(self) -> int:
        """By how many microseconds the wall clock was set; 0 where it only ran, or slewed. The same until `accept`."""
        if self._steady is None:
            return 0
        moved = self._clock() - self._steady() - self._offset
        if abs(moved) >= limits.CLOCK_STEP_US:
            return moved
        self._offset += moved
        return 0

    def accept(self, step: int) -> None:
        """What `step` said is recorded: the clock is right as it is now."""
        self._offset += step
