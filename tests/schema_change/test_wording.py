"""One change in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from countersign.schema_change import Change, compare
from countersign.schema_change.wording import COUNTED, place_in_words, sentence
from countersign.strict_json import Json


def said(old: dict[str, Json], new: dict[str, Json], dialect: str = "2020-12") -> str:
    """The words for the one change of the member `amount`."""
    changes = compare({"properties": {"amount": old}}, {"properties": {"amount": new}}, default_dialect=dialect).changes
    (change,) = (change for change in changes if not change.kind.startswith("sensitivity-"))
    return sentence(change)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"minimum": 0}, "`amount` no longer accepts negative numbers"),
        ({}, {"minimum": 5}, "`amount` must be at least 5"),
        ({"minimum": 1}, {"minimum": 5}, "`amount` must be at least 5 instead of 1"),
        ({"minimum": 5}, {}, "`amount` need no longer be at least 5"),
        ({}, {"exclusiveMaximum": 1.5}, "`amount` must be less than 1.5"),
        ({"maxLength": 2}, {"maxLength": 1}, "`amount` must have at most 1 character instead of 2"),
        ({}, {"maximum": 10**400}, "`amount` has a rule for maximum now"),
        ({"type": "string"}, {"type": ["string", "null"]}, "`amount` must be string or null instead of string"),
        ({}, {"type": "string"}, "`amount` must be string"),
        ({"type": "string"}, {}, "`amount` may be of any type instead of string"),
        ({"format": "date"}, {"format": "uuid"}, "`amount` must have the format uuid instead of date"),
        ({"format": "date"}, {}, "`amount` need no longer have the format date"),
        ({"format": "date"}, {"format": "a b"}, "`amount` has another rule for format"),
        ({}, {"pattern": "^secret$"}, "`amount` must match a pattern"),
        ({"const": "secret"}, {"const": "s"}, "`amount` must be another certain value"),
        ({}, {"enum": ["secret"]}, "`amount` must be one of a list of values"),
        ({}, {"additionalProperties": False}, "`amount` no longer accepts fields that are not declared"),
        ({}, {"title": "secret"}, "`title` is added"),
        ({"anyOf": [{}]}, {"anyOf": [{}, {"type": "null"}]}, "`amount` has one any-of branch more"),
        ({"items": {"minimum": 1}}, {"items": {}}, "an item of `amount` need no longer be at least 1"),
        ({}, {"if": {}}, "`amount` has a rule for if now"),
    ],
)
def test_words(old: dict[str, Json], new: dict[str, Json], words: str) -> None:
    """Limits, types and formats with their values; of everything else, that it changes."""
    assert said(old, new) == words


def test_words_of_other_dialects() -> None:
    """A boolean beside a limit, and null beside a type."""
    assert (
        said({"maximum": 1}, {"maximum": 1, "exclusiveMaximum": True}, "draft-04")
        == "`amount` may no longer be its maximum"
    )
    assert said({"type": "string"}, {"type": "string", "nullable": True}, "openapi-3.0") == "`amount` may be null"


@pytest.mark.parametrize("kind", ["minimum-increased", "type-changed", "format-changed", "max-length-decreased"])
def test_what_is_masked_is_not_said(kind: str) -> None:
    """What stands in the place of a masked value, or has not the shape that it should have, is in no sentence."""
    change = Change(kind, "/properties/pin/x", "", "", None, "[masked]", "[masked]", "narrows")
    assert sentence(change) == f"`pin` has another rule for {kind.rpartition('-')[0].replace('-', ' ')}"
    odd: list[Any] = [None, True, [], {}, ["string", "[masked]"], float("nan"), -(10**400)]
    for value in odd:
        assert "has another rule" in sentence(replace(change, before=value, after=value))


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        ("/minimum", ("the document", "")),
        ("/properties/a~1b/minimum", ("`a/b`", "")),
        ("/properties/properties/properties/items/minimum", ("`items`", "")),
        ("/properties/a/items/minimum", ("an item of `a`", "")),
        ("/items/properties/a/minimum", ("`a`", "")),
        ("/prefixItems/0/minimum", ("an item", "")),
        ("/anyOf/1/properties/a/minimum", ("`a`", "in one branch: ")),
        ("/anyOf/1", ("the document", "")),
        ("/not/minimum", ("the document", "in a form that is refused: ")),
        ("/dependentSchemas/a/minimum", ("the document", "in some cases: ")),
        ("/$defs/address/minimum", ("`address`", "")),
        ("", ("the document", "")),
    ],
)
def test_places(pointer: str, words: tuple[str, str]) -> None:
    """The last name on the way, whatever it is called."""
    assert place_in_words(pointer) == words


def test_counted_kinds_have_two_forms() -> None:
    """One of them and many of them."""
    assert all(one != many for one, many in COUNTED.values())
