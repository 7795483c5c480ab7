"""Look-ahead at the start of an expression, taken apart."""

from __future__ import annotations

import pytest

from countersign.schema_change.conjuncts import conjuncts


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("^(?=a)b$", [(True, "^(?:a)"), (True, "^b$")]),
        ("^(?!a|b)(?=[)]c)d", [(False, "^(?:a|b)"), (True, "^(?:[)]c)"), (True, "^d")]),
        ("^(?!\\\\)(x)(a|b)", [(False, "^(?:\\\\)"), (True, "^(x)(a|b)")]),
        ("^(?!(a(b)))", [(False, "^(?:(a(b)))"), (True, "^")]),
    ],
)
def test_look_ahead_comes_off(expression: str, parts: list[tuple[bool, str]]) -> None:
    """Each look-ahead is an expression of its own at the start, and so is the rest."""
    assert list(conjuncts(expression)) == parts


@pytest.mark.parametrize(
    "expression", ["a", "^a", "(?=a)b", "^(?=a)b|c", "^(?=a)*b", "^(?=a", "^(?=[]a])b", "^(?<=a)b"]
)
def test_everything_else_stays_whole(expression: str) -> None:
    """Where the look-ahead does not hold for all of the text, or engines differ, nothing is taken apart."""
    assert list(conjuncts(expression)) == [(True, expression)]
