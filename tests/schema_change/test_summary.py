"""The words for a list of changes."""

from __future__ import annotations

from countersign.schema_change import compare, summarise
from countersign.strict_json import Json


def test_the_summary_of_a_proposal() -> None:
    """A person reads it in ten seconds: counted, named, worst first."""
    amount: dict[str, Json] = {"type": "number"}
    found = compare(
        {"properties": {"amount": amount, "note": {"description": "x"}}},
        {"properties": {"amount": {**amount, "minimum": 0}, "note": {"description": "y"}}, "required": ["a", "b"]},
    )
    assert summarise(found.changes) == (
        "2 fields become required: `a`, `b` (refuses more)",
        "`amount` no longer accepts negative numbers (refuses more)",
        "1 description changes: `note` (validation stays as it is)",
    )


def test_like_changes_share_a_line_wherever_they_are() -> None:
    """Counted, each with the way to it; another limit is another line."""
    old: Json = {"properties": {name: {"type": "string"} for name in "abc"}}
    new: Json = {
        "properties": {
            "a": {"type": "string", "maxLength": 10},
            "b": {"type": "string", "maxLength": 10},
            "c": {"type": "string", "maxLength": 9, "title": "x"},
        },
        "title": "x",
    }
    assert summarise(compare(old, new).changes) == (
        "each of these 2 must have at most 10 characters: `a`, `b` (refuses more)",
        "`c` must have at most 9 characters (refuses more)",
        "2 titles are added: the document, `c` (validation stays as it is)",
    )
    old = {"properties": {"a": {}, "b": {"items": {}}}}
    new = {"properties": {"a": {"required": ["x"]}, "b": {"items": {"required": ["x"]}}}}
    assert summarise(compare(old, new).changes) == ("2 fields become required: `a.x`, `b[].x` (refuses more)",)


def test_the_order_is_worst_first() -> None:
    """A mark that is taken off, what breaks, what is not known, what is accepted in addition, the rest."""
    old: Json = {
        "properties": {
            "a": {"writeOnly": True},
            "b": {},
            "c": {},
            "d": {"maxLength": 1},
            "e": {"title": "x"},
            "f": {"type": "string"},
        }
    }
    new: Json = {
        "properties": {
            "a": {},
            "b": {"maxLength": 1},
            "c": {"foo": 1},
            "d": {},
            "e": {"title": "y"},
            "f": {"type": "null"},
        }
    }
    assert summarise(compare(old, new).changes) == (
        "`a` loses 1 mark that says it is sensitive (`writeOnly`) (validation stays as it is)",
        "`f` must be null instead of a string (refuses some that was accepted, accepts some that was refused)",
        "`b` must have at most 1 character (refuses more)",
        "`c` gets a keyword of unknown meaning (`foo`) (what it does is not known)",
        "`d` need no longer have at most 1 character (accepts more)",
        "1 title changes: `e` (validation stays as it is)",
    )


def test_nothing_is_cut() -> None:
    """A hundred names are a hundred names, and a hundred values are a hundred values."""
    names: list[Json] = [f"member{index}" for index in range(100)]
    (line,) = summarise(compare({}, {"required": names}).changes)
    assert line.startswith("100 fields become required")
    assert all(f"`{name}`" in line for name in names)
    (line,) = summarise(compare({"enum": ["x", *names]}, {"enum": ["x"]}).changes)
    assert line.startswith("the document no longer allows 100 values")
    assert all(f'"{name}"' in line for name in names)


def test_no_changes_no_lines() -> None:
    """Equal schemas leave nothing to say."""
    assert summarise(()) == ()


def test_values_of_sensitive_fields_are_not_said() -> None:
    """The member that is marked on one side keeps its values to itself; its neighbour names them."""
    old: Json = {"properties": {"pin": {"enum": ["1234", "4711"]}, "state": {"enum": ["new", "old"]}}}
    new: Json = {"properties": {"pin": {"enum": ["1234"], "x-sensitive": True}, "state": {"enum": ["new"]}}}
    for one, other in ((old, new), (new, old)):
        text = "\n".join(summarise(compare(one, other).changes))
        assert "4711" not in text
        assert '"old"' in text
        assert "1 value (" in text


def test_sensitive_fields_that_go_are_named() -> None:
    """A member whose name says that it is sensitive, in the words for one."""
    old: Json = {"properties": {"user": {"properties": {"pin": {}}}}}
    lines = summarise(compare(old, {"properties": {"user": {}}}, masked_names=["pin"]).changes)
    assert lines == (
        "the sensitive field `user.pin` is no longer declared (validation stays as it is)",
        "1 field is no longer declared: `user.pin` (validation stays as it is)",
    )


def test_what_declared_fields_do_is_said() -> None:
    """That a field is declared refuses something in an open object, and accepts something in a closed one."""
    field: Json = {"a": {"type": "null"}}
    closed: dict[str, Json] = {"additionalProperties": False}
    cases: list[tuple[Json, Json, str]] = [
        ({}, {"properties": field}, "1 field is declared: `a` (refuses more: values that do not fit their rule)"),
        (
            closed,
            {**closed, "properties": field},
            "1 field is declared: `a` (accepts more: data that has what was not accepted)",
        ),
        (
            {"not": {}},
            {"not": {"properties": field}},
            "in a form that is refused: 1 field is declared: `a` (accepts more)",
        ),
    ]
    for old, new, line in cases:
        assert summarise(compare(old, new).changes) == (line,)


def test_the_cases_in_which_a_change_counts_are_said() -> None:
    """What stands in `not` or in one of several branches is no rule for everybody."""
    old: Json = {"not": {"required": ["a"]}, "anyOf": [{"maximum": 1}, {"type": "string"}]}
    new: Json = {"not": {"required": ["a", "b"]}, "anyOf": [{"maximum": 2}, {"type": "string"}]}
    assert summarise(compare(old, new).changes) == (
        "in a form that is refused: 1 field becomes required: `b` (accepts more)",
        "in form 1 of several: the document must be at most 2 instead of 1 (accepts more)",
    )


def test_definitions_and_patterns_are_named_as_such() -> None:
    """Neither is a member."""
    old: Json = {"properties": {"a": {}}}
    new: Json = {"properties": {"a": {"patternProperties": {"^x": {}}}}, "$defs": {"D": {}}}
    assert summarise(compare(old, new).changes) == (
        "1 pattern of field names gets a rule: `^x` in `a` (validation stays as it is)",
        "1 shared definition is added: `D` (validation stays as it is)",
    )
