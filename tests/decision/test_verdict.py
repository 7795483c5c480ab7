"""The three answers."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from countersign.decision.verdict import Allow, Deny, Hold, Verdict
from countersign.rulebook.values import ApprovalRule, Condition, Source

SOURCE = Source("approval.yaml", 3)
RULE = ApprovalRule("prod", Condition(), "hold", 2, ("group:leads",), (), 60, 60, SOURCE)
ANSWERS = [Allow("a", SOURCE), Deny("a", SOURCE), Hold("a", SOURCE, RULE)]


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_one_can_change_an_answer_after_it_was_given(answer: Verdict) -> None:
    """A verdict is a value: nothing on the way to the evidence can rewrite it."""
    with pytest.raises(FrozenInstanceError):
        answer.reason = "b"  # type: ignore[misc]


def test_answers_with_the_same_words_are_still_different_answers() -> None:
    """An Allow never equals a Deny or a Hold, whatever their reasons say."""
    assert len(set(ANSWERS)) == 3


def test_a_hold_carries_whose_signatures_it_needs() -> None:
    """A hold without the approval rule cannot be made: nobody would know who signs."""
    assert Hold("a", SOURCE, RULE).approval is RULE
    with pytest.raises(TypeError):
        Hold("a", SOURCE)  # type: ignore[call-arg]
