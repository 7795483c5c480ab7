"""Marks of sensitivity that come, go and move."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.references import Bundle
from countersign.schema_change.sensitivity import Marks, is_mark
from countersign.strict_json import Json

TEXT: dict[str, Json] = {"type": "string"}
SECRET: dict[str, Json] = {"type": "string", "writeOnly": True}


def sensitivity(old: Json, new: Json, *, names: tuple[str, ...] = ()) -> list[tuple[str, str, str | None]]:
    found = compare(old, new, masked_names=names)
    return [
        (change.kind.removeprefix("sensitivity-"), change.pointer, change.property)
        for change in found.changes
        if change.kind.startswith("sensitivity-")
    ]


def members(**properties: Json) -> dict[str, Json]:
    return {"properties": properties}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("writeOnly", True), ("x-sensitive", True), ("confluent:tags", ["PII"]), ("format", "password")],
)
def test_each_mark_is_seen_to_come_and_to_go(keyword: str, value: Json) -> None:
    """On a member that stays, and with a member that comes or goes."""
    marked = members(a={**TEXT, keyword: value})
    where = "/properties/a/" + keyword
    for plain in (members(a=TEXT), {}):
        assert [each[:2] for each in sensitivity(marked, plain)] == [("removed", where)]
        assert [each[:2] for each in sensitivity(plain, marked)] == [("added", where)]
    assert sensitivity(members(a=TEXT), {}) == []
    assert is_mark(keyword, value)
    assert not is_mark(keyword, None)
    assert not is_mark("title", value)


def test_a_mark_that_moves_goes_and_comes() -> None:
    """A renamed member, and one that goes into a part of its own."""
    assert sensitivity(members(a=SECRET), members(b=SECRET)) == [
        ("removed", "/properties/a/writeOnly", "writeOnly"),
        ("added", "/properties/b/writeOnly", "writeOnly"),
    ]
    assert sensitivity(members(a=SECRET), members(a={"allOf": [SECRET]})) == [
        ("added", "/properties/a/allOf/0/writeOnly", "writeOnly"),
        ("removed", "/properties/a/writeOnly", "writeOnly"),
    ]


@pytest.mark.parametrize(
    ("old", "where"),
    [
        ({"items": SECRET}, "/items/writeOnly"),
        ({"prefixItems": [TEXT, SECRET]}, "/prefixItems/1/writeOnly"),
        ({"additionalProperties": SECRET}, "/additionalProperties/writeOnly"),
        ({"patternProperties": {"^a": members(b=SECRET)}}, "/patternProperties/^a/properties/b/writeOnly"),
        ({"anyOf": [TEXT, members(b=SECRET)]}, "/anyOf/1/properties/b/writeOnly"),
        ({"if": SECRET}, "/if/writeOnly"),
        ({"dependentSchemas": {"a": members(b=SECRET)}}, "/dependentSchemas/a/properties/b/writeOnly"),
        (members(a={"$ref": "#/$defs/s"}) | {"$defs": {"s": SECRET}}, "/$defs/s/writeOnly"),
    ],
)
def test_what_goes_as_a_whole_takes_its_marks_along(old: dict[str, Json], where: str) -> None:
    """Wherever schemas stand, and through references; a definition that nothing leads to takes nothing along."""
    kept = {"$defs": old["$defs"]} if "$defs" in old else {}
    assert sensitivity(old, kept) == [("removed", where, "writeOnly")]
    assert sensitivity({"$defs": {"s": SECRET}}, {}) == []


@pytest.mark.parametrize("dialect", ["http://json-schema.org/draft-07/schema#", DRAFT_2020_12.uri])
@pytest.mark.parametrize("new", [{"$ref": "#/$defs/s"}, TEXT])
def test_a_mark_beside_a_reference_counts(dialect: str, new: Json) -> None:
    """Also where the reference goes, and on the way through another reference."""
    definitions: dict[str, Json] = {
        "$schema": dialect,
        "$defs": {"s": TEXT, "t": {"$ref": "#/$defs/s", "writeOnly": True}},
    }
    marks: list[Json] = [{"$ref": "#/$defs/s", "writeOnly": True}, {"$ref": "#/$defs/t"}]
    for marked in marks:
        old, plain = {**definitions, **members(a=marked)}, {**definitions, **members(a=new)}
        assert [each[0] for each in sensitivity(old, plain)] == ["removed"]
        assert [each[0] for each in sensitivity(plain, old)] == ["added"]


def test_a_pure_rewrite_moves_no_mark() -> None:
    """Inline or behind a reference, a mark is the same mark."""
    old: Json = members(a=SECRET)
    new: Json = {**members(a={"$ref": "#/$defs/s"}), "$defs": {"s": SECRET}}
    assert sensitivity(old, new) == []
    assert sensitivity(new, old) == []


def test_masked_names_are_marks() -> None:
    """A member of a name that masking rules hide: declared, no longer declared, renamed, inside another one."""
    assert sensitivity(members(iban=TEXT), members(account=TEXT), names=("iban",)) == [
        ("removed", "/properties/iban", "iban")
    ]
    assert sensitivity({}, members(pay=members(iban=TEXT)), names=("iban",)) == [
        ("added", "/properties/pay/properties/iban", "iban")
    ]
    assert sensitivity(members(iban=TEXT), members(account=TEXT)) == []
    assert sensitivity(members(iban=TEXT), members(iban={"type": "integer"}), names=("iban",)) == []


def test_each_schema_is_looked_at_once() -> None:
    """However many references lead to it: hostile documents end."""
    document: Json = {"$defs": {"s": {**SECRET, "items": {"$ref": "#/$defs/s"}}}}
    place = Bundle(document, {}).root(DRAFT_2020_12)
    marks = Marks(())
    reference: Json = {"$ref": "#/$defs/s"}
    assert [mark.pointer for mark in marks.of(place, "", ("properties", "a"), reference)] == ["/$defs/s/writeOnly"]
    assert list(marks.of(place, "", ("properties", "b"), {"$ref": "#/$defs/s"})) == []
    assert list(marks.of(place, "", ("properties", "c"), {"$ref": "elsewhere"})) == []
