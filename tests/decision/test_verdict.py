"""The three answers."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from countersign.decision.verdict import Allow, Deny, Hold, Verdict
from countersign.rulebook.values import ApprovalRule, Condition, Requirement, Source

SOURCE = Source("approval.yaml", 3)
RULE = ApprovalRule("prod", Condition(), "hold", ((Requirement(2, ("group:leads",)),),), (), 60, 60, SOURCE)
ACCESS = Allow("the rule 'all' allows it", Source("access.yaml", 1))
ANSWERS = [Allow("a", SOURCE), Deny("a", SOURCE), Hold("a", SOURCE, RULE, ACCESS)]


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_one_can_change_an_answer_after_it_was_given(answer: Verdict) -> None:
    """A verdict is a value: nothing on the way to the evidence can rewrite it."""
    with pytest.raises(FrozenInstanceError):
        answer.reason = "b"  # type: ignore[misc]


def test_answers_with_the_same_words_are_still_different_answers() -> None:
    """An Allow never equals a Deny or a Hold, whatever their reasons say."""
    assert len(set(ANSWERS)) == 3


def test_a_hold_carries_whose_signatures_it_needs_and_who_let_it_come_so_far() -> None:
    """A hold without the approval rule or the right cannot be made: nobody would know who signs, or why it was asked."""
    hold = Hold("a", SOURCE, RULE, ACCESS)
    assert (hold.approval, hold.access) == (RULE, ACCESS)
    with pytest.raises(TypeError):
        Hold("a", SOURCE, RULE)  # type: ignore[call-arg]
