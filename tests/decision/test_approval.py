"""Does an allowed change need signatures?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.decision.approval import decide
from countersign.decision.verdict import Allow, Deny, Hold
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import AccessRule, ApprovalRule, Condition, Effect, Requirement, Rulebook, Source
from countersign.schema_change import SchemaDiff
from tests.decision.rules import (
    ALL,
    DAYTIME,
    EFFECTS,
    NIGHT,
    VERDICTS,
    access_rules,
    approval_rules,
    changes,
    may_let_through,
    rule,
)

type MakeCaller = Callable[..., Caller]
type MakeOperation = Callable[..., Operation]
type MakeDiff = Callable[..., SchemaDiff]
type MakeRules = Callable[..., Rulebook]

NOW = 1_500.0


@pytest.fixture
def ask(
    a_caller: MakeCaller, an_operation: MakeOperation, a_diff: MakeDiff, rules_of: MakeRules
) -> Callable[..., Allow | Deny | Hold]:
    """Asks for a decision on a register of orders-value on prod, with what the test changes."""
    narrowed, ann, register = a_diff(("required-added", "narrows"), backward="breaking"), a_caller(), an_operation()

    def decide_on(
        *approval: ApprovalRule,
        diff: SchemaDiff | None = narrowed,
        caller: Caller = ann,
        operation: Operation = register,
        access: Iterable[AccessRule] = (ALL,),
        connection: str = "prod",
        now: float = NOW,
    ) -> Allow | Deny | Hold:
        return decide(caller, connection, operation, diff, rules_of(access, approval), now)

    return decide_on


type Ask = Callable[..., Allow | Deny | Hold]


# -- before any approval rule -----------------------------------------------------------------------------------------


def test_a_token_that_has_expired_decides_nothing(ask: Ask, a_caller: MakeCaller) -> None:
    """At its expiry the token is void, one moment earlier it is good."""
    caller = a_caller(expires_at=1_500)
    answer = ask(rule("allow"), caller=caller, now=1_500.0)
    assert isinstance(answer, Deny)
    assert "fresh" in answer.reason
    assert isinstance(ask(rule("allow"), caller=caller, now=1_499.999), Allow)


def test_the_leeway_of_the_issuer_counts_here_too(ask: Ask, a_caller: MakeCaller) -> None:
    """A token that the verifier still accepts may change schemas, and not a moment longer."""
    caller = replace(a_caller(expires_at=1_500), leeway_seconds=30)
    assert isinstance(ask(rule("allow"), caller=caller, now=1_529.9), Allow)
    assert isinstance(ask(rule("allow"), caller=caller, now=1_530.0), Deny)


def test_an_expired_token_cannot_even_read(ask: Ask, a_caller: MakeCaller, an_operation: MakeOperation) -> None:
    """Expiry is asked before access, for reads too."""
    answer = ask(caller=a_caller(expires_at=1_500), operation=an_operation("read"), now=1_500.0)
    assert isinstance(answer, Deny)


def test_who_has_no_right_gets_no_approval_either(ask: Ask) -> None:
    """Access comes first: its denial stands whatever the approval rules say."""
    answer = ask(rule("allow"), access=())
    assert isinstance(answer, Deny)
    assert "access.yaml" in answer.reason
    assert isinstance(ask(rule("allow")), Allow)


@pytest.mark.parametrize("effect", ["read", "data"])
def test_reads_and_data_are_decided_by_access_alone(effect: str, ask: Ask, an_operation: MakeOperation) -> None:
    """Neither the lack of approval rules nor a deny among them stops a read or data that access allows."""
    operation = an_operation(effect)
    assert ask(operation=operation, diff=None) == Allow("the rule 'all' allows it", ALL.source)
    assert isinstance(ask(rule("deny"), operation=operation), Allow)
    assert isinstance(ask(rule("allow"), operation=operation, access=()), Deny)


@pytest.mark.parametrize("effect", ["register", "update", "delete", "settings"])
def test_a_change_that_no_rule_speaks_of_is_denied(effect: str, ask: Ask, an_operation: MakeOperation) -> None:
    """Every effect that changes something falls through to Deny, and one rule lets it pass."""
    operation = an_operation(effect)
    answer = ask(operation=operation)
    assert isinstance(answer, Deny)
    assert answer.rule is None
    assert "approval.yaml" in answer.reason
    assert isinstance(ask(rule("allow"), operation=operation), Allow)


# -- the rules, in order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "answer"), [("allow", Allow), ("deny", Deny), ("hold", Hold)])
def test_the_first_rule_that_fits_decides(
    first: Literal["allow", "deny", "hold"], answer: type[Allow | Deny | Hold], ask: Ask
) -> None:
    """What stands below it does not matter, and it is the one named."""
    verdict = ask(rule(first, line=3), rule("deny", line=4), rule("allow", line=5))
    assert isinstance(verdict, answer)
    assert verdict.rule == Source("approval.yaml", 3)


@pytest.mark.parametrize(
    "when",
    [
        Condition(connections=("staging",)),
        Condition(subjects=("payments-*",)),
        Condition(effects=("delete",)),
        Condition(kinds=("title-*",)),
        Condition(change_effects=("widens",)),
        Condition(backward=("compatible",)),
        Condition(forward=("breaking", "unknown")),
        Condition(connections=("prod",), subjects=("orders-*",), effects=("register",), backward=("unknown",)),
        Condition(kinds=("required-*",), change_effects=("widens",)),
        Condition(connections=()),
        Condition(subjects=()),
        Condition(during=(NIGHT,)),
        Condition(outside=(DAYTIME,)),
        Condition(during=(DAYTIME,), outside=(NIGHT, DAYTIME)),
    ],
)
def test_a_rule_fits_only_when_all_of_its_condition_holds(when: Condition, ask: Ask) -> None:
    """One part that does not hold and the next rule decides."""
    assert ask(rule("allow", when, line=1), rule("deny", line=2)) == Deny(
        "the rule 'deny-2' denies it", Source("approval.yaml", 2)
    )


@pytest.mark.parametrize(
    "when",
    [
        Condition(connections=("staging", "pr*")),
        Condition(subjects=("payments-*", "orders-*")),
        Condition(effects=("delete", "register")),
        Condition(kinds=("title-*", "required-*")),
        Condition(change_effects=("widens", "narrows")),
        Condition(backward=("unknown", "breaking"), forward=("compatible",)),
        Condition(kinds=("required-added",), change_effects=("narrows",), backward=("breaking",)),
        Condition(during=(NIGHT, DAYTIME)),
        Condition(outside=(NIGHT,)),
        Condition(during=(DAYTIME,), outside=(NIGHT,)),
    ],
)
def test_any_entry_of_one_list_of_a_condition_is_enough(when: Condition, ask: Ask) -> None:
    """Within one list any entry holds."""
    assert isinstance(ask(rule("allow", when)), Allow)


def test_a_change_of_the_service_as_a_whole_needs_a_star(ask: Ask, an_operation: MakeOperation) -> None:
    """An approval rule for some subjects does not speak of the service's own settings."""
    operation = an_operation("settings", None)
    assert isinstance(ask(rule("allow", Condition(subjects=("orders-*",))), operation=operation, diff=None), Deny)
    assert isinstance(ask(rule("allow", Condition(subjects=("*",))), operation=operation, diff=None), Allow)


# -- what a rule says of changes --------------------------------------------------------------------------------------

HARMLESS = ("title-changed", "none")
HARMFUL = ("required-added", "narrows")
SAYS_HARMLESS = [Condition(kinds=("title-*",)), Condition(change_effects=("none",))]


@pytest.mark.parametrize("when", SAYS_HARMLESS)
def test_a_harmless_change_does_not_carry_a_harmful_one_through(when: Condition, ask: Ask, a_diff: MakeDiff) -> None:
    """An allow rule that speaks of one change only does not fit two; of each change, it does."""
    assert isinstance(ask(rule("allow", when), diff=a_diff(HARMLESS, HARMFUL)), Deny)
    assert isinstance(ask(rule("allow", when), diff=a_diff(HARMFUL, HARMLESS)), Deny)
    assert isinstance(ask(rule("allow", when), diff=a_diff(HARMLESS, HARMLESS)), Allow)


def test_an_allow_rule_needs_kind_and_effect_of_the_same_change(ask: Ask, a_diff: MakeDiff) -> None:
    """A kind from one change and an effect from another do not add up."""
    when = Condition(kinds=("title-*", "enum-*"), change_effects=("none", "widens"))
    assert isinstance(ask(rule("allow", when), diff=a_diff(HARMLESS, ("enum-extended", "narrows"))), Deny)
    assert isinstance(ask(rule("allow", when), diff=a_diff(HARMLESS, ("enum-extended", "widens"))), Allow)
    mixed = Condition(kinds=("title-*",), change_effects=("narrows",))
    assert not isinstance(ask(rule("hold", mixed), diff=a_diff(HARMLESS, HARMFUL)), Hold)


@pytest.mark.parametrize(("verdict", "answer"), [("hold", Hold), ("deny", Deny)])
@pytest.mark.parametrize("when", [Condition(kinds=("required-*",)), Condition(change_effects=("narrows",))])
def test_one_harmful_change_is_enough_to_hold_or_deny(
    verdict: Literal["hold", "deny"], answer: type[Hold | Deny], when: Condition, ask: Ask, a_diff: MakeDiff
) -> None:
    """A hold or deny rule fits when any change does, however many harmless ones stand around it."""
    rules = (rule(verdict, when, line=1), rule("allow", line=2))
    caught = ask(*rules, diff=a_diff(HARMLESS, HARMFUL, HARMLESS))
    assert isinstance(caught, answer)
    assert caught.rule == Source("approval.yaml", 1)
    assert isinstance(ask(*rules, diff=a_diff(HARMLESS, HARMLESS)), Allow)


@pytest.mark.parametrize("when", SAYS_HARMLESS)
def test_an_unchanged_schema_has_no_change_that_a_rule_must_fear(when: Condition, ask: Ask, a_diff: MakeDiff) -> None:
    """No changes and compatible both ways: an allow rule fits, a hold or deny rule that names changes does not."""
    assert isinstance(ask(rule("allow", when), diff=a_diff()), Allow)
    assert isinstance(ask(rule("hold", when), rule("allow", line=2), diff=a_diff()), Allow)
    assert isinstance(ask(rule("deny", when), rule("allow", line=2), diff=a_diff()), Allow)


@pytest.mark.parametrize("verdict", ["unknown", "breaking"])
@pytest.mark.parametrize(("side", "seems"), [("backward", "widens"), ("forward", "narrows")])
def test_changes_that_only_together_break_something_are_not_harmless(
    side: str, seems: str, verdict: str, ask: Ask, a_diff: MakeDiff
) -> None:
    """Not compatible, and no change says why: one more change of unknown effect, to allow and to hold alike."""
    effects = ("none", seems)
    for seeming in ((), (HARMLESS,), (HARMLESS, ("tuple-item-removed", seems))):
        found = a_diff(*seeming, **{side: verdict})
        for when in (Condition(kinds=("t*",)), Condition(change_effects=effects)):
            assert isinstance(ask(rule("allow", when), diff=found), Deny)
            assert isinstance(ask(rule("allow", when), diff=a_diff(*seeming)), Allow)
        assert isinstance(ask(rule("allow", Condition(change_effects=(*effects, "unknown"))), diff=found), Allow)
        hold = rule("hold", Condition(change_effects=("unknown",)))
        assert isinstance(ask(hold, rule("allow", line=2), diff=found), Hold)
        assert isinstance(ask(hold, rule("allow", line=2), diff=a_diff(*seeming)), Allow)


@pytest.mark.parametrize(("side", "effect"), [("backward", "narrows"), ("forward", "widens")])
@pytest.mark.parametrize("both", [False, True])
def test_a_verdict_that_a_change_explains_asks_for_no_more(
    side: str, effect: str, both: bool, ask: Ask, a_diff: MakeDiff
) -> None:
    """A rule that speaks of the change which breaks it has spoken of all there is."""
    effect = "narrows-and-widens" if both else effect
    found = a_diff(HARMLESS, ("type-changed", effect), **{side: "breaking"})
    assert isinstance(ask(rule("allow", Condition(change_effects=("none", effect))), diff=found), Allow)
    assert isinstance(ask(rule("allow", Condition(kinds=("title-*", "type-*"))), diff=found), Allow)


@pytest.mark.parametrize(
    "when",
    [
        Condition(kinds=("*",)),
        Condition(change_effects=("none", "widens", "narrows", "narrows-and-widens", "unknown")),
        Condition(backward=("compatible", "breaking", "unknown")),
        Condition(forward=("compatible", "breaking", "unknown")),
    ],
)
@pytest.mark.parametrize("verdict", ["allow", "hold", "deny"])
def test_an_operation_without_a_schema_fits_no_rule_about_changes(
    when: Condition, verdict: Literal["allow", "hold", "deny"], ask: Ask, an_operation: MakeOperation
) -> None:
    """A delete has no diff: only a rule that says nothing of changes speaks of it."""
    operation = an_operation("delete")
    last = rule("hold", Condition(effects=("delete",)), quorum=2, line=2)
    answer = ask(rule(verdict, when, line=1), last, diff=None, operation=operation)
    assert isinstance(answer, Hold)
    assert answer.approval is last


# -- holding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quorum", "words"), [(1, "one other person's approval"), (2, "approval of 2 other people")])
def test_a_hold_says_how_many_must_sign(quorum: int, words: str, ask: Ask) -> None:
    """The answer carries the rule, and its reason the number of people."""
    held = rule("hold", quorum=quorum)
    answer = ask(held)
    assert isinstance(answer, Hold)
    assert answer.approval is held
    assert words in answer.reason


def test_a_hold_says_whose_signatures_it_needs_together(ask: Ask) -> None:
    """Where several must agree, all of them are named."""
    both = (Requirement(1, ("group:security",)), Requirement(1, ("group:data", "group:platform")))
    answer = ask(replace(rule("hold"), alternatives=(both,)))
    assert isinstance(answer, Hold)
    assert answer.reason == "the rule 'hold-1' asks for one of group:security and one of group:data or group:platform"


def test_a_hold_names_the_right_that_let_it_come_so_far(ask: Ask) -> None:
    """An auditor asks for both rules: why it could be asked for, and why it was held."""
    answer = ask(rule("hold"))
    assert isinstance(answer, Hold)
    assert answer.access == Allow("the rule 'all' allows it", ALL.source)


def test_a_hold_that_asks_nobody_is_a_denial(ask: Ask) -> None:
    """The loader makes no such rule; if there were one, nobody's signature would be enough."""
    assert isinstance(ask(replace(rule("hold"), alternatives=())), Deny)


def test_a_rule_for_a_time_decides_then_only(ask: Ask, a_caller: MakeCaller) -> None:
    """A freeze denies until it ends, and not a moment longer."""
    freeze, noon, caller = rule("deny", Condition(during=(DAYTIME,))), 12 * 3600.0, a_caller(expires_at=100_000)
    assert isinstance(ask(freeze, rule("allow", line=2), caller=caller, now=noon - 0.001), Deny)
    assert isinstance(ask(freeze, rule("allow", line=2), caller=caller, now=noon), Allow)


def test_with_nobody_behind_the_caller_there_is_no_other_person(ask: Ask, a_caller: MakeCaller) -> None:
    """A token mapped to no person is denied with the remedy, not held; mapped, it is held."""
    answer = ask(rule("hold"), caller=a_caller(people=[]))
    assert isinstance(answer, Deny)
    assert answer.rule == Source("approval.yaml", 1)
    assert "identity.yaml" in answer.reason
    assert isinstance(ask(rule("hold"), caller=a_caller(people=["ann"])), Hold)
    assert isinstance(ask(rule("allow"), caller=a_caller(people=[])), Allow)


# -- properties -------------------------------------------------------------------------------------------------------


@given(
    access=access_rules,
    approval=approval_rules,
    found=changes,
    with_diff=st.booleans(),
    backward=st.sampled_from(VERDICTS),
    forward=st.sampled_from(VERDICTS),
    effect=st.sampled_from(EFFECTS),
    subject=st.sampled_from(["orders-value", None]),
    people=st.sampled_from([("ann",), ("bob",), ()]),
    now=st.sampled_from([1_999.0, 2_000.0]),
)
def test_nothing_passes_that_no_rule_lets_through(
    access: list[AccessRule],
    approval: list[ApprovalRule],
    found: list[tuple[str, str]],
    with_diff: bool,
    backward: str,
    forward: str,
    effect: Effect,
    subject: str | None,
    people: tuple[str, ...],
    now: float,
    a_caller: MakeCaller,
    an_operation: MakeOperation,
    a_diff: MakeDiff,
    rules_of: MakeRules,
) -> None:
    """Whatever the rules: Allow only with a right and, for a change, a fitting allow rule; Hold only with a person."""
    caller, operation = a_caller(people=people, expires_at=2_000), an_operation(effect, subject)
    diff = a_diff(*found, backward=backward, forward=forward) if with_diff else None
    answer = decide(caller, "prod", operation, diff, rules_of(access, approval), now)
    assert answer.reason
    if isinstance(answer, Deny):
        return
    assert now < 2_000
    mine = [
        one
        for one in access
        if effect in one.effects
        and "*" in one.connections
        and ("*" in one.subjects or (subject == "orders-value" and "orders-*" in one.subjects))
        and (one.who.everyone or (one.who.people == ("ann",) and "ann" in people))
    ]
    assert mine
    assert all(one.verdict == "allow" for one in mine)
    if isinstance(answer, Hold):
        assert effect not in ("read", "data")
        assert people
        assert answer.approval in approval
        assert answer.approval.verdict == "hold"
    elif effect not in ("read", "data"):
        assert any(may_let_through(one, operation, diff, found) and one.source == answer.rule for one in approval)


@given(
    before=approval_rules, after=approval_rules, effect=st.sampled_from(["register", "update", "delete", "settings"])
)
def test_a_rule_below_a_full_stop_never_matters(
    before: list[ApprovalRule],
    after: list[ApprovalRule],
    effect: Effect,
    a_caller: MakeCaller,
    an_operation: MakeOperation,
    a_diff: MakeDiff,
    rules_of: MakeRules,
) -> None:
    """Whatever stands under a rule without a condition changes no decision."""
    stop = rule("deny", line=100)
    operation, diff = an_operation(effect), a_diff(HARMLESS, HARMFUL, backward="breaking")
    short = decide(a_caller(), "prod", operation, diff, rules_of([ALL], [*before, stop]), NOW)
    long = decide(a_caller(), "prod", operation, diff, rules_of([ALL], [*before, stop, *after]), NOW)
    assert short == long


# -- what nobody knows is risky ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", ["hold", "deny"])
@pytest.mark.parametrize(
    ("when", "change", "backward"),
    [
        (Condition(backward=("breaking",)), ("x", "unknown"), "unknown"),
        (Condition(change_effects=("narrows",)), ("x", "unknown"), "unknown"),
        (Condition(change_effects=("narrows",)), ("x", "narrows-and-widens"), "breaking"),
    ],
)
def test_a_guard_that_names_a_risk_also_stops_what_is_unknown(
    verdict: Literal["hold", "deny"],
    when: Condition,
    change: tuple[str, str],
    backward: str,
    ask: Ask,
    a_diff: MakeDiff,
) -> None:
    """Before an allow for everything, a hold or deny on `breaking` or `narrows` stops the unknown; proof lets it pass."""
    guarded = (rule(verdict, when), rule("allow", line=2))
    assert not isinstance(ask(*guarded, diff=a_diff(change, backward=backward)), Allow)
    assert isinstance(ask(*guarded, diff=a_diff(("title-changed", "none"))), Allow)


def test_an_allow_rule_is_read_as_it_stands(ask: Ask, a_diff: MakeDiff) -> None:
    """An allow that names `breaking` does not let the unknown through."""
    allowing = rule("allow", Condition(backward=("breaking",)))
    assert isinstance(ask(allowing, diff=a_diff(("x", "narrows"), backward="breaking")), Allow)
    assert isinstance(ask(allowing, diff=a_diff(("x", "unknown"), backward="unknown")), Deny)
