from __future__ import annotations

import dataclasses

import pytest

from countersign.rulebook.values import ApprovalRule, Condition, Requirement, Source


def test_values_cannot_be_changed() -> None:
    """Nothing above the rulebook can loosen a rule that was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Condition().effects = ("delete",)  # type: ignore[misc]


def test_a_condition_speaks_of_everything_unless_it_says_more() -> None:
    """The defaults."""
    assert (Condition().connections, Condition().subjects) == (("*",), ("*",))
    assert not any((Condition().effects, Condition().kinds, Condition().during, Condition().outside))


@pytest.mark.parametrize(
    ("alternatives", "approvers", "quorum"),
    [
        ((), (), 0),
        (((Requirement(2, ("group:a", "person:b")),),), ("group:a", "person:b"), 2),
        (
            ((Requirement(3, ("group:c",)),), (Requirement(1, ("group:b", "group:a")), Requirement(1, ("group:c",)))),
            ("group:c", "group:b", "group:a"),
            2,
        ),
    ],
)
def test_a_rule_names_its_approvers_once_and_the_fewest_people(
    alternatives: tuple[tuple[Requirement, ...], ...], approvers: tuple[str, ...], quorum: int
) -> None:
    """Over all alternatives, in the order of the file."""
    rule = ApprovalRule("r", Condition(), "hold", alternatives, (), 60, 60, Source("approval.yaml", 1))
    assert (rule.approvers, rule.quorum) == (approvers, quorum)
