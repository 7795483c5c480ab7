"""References that stand for a whole schema, and what stands beside them."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json

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
