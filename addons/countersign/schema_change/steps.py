"""Counts steps, so that work on a hostile schema ends without looking at a clock."""

from __future__ import annotations

from collections.abc import Callable

#: Takes note of so many steps; may raise OutOfSteps.
type Spend = Callable[[int], None]


class OutOfSteps(Exception):
    """A proof took more steps than its limit."""


class Steps:
    """So many steps may still be taken."""

    def __init__(self, left: int = 0) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Take `count` steps. Raises OutOfSteps."""
        self.left -= count
        if self.left < 0:
            raise OutOfSteps


def unlimited(count: int) -> None:
    """For small work of one's own."""
