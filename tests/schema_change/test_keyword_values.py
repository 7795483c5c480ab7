"""The values of single keywords."""

from __future__ import annotations

import pytest

from countersign.schema_change import keyword_values
from countersign.schema_change.constraints import Bound, Size
from countersign.schema_change.dialect import DRAFT_04, DRAFT_2020_12, Dialect
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json


def bound(dialect: Dialect, keyword: str, **schema: Json) -> list[object]:
    place = Bundle(schema, {}).root(dialect)
    return list(keyword_values.bound(place, schema, keyword, schema[keyword]))


def test_bounds_of_both_spellings() -> None:
    """Draft-04 has a boolean beside the limit, later dialects a limit of its own."""
    assert bound(DRAFT_2020_12, "exclusiveMinimum", exclusiveMinimum=1) == [Bound("lower", 1, True)]
    assert bound(DRAFT_2020_12, "maximum", maximum=1) == [Bound("upper", 1, False)]
    assert bound(DRAFT_04, "minimum", minimum=1, exclusiveMinimum=True) == [Bound("lower", 1, True)]
    assert bound(DRAFT_04, "exclusiveMinimum", minimum=1, exclusiveMinimum=True) == []


def test_sizes() -> None:
    """Of what, and which end; at least none says nothing, at most none does."""
    assert keyword_values.size("minLength", 2) == [Size("string", "lower", 2)]
    assert keyword_values.size("maxProperties", 0.0) == [Size("object", "upper", 0)]
    assert keyword_values.size("minItems", 0) == []
    with pytest.raises(keyword_values.Malformed):
        keyword_values.size("minItems", -1)


def test_kinds_of_types() -> None:
    """`number` holds `integer`; 1.0 is one of `integer` where the dialect says so."""
    assert keyword_values.kinds("integer", True) == {"integer", "whole"}
    assert keyword_values.kinds("integer", False) == {"integer"}
    assert keyword_values.kinds("integer", False, nullable=True) == {"integer", "null"}
    assert keyword_values.kinds(["number", "null"], False) == {"integer", "whole", "fraction", "null"}


@pytest.mark.parametrize("value", ["whole", "text", 7, ["string", 7]])
def test_unknown_types_are_malformed(value: Json) -> None:
    """What is no type of JSON Schema is not read as one."""
    with pytest.raises(keyword_values.Malformed):
        keyword_values.kinds(value, True)


def test_counts() -> None:
    """A count is an integer from zero, also written 2.0."""
    assert keyword_values.count(2.0) == 2
    for wrong in (-1, 1.5, True, "1", None):
        with pytest.raises(keyword_values.Malformed):
            keyword_values.count(wrong)


def test_shapes() -> None:
    """Each reader takes its own shape and no other."""
    for read, right, wrong in (
        (keyword_values.array, [], {}),
        (keyword_values.members, {}, []),
        (keyword_values.text, "", 1),
        (keyword_values.number, 1.5, True),
    ):
        assert read(right) == right
        with pytest.raises(keyword_values.Malformed):
            read(wrong)


def test_values_are_distinct() -> None:
    """Values that JSON Schema calls equal are one."""
    assert keyword_values.values_of([1, 1.0, True]).key == ("1", "true")


def test_references_are_seen_anywhere() -> None:
    """Also one that hides in a list."""
    assert keyword_values.has_reference({"a": [{"$ref": "#"}]})
    assert not keyword_values.has_reference({"a": [{"type": "string"}]})
