"""`unevaluated…`, with jsonschema-rs as the oracle on every small object and array."""

from __future__ import annotations

import time
from itertools import combinations, product

import pytest
from jsonschema_rs import Draft201909Validator, Draft202012Validator

from countersign.schema_change import compare
from countersign.schema_change.dialect import DRAFT_2019_09, DRAFT_2020_12, Dialect
from countersign.schema_change.evaluation import accepts
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.schema_change.unevaluated import Unclear, unevaluated
from countersign.strict_json import Json

STRING: Json = {"type": "string"}
A: dict[str, Json] = {"properties": {"a": {}}}
B: dict[str, Json] = {"properties": {"b": STRING}}
NEEDS_A: dict[str, Json] = {"required": ["a"], "properties": {"a": {}}}
PATTERN: dict[str, Json] = {"patternProperties": {"^[bc]": {}}}
MEMBERS: list[dict[str, Json]] = [
    {"allOf": [A, {"allOf": [B]}]},
    {"$ref": "#/$defs/a", "$defs": {"a": A}, "not": {"properties": {"b": False}}},
    {"properties": {"b": STRING}, "patternProperties": {"^c": {}}},
    {"anyOf": [NEEDS_A, {"required": ["b"], "properties": {"b": {}}}]},
    {"oneOf": [NEEDS_A, {"required": ["b"], "properties": {"b": STRING, "c": {}}}], "properties": {"c": {}}},
    {"anyOf": [PATTERN, {"required": ["a"], "patternProperties": {"a": {}}}]},
    {"anyOf": [{"required": ["a"], "additionalProperties": True}, B]},
    {"anyOf": [{"required": ["a"], "allOf": [{"anyOf": [{"required": ["b"], **PATTERN}, A]}]}, True]},
    {"if": NEEDS_A, "then": B, "else": {"properties": {"c": {}}}},
    {"if": {"required": ["a"]}, "then": {"unevaluatedProperties": STRING}},
    {"dependentSchemas": {"a": {"properties": {"a": {}, "b": {}}}}},
    {"anyOf": [{"required": ["a"], "allOf": [A], "unevaluatedProperties": STRING}, PATTERN]},
]
ITEMS: list[dict[str, Json]] = [
    {"prefixItems": [STRING]},
    {"contains": {"const": 1}},
    {"contains": {"const": 1}, "minContains": 0, "prefixItems": [{}]},
    {"allOf": [{"prefixItems": [{}]}, {"contains": {"const": 1}}]},
    {"anyOf": [{"prefixItems": [STRING]}, {"prefixItems": [{}, {}], "minItems": 3}]},
    {"oneOf": [{"prefixItems": [{"const": 1}], "contains": {"const": 1}}, {"contains": STRING}]},
    {"anyOf": [{"items": STRING}, {"minItems": 2}]},
    {"if": {"prefixItems": [STRING]}, "then": {"prefixItems": [{}, {}]}, "else": {"contains": {"const": 1}}},
    {"anyOf": [{"minItems": 3, "unevaluatedItems": STRING}, {"prefixItems": [{}]}]},
]
ITEMS_2019: list[dict[str, Json]] = [
    {"items": [STRING]},
    {"items": [{}], "additionalItems": STRING},
    {"items": STRING, "additionalItems": False},
    {"anyOf": [{"items": [STRING]}, {"items": [{}, {}], "minItems": 3}]},
    {"if": {"items": [STRING]}, "then": {"items": [{}, {}]}, "else": {"items": {}}},
]


NUMBERS_AND_TEXTS: list[Json] = [1, 2, "x"]
OBJECTS: list[Json] = [
    dict(zip(names, values, strict=True))
    for count in range(4)
    for names in combinations("abc", count)
    for values in product(NUMBERS_AND_TEXTS[1:], repeat=count)
]
ARRAYS: list[Json] = [list(items) for count in range(4) for items in product(NUMBERS_AND_TEXTS, repeat=count)]


def agrees(schema: dict[str, Json], values: list[Json], dialect: Dialect) -> None:
    node = Reader().read(Bundle(schema, {}).root(dialect))
    oracle = (Draft202012Validator if dialect is DRAFT_2020_12 else Draft201909Validator)(schema)
    for value in (*values, 5):
        assert accepts(node, value) is oracle.is_valid(value), value


@pytest.mark.parametrize("rest", [False, STRING], ids=str)
@pytest.mark.parametrize("dialect", [DRAFT_2019_09, DRAFT_2020_12], ids=str)
@pytest.mark.parametrize("beside", MEMBERS, ids=str)
def test_members(beside: dict[str, Json], dialect: Dialect, rest: Json) -> None:
    """What is always applied evaluates, and a branch does where it holds; `not` never does."""
    agrees({**beside, "unevaluatedProperties": rest}, OBJECTS, dialect)


@pytest.mark.parametrize("rest", [False, STRING], ids=str)
@pytest.mark.parametrize(
    ("beside", "dialect"),
    [*((each, DRAFT_2020_12) for each in ITEMS), *((each, DRAFT_2019_09) for each in ITEMS_2019)],
    ids=str,
)
def test_items(beside: dict[str, Json], dialect: Dialect, rest: Json) -> None:
    """The same for the first items, for all of them, and in 2020-12 for those that `contains` found."""
    agrees({**beside, "unevaluatedItems": rest}, ARRAYS, dialect)


def constraints(
    schema: dict[str, Json], keyword: str = "unevaluatedProperties", dialect: Dialect = DRAFT_2020_12
) -> int:
    return len(unevaluated(Reader(), Bundle(schema, {}).root(dialect), schema, keyword))


@pytest.mark.parametrize(
    "beside",
    [
        {"additionalProperties": {}},
        {"allOf": [{"additionalProperties": True}]},
        {"allOf": [{"unevaluatedProperties": {}}]},
    ],
)
def test_nothing_is_left_where_everything_is_evaluated(beside: dict[str, Json]) -> None:
    """By `additionalProperties`, beside it or in what is applied; and nothing is said where any value will do."""
    assert constraints({**beside, "unevaluatedProperties": False}) == 0
    assert constraints({"anyOf": [{}], "unevaluatedProperties": True}) == 0
    assert constraints({"anyOf": [{}], "unevaluatedProperties": False}) == 1


@pytest.mark.parametrize(
    ("unclear", "clear"),
    [
        ({"$ref": "elsewhere"}, {"$ref": "#/$defs/a", "$defs": {"a": {}}}),
        ({"$ref": "#"}, {"properties": {"a": {"$ref": "#"}}}),
        ({"$dynamicRef": "#"}, {"properties": {"a": {"$dynamicRef": "#"}}}),
        ({"allOf": [{"properties": []}]}, {"allOf": [{"properties": {}}]}),
        ({"allOf": {}}, {"allOf": []}),
        ({"anyOf": [PATTERN, PATTERN, PATTERN, PATTERN]}, {"anyOf": [PATTERN, PATTERN, PATTERN]}),
        ({"anyOf": [A], "patternProperties": {"(?=a)": {}}}, {"anyOf": [A], "patternProperties": {"^(?=a)": {}}}),
    ],
)
def test_what_is_not_worked_out(unclear: dict[str, Json], clear: dict[str, Json]) -> None:
    """References that lead nowhere, back or by the way, unknown shapes, and many patterns of many branches."""
    with pytest.raises(Unclear):
        constraints({**unclear, "unevaluatedProperties": False})
    assert constraints({**clear, "unevaluatedProperties": False})


def test_contains_evaluates_since_2020_12() -> None:
    """In 2019-09 validators do not agree whether it does, so that nothing is known."""
    schema: dict[str, Json] = {"contains": {}, "unevaluatedItems": False}
    assert constraints(schema, "unevaluatedItems") == 0
    with pytest.raises(Unclear):
        constraints(schema, "unevaluatedItems", DRAFT_2019_09)


def test_what_is_not_worked_out_is_equal_or_unknown() -> None:
    """An annotation beside it makes no difference to it; another keyword may."""
    branches: Json = [{"patternProperties": {letter: {}}} for letter in "abcd"]
    old: dict[str, Json] = {"type": "object", "anyOf": branches, "unevaluatedProperties": False}
    assert compare(old, {**old, "title": "t"}).backward == "compatible"
    assert compare(old, {**old, "minProperties": 0}).backward == "unknown"


def test_a_web_of_references_ends() -> None:
    """Each schema refers twice to the next: nothing follows all ways through them."""
    web: dict[str, Json] = {f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(40)}
    old: Json = {"$defs": {**web, "d40": A}, "$ref": "#/$defs/d0", "unevaluatedProperties": False}
    new: Json = {"$defs": {**web, "d40": A}, "$ref": "#/$defs/d0", "unevaluatedProperties": STRING}
    started = time.process_time()
    assert compare(old, new).forward == "unknown"
    assert time.process_time() - started < 10  # under a second; without its limit, years


def test_a_branch_does_not_see_what_stands_beside_it() -> None:
    """`unevaluatedProperties` inside `allOf` refuses what only the schema around it declares."""
    old: Json = {"properties": {"b": {}}, "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}
    new: Json = {"properties": {"b": {}}, "allOf": [{"properties": {"a": {}}, "unevaluatedProperties": False}]}
    found = compare(old, new)
    assert (found.backward, found.forward) == ("breaking", "compatible")
