"""The automaton of marked places."""

from __future__ import annotations

from typing import Any

import pytest

from countersign import limits
from countersign.masking.fields.field_names import FieldNames
from countersign.masking.fields.mark_words import Marks
from countersign.masking.schemas.marked_places import COMPLEX, UNMARKED, MarkedPlace, State, Uniform
from countersign.masking.schemas.schema_marks import SchemaMarks

PII: dict[str, Any] = {"x-pii": True}


def data(document: Any) -> MarkedPlace:
    """The place of the root of an instance."""
    return SchemaMarks.of(document, {}, Marks(), FieldNames().is_secret).data


def mark(document: Any, *path: str | int) -> str | None:
    """The mark at `path` of an instance."""
    place = data(document)
    for key in path:
        place = place.down(key)
    return place.mark


@pytest.mark.parametrize(
    ("schema", "path", "beside"),
    [
        ({"properties": {"a": PII}}, ("a",), ("b",)),
        ({"properties": {"a": {"properties": {"b": PII}}}}, ("a", "b"), ("b",)),
        ({"items": PII}, (7,), ("a",)),
        ({"items": [{}, PII]}, (1,), (0,)),
        ({"prefixItems": [{}, PII]}, (1,), (2,)),
        ({"items": [{}], "additionalItems": PII}, (1,), (0,)),
        ({"contains": PII}, (3,), ("a",)),
        ({"patternProperties": {"^x-": PII}}, ("x-a",), ("a",)),
        ({"additionalProperties": PII, "properties": {"b": {}}}, ("a",), ("b",)),
        ({"unevaluatedProperties": PII, "properties": {"b": {}}}, ("a",), ("b",)),
        ({"unevaluatedItems": PII, "prefixItems": [{}]}, (1,), (0,)),
        ({"anyOf": [{"properties": {"a": PII}}, {"properties": {"a": {}}}]}, ("a",), ("b",)),
        ({"properties": {"a": {"propertyNames": PII}, "b": {}}}, ("a",), ("b",)),
        ({"if": {"properties": {"a": PII}}}, ("a",), ("b",)),
        ({"not": {"properties": {"a": PII}}}, ("a",), ("b",)),
        ({"properties": {"password": {}}}, ("password",), ("b",)),
    ],
)
def test_what_may_apply_marks(schema: Any, path: tuple[str | int, ...], beside: tuple[str | int, ...]) -> None:
    """Through every keyword with subschemas; and not beside it."""
    assert mark(schema, *path) in ("x-pii", "field-name")
    assert mark(schema, *beside) is None


def test_what_is_inside_a_marked_place_is_marked() -> None:
    """A mark on an object is one on all that is in it, by the name of the outer mark."""
    assert mark({"properties": {"a": {**PII, "properties": {"b": {"x-secret": True}}}}}, "a", "b", 3, "c") == "x-pii"


def test_the_first_of_several_marks_gives_its_name() -> None:
    """By the order of the words, not of the subschemas."""
    schema: Any = {"allOf": [{"x-pii": True}, {"x-sensitive": True}, {"$ref": "nowhere"}]}
    assert mark(schema) == "x-sensitive"


def test_a_place_below_which_nothing_is_marked_is_uniform() -> None:
    """So that a walk can tell that it need not ask any more."""
    place = data({"properties": {"a": PII, "b": {"properties": {"c": {}}}}})
    assert place.down("b") is UNMARKED
    assert place.down("zz") is UNMARKED
    assert UNMARKED.down("a") is UNMARKED
    assert UNMARKED.content is UNMARKED
    assert isinstance(place.down("a"), State)


def test_recursive_schemas_have_few_states() -> None:
    """A tree of any depth has one state for all its nodes."""
    place = data({"properties": {"child": {"$ref": "#"}, "a": PII}})
    assert place.down("child").down("child") is place.down("child")
    assert place.down("child").down("child").down("a").mark == "x-pii"


def test_items_behind_the_listed_ones_are_alike() -> None:
    """A long array asks for no more than a short one."""
    place = data({"prefixItems": [{}, PII], "items": {"properties": {"a": PII}}})
    assert isinstance(place, State)
    assert {place.down(index) for index in range(2, 1000)} == {place.down(1_000_000)}
    assert len(place._moves) == 1
    assert place.down(1_000_000).down("a").mark == "x-pii"


def test_names_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who makes up names does not fill the memory."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_NAMES", 10)
    place = data({"patternProperties": {"^a": PII}})
    assert isinstance(place, State)
    for number in range(100):
        assert place.down(f"a{number}").mark == "x-pii"
        assert place.down(f"b{number}").mark is None
        assert len(place._moves) <= 10


def test_the_document_inside_a_string_has_a_place() -> None:
    """What `contentSchema` says of it."""
    place = data({"properties": {"a": {"contentSchema": {"properties": {"b": PII}}}}})
    inside = place.down("a")
    assert isinstance(inside, State)
    assert inside.content.down("b").mark == "x-pii"
    assert inside.mark is None
    assert inside.down("b").mark is None


def test_a_schema_with_too_many_states_marks_what_is_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    """States double with each key here; what would need one too many is marked, and what was found stays."""
    definitions: Any = {
        f"s{number}": {"properties": {key: {"$ref": f"#/$defs/s{number + 1}"} for key in "ab"}} for number in range(20)
    }
    document: Any = {
        "properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#/$defs/s0"}]}, "b": {"$ref": "#"}},
        "$defs": {**definitions, "s20": PII},
    }
    monkeypatch.setattr(limits, "MAX_MARK_STEPS", 2000)
    start, ends = data(document), []
    for keys in range(1 << 9):
        place = start
        for bit in range(19):
            place = place.down("ab"[keys >> bit & 1])
        ends.append(place)
    assert ends[0].mark is None
    assert any(end is COMPLEX for end in ends)
    assert start.mark is None
    assert start.down("b").mark is None


def test_a_uniform_place_has_its_mark_everywhere() -> None:
    """Also in documents inside strings."""
    place = Uniform("x")
    assert place.down("a").down(0).content.mark == "x"
