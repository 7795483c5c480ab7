"""Reading schemas into nodes."""

from __future__ import annotations

import pytest

from countersign.schema_change.constraints import Node, Opaque, Reference
from countersign.schema_change.dialect import DRAFT_04, DRAFT_07, DRAFT_2019_09, DRAFT_2020_12, Dialect
from countersign.schema_change.evaluation import accepts
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json


def read(reader: Reader, schema: Json, dialect: Dialect = DRAFT_2020_12, bundle: dict[str, Json] | None = None) -> Node:
    return reader.read(Bundle(schema, bundle or {}).root(dialect))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "minLength": 1}, {"minLength": 1, "type": ["string"], "title": "x"}),
        ({"const": 1}, {"enum": [1.0]}),
        ({"required": ["a", "b"]}, {"required": ["b", "a", "a"]}),
        ({"minLength": 0}, {}),
        ({}, True),
        ({"type": "string", "not": {}, "allOf": [False]}, {"allOf": [False], "not": True, "type": "string"}),
        ({"additionalProperties": True}, {}),
        ({"allOf": [{"type": "string"}]}, {"type": "string"}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, {"type": "string"}),
        ({"anyOf": [{"const": 1}, {"const": 2}]}, {"anyOf": [{"const": 2}, {"const": 1}]}),
        ({"properties": {"a": True}}, {}),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "string"}}, {"items": {"type": "string"}}),
        ({"contains": {"type": "string"}, "minContains": 0}, {}),
        (
            {"properties": {"a": {}}, "unevaluatedProperties": False},
            {"properties": {"a": {}}, "additionalProperties": False},
        ),
        ({"minContains": 3}, {}),
        ({"then": {"type": "string"}}, {}),
    ],
)
def test_schemas_that_say_the_same_are_one_node(one: Json, other: Json) -> None:
    """Spelling, order and annotations make no difference."""
    reader = Reader()
    assert read(reader, one) is read(reader, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"const": 1}, {"const": True}),
        ({"oneOf": [{"const": 1}]}, {"oneOf": [{"const": 1}, {"const": 1}]}),
        ({"minLength": 1}, {"minItems": 1}),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"additionalProperties": False}),
        ({"nullable": True}, {}),
        ({"format": "date"}, {}),
    ],
)
def test_schemas_that_differ_are_two_nodes(one: Json, other: Json) -> None:
    """What can change a verdict is kept apart."""
    reader = Reader()
    assert read(reader, one) is not read(reader, other)


def test_spellings_of_the_dialects() -> None:
    """Tuples, dependencies and exclusive bounds of old dialects are the same constraints."""
    reader = Reader()
    new = read(reader, {"prefixItems": [{"type": "string"}], "items": False})
    assert read(reader, {"items": [{"type": "string"}], "additionalItems": False}, DRAFT_07) is new
    new = read(reader, {"dependentRequired": {"a": ["b"]}})
    assert read(reader, {"dependencies": {"a": ["b"]}}, DRAFT_07) is new
    new = read(reader, {"exclusiveMinimum": 1})
    assert read(reader, {"minimum": 1, "exclusiveMinimum": True}, DRAFT_04) is new


def test_siblings_of_references() -> None:
    """Beside `$ref` draft-07 ignores what 2019-09 counts."""
    schema: Json = {"$ref": "#/definitions/a", "minLength": 2, "definitions": {"a": {"type": "string"}}}
    reader = Reader()
    assert read(reader, schema, DRAFT_07) is read(reader, {"type": "string"}, DRAFT_07)
    assert read(reader, schema, DRAFT_2019_09) is not read(reader, {"type": "string"}, DRAFT_2019_09)


def test_keywords_of_other_dialects_are_opaque() -> None:
    """`const` says nothing that is known in draft-04."""
    (constraint,) = read(Reader(), {"const": 1}, DRAFT_04).constraints
    assert isinstance(constraint, Opaque)


def test_malformed_values_are_opaque() -> None:
    """A value of the wrong shape is not guessed at."""
    schemas: list[Json] = [
        {"type": 7},
        {"minLength": -1},
        {"allOf": []},
        {"properties": []},
        {"multipleOf": 0},
        {"$ref": 7},
    ]
    for schema in schemas:
        (constraint,) = read(Reader(), schema).constraints
        assert isinstance(constraint, Opaque)


def test_recursion_ends() -> None:
    """A schema that leads back to itself holds a reference that is followed later."""
    schema: Json = {"properties": {"next": {"$ref": "#"}}}
    reader = Reader()
    node = read(reader, schema)
    (members,) = node.constraints
    inner = members.named("next")  # type: ignore[union-attr]
    assert inner is not None
    (reference,) = inner.constraints
    assert isinstance(reference, Reference)
    assert reference.target() is node


def test_unresolved_references_are_told_apart_by_side() -> None:
    """The same text can mean two things in two documents."""
    reader = Reader()
    assert read(reader, {"$ref": "elsewhere"}) is not read(reader, {"$ref": "elsewhere"})
    assert reader.unresolved == {"elsewhere"}


def test_refused_look_ahead_says_nothing_of_other_kinds() -> None:
    """`^(?!a)` is about texts: a number passes it, as it passes every pattern."""
    node = read(Reader(), {"pattern": "^(?!a)b*$"})
    values: list[Json] = [1, {}, "b", "ab"]
    assert [accepts(node, value) for value in values] == [True, True, True, False]
