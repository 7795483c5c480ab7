"""Where references lead, under every draft's reading of identifiers."""

from __future__ import annotations

from typing import Any

import pytest

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.fields.mark_words import Marks
from countersign.masking.schemas.schema_locations import Location, Locations, UnresolvedReference
from countersign.masking.schemas.schema_marks import UNMARKED, UNRESOLVED, SchemaMarks
from countersign.strict_json import Json

PII: dict[str, Any] = {"x-pii": True}
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def mark(document: Any, bundle: Any = None, *, at: str = "a") -> str | None:
    """The mark at the member `at` of an instance."""
    return SchemaMarks.of(document, bundle or {}, Marks(), lambda name: False).data.down(at).mark


def referring(reference: Any, **rest: Any) -> dict[str, Json]:
    """A document whose member `a` is what `reference` leads to."""
    return {"properties": {"a": {"$ref": reference}}, **rest}


@pytest.mark.parametrize(
    "document",
    [
        referring("#/definitions/x", definitions={"x": PII}),
        referring("#/$defs/x", **{"$defs": {"x": PII}}),
        referring("#/components/schemas/x", components={"schemas": {"x": PII}}),
        referring("#/$defs/x~1y~0z", **{"$defs": {"x/y~z": PII}}),
        referring("#/$defs/x%20y%25", **{"$defs": {"x y%": PII}}),
        referring("#/$defs/x%20y", **{"$defs": {"x%20y": PII}}),
        referring("#/allOf/1", allOf=[{}, PII]),
        referring("#/properties/a/x", properties={"a": {"$ref": "#/properties/a/x", "x": PII}}),
        referring("#x", **{"$defs": {"y": {"$anchor": "x", **PII}}}),
        referring("#x", definitions={"y": {"$id": "#x", **PII}}),
        referring("#x", definitions={"y": {"id": "#x", **PII}}),
        referring("x.json", **{"$defs": {"y": {"$id": "x.json", **PII}}}),
        referring("x.json", **{"$id": "http://h/root.json", "$defs": {"y": {"$id": "http://h/x.json", **PII}}}),
        referring("/d/x.json", **{"$id": "http://h/root.json", "$defs": {"y": {"$id": "http://h/d/x.json#", **PII}}}),
        referring("http://h/root.json#/$defs/y", **{"$id": "http://h/root.json", "$defs": {"y": PII}}),
        referring("urn:x:y", **{"$defs": {"y": {"$id": "urn:x:y", **PII}}}),
        referring("x.json#z", **{"$defs": {"y": {"$id": "x.json", "$defs": {"z": {"$anchor": "z", **PII}}}}}),
        referring("x.json#/$defs/z", **{"$defs": {"y": {"$id": "x.json", "$defs": {"z": PII}}}}),
        {"properties": {"a": {"$dynamicRef": "#x"}}, "$defs": {"y": {"$dynamicAnchor": "x", **PII}}},
        {"properties": {"a": {"$recursiveRef": "#"}}, "$defs": {"y": {"$recursiveAnchor": True, **PII}}},
        {"properties": {"a": {"$id": "d/x.json", "$ref": "y.json"}}, "$defs": {"y": {"$id": "d/y.json", **PII}}},
        {"properties": {"a": {"$id": "d/x.json", "$ref": "#/definitions/z", "definitions": {"z": PII}}}},
        {"properties": {"a": {"$id": "d/x.json", "$ref": "#/definitions/z"}}, "definitions": {"z": PII}},
    ],
)  # fmt: skip
def test_a_reference_leads_to_its_target(document: Any) -> None:
    """By pointer, identifier, anchor, old and new; with one that is not marked in its place, nothing is marked."""
    assert mark(document) == "x-pii"
    assert mark(_without_mark(document)) is None


def _without_mark(value: Any) -> Json:
    if isinstance(value, dict):
        return {name: _without_mark(member) for name, member in value.items() if name != "x-pii"}
    return [_without_mark(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("reference", "base", "bundle"),
    [
        ("common.json", "", {"common.json": PII}),
        ("com.example.Common", "http://h/root.json", {"com.example.Common": PII}),
        ("common.json", "http://h/d/root.json", {"http://h/d/common.json": PII}),
        ("common.json", "http://h/d/root.json", {"http://h/d/common.json": {"$schema": DRAFT_2020, "$id": "x", **PII}}),
        ("common.json", "http://h/d/root.json", {"c": {"$id": "http://h/d/common.json", **PII}}),
        ("common.json#/$defs/x", "", {"common.json": {"$defs": {"x": PII}}}),
        ("common.json#x", "", {"common.json": {"$defs": {"y": {"$anchor": "x", **PII}}}}),
        ("d/one.json", "", {"d/one.json": {"$ref": "two.json"}, "d/two.json": PII}),
        ("one", "", {"one": {"$ref": "#/definitions/x", "definitions": {"x": PII}}}),
        ("one", "http://h/root.json", {"one": {"$ref": "http://h/root.json#/definitions/x"}}),
    ],
)
def test_a_reference_leads_into_the_bundle(reference: str, base: str, bundle: Any) -> None:
    """By the bundle's own names as they are, by URIs relative to the document or to another one, and back."""
    for dialect in ({}, {"$schema": DRAFT_2020}):
        document = referring(reference, definitions={"x": PII}, **({"$id": base} if base else {}), **dialect)
        assert mark(document, bundle) == "x-pii"


@pytest.mark.parametrize(
    "reference",
    [
        "nowhere.json", "#nowhere", "#/nowhere", "#/properties/a/type/0", "#/allOf/x", "#/allOf/9", "#/allOf/-1", "#/allOf/01",
        "http://[", "common.json#/nowhere", "#/title", "http://json-schema.org/other", "x" * 3000, 7, None, {}, True,
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_marks_what_it_applies_to(reference: Any) -> None:
    """And nothing beside it. What it would lead to may say anything."""
    document = referring(reference, allOf=[{}, {"type": "object"}], title="x", **{"x": 1})
    document["properties"] = {**document["properties"], "b": {}}  # type: ignore[dict-item]
    assert mark(document, {"common.json": {}}) == UNRESOLVED
    assert mark(document, {"common.json": {}}, at="b") is None


def test_what_makes_no_uri_with_its_base_leads_nowhere() -> None:
    """The bracket opens an IPv6 address that never comes; by the bundle's own name it is found."""
    document = referring("http://[", **{"$id": "http://h/root.json"})
    assert mark(document) == UNRESOLVED
    assert mark(document, {"http://[": PII}) == "x-pii"


def test_a_dynamic_reference_leads_to_every_anchor_of_its_name() -> None:
    """Which one it is depends on the way that validation took; a plain reference stays in its document."""
    document = {"$ref": "tree.json", "$defs": {"y": {"$dynamicAnchor": "node", **PII}}}
    for keyword, expected in (("$dynamicRef", "x-pii"), ("$ref", None)):
        tree = {"$dynamicAnchor": "node", "properties": {"a": {keyword: "#node"}}}
        assert mark(document, {"tree.json": tree}) == expected


def test_an_anchor_is_one_of_its_own_document() -> None:
    """The same name in another document is another anchor."""
    document = referring("other.json#x", **{"$defs": {"y": {"$anchor": "x", **PII}}})
    assert mark(document, {"other.json": {}}) == UNRESOLVED
    assert mark(document, {"other.json": {"not": {"$anchor": "x"}}}) is None


@pytest.mark.parametrize(
    "reference",
    [DRAFT_07, DRAFT_2020, "http://json-schema.org/draft-04/schema", "https://json-schema.org/draft/2019-09/meta/core"],
)
def test_the_schema_of_schemas_marks_nothing(reference: str) -> None:
    """It is in no bundle, and everybody knows it."""
    assert mark(referring(reference)) is None


def test_a_boolean_is_a_target() -> None:
    """It says nothing of what is sensitive, and it is there."""
    assert (
        SchemaMarks.of(referring("#/$defs/x", **{"$defs": {"x": False}}), {}, Marks(), lambda _: False).data is UNMARKED
    )


def test_the_drafts_name_schemas_in_their_own_ways() -> None:
    """`id` is no identifier in draft 7, and `$id` none in draft 4; without a dialect each may be one."""
    by_id: Any = {"y": {"id": "x.json", **PII}}
    by_new_id: Any = {"y": {"$id": "x.json", **PII}}
    for dialect, definitions, expected in (
        (DRAFT_07, by_id, UNRESOLVED),
        (DRAFT_07, by_new_id, "x-pii"),
        ("http://json-schema.org/draft-04/schema#", by_id, "x-pii"),
        ("http://json-schema.org/draft-04/schema#", by_new_id, UNRESOLVED),
        ("http://example.com/other", by_id, "x-pii"),
        ("http://example.com/other", by_new_id, "x-pii"),
    ):
        assert mark(referring("x.json", **{"$schema": dialect}, definitions=definitions)) == expected


def test_an_identifier_beside_a_reference_may_not_count() -> None:
    """Up to draft 7 it does not, but many validators heed it; later it does. Where both may be meant, both are."""
    member = {"properties": {"a": {"$id": "d/x.json", "$ref": "y.json"}}}
    for dialect, target, expected in (
        (DRAFT_07, "y.json", "x-pii"),
        (DRAFT_07, "d/y.json", "x-pii"),
        ("", "y.json", "x-pii"),
        (DRAFT_2020, "y.json", UNRESOLVED),
        (DRAFT_2020, "d/y.json", "x-pii"),
    ):
        assert mark({"$schema": dialect, **member, "$defs": {"y": {"$id": target, **PII}}}) == expected


def test_an_identifier_of_an_unknown_draft_may_not_count() -> None:
    """`id` was one once; in a schema that does not say its draft it may be anything."""
    inside: Any = {"id": "d/x.json", "properties": {"b": {"$ref": "y.json"}}}
    for target in ("y.json", "d/y.json"):
        marks = SchemaMarks.of(
            {"properties": {"a": inside}, "$defs": {"y": {"$id": target, **PII}}}, {}, Marks(), lambda _: False
        )
        assert marks.data.down("a").down("b").mark == "x-pii"


def test_cycles_of_references_end() -> None:
    """Through themselves, each other, and the whole document."""
    assert mark({"$ref": "#", "properties": {"a": {"$ref": "#"}}}) is None
    assert (
        mark(
            referring(
                "#/$defs/x", **{"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"allOf": [{"$ref": "#/$defs/x"}, PII]}}}
            )
        )
        == "x-pii"
    )


def test_an_identifier_in_an_instance_or_an_unknown_keyword_names_nothing() -> None:
    """A validator would not find it there, and may fetch something else."""
    for keyword in ("default", "const", "x-other"):
        assert mark(referring("x.json", **{keyword: {"$id": "x.json"}})) == UNRESOLVED


def test_readings_of_identifiers_are_bounded() -> None:
    """Nested identifiers of no known draft would double at each level."""
    document: Any = {}
    for number in range(10):
        document = {"$id": f"d{number}/", "id": f"e{number}/", "$ref": "#", "not": document}
    location = Location(document, None, "")
    with pytest.raises(TooLarge, match="readings of one identifier"):
        location.find("/not" * 9)
    assert mark(document) == "too-complex"


def test_long_identifiers_are_not_joined() -> None:
    """A base of megabytes would be copied for each subschema; it only names itself."""
    base = "http://h/" + "x" * limits.MAX_REFERENCE_CHARACTERS
    document: Any = {"$schema": DRAFT_2020, "$id": base, "not": {"$id": "y"}}
    location = Location(document, None, "").find("/not")
    assert location is not None
    assert location.bases == ("y",)


def test_a_location_knows_its_pointer() -> None:
    """With the tokens escaped, and what is below added."""
    root = Location({"a/b": [{"~": {}}]}, None, "")
    found = root.find("/a~1b/0/~0")
    assert found is not None
    assert found.pointer() == "/a~1b/0/~0"
    assert found.pointer("x/y", 1) == "/a~1b/0/~0/x~1y/1"
    assert root.pointer() == ""
    assert root.find("/a~1b/0/~0") is found


def test_targets_are_each_given_once() -> None:
    """The document and the resource are one where there is no other identifier."""
    locations = Locations({"$ref": "#", "not": {}}, {})
    locations.know(locations.document)
    assert locations.targets(locations.document, "$ref", "#") == (locations.document,)
    assert len(locations.targets(locations.document, "$ref", "#/not")) == 1
    with pytest.raises(UnresolvedReference):
        locations.targets(locations.document, "$ref", "#/if")
