"""Values in a schema document that are masked when it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from countersign import limits
from countersign.masking.fields.field_names import FieldNames
from countersign.masking.fields.mark_words import Marks
from countersign.masking.schemas.schema_marks import SchemaMarks
from countersign.strict_json import Json

PII: dict[str, Any] = {"x-pii": True}


def masked(document: Any, bundle: Any = None) -> dict[str, str]:
    """Pointers and marks."""
    return dict(SchemaMarks.of(document, bundle or {}, Marks(), FieldNames().is_secret).pointers)


def in_a(**keywords: Any) -> dict[str, Json]:
    """A document whose property `a` has `keywords`."""
    return {"properties": {"a": keywords}}


@pytest.mark.parametrize("keyword", ["default", "examples", "example", "const", "enum"])
def test_values_of_a_marked_field_are_masked_whole(keyword: str) -> None:
    """Whatever they are; and not where the mark is off."""
    assert masked(in_a(**{keyword: [{"b": 1}]}, **PII)) == {f"/properties/a/{keyword}": "x-pii"}
    assert masked(in_a(**{keyword: [{"b": 1}]}, **{"x-pii": False})) == {}


def test_what_a_schema_says_in_words_stays() -> None:
    """The approver reads it; values behind keywords that nobody knows do not stay."""
    words: Any = {
        "title": "t",
        "description": "d",
        "$comment": "c",
        "pattern": "p",
        "minLength": 3,
        "type": "string",
    }
    assert masked(in_a(**words, **PII)) == {}
    assert masked(in_a(**words, **PII, **{"x-sample": "4111", "x-flag": True})) == {"/properties/a/x-sample": "x-pii"}
    assert masked(in_a(**words, **{"x-sample": "4111"})) == {}


def test_all_subschemas_of_a_marked_place_are_masked() -> None:
    """Branches, targets of references, and all that is inside."""
    document: Any = {
        "properties": {
            "a": {
                "x-pii": True,
                "anyOf": [{"const": 1}, {"$ref": "#/$defs/x"}],
                "items": {"properties": {"b": {"default": 2}}},
            },
            "c": {"default": 3},
        },
        "$defs": {"x": {"enum": [4]}, "y": {"enum": [5]}},
    }
    assert set(masked(document)) == {
        "/properties/a/anyOf/0/const",
        "/$defs/x/enum",
        "/properties/a/items/properties/b/default",
    }


def test_values_are_walked_as_instances() -> None:
    """Of each place where their subschema applies, member by member and item by item."""
    document: Any = {
        "properties": {"a": {"$ref": "#/$defs/x"}},
        "$defs": {
            "x": {
                "properties": {"ssn": PII, "list": {"items": [{}, PII]}},
                "default": {"ssn": 1, "list": [2, 3], "other": 4},
                "examples": [{"ssn": 5}, {"other": 6}],
                "enum": [{"ssn": 7}],
                "const": "text",
            }
        },
    }
    assert masked(document) == {
        "/$defs/x/default/ssn": "x-pii",
        "/$defs/x/default/list/1": "x-pii",
        "/$defs/x/examples/0/ssn": "x-pii",
        "/$defs/x/enum/0/ssn": "x-pii",
    }


def test_a_mark_from_far_away_counts_in_a_value() -> None:
    """The place where a value would stand is described by another branch."""
    document: Any = {
        "allOf": [{"properties": {"a": {"default": {"b": 1}}}}, {"properties": {"a": {"additionalProperties": PII}}}]
    }
    assert masked(document) == {"/allOf/0/properties/a/default/b": "x-pii"}


def test_marks_from_far_away_count_for_items() -> None:
    """In a list of items, behind it, and in every item."""
    for one, other in (("items", "items"), ("items", "contains"), ("contains", "additionalItems")):
        document: Any = {"allOf": [{one: {"default": 1}}, {other: PII}]}
        assert masked(document) == {f"/allOf/0/{one}/default": "x-pii"}
    document = {"allOf": [{"items": [{"default": 1}, {"default": 2}]}, {"items": [{}, PII]}]}
    assert masked(document) == {"/allOf/0/items/1/default": "x-pii"}


def test_examples_of_openapi_are_instances_too() -> None:
    """They are named, and each has its value in `value`; some write one instance without a list."""
    document: Any = {"properties": {"b": PII}, "examples": {"one": {"value": {"b": 1}}, "two": {"b": 2}, "b": 3}}
    assert set(masked(document)) == {"/examples/one/value/b", "/examples/two/b", "/examples/b"}


def test_what_nothing_reaches_is_looked_at_by_itself() -> None:
    """Definitions that are not used, yet or any more, and schemas in places that only their readers know."""
    inner: Any = {"properties": {"b": PII}, "default": {"b": 1}}
    for document, start in (
        ({"$defs": {"x": inner}}, "/$defs/x"),
        ({"definitions": {"x": {"allOf": [inner]}}}, "/definitions/x/allOf/0"),
        ({"components": {"schemas": {"x": inner}}}, "/components/schemas/x"),
        ([[inner]], "/0/0"),
    ):
        assert masked(document) == {f"{start}/default/b": "x-pii"}


def test_secret_names_mask_in_schemas_and_in_values() -> None:
    """A property, a definition, a member of a value, a value behind an unknown keyword; a policy is none of them."""
    document: Any = {
        "properties": {"password": {"default": "1"}, "passwordPolicy": {"default": "2"}},
        "$defs": {"ApiKey": {"const": "3"}},
        "default": {"password": "4", "inner": [{"pin": {"x": 5}}], "passwordPolicy": "6"},
        "x-login": {"password": "7", "user": "8"},
        "x-flags": {"password": True},
    }
    assert masked(document) == dict.fromkeys(
        [
            "/properties/password/default",
            "/$defs/ApiKey/const",
            "/default/password",
            "/default/inner/0/pin",
            "/x-login/password",
        ],
        "field-name",
    )


def test_documents_inside_strings_are_walked() -> None:
    """A value is masked whole where the document in it has something that `contentSchema` marks."""
    schema: Any = {"contentSchema": {"properties": {"b": {"items": PII}}}}
    assert masked(in_a(**schema, default='{"b": [1]}')) == {"/properties/a/default": "x-pii"}
    assert masked(in_a(**schema, default='{"b": []}')) == {}
    assert masked(in_a(**schema, default="no document", examples=["\ud800", 3])) == {}
    assert masked(in_a(contentSchema=PII, default="no document")) == {"/properties/a/default": "x-pii"}


def test_patterns_that_share_no_name_do_not_meet() -> None:
    """The values of one are shown although the other is marked; where they may share a name they are not."""
    for other, is_masked in (("^public", False), ("c$", True), ("^(p)", True)):
        document: Any = {"patternProperties": {"^secret": PII, other: {"default": 1}}}
        assert bool(masked(document)) is is_masked
    rest: Any = {"patternProperties": {"^secret": PII}, "additionalProperties": {"default": 1}}
    assert masked(rest) == {}


def test_a_reference_that_leads_nowhere_masks_what_stands_beside_it() -> None:
    """It may have led to a mark; what the bundle has is known."""
    document = in_a(default=1, **{"$ref": "other.json"})
    assert masked(document) == {"/properties/a/default": "unresolved-reference"}
    assert masked(document, {"other.json": {"default": 2}}) == {}
    assert masked(document, {"other.json": {"default": 2, **PII}}) == {"/properties/a/default": "x-pii"}


def test_values_in_the_bundle_are_in_another_document() -> None:
    """A pointer to one of them would mask something else; what it marks counts."""
    bundle = {"other.json": {"properties": {"b": PII}, "default": {"b": 1}}}
    assert masked(in_a(**{"$ref": "other.json"}), bundle) == {}
    assert masked(in_a(default={"b": 1}, **{"$ref": "other.json"}), bundle) == {"/properties/a/default/b": "x-pii"}


def test_known_keywords_in_an_odd_form_hide_nothing() -> None:
    """Inside a marked subschema, an object where a text should be is masked as an unknown one."""
    assert masked(in_a(title={"text": {"default": 1}, "more": "x"}, **PII)) == {
        "/properties/a/title/text": "x-pii", "/properties/a/title/text/default": "x-pii", "/properties/a/title/more": "x-pii",
    }  # fmt: skip


def test_known_keywords_in_an_odd_form_are_reached_from_far_away() -> None:
    """The mark is in another branch."""
    document = {"allOf": [in_a(title={"more": "x"}), in_a(**PII)]}
    assert masked(document) == {"/allOf/0/properties/a/title/more": "x-pii"}


def test_many_names_beside_many_maps_are_too_complex(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each map may hold each of the names: that is counted, although nothing is marked there."""
    maps: list[Any] = [{"additionalProperties": {"default": 1}} for _ in range(20)]
    names: Any = {f"n{number}": {"default": 1} for number in range(20)}
    document = {"allOf": [*maps, {"properties": names}], "items": PII}
    assert masked(document) == {}
    monkeypatch.setattr(limits, "MAX_MARK_STEPS", 200)
    assert len(masked(document)) == 40


def test_a_document_that_is_too_complex_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """All values that instances may have, and what is behind unknown keywords; what it says in words stays."""
    document: Any = {
        "title": "t",
        "properties": {
            f"p{number}": {"default": number, "x-sample": 1, "properties": {"b": PII}} for number in range(20)
        },
    }
    assert masked(document) == {}
    monkeypatch.setattr(limits, "MAX_MARK_STEPS", 30)
    found = masked(document)
    assert set(found.values()) == {"too-complex"}
    assert set(found) == {
        f"/properties/p{number}/{keyword}" for number in range(20) for keyword in ("default", "x-sample")
    }
