"""Does a value match a schema: against jsonschema as the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.evaluation import accepts, all_of, any_of, negation
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json

VALUES: list[Json] = [
    None,
    True,
    False,
    0,
    1,
    1.0,
    -2,
    2.5,
    "",
    "a",
    "ab",
    "abc",
    [],
    [1],
    [1, 1.0],
    [True, 1],
    ["a", "b", 3],
    {},
    {"a": 1},
    {"a": "x", "b": 2},
    {"ab": []},
]
SCHEMAS: list[Json] = [
    True,
    False,
    {"type": "integer"},
    {"type": ["number", "null"]},
    {"enum": [1, "a"]},
    {"const": True},
    {"minimum": 1},
    {"exclusiveMaximum": 1},
    {"multipleOf": 0.5},
    {"minLength": 2},
    {"maxLength": 1},
    {"pattern": "^a"},
    {"pattern": "b$"},
    {"items": {"type": "number"}},
    {"prefixItems": [{"const": 1}], "items": False},
    {"contains": {"const": 1}},
    {"contains": {"type": "number"}, "minContains": 2},
    {"maxContains": 1, "contains": {}},
    {"uniqueItems": True},
    {"minItems": 1},
    {"properties": {"a": {"type": "string"}}},
    {"required": ["a"]},
    {"additionalProperties": False, "properties": {"a": {}}},
    {"patternProperties": {"^a": {"type": "array"}}},
    {"patternProperties": {"b": True}, "additionalProperties": False},
    {"propertyNames": {"maxLength": 1}},
    {"minProperties": 2},
    {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"maxProperties": 1}}},
    {"not": {"type": "string"}},
    {"anyOf": [{"type": "string"}, {"minimum": 1}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 1}]},
    {"allOf": [{"type": "array"}, {"maxItems": 1}]},
    {"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"type": "object"}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
    {"properties": {"a": {"$ref": "#"}}, "maxProperties": 1},
]


def answer(schema: Json, value: Json, *, annotate: bool = False) -> bool | None:
    return accepts(Reader().read(Bundle(schema, {}).root(DRAFT_2020_12)), value, annotate=annotate)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_agrees_with_jsonschema(schema: Json) -> None:
    """Every known answer is that of a validator, and these are all known."""
    validator = Draft202012Validator(schema)  # type: ignore[arg-type]
    assert [answer(schema, value) for value in VALUES] == [validator.is_valid(value) for value in VALUES]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SCHEMAS), min_size=2, max_size=3), st.sampled_from(VALUES))
def test_combinations_agree_with_jsonschema(schemas: list[Json], value: Json) -> None:
    """Combined schemas give the answers of a validator."""
    plain = [schema for schema in schemas if not isinstance(schema, dict) or "$ref" not in str(schema)]
    if not plain:
        return
    for schema in ({"anyOf": plain}, {"oneOf": plain}, {"allOf": plain}, {"not": {"allOf": plain}}):
        assert answer(schema, value) == Draft202012Validator(schema).is_valid(value)  # type: ignore[arg-type]


def test_formats_and_unknown_keywords_are_not_known() -> None:
    """Nothing is guessed, unless they are to be taken for annotations."""
    for schema in ({"format": "date"}, {"nullable": True}):
        assert answer(schema, "x") is None  # type: ignore[arg-type]
        assert answer({"not": schema}, "x") is None  # type: ignore[dict-item]
        assert answer(schema, "x", annotate=True) is True  # type: ignore[arg-type]
    assert answer({"$ref": "elsewhere"}, "x", annotate=True) is None
    assert answer({"format": "date", "type": "integer"}, "x") is False


def test_endless_references_are_not_known() -> None:
    """A schema that is itself and nothing more has no answer."""
    assert answer({"$ref": "#"}, 1) is None


def test_three_valued_logic() -> None:
    """One no decides an and, one yes an or; else an unknown stays unknown."""
    assert all_of([True, None, False]) is False
    assert all_of([True, None]) is None
    assert any_of([False, None, True]) is True
    assert any_of([False, None]) is None
    assert any_of([]) is False
    assert negation(None) is None
