"""References that stand for a whole schema, and what stands beside them."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json
from tests.schema_change.oracle_refactorings import REFACTORINGS, Refactoring
from tests.schema_change.oracle_twins import all_twins

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DEFINITIONS: dict[str, Json] = {
    "n": {"type": "number"},
    "i": {"type": "integer"},
    "m": {"$ref": "#/$defs/n", "title": "m"},
}


def said(old: dict[str, Json], new: dict[str, Json], **more: Json) -> list[tuple[str, str, str]]:
    found = compare({**old, "$defs": DEFINITIONS, **more}, {**new, "$defs": DEFINITIONS, **more})
    return [(change.kind, change.pointer, change.effect) for change in found.changes]


def test_a_keyword_beside_a_reference_is_one_change() -> None:
    """What the reference leads to is the same on both sides, so that nothing else is said."""
    dialect: dict[str, Json] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    number: dict[str, Json] = {"$ref": "#/$defs/n"}
    assert said(number, {**number, "maximum": 1}, **dialect) == [("maximum-added", "/maximum", "narrows")]
    assert said({**number, "maximum": 1}, {"$ref": "#/$defs/i"}, **dialect) == [
        ("maximum-removed", "/maximum", "widens"),
        ("type-changed", "/$defs/i/type", "narrows"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "kind", "where"),
    [
        ({"$ref": "#/$defs/n", "title": "a"}, {"$ref": "#/$defs/n", "title": "b"}, "annotation-changed", "/title"),
        ({"$ref": "#/$defs/m"}, {"$ref": "#/$defs/n"}, "annotation-removed", "/$defs/m/title"),
        ({"$ref": "#/$defs/n"}, {"$ref": "#/$defs/m"}, "annotation-added", "/$defs/m/title"),
        ({"$ref": "#/$defs/n", "title": "a"}, {"type": "number"}, "annotation-removed", "/title"),
        ({"type": "number"}, {"$ref": "#/$defs/n", "title": "a"}, "annotation-added", "/title"),
        ({"type": "number", "title": "b"}, {"$ref": "#/$defs/n", "title": "a"}, "annotation-changed", "/title"),
    ],
)
def test_annotations_on_the_way_are_said(old: dict[str, Json], new: dict[str, Json], kind: str, where: str) -> None:
    """Beside each reference that is followed, with the place of each."""
    assert (kind, where, "none") in said(old, new)


def test_what_is_ignored_beside_a_reference_is_said_to_be() -> None:
    """In draft-07 and earlier, also where the reference gives way to what it led to."""
    old: dict[str, Json] = {"$ref": "#/$defs/n", "maximum": 1}
    assert said(old, {"$ref": "#/$defs/n"}, **{"$schema": DRAFT_07}) == [
        ("ignored-keyword-removed", "/maximum", "none")
    ]
    assert ("ignored-keyword-removed", "/maximum", "none") in said(old, {"type": "number"}, **{"$schema": DRAFT_07})


def test_a_reference_to_nowhere_is_compared_as_it_is_written() -> None:
    """It is unknown where it changes, and where it leads back to itself."""
    assert said({"$ref": "#/a"}, {"$ref": "#/b"}) == [("reference-changed", "/$ref", "unknown")]
    found = compare({"$ref": "#"}, {"$ref": "#", "title": "x"})
    assert (found.backward, found.forward) == ("unknown", "unknown")


@pytest.mark.parametrize("change", REFACTORINGS, ids=lambda change: change.__name__)
def test_other_words_change_nothing(change: Refactoring) -> None:
    """A made-up schema and the same in other words: compatible either way round, and no change does anything."""
    for twins in all_twins(change, 40):
        for found in (twins.compared(twins.new), twins.compared(twins.new, turned=True)):
            assert (found.backward, found.forward) == ("compatible", "compatible"), twins.text()
            assert {change.effect for change in found.changes} <= {"none"}, twins.text()


@pytest.mark.parametrize("change", REFACTORINGS, ids=lambda change: change.__name__)
def test_one_refusal_more_is_not_lost_among_other_words(change: Refactoring) -> None:
    """The twin: where both validators tell the two apart, the verdict does, and some change is said to do something."""
    told_apart = [(twins, *told) for twins in all_twins(change, 40) if (told := twins.told_apart())]
    assert len(told_apart) >= 4
    for twins, stricter, direction in told_apart:
        found = twins.compared(stricter)
        assert getattr(found, direction) != "compatible", twins.text()
        assert {change.effect for change in found.changes} - {"none"}, twins.text()


def test_a_schema_that_moves_into_the_bundle() -> None:
    """It is said that a definition went, and that does nothing; one whose schema is narrower there narrows."""
    old: Json = {"items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "number"}}}
    new: Json = {"items": {"$ref": "n.json"}}
    found = compare(old, new, new_bundle={"n.json": {"type": "number"}})
    assert (found.backward, found.forward) == ("compatible", "compatible")
    assert [(change.kind, change.effect) for change in found.changes] == [("definition-removed", "none")]
    assert compare(old, new, new_bundle={"n.json": {"type": "integer"}}).backward == "breaking"


def test_a_limit_that_moves_beside_itself() -> None:
    """What is listed as removed and added does nothing where both verdicts are compatible; its twin, a lower one, does."""
    old: Json = {"maxLength": 3, "pattern": "^a"}
    found = compare(old, {"pattern": "^a", "allOf": [{"maxLength": 3}]})
    assert [(change.kind, change.effect) for change in found.changes] == [
        ("max-length-removed", "none"),
        ("all-of-added", "none"),
    ]
    found = compare(old, {"pattern": "^a", "allOf": [{"maxLength": 2}]})
    assert (found.backward, found.forward) == ("breaking", "compatible")
    assert {change.effect for change in found.changes} == {"widens", "narrows"}


def test_components_of_openapi_are_definitions() -> None:
    """They act through references alone, and what no reference leads to is said; further inside it is no keyword."""

    def document(x: str, y: str) -> dict[str, Json]:
        sections: Json = {"schemas": {"X": {"type": x}, "Y": {"type": y}}}
        return {"properties": {"x": {"$ref": "#/components/schemas/X"}}, "components": sections}

    def found(old: Json, new: Json) -> tuple[str, list[tuple[str, str, str]]]:
        both = compare(old, new, default_dialect="openapi-3.0")
        return both.backward, [(change.kind, change.pointer, change.effect) for change in both.changes]

    old = document("number", "number")
    assert found(old, document("number", "string")) == (
        "compatible",
        [("definition-changed", "/components/schemas/Y", "none")],
    )
    assert found(old, document("integer", "number")) == (
        "breaking",
        [("type-changed", "/components/schemas/X/type", "narrows")],
    )
    assert found(old, {"properties": {"x": {"type": "number"}}})[0] == "compatible"
    assert found({}, {"items": {"components": {}}})[0] == "unknown"
    assert compare({}, {"components": {}}).backward == "unknown"
