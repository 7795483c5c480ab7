"""JSON values as JSON Schema sees them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from countersign.errors import TooLarge
from countersign.schema_change.json_values import (
    canonical,
    exact,
    is_number,
    is_same,
    kind_of,
    member_names,
)
from countersign.strict_json import Json


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "integer"),
        (0.5, "fraction"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_every_value_has_one_kind(value: Json, kind: str) -> None:
    """A float without a fraction is an integer, and true is no number."""
    assert kind_of(value) == kind


def test_draft_04_tells_floats_apart() -> None:
    """Where a dialect does not take 1.0 for an integer it has a kind of its own."""
    assert kind_of(1.0, float_integers=False) == "whole"
    assert kind_of(1, float_integers=False) == "integer"


def test_numbers_compare_mathematically() -> None:
    """1 equals 1.0, also deep inside; true equals neither."""
    assert is_same({"a": [1]}, {"a": [1.0]})
    assert not is_same(True, 1)
    assert not is_same([1, 2], [2, 1])
    assert canonical({"b": 1, "a": 2.0}) == canonical({"a": 2, "b": 1})


def test_booleans_are_no_numbers_anywhere_inside() -> None:
    """`[1]` equals `[1.0]` and not `[true]`, however deep."""
    for one, other in ((1, True), (0, False), (1.0, True)):
        assert not is_same({"a": [{"b": one}], "c": 0}, {"a": [{"b": other}], "c": 0})
        assert is_same({"a": [{"b": one}, True]}, {"a": [{"b": one}, True]})
    assert is_same({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2.0}]})
    assert not is_same({"a": 1}, {"a": 1, "b": 1})


def test_names_of_members() -> None:
    """All of them, at every depth, of a value that is not too large."""
    value: Json = {"a": [1, {"b": {"c": []}}], "d": "e"}
    assert member_names(value, 8) == {"a", "b", "c", "d"}
    assert member_names(True, 1) == frozenset()
    with pytest.raises(TooLarge):
        member_names(value, 6)


def test_numbers_are_decimals() -> None:
    """0.1 is one tenth, not the nearest double."""
    assert exact(0.1) == Fraction(1, 10)
    assert exact(3) == 3


def test_booleans_are_no_numbers() -> None:
    """Python counts them among the integers; JSON does not."""
    assert is_number(1.5)
    assert not is_number(True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (12.0, "12"),
        (0.5, "0.5"),
        ('a"', '"a\\""'),
        ([1.0, {"b": None, "a": False}], '[1,{"a":false,"b":null}]'),
    ],
)
def test_one_text_for_equal_values(value: Json, text: str) -> None:
    """The text of a value is JSON, sorted, with one spelling for each number."""
    assert canonical(value) == text
