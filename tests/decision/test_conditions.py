"""Which operations a condition speaks of. What it says of changes is tried with `decide`, in test_approval.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from countersign.decision.conditions import fits
from countersign.dialects import Operation
from countersign.rulebook.values import Condition
from countersign.schema_change import SchemaDiff
from tests.decision.rules import DAYTIME, NIGHT

type MakeOperation = Callable[..., Operation]
type MakeDiff = Callable[..., SchemaDiff]

MORNING, EVENING = 6 * 3600.0, 18 * 3600.0


@pytest.mark.parametrize(
    ("when", "morning", "evening"),
    [
        (Condition(), True, True),
        (Condition(during=(DAYTIME,)), True, False),
        (Condition(during=(NIGHT,)), False, True),
        (Condition(during=(DAYTIME, NIGHT)), True, True),
        (Condition(outside=(DAYTIME,)), False, True),
        (Condition(outside=(DAYTIME, NIGHT)), False, False),
        (Condition(during=(DAYTIME,), outside=(NIGHT,)), True, False),
        (Condition(during=(DAYTIME, NIGHT), outside=(DAYTIME,)), False, True),
    ],
)
@pytest.mark.parametrize("every", [True, False])
def test_a_condition_holds_within_any_and_outside_all_of_its_windows(
    when: Condition, morning: bool, evening: bool, every: bool, an_operation: MakeOperation
) -> None:
    """`during` is any of its windows, `outside` none of them, both together both; for every verdict alike."""
    assert fits(when, "prod", an_operation(), None, MORNING, every=every) is morning
    assert fits(when, "prod", an_operation(), None, EVENING, every=every) is evening


def test_every_change_or_one_of_them(an_operation: MakeOperation, a_diff: MakeDiff) -> None:
    """A permission asks for each change, a guard for one."""
    when, mixed = Condition(kinds=("title-*",)), a_diff(("title-changed", "none"), ("required-added", "narrows"))
    assert not fits(when, "prod", an_operation(), mixed, MORNING, every=True)
    assert fits(when, "prod", an_operation(), mixed, MORNING, every=False)
    assert fits(when, "prod", an_operation(), a_diff(("title-changed", "none")), MORNING, every=True)
