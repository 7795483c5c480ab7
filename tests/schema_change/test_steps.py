"""Counting steps."""

from __future__ import annotations

import pytest

from countersign.schema_change.steps import OutOfSteps, Steps, unlimited


def test_steps_end() -> None:
    """As many steps as are left can be taken, and not one more."""
    steps = Steps(3)
    steps.spend(2)
    steps.spend(1)
    with pytest.raises(OutOfSteps):
        steps.spend(1)


def test_unlimited_never_ends() -> None:
    """Small work of one's own is not counted."""
    for _ in range(10):
        unlimited(10**9)
