"""`unevaluated…` where what evaluates does not depend on the value."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.dialect import DRAFT_2019_09, DRAFT_2020_12, Dialect
from countersign.schema_change.references import Bundle
from countersign.schema_change.unevaluated import as_plain
from countersign.strict_json import Json


def plain(schema: dict[str, Json], keyword: str, dialect: Dialect = DRAFT_2020_12) -> dict[str, Json] | None:
    return as_plain(Bundle(schema, {}).root(dialect), schema, keyword)


@pytest.mark.parametrize(
    "applied",
    [
        {"allOf": [{"properties": {"a": {}}}, {"patternProperties": {"^b": {}}}]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"a": {}}, "allOf": [{"patternProperties": {"^b": {}}}]}}},
        {"properties": {"a": {}}, "patternProperties": {"^b": {}}, "not": {"properties": {"c": {}}}},
    ],
)
def test_what_is_always_applied_evaluates(applied: dict[str, Json]) -> None:
    """`allOf` and `$ref` evaluate whatever the value is, `not` never does."""
    assert plain({**applied, "unevaluatedProperties": False}, "unevaluatedProperties") == {
        "properties": {"a": True},
        "patternProperties": {"^b": True},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "beside",
    [
        {"anyOf": [{"properties": {"a": {}}}]},
        {"allOf": [{"if": {"required": ["a"]}, "then": {"properties": {"a": {}}}}]},
        {"dependentSchemas": {"a": {"properties": {"b": {}}}}},
        {"$ref": "elsewhere"},
        {"$ref": "#"},
        {"allOf": [{"properties": []}]},
        {"allOf": {}},
    ],
)
def test_what_depends_on_the_value_has_no_plain_form(beside: dict[str, Json]) -> None:
    """Branches that may fail, references that lead nowhere or back, and shapes that make no sense."""
    assert plain({**beside, "unevaluatedProperties": False}, "unevaluatedProperties") is None


def test_nothing_is_left_where_everything_is_evaluated() -> None:
    """`additionalProperties` evaluates every member, beside it or in what is applied."""
    assert (
        plain({"allOf": [{"additionalProperties": True}], "unevaluatedProperties": False}, "unevaluatedProperties")
        == {}
    )
    assert plain({"additionalProperties": {}, "unevaluatedProperties": False}, "unevaluatedProperties") == {}
    assert plain({"anyOf": [{}], "unevaluatedProperties": True}, "unevaluatedProperties") == {}


def test_items() -> None:
    """The rest of the items, where nothing but the keywords beside it evaluates."""
    assert plain({"unevaluatedItems": False}, "unevaluatedItems") == {"unevaluatedItems": False, "items": False}
    assert plain({"items": {}, "unevaluatedItems": False}, "unevaluatedItems") == {}
    assert plain({"contains": {}, "unevaluatedItems": False}, "unevaluatedItems") is None
    assert plain({"allOf": [{}], "unevaluatedItems": False}, "unevaluatedItems") is None
    before: dict[str, Json] = {"items": [{}], "unevaluatedItems": False}
    assert plain(before, "unevaluatedItems", DRAFT_2019_09) == {**before, "additionalItems": False}
    assert plain({"items": {}, "unevaluatedItems": False}, "unevaluatedItems", DRAFT_2019_09) == {}


def test_a_branch_does_not_see_what_stands_beside_it() -> None:
    """`unevaluatedProperties` inside `allOf` refuses what only the schema around it declares."""
    old: Json = {"properties": {"b": {}}, "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}
    new: Json = {"properties": {"b": {}}, "allOf": [{"properties": {"a": {}}, "unevaluatedProperties": False}]}
    found = compare(old, new)
    assert (found.backward, found.forward) == ("breaking", "compatible")
