"""Schemas that can be read in more than one way, and what is said of them."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.ambiguity import is_ambiguous, is_read_alike, is_written_alike
from countersign.schema_change.dialect import DRAFT_04, DRAFT_07, DRAFT_2020_12, Dialect
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json

URI = DRAFT_2020_12.uri
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
STRING: dict[str, Json] = {"type": "string"}
INTEGER: dict[str, Json] = {"type": "integer"}


def anchored(**named: str) -> Json:
    return {"$ref": "#x", "$defs": {name: {"$anchor": "x", "type": kind} for name, kind in named.items()}}


@pytest.mark.parametrize(
    ("document", "bundle"),
    [
        ({"$defs": {"n": {"$dynamicAnchor": "n"}}, "$dynamicRef": "#n"}, {}),
        ({"x": {"y": {"$recursiveRef": "#"}}}, {}),
        ({"$schema": URI, "$defs": {"a": {"$schema": DRAFT_7}}}, {}),
        ({"$schema": URI}, {"b": {"$schema": DRAFT_7}}),
        (anchored(a="string", b="integer"), {}),
        ({"$defs": {"a": {"$id": "i", **STRING}, "b": {"$id": "i", **INTEGER}}}, {}),
        ({"$defs": {"q": {"$id": "b", **STRING}}}, {"b": INTEGER}),
        ({"$defs": {"q": {"$id": "https://example.com/b", **STRING}}}, {"b": INTEGER}),
    ],
)
def test_more_than_one_reading(document: Json, bundle: dict[str, Json]) -> None:
    """Dynamic references, another dialect inside, and one name for two schemas."""
    assert is_ambiguous(Bundle(document, bundle), DRAFT_2020_12)


@pytest.mark.parametrize(
    ("document", "bundle"),
    [
        (True, {}),
        ({"$schema": DRAFT_7}, {}),
        ({"properties": {"$dynamicRef": STRING, "$id": STRING}, "examples": [{"id": "a"}, {"id": "a", "b": 1}]}, {}),
        ({"$schema": URI, "$defs": {"a": {"$schema": URI}}}, {"b": {"$schema": URI}}),
        (anchored(a="string", b="string"), {}),
        ({"$defs": {"q": {"$id": "b", **STRING}}}, {"b": {"$id": "b", **STRING}}),
        ({"$defs": {"q": {"$id": "ab", **STRING}}}, {"b": INTEGER}),
    ],
)
def test_one_reading(document: Json, bundle: dict[str, Json]) -> None:
    """The twins: references that stand still, one dialect, and names that say one thing."""
    assert not is_ambiguous(Bundle(document, bundle), DRAFT_2020_12)


def test_written_alike() -> None:
    """The order of members counts here, as it may for a validator."""
    assert is_written_alike(anchored(a="string", b="integer"), anchored(a="string", b="integer"))
    assert not is_written_alike(anchored(a="string", b="integer"), anchored(b="integer", a="string"))


def dynamic(kind: str) -> dict[str, Json]:
    return {"$dynamicAnchor": "n", "type": kind}


def test_a_dynamic_reference_proves_nothing() -> None:
    """One text that leads to two schemas is no contradiction: here 5 is accepted before and refused after."""
    string: Json = {"$id": "https://x.test/a", "$defs": {"n": dynamic("string")}, "allOf": [{"$dynamicRef": "#n"}]}
    other: Json = {"$id": "https://x.test/b", "$defs": {"n": dynamic("integer")}, "not": {"$dynamicRef": "#n"}}
    new: Json = {"$schema": URI, "anyOf": [string, other]}
    diff = compare({"$schema": URI}, new)
    assert (diff.backward, diff.forward) == ("unknown", "unknown")
    assert "schema-ambiguous" in [change.kind for change in diff.changes]
    assert compare(None, new).backward == "unknown"
    assert compare(new, new).backward == "compatible"
    assert compare({"$schema": URI}, {"$schema": URI, "anyOf": [STRING, {"not": STRING}]}).backward == "compatible"


def test_order_counts_where_two_schemas_have_one_name() -> None:
    """Swapping two definitions of one anchor is not called the same; swapping two of different names is."""
    one, other = anchored(a="string", b="integer"), anchored(b="integer", a="string")
    assert compare(one, one).backward == "compatible"
    assert compare(one, other).backward != "compatible"
    assert compare({"$defs": {"a": STRING, "b": INTEGER}}, {"$defs": {"b": INTEGER, "a": STRING}}).changes == ()


def test_a_local_name_does_not_hide_behind_the_bundle() -> None:
    """Where `b` is a reference of the service and also an `$id`, a change of the one inside is not called harmless."""

    def document(kind: str) -> Json:
        return {"$schema": URI, "$id": "https://x.test/a", "$ref": "b", "$defs": {"q": {"$id": "b", "type": kind}}}

    bundle: dict[str, Json] = {"b": STRING}
    found = compare(document("string"), document("integer"), old_bundle=bundle, new_bundle=bundle)
    assert (found.backward, found.forward) == ("unknown", "unknown")


def test_a_pointer_into_another_dialect() -> None:
    """What stands beside `$ref` counts in one of the two dialects and not in the other."""

    def document(inner: Json) -> Json:
        part: Json = {"$id": "https://x.test/p", "$schema": DRAFT_7, "properties": {"b": inner}}
        return {"$schema": URI, "$ref": "https://x.test/p#/properties/b", "$defs": {"p": part, "t": {"minLength": 1}}}

    target = "https://x.test/p#/properties/none"
    beside = document({"$ref": target, **STRING})
    within = document({"allOf": [{"$ref": target}], **STRING})
    assert compare(beside, within).backward == "unknown"


@pytest.mark.parametrize(
    ("document", "dialects", "is_alike"),
    [
        ({"items": STRING, "required": ["a"]}, (DRAFT_07, DRAFT_2020_12), True),
        ({"items": [STRING]}, (DRAFT_07, DRAFT_2020_12), False),
        ({"$defs": {"s": STRING}, "items": {"$ref": "#/$defs/s"}}, (DRAFT_07, DRAFT_2020_12), True),
        ({"$defs": {"s": STRING}, "items": {"$ref": "#/$defs/s", "minLength": 1}}, (DRAFT_07, DRAFT_2020_12), False),
        ({"items": {"$ref": "#"}, "type": "array"}, (DRAFT_04, DRAFT_2020_12), True),
        ({"items": {"$ref": "#"}, "type": ["array", "integer"]}, (DRAFT_04, DRAFT_2020_12), False),
        ({"$ref": "b"}, (DRAFT_07, DRAFT_2020_12), False),
        ({"$ref": "c"}, (DRAFT_07, DRAFT_2020_12), True),
    ],
)
def test_read_alike(document: Json, dialects: tuple[Dialect, ...], is_alike: bool) -> None:
    """Wherever the difference stands: what the reference leads to is read too."""
    assert is_read_alike(Bundle(document, {"b": {"dependencies": {"a": ["b"]}}, "c": INTEGER}), dialects) is is_alike


def test_a_difference_below_the_reader_depth_counts() -> None:
    """What is too deep to be read at once is not taken for the same in two dialects."""
    deep: Json = {"items": [STRING]}
    for _ in range(70):
        deep = {"not": deep}
    assert not is_read_alike(Bundle(deep, {}), (DRAFT_07, DRAFT_2020_12))


@pytest.mark.parametrize("bundle", [{}, {"b": INTEGER}])
def test_a_dialect_that_is_stated_from_now_on(bundle: dict[str, Json]) -> None:
    """Where the document was read like that all along, the line does nothing; the other way round neither."""
    plain: dict[str, Json] = {"type": "object", "properties": {"a": STRING}, "required": ["a"]}
    wider: dict[str, Json] = {**plain, "required": []}
    for uri in (URI, DRAFT_7):
        found = compare(plain, {"$schema": uri, **plain}, old_bundle=bundle, new_bundle=bundle)
        assert (found.backward, found.forward) == ("compatible", "compatible")
        assert [(change.kind, change.effect) for change in found.changes] == [("dialect-added", "none")]
        found = compare({"$schema": uri, **plain}, wider, old_bundle=bundle, new_bundle=bundle)
        assert (found.backward, found.forward) == ("compatible", "breaking")
        assert ("dialect-removed", "none") in [(change.kind, change.effect) for change in found.changes]


@pytest.mark.parametrize(
    ("document", "uri", "default"),
    [
        ({"items": [STRING]}, URI, None),
        ({"prefixItems": [STRING]}, DRAFT_7, None),
        ({"$defs": {"s": {}}, "$ref": "#/$defs/s", **STRING}, URI, None),
        ({"type": "integer"}, DRAFT_04.uri, None),
        ({"contains": STRING, "minContains": 2}, DRAFT_7, None),
        (STRING, "https://example.com/dialect", None),
        (STRING, URI, "openapi-3.0"),
        ({"items": [STRING]}, URI, "draft-07"),
    ],
)
def test_a_dialect_that_may_not_have_been_meant(document: dict[str, Json], uri: str, default: str | None) -> None:
    """Where one of the readings differs, and where the dialect is not known here, nothing is called compatible."""
    found = compare(document, {"$schema": uri, **document}, default_dialect=default)
    assert found.backward == found.forward == "unknown"
    assert ("dialect-added", "unknown") in [(change.kind, change.effect) for change in found.changes]


def test_a_default_dialect_was_meant() -> None:
    """With one the document was not read as its keywords suggest."""
    old: dict[str, Json] = {"$defs": {"s": {}}, "$ref": "#/$defs/s", **STRING}
    new: dict[str, Json] = {"$schema": DRAFT_7, **old}
    assert compare(old, new, default_dialect="draft-07").backward == "compatible"
    assert compare(old, new).backward == "unknown"
    assert compare({"$schema": DRAFT_7, **STRING}, {"$schema": URI, **STRING}).backward == "unknown"
