"""The words for a list of changes."""

from __future__ import annotations

from countersign.schema_change import compare, summarise
from countersign.strict_json import Json


def test_lines_are_grouped_and_worst_first() -> None:
    """Changes of one sort at one place share a line, and everything is in one of them."""
    found = compare(
        {"properties": {"customer": {"title": "x", "maxLength": 1}}},
        {"properties": {"customer": {"required": ["a", "b"], "maxLength": 2}}},
    )
    assert summarise(found.changes) == (
        "2 fields become required: `a`, `b` at /properties/customer (refuses more)",
        "1 max length increased at /properties/customer/maxLength (accepts more)",
        "1 annotation is removed: `title` at /properties/customer (validation stays as it is)",
    )


def test_nothing_is_cut() -> None:
    """A hundred names are a hundred names."""
    names: list[Json] = [f"member{index}" for index in range(100)]
    (line,) = summarise(compare({}, {"required": names}).changes)
    assert line.startswith("100 fields become required")
    assert all(f"`{name}`" in line for name in names)
    assert line.endswith("at the root (refuses more)")


def test_no_changes_no_lines() -> None:
    """Equal schemas leave nothing to say."""
    assert summarise(()) == ()
