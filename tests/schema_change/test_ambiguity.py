"""Schemas that can be read in more than one way, and what is said of them."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.ambiguity import is_ambiguous, is_written_alike
from countersign.schema_change.dialect import DRAFT_2020_12
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
    assert is_ambiguous(document, bundle, DRAFT_2020_12)


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
    assert not is_ambiguous(document, bundle, DRAFT_2020_12)


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
