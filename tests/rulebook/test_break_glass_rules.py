"""Who may pass at once what would be held."""

from __future__ import annotations

import pytest

from countersign.rulebook.values import BreakGlassRule, Condition, Source, Who
from tests.rulebook.conftest import RulesDirectory

TEXT = """rules: []
break_glass:
  - name: on-call
    who: {people: [bob], groups: [on-call], claims: [{issuer: https://idp.example.com, claim: sub, value: ops-*}]}
    when: {connections: [example], effects: [register]}
    reviewers: ["group:leads", "person:alice"]
"""


def test_a_rule_is_read_whole(rules: RulesDirectory) -> None:
    """Callers as in access.yaml, changes as in the rules above it."""
    rules.write("approval.yaml", TEXT)
    assert rules.load().break_glass == (
        BreakGlassRule(
            "on-call",
            Who(people=("bob",), groups=("on-call",), claims=(("https://idp.example.com", "sub", "ops-*"),)),
            Condition(connections=("example",), effects=("register",)),
            ("group:leads", "person:alice"),
            Source("approval.yaml", 3),
        ),
    )


def test_without_one_nobody_may(rules: RulesDirectory) -> None:
    """Left out or an empty list."""
    for text in ("rules: []\n", "rules: []\nbreak_glass: []\n"):
        rules.write("approval.yaml", text)
        assert rules.load().break_glass == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("people: [bob]", "everyone: true", "4: break_glass[1].who.everyone has no meaning here (Whoever breaks the"),
        ("people: [bob]", "people: [bbo]", "3: the person 'bbo' is not in identity.yaml (did you mean 'bob'?)"),
        ("person:alice", "person:alcie", "3: the person 'alcie' is not in identity.yaml (did you mean 'alice'?)"),
        ("issuer: https://idp.example.com", "issuer: https://x", "3: the issuer 'https://x' is not in identity.yaml"),
        ('["group:leads", "person:alice"]', "[]", "6: break_glass[1].reviewers is empty"),
        ('    reviewers: ["group:leads", "person:alice"]\n', "", "3: break_glass[1] needs the key 'reviewers'"),
        ("    when: {connections: [example], effects: [register]}\n", "", "3: break_glass[1] needs the key 'when'"),
        ("effects: [register]", "effects: [read]", "5: break_glass[1].when.effects[1] cannot be 'read'"),
        ("reviewers:", "reviewer:", "6: unknown key 'reviewer' (did you mean 'reviewers'?)"),
        (
            "{people: [bob], groups: [on-call], claims: [{issuer: https://idp.example.com, claim: sub, value: ops-*}]}",
            "{}",
            "4: break_glass[1].who is empty",
        ),
    ],
)
def test_a_mistake_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """Callers are named, and somebody has to review."""
    rules.write("approval.yaml", TEXT)
    rules.replace("approval.yaml", old, new)
    assert any(found.startswith(f"approval.yaml:{problem}") for found in rules.problems()), rules.problems()


def test_rules_have_different_names(rules: RulesDirectory) -> None:
    """The evidence names the one that was used; a rule of the other kind may share its name."""
    rules.write("approval.yaml", TEXT + TEXT.partition("break_glass:\n")[2])
    assert rules.problems() == [
        "approval.yaml:7: a second break-glass rule is named 'on-call' (the first: approval.yaml:3)"
    ]
    rules.write("approval.yaml", TEXT.replace("[]", "[{name: on-call, when: {}, verdict: deny}]", 1))
    assert len(rules.load().break_glass) == 1
