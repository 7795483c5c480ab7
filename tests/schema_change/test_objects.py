"""The objects that facts leave."""

from __future__ import annotations

import pytest

from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.inclusion import Outcome, Prover
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json

ONLY_AB: Json = {"a": {}, "b": {}}
BEYOND_A: Json = {"not": {"propertyNames": {"const": "a"}}}
BEYOND_B: Json = {"not": {"additionalProperties": False, "properties": {"b": {}}}}
BEYOND_AB: Json = {"not": {"propertyNames": {"enum": ["a", "b"]}}}


def found(schema: Json) -> Outcome:
    reader = Reader()
    prover = Prover(reader)
    prover.steps.left = 20_000
    return prover.find([reader.read(Bundle(schema, {}).root(DRAFT_2020_12))], (), ("object",))


@pytest.mark.parametrize(
    ("impossible", "possible"),
    [
        (
            {
                "patternProperties": {"^a": {}},
                "additionalProperties": False,
                "not": {"propertyNames": {"pattern": "^a"}},
            },
            {
                "patternProperties": {"^a": {}},
                "additionalProperties": False,
                "not": {"propertyNames": {"pattern": "b"}},
            },
        ),
        (
            {"properties": {"a": {"const": 1}}, "additionalProperties": False, "not": {"enum": [{}, {"a": 1}]}},
            {"properties": {"a": {"const": 1}}, "additionalProperties": False, "not": {"enum": [{}, {"a": 2}]}},
        ),
        ({"maxProperties": 0, "not": {"const": {}}}, {"maxProperties": 1, "not": {"const": {}}}),
        ({"required": ["a"], "properties": {"a": False}}, {"required": ["b"], "properties": {"a": False}}),
        ({"required": ["a"], "maxProperties": 0}, {"required": ["a"], "maxProperties": 1}),
        ({"required": ["a"], "additionalProperties": False}, {"required": ["a"], "properties": {"a": {}}}),
        (
            {"required": ["ab"], "patternProperties": {"^a": False}},
            {"required": ["ba"], "patternProperties": {"^a": False}},
        ),
        (
            {"required": ["abc"], "propertyNames": {"maxLength": 2}},
            {"required": ["ab"], "propertyNames": {"maxLength": 2}},
        ),
        (
            {"minProperties": 2, "properties": {"a": {}}, "additionalProperties": False},
            {"minProperties": 1, "properties": {"a": {}}, "additionalProperties": False},
        ),
        (
            {"minProperties": 3, "propertyNames": {"enum": ["a", "b"]}},
            {"minProperties": 2, "propertyNames": {"enum": ["a", "b"]}},
        ),
        ({"minProperties": 1, "propertyNames": False}, {"propertyNames": False}),
        ({"required": ["a"], "not": {"required": ["a"]}}, {"required": ["a"], "not": {"required": ["b"]}}),
        (
            {
                "required": ["a"],
                "properties": {"a": {"minimum": 2}},
                "patternProperties": {"a": {"maximum": 1, "type": "number"}},
            },
            {
                "required": ["a"],
                "properties": {"a": {"minimum": 1}},
                "patternProperties": {"a": {"maximum": 1, "type": "number"}},
            },
        ),
        (
            {"additionalProperties": {"type": "null"}, "not": {"additionalProperties": {"type": ["null", "string"]}}},
            {
                "additionalProperties": {"type": "integer"},
                "not": {"additionalProperties": {"type": ["null", "string"]}},
            },
        ),
        (
            {"propertyNames": {"pattern": "^a"}, "not": {"propertyNames": {"minLength": 1}}},
            {"propertyNames": {"pattern": "^a"}, "not": {"propertyNames": {"minLength": 2}}},
        ),
        (
            {"patternProperties": {"^a": {"type": "null"}}, "not": {"patternProperties": {"^ab": {"type": "null"}}}},
            {"patternProperties": {"^ab": {"type": "null"}}, "not": {"patternProperties": {"^a": {"type": "null"}}}},
        ),
        (
            {"required": ["a"], "maxProperties": 1, "not": {"additionalProperties": False, "properties": {"a": {}}}},
            {"required": ["a"], "maxProperties": 2, "not": {"additionalProperties": False, "properties": {"a": {}}}},
        ),
        (
            {"maxProperties": 1, "properties": ONLY_AB, "additionalProperties": False, "allOf": [BEYOND_A, BEYOND_B]},
            {"maxProperties": 2, "properties": ONLY_AB, "additionalProperties": False, "allOf": [BEYOND_A, BEYOND_B]},
        ),
        (
            {"maxProperties": 1, "properties": ONLY_AB, "allOf": [BEYOND_A, BEYOND_B], "not": BEYOND_AB},
            {"maxProperties": 1, "properties": ONLY_AB, "allOf": [BEYOND_AB, BEYOND_A]},
        ),
    ],
)
def test_impossible_objects_and_their_twins(impossible: Json, possible: Json) -> None:
    """Where no object is left that is proved; one thing changed, an object is found."""
    assert found(impossible).state == "empty"
    assert found(possible).state == "found"


def test_examples_are_filled_up() -> None:
    """As many members as are needed are made up."""
    value = found({"minProperties": 3, "required": ["a"]}).value
    assert isinstance(value, dict)
    assert "a" in value
    assert len(value) == 3
    value = found({"minProperties": 3, "propertyNames": {"pattern": "^[xy]"}, "properties": {"y": False}}).value
    assert isinstance(value, dict)
    assert len(value) == 3
    closed = found({"minProperties": 2, "patternProperties": {"^b": False, "^c$": {}}, "additionalProperties": False})
    assert closed.state == "unknown"


def test_names_that_cannot_be_judged_are_left_open() -> None:
    """An expression that is not understood may or may not apply to a name."""
    assert found({"required": ["a"], "patternProperties": {"(?=a)": False}}).state == "unknown"
    assert (
        found({"required": ["a"], "patternProperties": {"(?=a)": {}}, "additionalProperties": False}).state == "unknown"
    )


def test_made_up_names_are_readable() -> None:
    """A name that is free is a word, and keeps the patterns that names have to match."""
    assert found({"type": "object", "not": {"maxProperties": 0}, "minProperties": 1}).state == "found"
    assert found({"not": {"additionalProperties": {"type": "string"}}}).value == {"other": None}
    fresh = found({"propertyNames": {"pattern": "^x-"}, "not": {"additionalProperties": {"type": "string"}}})
    assert fresh.value == {"x-other": None}
