"""Whose signatures a hold asks for, in each of its three forms."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.rulebook.values import Requirement
from tests.rulebook.conftest import RulesDirectory

SECURITY = Requirement(1, ("group:security",))
TEAMS = Requirement(2, ("group:data", "group:platform"))


def hold(rules: RulesDirectory, form: str) -> None:
    """One rule that holds everything, with `form` as YAML flow members from line 6 on."""
    rules.write("approval.yaml", f"rules:\n  - name: one\n    when: {{}}\n    verdict: hold\n    {form}\n")


def people(*names: str) -> str:
    """A list of approvers who are known people."""
    return "[" + ", ".join(f"'person:{name}'" for name in names) + "]"


@pytest.fixture
def rules(rules: RulesDirectory) -> RulesDirectory:
    """With carol, besides alice and bob."""
    text = (rules.path / "identity.yaml").read_text(encoding="utf-8")
    mark = "{ issuer: https://idp.example.com, claim: email, value: carol@example.com }"
    rules.write("identity.yaml", f"{text}  - person: carol\n    marks: [{mark}]\n")
    return rules


@pytest.mark.parametrize(
    ("form", "alternatives"),
    [
        ("approvers: ['group:security']", ((SECURITY,),)),
        ("{quorum: 2, approvers: ['group:data', 'group:platform']}", ((TEAMS,),)),
        (
            "all_of: [{approvers: ['group:security']}, {approvers: ['group:data', 'group:platform'], quorum: 2}]",
            ((SECURITY, TEAMS),),
        ),
        (
            "any_of: [{approvers: ['group:data', 'group:platform'], quorum: 2}, {all_of: [{approvers: ['group:security']}]}]",
            ((TEAMS,), (SECURITY,)),
        ),
    ],
)
def test_the_three_forms(rules: RulesDirectory, form: str, alternatives: tuple[tuple[Requirement, ...], ...]) -> None:
    """The short form and `all_of` are one alternative, `any_of` several."""
    hold(
        rules,
        form.strip("{}").replace("quorum: 2, approvers", "quorum: 2\n    approvers", 1) if form[0] == "{" else form,
    )
    (rule,) = rules.load().approval
    assert rule.alternatives == alternatives


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("all_of: []", "approval.yaml:5: rules[1].all_of is empty"),
        ("any_of: []", "approval.yaml:5: rules[1].any_of is empty"),
        ("all_of: [{quorum: 1}]", "rules[1].all_of[1] needs the key 'approvers'"),
        ("all_of: [{approvers: ['x']}]", "all_of[1].approvers[1] is not well formed"),
        ("all_of: [{approver: ['group:x']}]", "unknown key 'approver' (did you mean 'approvers'?)"),
        ("any_of: [{quorum: 2}]", "rules[1].any_of[1] must have exactly one of approvers, all_of"),
        (
            "any_of: [{approvers: ['group:x'], all_of: [{approvers: ['group:x']}]}]",
            "must have exactly one of approvers",
        ),
        ("any_of: [{quorum: 2, all_of: [{approvers: ['group:x']}]}]", "any_of[1] has 'quorum' without 'approvers'"),
        ("any_of: [{any_of: [{approvers: ['group:x']}]}]", "unknown key 'any_of'"),
        (
            f"any_of: [{{approvers: ['group:x'], quorum: {limits.MAX_QUORUM + 1}}}]",
            "any_of[1].quorum must be at most 10",
        ),
        (
            f"all_of: [{', '.join(['{approvers: [x]}'.replace('x', 'group:x')] * (limits.MAX_REQUIREMENTS + 1))}]",
            "rules[1].all_of has more than 10 entries",
        ),
        (
            f"any_of: [{', '.join(['{approvers: [x]}'.replace('x', 'group:x')] * (limits.MAX_ALTERNATIVES + 1))}]",
            "rules[1].any_of has more than 10 entries",
        ),
    ],
)
def test_another_form_is_refused(rules: RulesDirectory, form: str, problem: str) -> None:
    """With the place and the remedy."""
    hold(rules, form)
    assert any(problem in found for found in rules.problems()), rules.problems()


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        (
            f"all_of:\n    - {{approvers: ['group:x']}}\n    - {{approvers: {people('bob')}, quorum: 2}}",
            "approval.yaml:7: 2 people must sign, and 1 are named",
        ),
        (
            f"any_of:\n    - {{approvers: ['group:x']}}\n    - {{approvers: {people('bob', 'alice')}, quorum: 3}}",
            "approval.yaml:7: 3 people must sign, and 2 are named",
        ),
        (
            f"all_of: [{{approvers: {people('bob')}}}, {{approvers: ['group:x']}}, {{approvers: {people('bob')}}}]",
            "approval.yaml:2: 2 different people must sign, and those who are named can be only 1 of them",
        ),
        (
            # four places, three people; every two of these lists could be filled
            f"any_of:\n    - approvers: ['group:x']\n    - all_of: [{{approvers: {people('bob', 'alice')}, quorum: 2}}, "
            f"{{approvers: {people('alice', 'carol')}}}, {{approvers: {people('bob', 'carol')}}}]",
            "approval.yaml:7: 4 different people must sign, and those who are named can be only 3 of them",
        ),
    ],
)
def test_what_the_named_people_can_never_fill_is_refused(rules: RulesDirectory, form: str, problem: str) -> None:
    """It would wait until it expires, whoever signs; the place is the list, the alternative or the rule."""
    hold(rules, form)
    (found,) = rules.problems()
    assert found.startswith(problem)
    assert "name more people or a group, or lower the quorum" in found


@pytest.mark.parametrize(
    "form",
    [
        f"all_of: [{{approvers: {people('bob')}}}, {{approvers: {people('bob', 'alice')}}}]",
        # the first list may only be filled if the ones after it are looked at
        f"all_of: [{{approvers: {people('bob', 'alice')}}}, {{approvers: {people('bob', 'carol')}}}, "
        f"{{approvers: {people('bob')}}}]",
        f"all_of: [{{approvers: {people('bob')}}}, {{approvers: ['group:x', 'person:bob'], quorum: 5}}]",
        f"any_of: [{{approvers: {people('bob')}}}, {{approvers: {people('bob')}}}]",
        f"all_of: [{{approvers: {people('bob', 'alice', 'carol')}, quorum: 2}}, {{approvers: {people('carol')}}}]",
    ],
)
def test_what_distinct_people_can_fill_passes(rules: RulesDirectory, form: str) -> None:
    """The same people may be named twice, as long as there are enough; a group may hold any number."""
    hold(rules, form)
    assert rules.load().approval[0].alternatives
