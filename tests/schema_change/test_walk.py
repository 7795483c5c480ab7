"""Pointers, senses and references of the walk."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.values import ChangeEffect
from countersign.schema_change.walk import Sense, at, combined, kebab, pointer, seen_from_above, target_pointer
from countersign.strict_json import Json


def test_pointers() -> None:
    """Tokens are escaped (RFC 6901, 3), and lead back to what they name."""
    assert pointer("/a", "b/c", "~", 0) == "/a/b~1c/~0/0"
    assert at({"a": [{"b": 1}]}, ("a", 0, "b")) == 1
    assert target_pointer("#/$defs/a", "/x") == "/$defs/a"
    assert target_pointer("#", "/x") == ""
    assert target_pointer("other.json#/a", "/x") == "/x/$ref"


@pytest.mark.parametrize(
    ("effect", "sense", "seen"),
    [
        ("narrows", "same", "narrows"),
        ("narrows", "reversed", "widens"),
        ("unknown", "reversed", "unknown"),
        ("none", ("narrows",), "none"),
        ("widens", ("narrows",), "narrows"),
    ],
)
def test_effects_are_seen_from_above(effect: ChangeEffect, sense: Sense, seen: ChangeEffect) -> None:
    """`not` turns an effect round; a group of keywords gives its own."""
    assert seen_from_above(effect, sense) == seen


def test_senses_combine() -> None:
    """Twice turned round is as it was; what is attributed to a group is turned round with it."""
    assert combined("reversed", "reversed") == "same"
    assert combined("reversed", ("narrows",)) == ("widens",)
    assert combined(("unknown",), "reversed") == ("unknown",)


def test_kebab() -> None:
    """Kinds are keywords in kebab case."""
    assert kebab("exclusiveMinimum") == "exclusive-minimum"
    assert kebab("$ref") == "ref"


def kinds(old: Json, new: Json) -> list[tuple[str, str, str | None]]:
    return [(change.kind, change.pointer, change.old_pointer) for change in compare(old, new).changes]


def test_references_are_followed_once() -> None:
    """What two references share is said once, at the definition."""

    def schema(kind: str) -> Json:
        return {
            "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": kind, "items": {"$ref": "#/$defs/x"}}},
        }

    assert kinds(schema("string"), schema("integer")) == [("type-changed", "/$defs/x/type", "/$defs/x/type")]


def test_renamed_definitions_are_neutral() -> None:
    """Equal schemas under another name change nothing; the names are still listed."""
    old: Json = {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}
    new: Json = {"$ref": "#/$defs/y", "$defs": {"y": {"type": "string"}}}
    found = compare(old, new)
    assert {change.kind for change in found.changes} == {"definition-removed", "definition-added"}
    assert {change.effect for change in found.changes} == {"none"}
    assert (found.backward, found.forward) == ("compatible", "compatible")


def test_reference_against_inline() -> None:
    """A reference is compared with what stands in its place; each side has its own pointer."""
    old: Json = {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"maxLength": 5}}}
    new: Json = {"properties": {"a": {"maxLength": 4}}, "$defs": {"x": {"maxLength": 5}}}
    assert kinds(old, new) == [("max-length-decreased", "/properties/a/maxLength", "/$defs/x/maxLength")]


def test_ignored_siblings_are_said() -> None:
    """Beside `$ref` in draft-07 a keyword says nothing, and that it differs is said."""
    base: dict[str, Json] = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/x"}
    base["definitions"] = {"x": {"type": "string"}}
    found = compare(base, {**base, "minLength": 3})
    assert [(change.kind, change.effect) for change in found.changes] == [("ignored-keyword-added", "none")]
    assert (found.backward, found.forward) == ("compatible", "compatible")


def test_endless_references_end() -> None:
    """A reference to itself is compared with nothing and called unknown."""
    found = compare({"$ref": "#"}, {"$ref": "#", "title": "x"})
    assert (found.backward, found.forward) == ("unknown", "unknown")
