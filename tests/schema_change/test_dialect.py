"""Which dialect a document is written in."""

from __future__ import annotations

import pytest

from countersign.schema_change.dialect import (
    DRAFT_04,
    DRAFT_07,
    DRAFT_2020_12,
    KUBERNETES,
    NAMED,
    OPENAPI_3_0,
    named,
    readings,
    stated,
    subschemas,
)
from countersign.strict_json import Json


def test_stated_dialect_loses_its_empty_fragment() -> None:
    """`…/schema#` and `…/schema` name the same dialect."""
    assert stated({"$schema": DRAFT_07.uri + "#"}) == DRAFT_07.uri
    assert stated({"$schema": 1}) is None
    assert stated(True) is None


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({}, ["2020-12"]),
        ({"items": [{}]}, ["draft-07"]),
        ({"properties": {"items": {"dependencies": {}}}}, ["draft-07"]),
        ({"properties": {"dependencies": {}}}, ["2020-12"]),
        ({"definitions": {"a": {"$id": "#a"}}}, ["draft-07"]),
        ({"definitions": {"a": {"$id": "a#"}}}, ["2020-12"]),
        ({"prefixItems": []}, ["2020-12"]),
        ({"prefixItems": [], "dependencies": {}}, ["2020-12", "draft-07"]),
        ({"$ref": "#/a", "type": "string"}, ["2020-12", "draft-07"]),
        ({"minimum": 1, "exclusiveMinimum": True}, ["draft-04"]),
    ],
)
def test_readings_follow_the_keywords(document: Json, names: list[str]) -> None:
    """Keywords of one dialect decide; where two fit and differ, both are read."""
    assert [each.name for each in readings(document)] == names


def test_whole_floats_are_read_both_ways() -> None:
    """1.0 in an enum is an integer in some dialects only."""
    assert [each.float_integers for each in readings({"enum": [1.0]})] == [True, False]
    assert [each.float_integers for each in readings({"enum": [1]})] == [True]


def test_subschemas_are_found_by_keyword() -> None:
    """A name that a member has is no keyword; what stands in an enum is no schema."""
    document: Json = {
        "properties": {"enum": {"type": "string"}},
        "enum": [{"type": "integer"}],
        "allOf": [{"not": {"title": "deep"}}],
    }
    found = list(subschemas(document))
    assert {"type": "string"} in found
    assert {"title": "deep"} in found
    assert {"type": "integer"} not in found


def test_dialects_differ() -> None:
    """Each difference that is worked out is a field."""
    assert DRAFT_04.boolean_exclusive
    assert not DRAFT_04.float_integers
    assert not DRAFT_07.ref_has_siblings
    assert DRAFT_2020_12.ref_has_siblings
    assert "prefixItems" in DRAFT_2020_12.assertions


def test_dialects_have_names() -> None:
    """By name or by `$schema`; what services read has no `$schema`."""
    assert named("draft-07") is DRAFT_07
    assert named(DRAFT_07.uri + "#") is DRAFT_07
    assert named("kubernetes") is KUBERNETES
    assert named("draft-08") is None
    assert [each.name for each in NAMED.values() if not each.is_stated] == ["openapi-3.0", "kubernetes"]


def test_annotations_belong_to_a_dialect() -> None:
    """`example` annotates in OpenAPI 3.0, `default` acts in Kubernetes, and `readOnly` says what is required of whom."""
    assert OPENAPI_3_0.annotates("example")
    assert not DRAFT_2020_12.annotates("example")
    assert DRAFT_2020_12.annotates("default")
    assert not KUBERNETES.annotates("default")
    assert not OPENAPI_3_0.annotates("readOnly")
