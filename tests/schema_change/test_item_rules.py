"""Changes of an array's items."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json

STRING: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "pointer", "effect"),
    [
        ({}, {"items": STRING}, "items-added", "/items", "narrows"),
        ({"items": STRING}, {}, "items-removed", "/items", "widens"),
        ({"items": STRING}, {"items": False}, "items-changed", "/items", "narrows"),
        ({"items": NUMBER}, {"items": {"type": "integer"}}, "type-changed", "/items/type", "narrows"),
        ({}, {"prefixItems": [STRING]}, "tuple-item-added", "/prefixItems/0", "narrows"),
        ({"prefixItems": [STRING]}, {}, "tuple-item-removed", "/prefixItems/0", "widens"),
        (
            {"prefixItems": [STRING], "items": False},
            {"prefixItems": [STRING, NUMBER], "items": False},
            "tuple-item-added",
            "/prefixItems/1",
            "widens",
        ),
        (
            {"items": [STRING], "additionalItems": NUMBER},
            {"items": [STRING], "additionalItems": False},
            "items-changed",
            "/additionalItems",
            "narrows",
        ),
        ({"items": [STRING]}, {"items": [NUMBER]}, "type-changed", "/items/0/type", "narrows-and-widens"),
    ],
)
def test_table(old: Json, new: Json, kind: str, pointer: str, effect: str) -> None:
    """Item by item, in both spellings."""
    (change,) = compare(old, new).changes
    assert (change.kind, change.pointer, change.effect) == (kind, pointer, effect)


def test_free_items_written_two_ways_are_no_change() -> None:
    """`items: true` says what no `items` says."""
    assert not compare({"items": True}, {"type": ["array"], "items": True}).changes[1:]
    assert not [change for change in compare({"items": True}, {}).changes if change.effect != "none"]
