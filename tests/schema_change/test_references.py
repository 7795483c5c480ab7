"""Where references lead."""

from __future__ import annotations

import pytest

from countersign.schema_change.dialect import DRAFT_07, DRAFT_2020_12
from countersign.schema_change.references import Bundle, UnresolvedReference
from countersign.strict_json import Json

STRING: Json = {"type": "string"}


def follow(document: Json, reference: str, bundle: dict[str, Json] | None = None) -> Json:
    return Bundle(document, bundle or {}).root(DRAFT_2020_12).follow(reference).schema


def test_pointers_and_anchors() -> None:
    """Within the document: the root, a pointer with escapes, an anchor, an embedded `$id`."""
    document: Json = {
        "$id": "https://example.com/root",
        "$defs": {"a/b": STRING, "c": {"$anchor": "here", "type": "null"}, "d": {"$id": "part", "type": "array"}},
    }
    assert follow(document, "#") is document
    assert follow(document, "#/$defs/a~1b") is STRING
    assert follow(document, "#here") == {"$anchor": "here", "type": "null"}
    assert follow(document, "part") == {"$id": "part", "type": "array"}


def test_bundle_is_reached_by_name() -> None:
    """A name of the bundle leads to its schema, and references inside it stay inside it."""
    bundle: dict[str, Json] = {
        "address.json": {"$ref": "#/$defs/x", "$defs": {"x": STRING}},
        "b": {"$ref": "address.json"},
    }
    place = Bundle({}, bundle).root(DRAFT_2020_12).follow("address.json")
    assert place.schema is bundle["address.json"]
    assert place.follow("#/$defs/x").schema is STRING
    assert follow({}, "address.json#/$defs/x", bundle) is STRING
    assert Bundle({}, bundle).root(DRAFT_2020_12).follow("b").follow("address.json").schema is bundle["address.json"]


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/elsewhere.json",
        "file:///etc/passwd",
        "#/$defs/absent",
        "#/list/x",
        "#/list/7",
        "#/number",
        "#/text/x",
        "#nowhere",
        "http://[",
    ],
)
def test_anything_else_leads_nowhere(reference: str) -> None:
    """Nothing is fetched, and what is no schema is none."""
    document: Json = {"list": [STRING], "number": 1, "text": "x"}
    assert follow(document, "#/list/0") is STRING
    with pytest.raises(UnresolvedReference):
        follow(document, reference)


def test_another_dialect_inside_leads_nowhere() -> None:
    """A bundled schema of another dialect has other rules, which are not worked out here."""
    assert follow({}, "a", {"a": {"$schema": DRAFT_2020_12.uri}})
    with pytest.raises(UnresolvedReference):
        follow({}, "a", {"a": {"$schema": DRAFT_07.uri}})


def test_embedded_id_changes_the_base() -> None:
    """Below a subschema with `$id`, `#` is that subschema."""
    inner: Json = {"$id": "inner", "$defs": {"x": STRING}}
    document: Json = {"$id": "https://example.com/root", "properties": {"a": inner}}
    place = Bundle(document, {}).root(DRAFT_2020_12).inside(inner)
    assert place.follow("#/$defs/x").schema is STRING


def test_unreadable_base_does_not_raise() -> None:
    """A hostile `$id` makes references lead nowhere."""
    inner: Json = {"$id": "http://[bad", "$ref": "#x"}
    place = Bundle({"properties": {"a": inner}}, {}).root(DRAFT_2020_12).inside(inner)
    with pytest.raises(UnresolvedReference):
        place.follow("#x")
