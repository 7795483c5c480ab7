"""One case of a proof."""

from __future__ import annotations

import pytest

from countersign.schema_change.case import Case, ItemFails, MemberFails, SomeMemberFails
from countersign.schema_change.constraints import Node, OneOf, Required, Size
from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.schema_change.steps import OutOfSteps, Steps
from countersign.strict_json import Json

READER = Reader()


def node(schema: Json) -> Node:
    return READER.read(Bundle(schema, {}).root(DRAFT_2020_12))


def case(kind: str, *, holds: Json = True, fails: Json = False) -> Case:
    found = Case(kind, float_integers=True)
    found.add(True, node(holds))
    found.add(False, node(fails))
    return found


def test_contradictions_close() -> None:
    """A schema and its opposite, a wrong kind, and false leave nothing."""
    assert case("string", holds={"minLength": 1}, fails={"minLength": 1}).is_closed
    assert case("string", holds={"type": "integer"}).is_closed
    assert not case("integer", holds={"type": "integer"}).is_closed
    assert case("null", holds=False).is_closed
    assert case("null", fails=True).is_closed


def test_keywords_of_other_kinds_say_nothing() -> None:
    """`minLength` holds for every integer, so that it cannot fail for one."""
    assert not case("integer", holds={"minLength": 1}).facts
    assert case("integer", fails={"minLength": 1}).is_closed


def test_opposites_of_limits_are_limits() -> None:
    """Not at least two is at most one."""
    assert Size("string", "upper", 1) in case("string", fails={"minLength": 2}).facts
    assert Size("array", "lower", 3) in case("array", fails={"maxItems": 2}).facts


def test_alternatives_are_kept_as_choices() -> None:
    """Several keywords fail if one of them does; a single one fails for certain."""
    assert len(case("string", fails={"minLength": 1, "maxLength": 2}).choices) == 1
    assert not case("string", fails={"minLength": 1, "maxItems": 2}).choices
    assert len(case("string", holds={"oneOf": [{"minLength": 1}, {"maxLength": 1}, True]}).choices[0]) == 3
    assert len(case("string", fails={"oneOf": [{"minLength": 1}, {"maxLength": 2}]}).choices[0]) == 2


def test_what_fails_is_named() -> None:
    """A failing object has a member that fails, or one that is missing."""
    found = case("object", fails={"required": ["a"]})
    assert Required("a") in found.denied
    found = case("object", fails={"properties": {"a": {"type": "string"}}, "additionalProperties": {"minimum": 1}})
    (choice,) = found.choices
    assert any(isinstance(what, MemberFails) for alternative in choice for _, what in alternative)
    assert any(isinstance(what, SomeMemberFails) for alternative in choice for _, what in alternative)
    (item,) = case("array", fails={"items": {"type": "string"}}).all_of(ItemFails)
    assert item.or_later


def test_what_holds_cannot_fail() -> None:
    """Where a member, a pattern, an item or what is left matches the same by what holds, it is not looked at again."""
    held: dict[str, Json] = {
        "properties": {"a": {"type": "string"}, "b": True},
        "patternProperties": {"^x": {"minimum": 1}},
    }
    fails: Json = {**held, "properties": {"a": {"type": "string"}, "b": {"minimum": 1}}}
    assert [fact.name for fact in case("object", holds=held, fails=fails).all_of(MemberFails)] == ["b"]
    assert len(case("object", fails=fails).choices[0]) == 3
    pattern: Json = {"patternProperties": {"^x": {"minimum": 2}}}
    assert case("object", holds=held, fails=pattern).all_of(SomeMemberFails)
    assert case("object", holds=pattern, fails=pattern).is_closed
    items: Json = {"prefixItems": [{"minimum": 1}, True], "items": {"type": "string"}}
    other: Json = {"prefixItems": [{"minimum": 1}], "items": {"type": "string"}}
    assert case("array", holds=items, fails=items).is_closed
    assert [fact.index for fact in case("array", holds=items, fails=other).all_of(ItemFails)] == [1]
    assert case("array", holds=other, fails=items).is_closed


def test_what_is_left_is_the_same_only_beside_the_same_names() -> None:
    """A member that only one side declares, or whose name only one side's pattern matches, can fail."""
    rest: dict[str, Json] = {"additionalProperties": {"minimum": 1}}
    declared: Json = {"properties": {"a": True}, **rest}
    named: Json = {"patternProperties": {"^a": True}, **rest}
    assert case("object", holds=rest, fails=declared).is_closed
    (fact,) = case("object", holds=declared, fails=rest).all_of(SomeMemberFails)
    assert fact.expression is None
    assert case("object", holds=named, fails=rest).all_of(SomeMemberFails)


def test_values_make_a_domain() -> None:
    """`enum` leaves its values of the kind; several leave what they share."""
    found = case("integer", holds={"allOf": [{"enum": [1, 2, "a"]}, {"enum": [2, 3]}]})
    assert found.domain == {"2": 2}
    assert case("string", holds={"enum": [1]}).is_closed
    assert case("integer", fails={"const": 5}).excluded == {"5"}


def test_draft_04_has_floats_of_its_own() -> None:
    """Where 1.0 is no integer, a listed 1 is also met by 1.0."""
    found = Case("whole", float_integers=False)
    found.add(True, node({"enum": [1]}))
    assert found.domain == {"1": 1.0}


def test_copies_are_apart() -> None:
    """What is added to a copy does not reach the original."""
    found = case("string")
    twin = found.copy()
    twin.add(True, node({"type": "integer"}))
    assert twin.is_closed
    assert not found.is_closed


def test_a_wide_choice_takes_steps() -> None:
    """The alternatives of a wide `oneOf` are many times its branches, and none is written down beyond the limit."""
    steps = Steps(1_000)
    reader = Reader()
    nodes = tuple(reader.node((Required(f"a{index}"),)) for index in range(1_000))
    with pytest.raises(OutOfSteps):
        Case("object", True, steps.spend).add(True, OneOf(nodes))
    steps.left = 1_000
    narrow = Case("object", True, steps.spend)
    narrow.add(True, OneOf(nodes[:3]))
    assert len(narrow.choices) == 1
