"""Values as a sentence names them."""

from __future__ import annotations

import pytest

from countersign.schema_change.quotation import listed, number, quoted
from countersign.strict_json import Json


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("EUR", '"EUR"'),
        ("", '""'),
        ('a"b\u202e', '"a\\"b\\u202e"'),
        ("ü", '"ü"'),
        (5, "5"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ({"pin": "1234"}, "an object"),
        (["1234"], "a list"),
        (10**15, "a long number"),
        (10**15 - 1, "999999999999999"),
        (float("nan"), "a long number"),
        ("x" * 40, '"' + "x" * 40 + '"'),
        ("x" * 41, '"' + "x" * 40 + '"… of 41 characters'),
    ],
)
def test_values(value: Json, words: str) -> None:
    """Scalars as JSON; what is long says so, and what is inside an object or a list is not said."""
    assert quoted(value) == words


def test_lists_leave_nothing_out() -> None:
    """A hundred values are a hundred values."""
    assert listed(["a", None, 3]) == '"a", null, 3'
    assert listed(range(100)).count(",") == 99


def test_numbers() -> None:
    """What is no number has none."""
    assert number(-3) == "-3"
    assert [number(value) for value in (True, "3", None, 10**400)] == [None] * 4
