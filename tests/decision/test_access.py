"""Rights: deny beats allow, and where nothing allows, the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import permutations
from typing import Literal

import pytest

from countersign.decision.access import covers, may
from countersign.decision.verdict import Allow, Deny
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import AccessRule, Effect, Source, Who

type MakeCaller = Callable[..., Caller]
type MakeOperation = Callable[..., Operation]


def rule(
    verdict: Literal["allow", "deny"] = "allow",
    *,
    who: Who = Who(everyone=True),  # noqa: B008  a frozen value
    connections: Iterable[str] = ("prod",),
    subjects: Iterable[str] = ("orders-*",),
    effects: Iterable[Effect] = ("register", "read"),
    line: int = 1,
) -> AccessRule:
    """An access rule that lets everyone register `orders-*` on `prod`, unless told otherwise."""
    return AccessRule(
        f"{verdict}-{line}",
        verdict,
        who,
        tuple(connections),
        tuple(subjects),
        tuple(effects),
        Source("access.yaml", line),
    )


def test_without_a_rule_the_answer_is_deny(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """No rules: denied, by no rule, and the reason names the caller, the place and the remedy; one rule lets it in."""
    caller, operation = a_caller(), an_operation()
    answer = may(caller, "prod", operation, [])
    assert isinstance(answer, Deny)
    assert answer.rule is None
    assert caller.label in answer.reason
    assert "'orders-value' of prod" in answer.reason
    assert "ask the gateway's operators" in answer.reason
    assert isinstance(may(caller, "prod", operation, [rule()]), Allow)


@pytest.mark.parametrize(
    "other",
    [
        rule(connections=["staging"]),
        rule(subjects=["payments-*"]),
        rule(effects=["read"]),
        rule(who=Who(groups=("leads",))),
        rule(connections=[]),
        rule(subjects=[]),
        rule(effects=[]),
        rule(who=Who()),
    ],
)
def test_every_part_of_a_rule_must_fit(other: AccessRule, a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """One part that does not fit (or is empty) and the rule does not allow."""
    assert isinstance(may(a_caller(), "prod", an_operation(), [other]), Deny)


def test_deny_beats_allow_in_any_order(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """One deny rule that fits outweighs every allow, first or last; its source is in the answer."""
    deny = rule("deny", line=9)
    for rules in permutations([rule(line=1), deny, rule(line=2)]):
        assert may(a_caller(), "prod", an_operation(), rules) == Deny("the rule 'deny-9' denies it", deny.source)
    elsewhere = replace(deny, subjects=("payments-*",))
    assert isinstance(may(a_caller(), "prod", an_operation(), [rule(), elsewhere]), Allow)


def test_a_deny_rule_alone_allows_nobody_else(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """Not to be denied is not to be allowed."""
    deny = rule("deny", who=Who(people=("zoe",)))
    assert isinstance(may(a_caller(people=["ann"]), "prod", an_operation(), [deny]), Deny)


def test_the_first_allow_rule_is_named(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """Of several rules that allow, the answer names the first."""
    answer = may(a_caller(), "prod", an_operation(), [rule(line=4), rule(line=5)])
    assert answer == Allow("the rule 'allow-4' allows it", Source("access.yaml", 4))


def test_an_operation_on_the_service_needs_a_star(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """Subject None is covered by `*` alone, not by a glob that would match any name."""
    operation = an_operation(subject=None)
    for subjects in (["orders-*"], ["**"], ["?*"], ["None"], [""]):
        answer = may(a_caller(), "prod", operation, [rule(subjects=subjects)])
        assert isinstance(answer, Deny), subjects
        assert "the service as a whole" in answer.reason
    assert isinstance(may(a_caller(), "prod", operation, [rule(subjects=["orders-*", "*"])]), Allow)


@pytest.mark.parametrize(
    ("globs", "subject", "covered"),
    [
        (["orders-*"], "orders-value", True),
        (["orders-*"], "orders-", True),
        (["orders-*"], "my-orders-value", False),
        (["orders-*"], "Orders-value", False),
        (["orders-value"], "orders-value2", False),
        (["orders-value"], "orders-value\n", False),
        (["a", "b"], "b", True),
        (["a?"], "ab", True),
        (["a?"], "abc", False),
        (["*"], "team/orders\nvalue", True),
        (["*"], "", True),
        ([], "orders-value", False),
        ([], None, False),
        (["*"], None, True),
    ],
)
def test_subjects_are_globs(globs: list[str], subject: str | None, covered: bool) -> None:
    """A glob must fit the whole subject, with its case; an empty list covers nothing."""
    assert covers(globs, subject) is covered


def test_connections_are_globs(a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """`prod-*` speaks of prod-eu and not of prod."""
    rules = [rule(connections=["prod-*"])]
    assert isinstance(may(a_caller(), "prod-eu", an_operation(), rules), Allow)
    assert isinstance(may(a_caller(), "prod", an_operation(), rules), Deny)
