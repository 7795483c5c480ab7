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
        "`customer` must have at most 2 characters instead of 1 at /properties/customer (accepts more)",
        "`title` is removed at /properties/customer (validation stays as it is)",
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


def test_a_mark_that_is_taken_off_comes_first() -> None:
    """It does nothing to validation, and matters most."""
    found = compare({"properties": {"a": {"writeOnly": True, "maxLength": 2}}}, {"properties": {"a": {"maxLength": 1}}})
    assert summarise(found.changes) == (
        "1 mark of sensitivity is taken off: `writeOnly` at /properties/a (validation stays as it is)",
        "`a` must have at most 1 character instead of 2 at /properties/a (refuses more)",
    )


def test_annotations_of_many_places_share_a_line() -> None:
    """Each place is named."""
    old: Json = {"title": "x", "properties": {name: {"title": "x"} for name in "ab"}}
    new: Json = {"title": "y", "properties": {name: {"title": "y"} for name in "ab"}}
    assert summarise(compare(old, new).changes) == (
        "3 times: `title` changes at the root, at /properties/a, at /properties/b (validation stays as it is)",
    )


def test_the_cases_in_which_a_change_counts_are_said() -> None:
    """What stands in `not` or in one of several branches is no rule for everybody."""
    old: Json = {"not": {"required": ["a"]}, "anyOf": [{"maximum": 1}, {"type": "string"}]}
    new: Json = {"not": {"required": ["a", "b"]}, "anyOf": [{"maximum": 2}, {"type": "string"}]}
    assert summarise(compare(old, new).changes) == (
        "in a form that is refused: 1 field becomes required: `b` at /not (accepts more)",
        "in one branch: the document must be at most 2 instead of 1 at /anyOf/0 (accepts more)",
    )
