"""Each keyword on one value, added, removed, tightened and loosened alone."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json


def only(old: Json, new: Json) -> tuple[str, str]:
    (change,) = compare(old, new).changes
    return change.kind, change.effect


@pytest.mark.parametrize(
    ("keyword", "loose", "tight", "name", "tighter", "looser"),
    [
        ("type", ["string", "null"], "string", "type", "changed", "changed"),
        ("type", "number", "integer", "type", "changed", "changed"),
        ("minimum", 1, 2, "minimum", "increased", "decreased"),
        ("maximum", 2, 1, "maximum", "decreased", "increased"),
        ("exclusiveMinimum", 1, 2, "exclusive-minimum", "increased", "decreased"),
        ("exclusiveMaximum", 2, 1, "exclusive-maximum", "decreased", "increased"),
        ("multipleOf", 2, 4, "multiple-of", "changed", "changed"),
        ("minLength", 1, 2, "min-length", "increased", "decreased"),
        ("maxLength", 2, 1, "max-length", "decreased", "increased"),
        ("pattern", "^a", "^ab", "pattern", "changed", "changed"),
        ("minItems", 1, 2, "min-items", "increased", "decreased"),
        ("maxItems", 2, 1, "max-items", "decreased", "increased"),
        ("minProperties", 1, 2, "min-properties", "increased", "decreased"),
        ("maxProperties", 2, 1, "max-properties", "decreased", "increased"),
        ("uniqueItems", False, True, "unique-items", "changed", "changed"),
    ],
)
def test_table(keyword: str, loose: Json, tight: Json, name: str, tighter: str, looser: str) -> None:
    """Added or tightened narrows, removed or loosened widens."""
    assert only({}, {keyword: tight}) == (f"{name}-added", "narrows")
    assert only({keyword: tight}, {}) == (f"{name}-removed", "widens")
    assert only({keyword: loose}, {keyword: tight}) == (f"{name}-{tighter}", "narrows")
    assert only({keyword: tight}, {keyword: loose}) == (f"{name}-{looser}", "widens")


def test_enum_and_const() -> None:
    """Each value of a list is a change of its own."""
    assert only({}, {"enum": [1]}) == ("enum-added", "narrows")
    assert only({"enum": [1]}, {}) == ("enum-removed", "widens")
    assert only({"enum": [1]}, {"enum": [1, 2]}) == ("enum-value-added", "widens")
    assert only({"enum": [1, 2]}, {"enum": [2]}) == ("enum-value-removed", "narrows")
    assert only({}, {"const": 1}) == ("const-added", "narrows")
    assert only({"const": 1}, {"const": 2}) == ("const-changed", "narrows-and-widens")
    assert only({"const": 1}, {}) == ("const-removed", "widens")
    assert not compare({"enum": [1, 2]}, {"enum": [2.0, 1]}).changes


def test_formats_are_never_taken_for_harmless() -> None:
    """A format may be asserted: adding one is not compatible, changing one is unknown."""
    assert only({}, {"format": "date"}) == ("format-added", "narrows")
    assert only({"format": "date"}, {"format": "uuid"}) == ("format-changed", "unknown")
    assert only({"format": "date"}, {}) == ("format-removed", "widens")
    assert compare({}, {"format": "date"}).backward == "unknown"
    assert compare({}, {"contentEncoding": "base64"}).backward == "unknown"
    assert compare({"format": "date"}, {}).backward == "compatible"


@pytest.mark.parametrize(
    "keyword", ["title", "description", "examples", "default", "$comment", "deprecated", "readOnly", "connect.type"]
)
def test_annotations_are_listed_and_neutral(keyword: str) -> None:
    """An annotation that differs is said, and leaves both verdicts alone."""
    found = compare({keyword: ["x"]}, {keyword: ["y"]})
    assert [(change.kind, change.property, change.effect) for change in found.changes] == [
        ("annotation-changed", keyword, "none")
    ]
    assert (found.backward, found.forward) == ("compatible", "compatible")
    assert only({}, {keyword: 1})[0] == "annotation-added"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({"writeOnly": True}, {}, "sensitivity-removed"),
        ({"writeOnly": True}, {"writeOnly": False}, "sensitivity-removed"),
        ({}, {"x-sensitive": True}, "sensitivity-added"),
        ({"confluent:tags": ["PII", "X"]}, {"confluent:tags": ["X"]}, "sensitivity-removed"),
        ({"confluent:tags": ["X"]}, {"confluent:tags": ["PII", "X"]}, "sensitivity-changed"),
        ({"format": "password"}, {}, "sensitivity-removed"),
        ({"format": "password"}, {"format": "uuid"}, "sensitivity-removed"),
    ],
)
def test_sensitivity_has_kinds_of_its_own(old: Json, new: Json, kind: str) -> None:
    """A mark that is taken off can be told from other annotations by a rule."""
    assert only(old, new)[0] == kind


@pytest.mark.parametrize("keyword", ["nullable", "minLenght", "x-kubernetes-int-or-string", "dependencies"])
def test_unknown_keywords_make_everything_unknown(keyword: str) -> None:
    """An unknown keyword that differs is never compatible, in neither direction; one that stays is no obstacle."""
    dialect: dict[str, Json] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string"}
    for old, new in ((dialect, {**dialect, keyword: 3}), ({**dialect, keyword: 3}, dialect)):
        found = compare(old, new)
        assert [change.effect for change in found.changes] == ["unknown"]
        assert (found.backward, found.forward) == ("unknown", "unknown")
    kept = compare({**dialect, keyword: 3}, {**dialect, keyword: 3, "maxLength": 2})
    assert kept.forward == "compatible"
