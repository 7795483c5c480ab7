"""What the other program says, and where it is not asked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from countersign.schema_change.dialect import DRAFT_04, DRAFT_07, DRAFT_2019_09, DRAFT_2020_12, Dialect
from countersign.schema_change.references import Bundle
from countersign.schema_change.second_opinion import NoOpinion, is_valid
from countersign.schema_change.steps import Steps, unlimited
from countersign.strict_json import Json


def opinion(
    schema: Json,
    value: Json,
    *,
    dialect: Dialect = DRAFT_2020_12,
    bundle: dict[str, Json] | None = None,
    steps: int = 0,
) -> bool:
    spend = Steps(steps).spend if steps else unlimited
    return is_valid(Bundle(schema, bundle or {}).root(dialect), value, spend)


@pytest.mark.parametrize(
    ("schema", "yes", "no"),
    [
        ({"type": "object", "required": ["a"]}, {"a": 1}, {}),
        ({"pattern": "^a+$"}, "aa", "ab"),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"b": 1, "ab": ""}, {"ab": 1}),
        (
            {"properties": {"b": {}}, "patternProperties": {"^a": {}}, "additionalProperties": False},
            {"ab": 1},
            {"c": 1},
        ),
        ({"additionalProperties": {"type": "string"}}, {"c": ""}, {"c": 1}),
        ({"properties": {"b": {}}, "unevaluatedProperties": False}, {"b": 1}, {"c": 1}),
        ({"uniqueItems": True}, [1, True], [1, 1.0]),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, None, 0),
        ({"properties": {"next": {"$ref": "#"}}, "required": ["v"]}, {"v": 1, "next": {"v": 2}}, {"v": 1, "next": {}}),
        ({"$id": "http://a.example/b", "properties": {"x": {"$ref": "c.json"}}}, {"x": 1}, {"x": ""}),
        ({"not": {"format": "date"}}, None, None),
    ],
)
def test_values_that_match_and_that_do_not(schema: Json, yes: Json, no: Json) -> None:
    """Each keyword with a rule of our own, references into the bundle, and formats, which are never asserted."""
    bundle: dict[str, Json] = {"c.json": {"type": "integer"}}
    assert opinion(schema, yes, bundle=bundle) is (schema != {"not": {"format": "date"}})
    assert opinion(schema, no, bundle=bundle) is False


def test_dialects_differ() -> None:
    """The place says in which dialect its schema is read."""
    schema: Json = {"$ref": "#/$defs/a", "type": "string", "$defs": {"a": {}}}
    assert not opinion(schema, 1, dialect=DRAFT_2019_09)
    assert opinion(schema, 1, dialect=DRAFT_07)
    assert opinion({"type": "integer"}, 1.0)
    assert not opinion({"type": "integer"}, 1.0, dialect=DRAFT_04)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/never-fetched"},
        {"$ref": "#"},
        {"pattern": "(?=a)"},
        {"pattern": 7},
        {"patternProperties": {"(a)\\1": {}}},
        {"allOf": [{}], "patternProperties": {"a": {}}, "unevaluatedProperties": False},
        {"type": "no-such-type"},
        {"minimum": "a", "required": 3},
    ],
)
def test_no_opinion(schema: dict[str, Json]) -> None:
    """A reference to nowhere, an endless one, an expression that is not understood, no schema: nothing is said."""
    value: Json = "a" if "pattern" in schema else {"a": 1}
    with pytest.raises(NoOpinion):
        opinion(schema, value)


def test_no_backtracking_engine_runs() -> None:
    """An expression that takes Python's engine for ever is judged at once, also where the schema states its dialect."""
    hostile: dict[str, Json] = {"$schema": DRAFT_07.uri, "pattern": "^(a|a)+$"}
    names: Json = {"patternProperties": {"^(a|a)+$": False}, "additionalProperties": False}
    text = "a" * 60 + "b"
    start = time.process_time()
    assert not opinion({"properties": {"x": hostile}}, {"x": text}, dialect=DRAFT_07)
    assert not opinion({"$ref": "#/definitions/x", "definitions": {"x": hostile}}, text, dialect=DRAFT_07)
    assert not opinion(names, {text: 1})
    assert time.process_time() - start < 5


def test_work_is_bounded() -> None:
    """References that double each time end with the steps, and so does one enumeration that is read very often."""
    doubling: dict[str, Json] = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} for index in range(40)}
    schema: Json = {"$ref": "#/$defs/d0", "$defs": {**doubling, "d40": {}}}
    wide: Json = {"items": {"enum": list(range(50_000))}}
    start = time.process_time()
    many: Json = list(range(49_000, 50_000))
    for hostile, value in ((schema, 1), (wide, many)):
        with pytest.raises(NoOpinion):
            opinion(hostile, value, steps=10_000)
    assert time.process_time() - start < 5
    assert opinion(wide, [3], steps=10_000)


def test_the_library_would_have_run_them() -> None:
    """The twin: as it comes, the library follows its own engine, and says the same on a text that does not hurt."""
    schema: Any = {"pattern": "^(a|a)+$"}
    assert Draft202012Validator(schema).is_valid("aaa") is opinion(schema, "aaa") is True
    assert Draft202012Validator(schema).is_valid("aab") is opinion(schema, "aab") is False
