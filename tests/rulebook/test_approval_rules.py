from __future__ import annotations

import pytest

from countersign.rulebook.values import ApprovalRule, Condition, Requirement, Source
from tests.rulebook.conftest import RulesDirectory

RULE = """rules:
  - name: one
    when: {kinds: [required-*]}
    verdict: hold
    approvers: ["group:owners", "person:bob"]
"""


def test_a_hold_is_read_with_its_defaults(rules: RulesDirectory) -> None:
    """One signature, a day to give it, an hour to use it."""
    rules.write("approval.yaml", RULE)
    assert rules.load().approval == (
        ApprovalRule(
            "one",
            Condition(kinds=("required-*",)),
            "hold",
            ((Requirement(1, ("group:owners", "person:bob")),),),
            (),
            86400,
            3600,
            Source("approval.yaml", 2),
        ),
    )


def test_the_order_of_the_file_is_kept(rules: RulesDirectory) -> None:
    """The first rule that fits decides."""
    assert [rule.verdict for rule in rules.load().approval] == ["hold", "allow", "hold", "hold"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("verdict: hold", "verdict: hold\n    quorum: 0", "quorum must be at least 1"),
        (
            '    approvers: ["group:owners", "person:bob"]\n',
            "",
            "must have exactly one of approvers, all_of, any_of (A hold says who",
        ),
        ('["group:owners", "person:bob"]', "[]", "approvers is empty"),
        ('"group:owners"', '"owners"', "approvers[1] is not well formed (group:NAME or person:NAME)"),
        ('"person:bob"', '"person:bbo"', "the person 'bbo' is not in identity.yaml (did you mean 'bob'?)"),
        (
            '["group:owners", "person:bob"]',
            '["person:alice", "person:bob"]\n    quorum: 3',
            "3 people must sign, and 2 are named",
        ),
        (
            "verdict: hold",
            "verdict: hold\n    all_of: [{approvers: ['group:x']}]",
            "must have exactly one of approvers, all",
        ),
        ("    approvers: [", "    quorum: 1\n    all_of:\n    - approvers: [", "has 'quorum' without 'approvers'"),
        ("verdict: hold", "verdict: allow", "approvers has no meaning here"),
        ("verdict: hold", "verdict: hodl", "verdict cannot be 'hodl' (did you mean 'hold'?)"),
        ("verdict: hold", "verdict: hold\n    expires_seconds: 2592001", "expires_seconds must be at most 2592000"),
        ("kinds: [required-*]", "effects: [read]", "when.effects[1] cannot be 'read'"),
        ("kinds: [required-*]", "backward: [braking]", "(did you mean 'breaking'?)"),
    ],
)
def test_a_mistake_in_a_rule_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A hold that nobody could ever end, or that means nothing, is found at load."""
    rules.write("approval.yaml", RULE)
    rules.replace("approval.yaml", old, new)
    found = rules.problems()
    assert found[0].startswith("approval.yaml:")
    assert any(problem in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("verdict: hold", "verdict: hold\n    quorum: 3"),
        ('["group:owners", "person:bob"]', '["person:alice", "person:bob"]\n    quorum: 2'),
        ('verdict: hold\n    approvers: ["group:owners", "person:bob"]', "verdict: deny"),
    ],
)
def test_their_twins_pass(rules: RulesDirectory, old: str, new: str) -> None:
    """A group may hold any number of people."""
    rules.write("approval.yaml", RULE)
    rules.replace("approval.yaml", old, new)
    assert rules.load().approval


def test_a_rule_that_is_never_reached_is_refused(rules: RulesDirectory) -> None:
    """Its author believes that it does something."""
    catch_all = "  - {name: all, when: {}, verdict: deny}\n"
    rules.write("approval.yaml", RULE + catch_all)
    assert len(rules.load().approval) == 2
    rules.write("approval.yaml", "rules:\n" + catch_all + RULE.removeprefix("rules:\n"))
    assert rules.problems() == [
        "approval.yaml:3: the rule 'one' is never reached (move it above approval.yaml:2, which fits all)"
    ]


@pytest.mark.parametrize(
    "when",
    [
        '{connections: ["*", b], subjects: ["*"]}',
        "{effects: [delete, update, settings, register]}",
    ],
)
def test_what_speaks_of_everything_in_more_words_is_everything_too(rules: RulesDirectory, when: str) -> None:
    """And each rule after it is told, not only the next one."""
    rules.write("approval.yaml", f"rules:\n  - {{name: all, when: {when}, verdict: deny}}\n" + TWO)
    assert [problem.partition(" (")[0] for problem in rules.problems()] == [
        "approval.yaml:3: the rule 'two' is never reached",
        "approval.yaml:4: the rule 'three' is never reached",
    ]


@pytest.mark.parametrize(
    "when",
    [
        "{during: [w]}",
        "{outside: [w]}",
        "{effects: [delete, update, settings]}",
        '{subjects: ["a*"]}',
        '{kinds: ["*"]}',
    ],
)
def test_what_speaks_of_less_hides_no_rule(rules: RulesDirectory, when: str) -> None:
    """Not at every time, not every operation, not those without a schema."""
    rules.write("approval.yaml", f"rules:\n  - {{name: all, when: {when}, verdict: deny}}\n" + TWO + WINDOW)
    assert len(rules.load().approval) == 3


TWO = """  - {name: two, when: {kinds: [a]}, verdict: deny}
  - {name: three, when: {kinds: [b]}, verdict: deny}
"""
WINDOW = """windows:
  - {name: w, timezone: UTC, from: "22:00", until: "02:00"}
"""


def test_every_person_who_is_named_has_to_be_known(rules: RulesDirectory) -> None:
    """To sign alone, with others or instead of others, to break the glass, to review: six misspelt names, six problems."""
    rules.write("approval.yaml", NAMES)
    assert [problem.partition(" (")[0] for problem in rules.problems()] == [
        "approval.yaml:2: the person 'a1' is not in identity.yaml",
        "approval.yaml:3: the person 'a2' is not in identity.yaml",
        "approval.yaml:4: the person 'a3' is not in identity.yaml",
        "approval.yaml:4: the person 'a4' is not in identity.yaml",
        "approval.yaml:6: the person 'a5' is not in identity.yaml",
        "approval.yaml:6: the person 'a6' is not in identity.yaml",
    ]
    known = NAMES
    for number in range(1, 7):
        known = known.replace(f"a{number}", "bob" if number == 4 else "alice")
    rules.write("approval.yaml", known)
    assert len(rules.load().approval) == 3


NAMES = """rules:
  - {name: one, when: {kinds: [a]}, verdict: hold, approvers: ["person:a1"]}
  - {name: two, when: {kinds: [a]}, verdict: hold, all_of: [{approvers: ["group:x", "person:a2"]}]}
  - {name: three, when: {}, verdict: hold, any_of: [{approvers: ["person:a3"]}, {all_of: [{approvers: ["person:a4"]}]}]}
break_glass:
  - {name: four, who: {people: [a5]}, when: {}, reviewers: ["person:a6", "group:x"]}
"""


def test_rules_have_different_names(rules: RulesDirectory) -> None:
    """An approval names the rule that asked for it."""
    rules.write("approval.yaml", RULE + RULE.removeprefix("rules:\n"))
    assert "a second rule is named 'one'" in rules.problems()[0]
