"""Automata of expressions, with Python's `re` as the oracle on harmless expressions."""

from __future__ import annotations

import re
from itertools import product

import pytest

from countersign.schema_change.automata import automaton, common_text
from countersign.schema_change.steps import OutOfSteps, Steps, unlimited

EXPRESSIONS = [
    "",
    "a",
    "^a",
    "b$",
    "^a|b$",
    "^(ab)*$",
    "a{2,3}",
    "^[^a]+$",
    "^.{2}$",
    "^(a|bc?)+$",
    "^a?b{0,2}$",
    "(ab){2}",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_agrees_with_re(expression: str) -> None:
    """Every text of up to four letters is judged as Python judges it."""
    built = automaton(expression, "python")
    assert built is not None
    for length in range(5):
        for letters in product("abc\n", repeat=length):
            text = "".join(letters)
            assert built.accepts(text, unlimited) is (re.search(expression, text) is not None), text


def find(
    wanted: list[str], unwanted: list[str], low: int = 0, high: int | None = None, excluded: tuple[str, ...] = ()
) -> str | None:
    yes, no = ([automaton(each, "ecma") for each in side] for side in (wanted, unwanted))
    return common_text(
        [each for each in yes if each],
        [each for each in no if each],
        low,
        high,
        excluded,
        unlimited,
    )


def test_common_text_is_a_shortest() -> None:
    """Wanted expressions are found in it, unwanted ones are not, and its length is as asked."""
    assert find(["^a", "b$"], []) == "ab"
    assert find(["^a", "b$"], ["ab"]) not in (None, "ab")
    assert find(["^(ab)*$"], [], low=3) == "abab"
    assert find(["^a*$"], [], excluded=("",)) == "a"


def test_no_common_text() -> None:
    """None is said only where there is none."""
    assert find(["^a+$"], ["a"]) is None
    assert find(["^a+$"], ["^[a-c]+$"]) is None
    assert find(["^(ab)*$"], [], low=1, high=1) is None
    assert find(["^[a-c]+$"], ["^a+$"]) is not None


def test_excluded_texts_are_left_out_one_by_one() -> None:
    """None is said where all texts are excluded, and one is found where one is left, whatever it has in common."""
    assert find(["^a$"], [], excluded=("a",)) is None
    assert find(["^[abc]$"], [], excluded=("a", "c")) == "b"
    assert find(["^[abc]$"], [], excluded=("a", "c", "b")) is None
    assert find(["^(foo|bar)?$"], [], excluded=("foo", "bar", "")) is None
    assert find(["^(foo|food)$"], [], excluded=("foo",)) == "food"
    assert find(["^a*$"], [], low=1, high=3, excluded=("a", "aa")) == "aaa"
    assert find(["^a*$"], [], high=2, excluded=("", "a", "aa", "\ud800")) is None
    many = tuple(f"v{number}" for number in range(1000))
    assert find(["^v[0-9]{1,3}$"], [], excluded=many) in ("v00", "v01", "v000")
    assert find(["^v(0|[1-9][0-9]{0,2})$"], [], excluded=many) is None


def test_hostile_expressions_end() -> None:
    """Counts of counts are not multiplied out, and a search ends after its steps."""
    assert automaton("^((((){9999}){9999}){9999})$", "ecma") is None
    assert automaton("^(((a{99}){99}){99})$", "ecma") is None
    backtracking = automaton("^(a+)+$", "ecma")
    assert backtracking is not None
    assert not backtracking.accepts("a" * 5000 + "b", unlimited)
    with pytest.raises(OutOfSteps):
        backtracking.accepts("a" * 5000, Steps(100).spend)
