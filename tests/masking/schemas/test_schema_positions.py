"""Where subschemas stand in a schema object."""

from __future__ import annotations

import pytest

from countersign.masking.schemas.schema_locations import Location
from countersign.masking.schemas.schema_positions import loose_objects, subschemas_at
from countersign.strict_json import Json


def positions(schema: Json) -> list[tuple[str, str | int | None, str]]:
    """Keyword, key and pointer of each subschema."""
    return [(keyword, key, child.pointer()) for keyword, key, child in subschemas_at(Location(schema, None, ""))]


def loose(schema: Json) -> list[tuple[str, str]]:
    """Keyword and pointer of each loose object."""
    return [(keyword, child.pointer()) for keyword, child in loose_objects(Location(schema, None, ""))]


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"not": {}}, [("not", None, "/not")]),
        ({"allOf": [{}, True, {}]}, [("allOf", 0, "/allOf/0"), ("allOf", 2, "/allOf/2")]),
        ({"allOf": {}}, [("allOf", None, "/allOf")]),
        ({"items": {}}, [("items", None, "/items")]),
        ({"items": [{}]}, [("items", 0, "/items/0")]),
        ({"properties": {"a/b": {}, "c": False}}, [("properties", "a/b", "/properties/a~1b")]),
        ({"properties": {"not": {}}}, [("properties", "not", "/properties/not")]),
        ({"dependencies": {"a": ["b"], "c": {}}}, [("dependencies", "c", "/dependencies/c")]),
        ({"$defs": {"x": {}}}, [("$defs", "x", "/$defs/x")]),
        ({"properties": [{}], "default": {"not": {}}, "x-other": {}, "not": True}, []),
        (True, []),
        ([], []),
    ],
)
def test_subschemas_stand_behind_their_keywords(schema: Json, found: list[tuple[str, str | int | None, str]]) -> None:
    """Objects where the keyword has schemas; also one where it should have a list, and the other way round."""
    assert positions(schema) == found


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"x-other": {"a": {}}}, [("x-other", "/x-other")]),
        ({"x-other": [[{}], "a"]}, [("x-other", "/x-other/0/0")]),
        ({"properties": [{}]}, [("properties", "/properties/0")]),
        ({"title": {}}, [("title", "/title")]),
        ({"not": {}, "properties": {"a": {}}, "allOf": [{}], "default": {}, "enum": [{}], "x-other": 1}, []),
    ],
)
def test_other_objects_are_loose(schema: Json, found: list[tuple[str, str]]) -> None:
    """The outermost ones behind unknown keywords or in an odd form; values that instances may have are none."""
    assert loose(schema) == found
