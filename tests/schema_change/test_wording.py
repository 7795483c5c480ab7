"""Changes in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from countersign.schema_change import Change, compare
from countersign.schema_change.place_names import place_name
from countersign.schema_change.wording import SUBJECT, declared, is_masked_name, templates
from countersign.strict_json import Json


def said(old: Json, new: Json, dialect: str = "2020-12") -> str:
    """The words for the changes of the member `amount`, all of one kind."""
    changes = compare({"properties": {"amount": old}}, {"properties": {"amount": new}}, default_dialect=dialect).changes
    changes = tuple(change for change in changes if not change.kind.startswith("sensitivity-"))
    assert len({change.kind for change in changes}) == 1
    return "; ".join(text.replace(SUBJECT, place_name(changes[0].pointer).subject) for text in templates(changes))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"minimum": 0}, "`amount` no longer accepts negative numbers"),
        ({"exclusiveMinimum": 0, "minimum": -1}, {"exclusiveMinimum": 0, "minimum": 0}, "`amount` must be at least 0 instead of -1"),
        ({}, {"minimum": 5}, "`amount` must be at least 5"),
        ({"minimum": 1}, {"minimum": 5}, "`amount` must be at least 5 instead of 1"),
        ({"minimum": 5}, {}, "`amount` need no longer be at least 5"),
        ({}, {"exclusiveMaximum": 1.5}, "`amount` must be less than 1.5"),
        ({"multipleOf": 2}, {"multipleOf": 4}, "`amount` must be a multiple of 4 instead of 2"),
        ({"maxLength": 2}, {"maxLength": 1}, "`amount` must have at most 1 character instead of 2"),
        ({}, {"maximum": 10**400}, "`amount` now has a largest value"),
        ({"type": "string"}, {"type": ["string", "null"]}, "`amount` may also be null"),
        ({"type": ["string", "null", "array"]}, {"type": "string"}, "`amount` may no longer be null or a list"),
        ({"type": "string"}, {"type": "integer"}, "`amount` must be a whole number instead of a string"),
        ({}, {"type": ["string", "boolean", "null"]}, "`amount` must be a string, true or false or null"),
        ({"type": "string"}, {}, "`amount` may be of any type instead of a string"),
        ({"format": "date"}, {"format": "uuid"}, "`amount` must have the format uuid instead of date"),
        ({"format": "date"}, {}, "`amount` need no longer have the format date"),
        ({"format": "date"}, {"format": "a b"}, "`amount` has another rule for its format"),
        ({}, {"contentEncoding": "base64"}, "`amount` must be encoded as base64"),
        ({"contentMediaType": "a/b"}, {}, "`amount` need no longer hold content of the type a/b"),
        ({}, {"pattern": "^[A-Z]{2}$"}, '`amount` must match the pattern "^[A-Z]{2}$"'),
        ({"pattern": "a"}, {"pattern": "b"}, '`amount` must match the pattern "b" instead of "a"'),
        ({"const": "DE"}, {"const": "FR"}, '`amount` must be exactly "FR" instead of "DE"'),
        ({"const": None}, {}, "`amount` need no longer be exactly null"),
        ({}, {"enum": ["a", 4]}, '`amount` must be one of 2 values ("a", 4)'),
        ({"enum": ["a"]}, {}, '`amount` need no longer be exactly "a"'),
        ({"enum": ["a", "b", 4, None]}, {"enum": ["a"]}, '`amount` no longer allows 3 values ("b", 4, null)'),
        ({"enum": ["a"]}, {"enum": ["a", {"x": 1}]}, "`amount` also allows 1 value (an object)"),
        ({}, {"additionalProperties": False}, "`amount` no longer accepts fields that are not declared"),
        ({"anyOf": [{}]}, {"anyOf": [{}, {"type": "null"}]}, "`amount` may have 1 more form (null)"),
        ({"anyOf": [{}, {"$ref": "#/$defs/Card"}, {"type": "null"}]}, {"anyOf": [{}]}, "`amount` may no longer have 2 of its forms (`Card`, null)"),
        ({"oneOf": [{}]}, {"oneOf": [{}, {"minimum": 1}]}, "`amount` may have 1 more form, where exactly one form has to fit"),
        ({"items": {"minimum": 1}}, {"items": {}}, "each item of `amount` need no longer be at least 1"),
        ({}, {"prefixItems": [{}, {"type": "null"}]}, "item 1 of `amount` has a rule of its own; item 2 of `amount` has a rule of its own"),
        ({"items": {"type": "null"}}, {"items": False}, "`amount` no longer accepts items that no rule speaks of"),
        ({}, {"if": {}}, "`amount` gets a condition on which other rules of it depend"),
        ({}, {"unevaluatedProperties": False}, "`amount` no longer accepts fields that no rule speaks of"),
        ({"uniqueItems": False}, {"uniqueItems": True}, "items of `amount` must differ"),
        ({}, False, "`amount` is never accepted"),
        ({}, {"not": {"type": "null"}}, "`amount` must not have a certain form"),
        ({}, {"dependentRequired": {"card": ["cvc", "name"]}}, "where `amount` has `card`, it must have `cvc`, `name`"),
        ({"dependentRequired": {"card": ["cvc"]}}, {"dependentRequired": {"card": ["x"]}}, "where `amount` has `card`, it must have `x` instead of `cvc`"),
        ({"dependentRequired": {"card": ["cvc"]}}, {}, "where `amount` has `card`, it need no longer have `cvc`"),
        ({}, {"dependentSchemas": {"card": {"minProperties": 2}}}, "where `card` is given, `amount` now has a rule"),
        ({"requred": 1}, {"requred": 2}, "`amount` has another value in a keyword of unknown meaning (`requred`)"),
        ({}, {"foo": 1, "bar": 1}, "`amount` gets 2 keywords of unknown meaning (`bar`, `foo`)"),
        ({}, {"$dynamicRef": "#x"}, "`amount` must have the form of another schema"),
    ],
)  # fmt: skip
def test_words(old: Json, new: Json, words: str) -> None:
    """Each kind in plain words, with the values that it is about."""
    assert said(old, new) == words


@pytest.mark.parametrize(
    ("dialect", "old", "new", "words"),
    [
        ("draft-04", {"maximum": 1}, {"maximum": 1, "exclusiveMaximum": True}, "may no longer be its largest value"),
        ("openapi-3.0", {"type": "string"}, {"type": "string", "nullable": True}, "may be null"),
        ("openapi-3.0", {"type": "string", "nullable": True}, {"type": "string", "nullable": False}, "may no longer be null"),
        ("openapi-3.0", {}, {"readOnly": True}, "now has a mark that it is read only"),
        ("kubernetes", {"type": "string"}, {"type": "string", "default": "x"}, "now has a default that is filled in where it is missing"),
        ("kubernetes", {"type": "object"}, {"type": "object", "x-kubernetes-map-type": "atomic"}, "now has a rule `x-kubernetes-map-type`"),
    ],
)  # fmt: skip
def test_words_of_other_dialects(dialect: str, old: Json, new: Json, words: str) -> None:
    """What only some dialects have."""
    assert said(old, new, dialect) == f"`amount` {words}"


def test_the_version_of_json_schema_is_named() -> None:
    """By its short name, not by its address."""
    seven, twenty = "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"

    def version(old: dict[str, Json], new: dict[str, Json]) -> list[str]:
        return templates(compare(old, new).changes)

    assert version({"$schema": seven}, {"$schema": twenty}) == [
        "the version of JSON Schema is 2020-12 instead of draft-07"
    ]
    assert version({}, {"$schema": twenty}) == ["the version of JSON Schema is stated: 2020-12"]
    assert version({"$schema": twenty}, {}) == ["the version of JSON Schema is no longer stated"]
    assert version({"$schema": twenty}, {"$schema": "urn:x"}) == ["the version of JSON Schema changes"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("minimum-increased", "has another smallest value"),
        ("const-changed", "must be another certain value"),
        ("pattern-changed", "must match another pattern"),
        ("enum-added", "must be one of a list of values"),
        ("enum-value-removed", "no longer allows 1 value"),
        ("type-changed", "has another rule for its type"),
        ("format-changed", "has another rule for its format"),
        ("max-length-decreased", "has another largest length"),
        ("dependency-changed", "has another rule"),
        ("any-of-branch-added", "may have 1 more form"),
    ],
)
def test_what_is_masked_is_not_said(kind: str, words: str) -> None:
    """What stands in the place of a masked value, or has not the shape that it should have, is in no sentence."""
    change = Change(kind, "/properties/pin/x", "", "", "x", "[masked]", "[masked]", "narrows")
    assert templates([change])[0].endswith(f"{SUBJECT} {words}")
    odd: list[Any] = [None, True, [], {}, ["string", "[masked]"], float("nan"), -(10**400)]
    for value in odd if kind != "dependency-changed" else ():  # whose lists hold names, and no values
        assert "[masked]" not in templates([replace(change, before=value, after=value)])[0]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("minimum-increased", 4711, 4712),
        ("multiple-of-changed", 4711, 4712),
        ("const-changed", "4711", "4712"),
        ("pattern-removed", "4711", None),
        ("enum-added", None, ["4711"]),
        ("enum-value-added", None, "4711"),
    ],
)
def test_values_are_quoted_only_where_they_may_be(kind: str, before: Json, after: Json) -> None:
    """A change that does not say that its values may be quoted keeps them to itself; its twin names them."""
    change = Change(kind, "/x", "/x", "/x", None, before, after, "narrows")
    assert "471" not in templates([change])[0]
    assert "471" in templates([replace(change, may_be_quoted=True)])[0]


def test_several_values_are_named_only_where_all_may_be() -> None:
    """One value that must not be quoted silences its neighbours: their number would give it away."""
    change = Change("enum-value-removed", "/enum", "/enum", "/enum", None, "a", None, "narrows", may_be_quoted=True)
    assert templates([change, replace(change, before="b")]) == [f'{SUBJECT} no longer allows 2 values ("a", "b")']
    secret = replace(change, before="b", may_be_quoted=False)
    assert templates([change, secret]) == [f"{SUBJECT} no longer allows 2 values"]


def test_marks_of_sensitivity() -> None:
    """A keyword that marks, a format that does, and a name that is masked."""
    masked = Change("sensitivity-removed", "/properties/pin", "", None, "pin", None, None, "none")
    assert is_masked_name(masked)
    assert templates([masked]) == [f"the sensitive field {SUBJECT} is no longer declared"]
    mark = Change("sensitivity-removed", "/properties/writeOnly", "", None, "writeOnly", True, None, "none")
    assert not is_masked_name(mark)
    assert not is_masked_name(replace(mark, before="[masked]", after="[masked]"))
    assert not is_masked_name(replace(masked, kind="identifier-removed"))
    assert templates([mark]) == [f"{SUBJECT} loses 1 mark that says it is sensitive (`writeOnly`)"]
    assert templates([mark, replace(mark, property=None, before="password")]) == [
        f"{SUBJECT} loses 2 marks that say it is sensitive (`writeOnly`, `format: password`)"
    ]
    changed = replace(mark, kind="sensitivity-changed", property="confluent:tags")
    assert templates([changed]) == [
        f"{SUBJECT} has another value in 1 mark that says it is sensitive (`confluent:tags`)"
    ]


def test_negative_numbers_are_refused_only_where_something_is() -> None:
    """The same limit, put differently, refuses nothing more."""
    change = Change("minimum-added", "/minimum", None, "/minimum", None, None, 0, "narrows", may_be_quoted=True)
    assert templates([change]) == [f"{SUBJECT} no longer accepts negative numbers"]
    assert templates([replace(change, effect="none")]) == [f"{SUBJECT} must be at least 0"]


def test_counted_kinds() -> None:
    """One of them and many of them."""
    assert declared("required-added", ["`a`"]) == "1 field becomes required: `a`"
    assert declared("required-added", ["`a`", "`b`"]) == "2 fields become required: `a`, `b`"


def test_names_cannot_move_the_text() -> None:
    """Nor stand for the subject."""
    change = Change("unknown-keyword-added", "/\0", None, "/\0", "\0\u202e", None, 1, "unknown")
    (text,) = templates([change])
    assert text.count(SUBJECT) == 1
    assert "\\u0000\\u202e" in text
