from __future__ import annotations

import pytest

from countersign.rulebook.values import AccessRule, Source, Who
from tests.rulebook.conftest import RulesDirectory

RULE = """rules:
  - name: one
    deny: [delete]
    who: {people: [bob], claims: [{claim: ref, value: refs/heads/*}]}
    connections: [example]
    subjects: [orders-*]
"""


def test_a_rule_is_read_whole(rules: RulesDirectory) -> None:
    """The verdict is the key that holds the effects; a claim without an issuer is any issuer's."""
    rules.write("access.yaml", RULE)
    assert rules.load().access == (
        AccessRule(
            "one",
            "deny",
            Who(people=("bob",), claims=(("*", "ref", "refs/heads/*"),)),
            ("example",),
            ("orders-*",),
            ("delete",),
            Source("access.yaml", 2),
        ),
    )


def test_no_rule_is_a_rulebook_that_refuses_everybody(rules: RulesDirectory) -> None:
    """An empty list is said, not left out."""
    rules.write("access.yaml", "rules: []\n")
    assert rules.load().access == ()
    rules.write("access.yaml", "rules:\n")
    assert "rules must be a list" in rules.problems()[0]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{people: [bob]", "{people: [bbo]", "the person 'bbo' is not in identity.yaml (did you mean 'bob'?)"),
        (
            "{claim: ref",
            "{issuer: https://x.example, claim: ref",
            "the issuer 'https://x.example' is not in identity.yaml",
        ),
        ("    deny: [delete]\n", "    deny: [delete]\n    allow: [read]\n", "must have exactly one of"),
        ("    deny: [delete]\n", "", "must have exactly one of"),
        ("[delete]", "[]", "deny is empty"),
        ("[orders-*]", "[]", "subjects is empty"),
        ("    subjects: [orders-*]\n", "", "needs the key 'subjects'"),
        ("{people: [bob], claims: [{claim: ref, value: refs/heads/*}]}", "{}", "who is empty"),
        ("people: [bob]", "everyone: true", "rules[1].who"),
        ("people: [bob]", "everyone: false", "rules[1].who"),
    ],
)
def test_a_mistake_in_a_rule_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """An empty `who` must never mean everybody, and a misspelt name never nobody."""
    rules.write("access.yaml", RULE)
    rules.replace("access.yaml", old, new)
    found = rules.problems()
    assert found[0].startswith("access.yaml:")
    assert problem in found[0]


def test_everyone_is_said_alone(rules: RulesDirectory) -> None:
    """The twin of the refused combinations."""
    rules.write("access.yaml", RULE)
    rules.replace("access.yaml", "{people: [bob], claims: [{claim: ref, value: refs/heads/*}]}", "{everyone: true}")
    assert rules.load().access[0].who == Who(everyone=True)


def test_rules_have_different_names(rules: RulesDirectory) -> None:
    """An explanation that names a rule names one rule."""
    rules.write("access.yaml", RULE + RULE.removeprefix("rules:\n"))
    assert rules.problems() == ["access.yaml:7: a second rule is named 'one' (the first: access.yaml:2)"]
    rules.write("access.yaml", RULE + RULE.removeprefix("rules:\n").replace("one", "two"))
    assert len(rules.load().access) == 2


def test_with_a_person_claim_any_name_may_be_a_person(rules: RulesDirectory) -> None:
    """The claim's value is the name, so that none can be called unknown."""
    rules.write("access.yaml", RULE.replace("bob", "carol@example.com"))
    assert "is not in identity.yaml" in rules.problems()[0]
    rules.replace("identity.yaml", "groups_claim: groups", "person_claim: email")
    assert rules.load().access[0].who.people == ("carol@example.com",)
