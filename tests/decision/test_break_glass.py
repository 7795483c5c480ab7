"""May this caller pass at once what would be held?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from countersign.decision import break_glass
from countersign.decision.verdict import Deny
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import AccessRule, ApprovalRule, BreakGlassRule, Condition, Rulebook, Source, Who
from countersign.schema_change import SchemaDiff
from tests.decision.rules import ALL, DAYTIME, NIGHT, rule

type Ask = Callable[..., BreakGlassRule | Deny]

ON_CALL = Who(groups=("on-call",))


def opening(
    name: str = "on-call",
    who: Who = ON_CALL,
    when: Condition | None = None,
    reviewers: tuple[str, ...] = ("group:leads",),
    line: int = 70,
) -> BreakGlassRule:
    """A break-glass rule, and what the test changes."""
    return BreakGlassRule(name, who, when or Condition(), reviewers, Source("approval.yaml", line))


@pytest.fixture
def ask(
    a_caller: Callable[..., Caller],
    an_operation: Callable[..., Operation],
    a_diff: Callable[..., SchemaDiff],
    rules_of: Callable[..., Rulebook],
) -> Ask:
    """Asks for a narrowing register of orders-value on prod, which is held, with what the test changes."""

    def ask_for(
        *opened: BreakGlassRule,
        people: Iterable[str] = ("ann",),
        groups: Iterable[str] = ("on-call",),
        approval: Iterable[ApprovalRule] = (rule("hold"),),
        access: Iterable[AccessRule] = (ALL,),
        effect: str = "register",
        now: float = 1_500.0,
    ) -> BreakGlassRule | Deny:
        caller = a_caller(people=people, groups=groups)
        diff = a_diff(("required-added", "narrows"), ("title-changed", "none"), backward="breaking")
        return break_glass(caller, "prod", an_operation(effect), diff, rules_of(access, approval, opened), now)

    return ask_for


def test_who_is_named_may_break_the_glass(ask: Ask) -> None:
    """The answer is the rule: it says who reviews."""
    assert ask(opening()) == opening()


def test_the_first_rule_that_fits_opens_it(ask: Ask) -> None:
    """One that speaks of other callers or other changes is passed over."""
    others = opening("others", Who(people=("bob",)), line=1)
    deletes = opening("deletes", when=Condition(effects=("delete",)), line=2)
    assert ask(others, deletes, opening(line=3), opening("later", line=4)) == opening(line=3)


@pytest.mark.parametrize(
    "changed",
    [
        {"groups": ("developers",)},
        {"effect": "delete"},
        {"now": -3_600.0},  # in the night before
    ],
)
def test_who_is_not_named_is_told_to_ask_for_approval(ask: Ask, changed: dict[str, object]) -> None:
    """Another caller, another operation, another time: closed, with the way on."""
    only = opening(when=Condition(effects=("register",), during=(DAYTIME,)))
    assert ask(only) == only
    answer = ask(only, **changed)
    assert isinstance(answer, Deny)
    assert answer.reason == (
        "you are not among those who may break the glass here; "
        "send it without Countersign-Break-Glass to ask for approval"
    )
    assert ask(opening(when=Condition(during=(NIGHT,)))) == answer


def test_without_a_rule_nobody_may(ask: Ask) -> None:
    """Closed is the default."""
    assert isinstance(ask(), Deny)


def test_with_nobody_behind_the_caller_nobody_could_review(ask: Ask) -> None:
    """A token of no person could be the reviewer's own; mapped to a person, it opens."""
    answer = ask(opening(), people=())
    assert isinstance(answer, Deny)
    assert "nobody else could review it; map this token to a person in identity.yaml" in answer.reason
    assert ask(opening(), people=("ann",)) == opening()


def test_who_would_review_their_own_change_may_not(ask: Ask) -> None:
    """Reviewers who all stand behind the request leave it open forever; one more and it opens."""
    alone = opening(reviewers=("person:ann",))
    answer = ask(alone)
    assert isinstance(answer, Deny)
    assert answer.rule == alone.source
    assert isinstance(ask(opening(reviewers=("person:ann", "person:bob")), people=("ann", "bob")), Deny)
    for reviewers in (("person:ann", "person:bob"), ("person:ann", "group:leads")):
        assert ask(opening(reviewers=reviewers)) == opening(reviewers=reviewers)


@pytest.mark.parametrize("approval", [(rule("deny"),), (), (rule("deny", Condition(during=(DAYTIME,))), rule("hold"))])
def test_what_is_denied_cannot_be_broken(ask: Ask, approval: tuple[ApprovalRule, ...]) -> None:
    """A deny rule, no rule at all, a freeze that denies: the glass is for holds. Written as a hold, a freeze opens."""
    answer = ask(opening(), approval=approval)
    assert isinstance(answer, Deny)
    assert "glass" not in answer.reason
    assert ask(opening(), approval=(rule("hold", Condition(during=(DAYTIME,))), rule("deny"))) == opening()


def test_no_right_is_broken_either(ask: Ask) -> None:
    """Nor an expired token, nor access.yaml."""
    assert isinstance(ask(opening(), access=()), Deny)
    assert isinstance(ask(opening(), now=2_000.0), Deny)
    assert ask(opening(), now=1_999.0) == opening()


@pytest.mark.parametrize("changed", [{"approval": (rule("allow"),)}, {"effect": "data"}])
def test_what_passes_anyway_is_no_exception(ask: Ask, changed: dict[str, object]) -> None:
    """Nothing to review afterwards: the caller is told to leave the header away."""
    answer = ask(opening(), **changed)
    assert isinstance(answer, Deny)
    assert "passes without" in answer.reason


def test_a_rule_must_speak_of_every_change(ask: Ask) -> None:
    """What is urgent does not carry another change through; a rule that speaks of both opens."""
    assert isinstance(ask(opening(when=Condition(kinds=("required-*",)))), Deny)
    both = Condition(kinds=("required-*", "title-*"))
    assert ask(opening(when=both)) == opening(when=both)
