"""Made-up values that show what a change does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from countersign import limits
from countersign.schema_change import Counterexample, compare
from countersign.schema_change.counterexamples import Counterexamples, Effect, question
from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.inclusion import Prover
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle, Place
from countersign.strict_json import Json


def shown(old: Json, new: Json) -> dict[str, Counterexample | None]:
    """By kind, what is shown of each change."""
    return {change.kind: change.counterexample for change in compare(old, new).changes}


def backward(value: Json) -> Counterexample:
    return Counterexample("backward", value)


def forward(value: Json) -> Counterexample:
    return Counterexample("forward", value)


def place(schema: Json) -> Place:
    return Bundle(schema, {}).root(DRAFT_2020_12)


@pytest.mark.parametrize(
    ("old", "new", "kind", "example"),
    [
        ({}, {"required": ["a"]}, "required-added", backward({})),
        ({"required": ["a", "b"]}, {"required": ["b"]}, "required-removed", forward({"b": None})),
        ({"required": ["a"]}, {"required": ["a", "b"]}, "required-added", backward({"a": None})),
        ({"minimum": 1}, {"minimum": 5}, "minimum-increased", backward(1)),
        ({"maxLength": 2}, {"maxLength": 3}, "max-length-increased", forward("aaa")),
        ({"enum": ["a", "b"]}, {"enum": ["b"]}, "enum-value-removed", backward("a")),
        ({"enum": ["b"]}, {"enum": ["a", "b"]}, "enum-value-added", forward("a")),
        ({"type": "string"}, {"type": "integer"}, "type-changed", backward("a")),
        ({}, {"additionalProperties": False}, "additional-properties-closed", backward({"other": None})),
        ({"properties": {}}, {"properties": {"a": {"type": "string"}}}, "property-added", backward({"a": None})),
        ({}, {"items": {"type": "string"}}, "items-added", backward([None])),
        ({"allOf": [{}]}, {"allOf": [{}, {"type": "null"}]}, "all-of-branch-added", backward(False)),
        ({"anyOf": [{"const": 1}, {"const": 2}]}, {"anyOf": [{"const": 1}]}, "any-of-branch-removed", backward(2)),
        ({"anyOf": [{"const": 1}]}, {"anyOf": [{"const": 1}, {"const": 2}]}, "any-of-branch-added", forward(2)),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, {"oneOf": [{"const": 1}]}, "one-of-branch-removed", backward(2)),
        ({"if": {"const": 1}}, {"if": {"const": 1}, "then": False}, "then-added", backward(1)),
    ],
)
def test_each_change_is_shown_where_it_stands(old: Json, new: Json, kind: str, example: Counterexample) -> None:
    """A value for the place of the change, whatever stands around it; the other way round it is the other direction."""
    assert shown(old, new)[kind] == example
    outside = shown({"properties": {"x": old}}, {"properties": {"x": new}})
    assert outside[kind] == example
    assert [each for each in shown(new, old).values() if each is not None]


def test_a_value_is_valid_in_all_of_the_old_schema() -> None:
    """The keywords beside the change count: a member that was needed already is there, and a number is in its range."""
    old: dict[str, Json] = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    assert shown(old, {**old, "required": ["id", "taxId"]})["required-added"] == backward({"id": "a"})
    old = {"type": "integer", "minimum": 10, "multipleOf": 7}
    assert shown(old, {**old, "maximum": 100})["maximum-added"] == backward(105)


def test_two_changes_at_one_place_are_shown_apart() -> None:
    """Each value is one that its own change decides, also where another change there has a value already."""
    found = shown({"type": ["integer", "string"]}, {"type": ["integer", "string"], "minimum": 3, "maxLength": 2})
    assert found == {"minimum-added": backward(2), "max-length-added": backward("aaa")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"not": {"const": 1}}, {"not": {"const": 2}}),  # what is refused there is accepted above
        ({"format": "date"}, {"format": "time"}),
        ({"title": "a"}, {"title": "b"}),
        ({"pattern": "(?=a)"}, {"pattern": "(?=b)"}),
    ],
)
def test_what_cannot_be_shown(old: Json, new: Json) -> None:
    """Inside `not`, formats, annotations, and expressions that are not understood."""
    found = compare(old, new)
    assert found.changes
    assert all(change.counterexample is None for change in found.changes)


def test_the_second_program_has_to_agree() -> None:
    """0.3 is a multiple of 0.1, though not for a library that divides doubles: the verdict stays, nothing is shown."""
    old: dict[str, Json] = {"enum": [0.3], "multipleOf": 0.1}
    found = compare(old, {"enum": [0.5], "multipleOf": 0.1})
    assert (found.backward, found.counterexamples) == ("breaking", (forward(0.5),))
    assert shown(old, {"enum": [0.5], "multipleOf": 0.1})["enum-value-removed"] is None
    agreed = compare({"enum": [0.2], "multipleOf": 0.1}, {"enum": [0.5], "multipleOf": 0.1})
    assert agreed.counterexamples == (backward(0.2), forward(0.5))


@pytest.mark.parametrize(
    ("value", "is_shown"),
    [
        ("a" * (limits.MAX_COUNTEREXAMPLE_BYTES - 2), True),
        ("a" * (limits.MAX_COUNTEREXAMPLE_BYTES - 1), False),
        (json.loads("[" * limits.MAX_COUNTEREXAMPLE_DEPTH + "]" * limits.MAX_COUNTEREXAMPLE_DEPTH), True),
        (json.loads("[" * (limits.MAX_COUNTEREXAMPLE_DEPTH + 1) + "]" * (limits.MAX_COUNTEREXAMPLE_DEPTH + 1)), False),
        ("\ud800", False),
        ("\U0001f600", True),
    ],
)
def test_values_that_nobody_could_read_are_left_out(value: Json, is_shown: bool) -> None:
    """Too long, too deep, or no text at all; the verdict is there all the same."""
    found = compare({"const": value}, {"const": 1})
    assert found.backward == "breaking"
    assert (backward(value) in found.counterexamples) is is_shown
    assert (found.changes[0].counterexample == backward(value)) is is_shown


def test_values_are_copies() -> None:
    """Who changes what is shown does not change the schema."""
    old: dict[str, Json] = {"const": [1]}
    (example,) = (each for each in compare(old, {"const": 2}).counterexamples if each.direction == "backward")
    example.value.append(2)  # type: ignore[union-attr]
    assert old == {"const": [1]}


def test_work_is_bounded() -> None:
    """Without steps left nothing is shown; with them it is."""
    old, new = place({"type": "integer"}), place({"type": "integer", "minimum": 5})
    reader = Reader()
    finder = Counterexamples(Prover(reader))
    asked = question(Effect("narrows", reader.read(old), reader.read(new)), "narrows", old, new)
    assert asked is not None
    assert finder.of_change(asked) is not None
    finder._steps.left = 0
    assert finder.of_change(asked) is None
    assert finder.checked("backward", 1, old, new) is None


def test_questions() -> None:
    """An effect that is none or not known raises no question."""
    reader, here = Reader(), place({})
    effect = Effect("unknown", reader.anything, reader.anything)
    assert question(effect, "unknown", here, here) is None
    assert question(effect, "none", here, here) is None
    seen = question(effect, "widens", here, here)
    assert seen is not None
    assert seen.direction == "forward"


_LEAVES: list[Json] = [True, {"type": "string"}, {"minimum": 1}, {"const": "a"}, {"maxLength": 2}, {"enum": [1, None]}]
_SCHEMAS: st.SearchStrategy[Json] = st.recursive(
    st.sampled_from(_LEAVES),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "required": st.lists(st.sampled_from("ab"), unique=True),
            "minimum": st.integers(0, 3),
        },
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_SCHEMAS, _SCHEMAS)
def test_the_library_as_it_comes_agrees(old: Any, new: Any) -> None:
    """What is shown of a whole document, and of a change at the root, is valid on one side and refused on the other."""
    found = compare(old, new)
    sides = {"backward": (old, new), "forward": (new, old)}
    at_root = [change.counterexample for change in found.changes if change.pointer.count("/") == 1]
    for example in [*found.counterexamples, *(each for each in at_root if each is not None)]:
        valid, refused = sides[example.direction]
        assert Draft202012Validator(valid).is_valid(example.value)
        assert not Draft202012Validator(refused).is_valid(example.value)
    assert {each.direction for each in found.counterexamples} == {
        name for name in sides if getattr(found, name) == "breaking"
    }
