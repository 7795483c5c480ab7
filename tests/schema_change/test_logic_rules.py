"""Changes of combined schemas and of references."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json

STRING: Json = {"type": "string"}
NULL: Json = {"type": "null"}
LONG: Json = {"minLength": 2}
EXACT: dict[str, Json] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "pointer", "effect"),
    [
        ({}, {"anyOf": [STRING]}, "any-of-added", "/anyOf", "narrows"),
        ({"oneOf": [STRING]}, {}, "one-of-removed", "/oneOf", "widens"),
        ({"anyOf": [STRING]}, {"anyOf": [NULL, STRING]}, "any-of-branch-added", "/anyOf/0", "widens"),
        ({"anyOf": [NULL, STRING]}, {"anyOf": [STRING]}, "any-of-branch-removed", "/anyOf/0", "narrows"),
        ({"allOf": [STRING]}, {"allOf": [STRING, LONG]}, "all-of-branch-added", "/allOf/1", "narrows"),
        ({"allOf": [STRING, LONG]}, {"allOf": [LONG]}, "all-of-branch-removed", "/allOf/0", "widens"),
        ({"oneOf": [STRING]}, {"oneOf": [STRING, NULL]}, "one-of-branch-added", "/oneOf/1", "widens"),
        ({"oneOf": [STRING]}, {"oneOf": [STRING, LONG]}, "one-of-branch-added", "/oneOf/1", "narrows-and-widens"),
        ({}, {"not": STRING}, "not-added", "/not", "narrows"),
        ({"not": STRING}, {}, "not-removed", "/not", "widens"),
        ({"not": LONG}, {"not": {"minLength": 3}}, "min-length-increased", "/not/minLength", "widens"),
        (
            {"anyOf": [LONG, NULL]},
            {"anyOf": [NULL, {"minLength": 3}]},
            "min-length-increased",
            "/anyOf/1/minLength",
            "narrows",
        ),
        ({}, {"propertyNames": LONG}, "property-names-added", "/propertyNames", "narrows"),
        ({"contains": LONG}, {}, "contains-removed", "/contains", "widens"),
        (
            {"contains": STRING, "maxContains": 1},
            {"contains": STRING, "maxContains": 2},
            "max-contains-increased",
            "/maxContains",
            "widens",
        ),
        (
            {"if": STRING, "then": LONG},
            {"if": STRING, "then": {"minLength": 3}},
            "min-length-increased",
            "/then/minLength",
            "narrows",
        ),
        ({"if": STRING, "else": False}, {"if": {}, "else": False}, "type-removed", "/if/type", "widens"),
        (
            {**EXACT, "unevaluatedProperties": False},
            EXACT,
            "unevaluated-properties-removed",
            "/unevaluatedProperties",
            "widens",
        ),
        (EXACT, {**EXACT, "$dynamicRef": "#x"}, "reference-added", "/$dynamicRef", "unknown"),
        (EXACT, {**EXACT, "$ref": "elsewhere"}, "reference-added", "/$ref", "narrows"),
    ],
)
def test_table(old: Json, new: Json, kind: str, pointer: str, effect: str) -> None:
    """Branches are matched before they are compared; `not` turns round, groups are judged as one."""
    (change,) = compare(old, new).changes
    assert (change.kind, change.pointer, change.effect) == (kind, pointer, effect)


def test_order_of_branches_is_neutral() -> None:
    """The same branches in another order are the same schema."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        found = compare({keyword: [STRING, NULL]}, {keyword: [NULL, STRING]})
        assert not found.changes
        assert (found.backward, found.forward) == ("compatible", "compatible")


def test_references_that_lead_nowhere_are_unknown() -> None:
    """What cannot be read is never compatible, and the reason names the place."""
    old: Json = {**EXACT, "properties": {"a": {"$ref": "https://example.com/x"}}, "title": "x"}
    new: Json = {**EXACT, "properties": {"a": {"$ref": "https://example.com/x"}}}
    found = compare(old, new)
    assert found.backward == "unknown"
    assert "backward unknown: the reference at /properties/a/$ref leads nowhere" in found.reasons
    bundle = {"https://example.com/x": STRING}
    assert compare(old, new, old_bundle=bundle, new_bundle=bundle).backward == "compatible"
