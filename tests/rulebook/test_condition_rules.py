"""Which windows a rule may name."""

from __future__ import annotations

import pytest

from tests.rulebook.conftest import RulesDirectory

TEXT = """rules:
  - name: one
    when: {during: [nights], outside: [lunch]}
    verdict: deny
break_glass:
  - name: two
    who: {groups: [on-call]}
    when: {outside: [lunch]}
    reviewers: ["group:leads"]
windows:
  - {name: nights, timezone: UTC, from: "22:00", until: "02:00"}
  - {name: lunch, timezone: UTC, from: "12:00", until: "13:00"}
"""


def test_windows_are_named_by_rules_of_both_kinds(rules: RulesDirectory) -> None:
    """In the order of the file, wherever they stand in it."""
    rules.write("approval.yaml", TEXT)
    rulebook = rules.load()
    when, opening = rulebook.approval[0].when, rulebook.break_glass[0].when
    assert [window.name for window in (*when.during, *when.outside)] == ["nights", "lunch"]
    assert ([window.name for window in opening.outside], opening.during) == (["lunch"], ())


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[nights]", "[night]", "approval.yaml:3: there is no window 'night' (did you mean 'nights'?)"),
        (
            "[nights]",
            "[\n      nights,\n      xyzzy]",
            "approval.yaml:5: there is no window 'xyzzy' (known here: lunch",
        ),
        ("when: {outside: [lunch]}", "when: {outside: [lnch]}", "approval.yaml:8: there is no window 'lnch'"),
        ("[nights]", "[]", "approval.yaml:3: rules[1].when.during is empty"),
        ("[nights]", "nights", "approval.yaml:3: rules[1].when.during must be a list"),
        ("[nights]", "[nights, nights]", "approval.yaml:3: rules[1].when.during has an entry twice"),
        ("[nights]", "[lunch]", "approval.yaml:3: when.outside takes away all of when.during"),
        ("during: [nights], outside", "durng: [nights], outside", "approval.yaml:3: unknown key 'durng' (did you mean"),
    ],
)
def test_a_mistake_in_a_condition_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """A rule that would never fit, or at other times than its author believes."""
    rules.write("approval.yaml", TEXT)
    rules.replace("approval.yaml", old, new)
    (found,) = rules.problems()
    assert found.startswith(problem)
