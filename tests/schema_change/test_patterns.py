"""Which texts match a schema's expression."""

from __future__ import annotations

import pytest

from countersign.schema_change.patterns import matches, text_of
from countersign.schema_change.steps import unlimited


@pytest.mark.parametrize(
    ("expression", "text", "answer"),
    [
        ("^a", "ab", True),
        ("^a", "ba", False),
        ("^a$", "a\n", None),  # Python's `$` matches before a last line feed
        ("^.$", "\r", None),  # Python's dot takes a carriage return
        ("^\\w$", "é", None),
        ("^é$", "é", True),
        ("(?=a)", "a", None),
    ],
)
def test_matches(expression: str, text: str, answer: bool | None) -> None:
    """Where engines differ, or an expression is not understood, nothing is known."""
    assert matches(expression, text) is answer


def none(wanted: list[str], unwanted: list[str], low: int = 0, high: int | None = None) -> bool:
    return text_of(wanted, unwanted, low, high, (), unlimited)[0] == "none"


def test_none_holds_in_both_flavours() -> None:
    """ECMA-262 digits are those of ASCII, Python's are not: the wider reading counts."""
    assert none(["^[0-9]+$"], ["^\\d+\n?$"])
    assert not none(["^\\d+$"], ["^[0-9]+$"])
    assert none(["^a{3}$"], [], 5)
    assert not none(["^a{3}$"], [], 4)  # Python's `$` lets a line feed follow
    assert not none(["^a{3}$"], [], 3)


def test_unreadable_expressions_are_left_out() -> None:
    """One that is not understood never helps to prove that there is no text."""
    assert not none(["(?=a)^b$"], [])
    assert not none(["^b$"], ["(?=b)"])
    assert none(["^b$", "(?=a)"], ["b"])


def test_look_ahead_at_the_start() -> None:
    """What has to follow, and what must not, is judged together with the rest."""
    assert matches("^(?=.*a)(?!b).{2}$", "ca") is True
    assert matches("^(?=.*a)(?!b).{2}$", "cc") is False
    assert matches("^(?=.*a)(?!b).{2}$", "ba") is False
    assert matches("^a(?=b)", "ab") is None


def test_letters_of_other_scripts_prove_nothing() -> None:
    """Python's word characters are those of every script, of which one range of each is all that is known here."""
    assert text_of(["^[\u0436]$"], ["^\\W"], 1, 1, (), unlimited)[0] != "none"
    assert text_of(["^[\\u0436]$"], ["^\\W"], 1, 1, (), unlimited)[0] != "none"
    assert text_of(["^[#]$"], ["^\\W"], 1, 1, (), unlimited)[0] == "none"
