"""Changes of an object's members."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json

STRING: Json = {"type": "string"}


def only(old: Json, new: Json) -> tuple[str, str, str | None, str]:
    (change,) = compare(old, new).changes
    return change.kind, change.pointer, change.property, change.effect


def test_required_is_a_set_of_names() -> None:
    """A name that becomes required is said whether or not it is declared."""
    assert only({}, {"required": ["a"]}) == ("required-added", "/required", "a", "narrows")
    assert only({"required": ["a"]}, {}) == ("required-removed", "/required", "a", "widens")
    assert not compare({"required": ["a", "b"]}, {"required": ["b", "a"]}).changes


def test_property_in_an_open_object() -> None:
    """Declaring a name that could have held anything narrows; `true` declares nothing."""
    assert only({}, {"properties": {"a": STRING}}) == ("property-added", "/properties/a", "a", "narrows")
    assert only({"properties": {"a": STRING}}, {}) == ("property-removed", "/properties/a", "a", "widens")
    assert only({}, {"properties": {"a": {}}})[3] == "none"


def test_property_in_a_closed_object() -> None:
    """Declaring a name that was refused widens."""
    closed: dict[str, Json] = {"additionalProperties": False}
    full: dict[str, Json] = {**closed, "properties": {"a": STRING}}
    assert only(closed, full)[3] == "widens"
    assert only(full, closed)[3] == "narrows"


def test_property_in_a_partly_open_object() -> None:
    """What counts is the rule that held for undeclared names."""
    partly: dict[str, Json] = {"additionalProperties": {"type": "number"}}
    assert only(partly, {**partly, "properties": {"a": {"type": "integer"}}})[3] == "narrows"
    assert only(partly, {**partly, "properties": {"a": {"type": ["number", "null"]}}})[3] == "widens"
    assert only(partly, {**partly, "properties": {"a": STRING}})[3] == "narrows-and-widens"


@pytest.mark.parametrize(
    ("old", "new", "kind", "effect"),
    [
        ({}, {"additionalProperties": False}, "additional-properties-closed", "narrows"),
        ({"additionalProperties": False}, {}, "additional-properties-opened", "widens"),
        ({"additionalProperties": STRING}, {"additionalProperties": True}, "additional-properties-opened", "widens"),
        ({"additionalProperties": False}, {"additionalProperties": STRING}, "additional-properties-changed", "widens"),
        ({}, {"patternProperties": {"^a": STRING}}, "pattern-property-added", "narrows"),
        ({"patternProperties": {"^a": STRING}}, {}, "pattern-property-removed", "widens"),
        ({}, {"dependentRequired": {"a": ["b"]}}, "dependent-required-added", "narrows"),
        ({"dependentRequired": {"a": ["b"]}}, {}, "dependent-required-removed", "widens"),
        (
            {"dependentRequired": {"a": ["b"]}},
            {"dependentRequired": {"a": ["b", "c"]}},
            "dependent-required-changed",
            "narrows",
        ),
        ({}, {"dependentSchemas": {"a": {"required": ["b"]}}}, "dependent-schema-added", "narrows"),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, {}, "dependent-schema-removed", "widens"),
        ({}, {"dependencies": {"a": ["b"]}}, "dependency-added", "narrows"),
        (
            {"dependencies": {"a": ["b"]}},
            {"dependencies": {"a": {"required": ["b", "c"]}}},
            "dependency-changed",
            "narrows",
        ),
    ],
)
def test_table(old: Json, new: Json, kind: str, effect: str) -> None:
    """Added narrows, removed widens, and what is in between is worked out."""
    found = only(old, new)
    assert (found[0], found[3]) == (kind, effect)


def test_changes_deep_inside_have_their_pointers() -> None:
    """Members, patterns, undeclared members and dependent schemas are walked into."""
    for path in (("properties", "a/b"), ("patternProperties", "^a"), ("dependentSchemas", "a")):
        old: Json = {path[0]: {path[1]: {"minimum": 1}}}
        new: Json = {path[0]: {path[1]: {"minimum": 2}}}
        (change,) = compare(old, new).changes
        # a dependent schema judges the object around it, which is no number
        effect = {"dependentSchemas": "none"}.get(path[0], "narrows")
        assert (change.kind, change.effect) == ("minimum-increased", effect)
        assert change.pointer == f"/{path[0]}/{path[1].replace('/', '~1')}/minimum"
    assert (
        only({"additionalProperties": {"minimum": 1}}, {"additionalProperties": {}})[1]
        == "/additionalProperties/minimum"
    )


def test_malformed_required_is_unknown() -> None:
    """Draft-03's boolean is not guessed at."""
    assert only({}, {"required": True})[3] == "unknown"
    assert compare({}, {"required": True}).backward == "unknown"
