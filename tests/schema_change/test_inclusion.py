"""Proofs of inclusion, with jsonschema as the oracle."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from countersign.schema_change.dialect import DRAFT_04, DRAFT_2020_12, Dialect
from countersign.schema_change.inclusion import EMPTY, Inclusion, Prover
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json


def included(small: Json, large: Json, *, steps: int = 20_000, dialect: Dialect = DRAFT_2020_12) -> Inclusion:
    reader = Reader()
    prover = Prover(reader, float_integers=dialect.float_integers)
    nodes = [reader.read(Bundle(schema, {}).root(dialect)) for schema in (small, large)]
    return prover.included(nodes[0], nodes[1], steps)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ({"type": "integer"}, {"type": "number"}),
        ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ({"enum": ["a", "b"]}, {"type": "string", "maxLength": 1}),
        ({"type": "boolean"}, {"enum": [True, False]}),
        ({"type": "integer", "minimum": 1, "maximum": 3}, {"enum": [1, 2, 3]}),
        ({"multipleOf": 4}, {"multipleOf": 2}),
        ({"type": "number", "multipleOf": 2}, {"type": "integer"}),
        ({"pattern": "^ab"}, {"pattern": "^a"}),
        ({"type": "string", "pattern": "^a{2,3}$"}, {"minLength": 2}),
        ({"not": {"type": "string"}}, {"not": {"const": "a"}}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ({"if": {"type": "string"}, "then": {"minLength": 1}}, {"minLength": 1}),
        ({"required": ["a", "b"]}, {"minProperties": 2}),
        ({"required": ["a"], "dependentRequired": {"a": ["b"]}}, {"required": ["b"]}),
        ({"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"type": "number"}}}),
        ({"additionalProperties": {"type": "integer"}}, {"properties": {"a": {"type": "integer"}}}),
        ({"patternProperties": {"^a": {"type": "integer"}}}, {"properties": {"ab": {"type": "integer"}}}),
        ({"patternProperties": {"^a": {"type": "null"}}}, {"patternProperties": {"^ab": {"type": "null"}}}),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"maxProperties": 1}),
        ({"propertyNames": {"enum": ["a"]}}, {"properties": {"b": False}}),
        ({"items": {"type": "integer"}}, {"prefixItems": [{"type": "number"}]}),
        ({"prefixItems": [True], "items": False}, {"maxItems": 1}),
        ({"items": {"const": 1}, "minItems": 1}, {"contains": {"const": 1}}),
        ({"contains": {"const": 1}, "minContains": 2}, {"minItems": 2}),
        ({"items": {"type": "boolean"}, "uniqueItems": True}, {"maxItems": 2}),
        ({"contains": {"const": 1}, "maxContains": 1}, {"contains": {"const": 1}, "minContains": 0, "maxContains": 2}),
        ({"anyOf": [{"properties": {"a": {}}}, {}], "unevaluatedProperties": False}, {"maxProperties": 1}),
        ({"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]}, False),
    ],
    ids=str,
)
def test_proved(small: Json, large: Json) -> None:
    """Inclusion that holds is proved."""
    assert included(small, large) == "proved"
    assert included(True, large) != "proved"


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ({"type": "number"}, {"type": "integer"}),
        ({}, {"required": ["a"]}),
        ({"multipleOf": 2}, {"multipleOf": 4}),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}),
        ({}, {"properties": {"a": {"type": "string"}}}),
        ({"enum": [1, "a"]}, {"enum": ["a"]}),
        ({"type": "array"}, {"uniqueItems": True}),
        ({"minItems": 3}, {"contains": {"const": 1}}),
        ({"type": "object"}, {"patternProperties": {"^x-": {"type": "string"}}}),
        ({"type": "object"}, {"propertyNames": {"maxLength": 3}}),
        ({}, {"dependentRequired": {"a": ["b"]}}),
        ({"minItems": 30000, "items": {"type": "number"}}, {"items": {"type": "integer"}}),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, {"type": "integer"}),
    ],
    ids=str,
)
def test_refuted(small: Json, large: Json) -> None:
    """Inclusion that does not hold is refuted by an example."""
    assert included(small, large) == "refuted"
    assert included(small, small) == "proved"


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ({}, {"format": "date"}),
        ({"format": "uuid"}, {"format": "date"}),
        ({}, {"nullable": True}),
        ({"$ref": "elsewhere"}, {"type": "string"}),
        ({"type": "string"}, {"$ref": "elsewhere"}),
        ({"type": "string", "pattern": "(?=a)"}, {"type": "string", "pattern": "a"}),
        ({"$ref": "#"}, {"type": "string"}),
    ],
    ids=str,
)
def test_unknown(small: Json, large: Json) -> None:
    """What is not understood is neither proved nor refuted."""
    assert included(small, large) == "unknown"


def test_recursion_is_a_greatest_fixpoint() -> None:
    """Trees of integers are trees of numbers; not the other way round."""

    def tree(kind: str) -> Json:
        return {"properties": {"value": {"type": kind}, "children": {"items": {"$ref": "#"}}}}

    assert included(tree("integer"), tree("number")) == "proved"
    assert included(tree("number"), tree("integer")) == "refuted"


def test_assumptions_do_not_outlive_their_proof() -> None:
    """What was taken for granted inside a proof that failed is looked at again, not remembered."""
    schema: Json = {
        "$defs": {
            "a": {"anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/b"}}, {"type": "object"}]},
            "b": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/c"}},
            "c": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/a"}},
        }
    }
    for order in permutations("abc"):
        reader = Reader()
        prover = Prover(reader)
        prover.steps.left = 10_000
        place = Bundle(schema, {}).root(DRAFT_2020_12)
        # arrays are looked at before objects: on the way, `b` and `c` are empty only if `a` is
        for name in order:
            assert prover.find([reader.read(place.follow(f"#/$defs/{name}"))]).state == "found"
    assert prover.find([reader.nothing]) is EMPTY


def test_steps_are_bounded() -> None:
    """Past the limit nothing is said."""
    small: Json = {"allOf": [{"anyOf": [{"required": [f"a{i}{j}"]} for j in range(6)]} for i in range(6)]}
    assert included(small, {"required": ["z"]}, steps=10) == "unknown"
    assert included({"const": 1}, {"type": "integer"}, steps=10) == "proved"


def test_what_holds_is_not_proved_again() -> None:
    """What both sides say takes no steps, however much it is; alone on one side it does."""
    much: dict[str, Json] = {"allOf": [{"anyOf": [{"required": [f"{i}{j}"]} for j in range(8)]} for i in range(12)]}
    many: Json = {**much, "minProperties": 2, "type": "object"}
    assert included(many, much, steps=1) == "proved"
    assert included(many, {**much, "minProperties": 1}, steps=40) == "proved"
    assert included(many, {"allOf": [*much["allOf"], {"required": ["a"]}]}, steps=40) == "unknown"  # type: ignore[misc]


def test_a_kind_that_is_free_needs_no_search() -> None:
    """Any value of a kind that the one leaves free, and the other refuses, is an example."""
    assert included({}, {"type": ["null", "object"]}, steps=1) == "refuted"
    assert included({"type": ["null", "array"]}, {"type": "null"}, steps=1) == "refuted"
    assert included({"type": "null"}, {"type": ["null", "array"]}, steps=1) == "proved"


def test_draft_04_integers() -> None:
    """In draft-04 1.0 is a number that is no integer, and a multiple of 1."""
    assert included({"type": "number", "multipleOf": 1}, {"type": "integer"}, dialect=DRAFT_04) == "refuted"
    assert included({"type": "number", "multipleOf": 1}, {"type": "integer"}) == "proved"


def test_values_of_a_small_domain() -> None:
    """All values are listed where they are few."""
    reader = Reader()
    prover = Prover(reader)
    prover.steps.left = 10_000
    few, many = (reader.read(Bundle({"type": kind}, {}).root(DRAFT_2020_12)) for kind in ("boolean", "string"))
    assert prover.values([few], []) == [False, True]
    assert prover.values([many], []) is None


_NAMES = st.sampled_from(["a", "b", "ab"])
_SCALARS: st.SearchStrategy[Json] = st.sampled_from([None, True, 0, 1, 2, 1.5, "", "a", "ab"])
_VALUES: st.SearchStrategy[Json] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=5
)
_TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def _first_three(schema: dict[str, Any]) -> Json:
    return dict(list(schema.items())[:3])


def _schemas(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    counts = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": _TYPES,
            "enum": st.lists(_SCALARS, min_size=1, max_size=3),
            "minimum": counts,
            "maximum": counts,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
            "maxLength": counts,
            "pattern": st.sampled_from(["^a", "b$", "^[ab]+$"]),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "maxContains": counts,
            "uniqueItems": st.booleans(),
            "minItems": counts,
            "properties": st.dictionaries(_NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "required": st.lists(_NAMES, max_size=2, unique=True),
            "maxProperties": counts,
            "dependentSchemas": st.dictionaries(_NAMES, inner, max_size=1),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    ).map(_first_three)


_SCHEMAS: st.SearchStrategy[Json] = st.recursive(
    st.booleans() | st.builds(lambda kind: {"type": kind}, _TYPES), _schemas, max_leaves=6
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_SCHEMAS, _SCHEMAS, st.lists(_VALUES, min_size=5, max_size=15))
def test_a_proof_has_no_counterexample(small: Json, large: Json, values: list[Json]) -> None:
    """Where inclusion is proved, a validator rejects no value that the smaller schema accepts."""
    both = Draft202012Validator({"allOf": [small, {"not": large}]})
    if included(small, large, steps=3000) == "proved":
        assert not [value for value in values if both.is_valid(value)]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_SCHEMAS, _SCHEMAS)
def test_a_found_value_is_one(small: Json, large: Json) -> None:
    """Where a counterexample is found, a validator agrees."""
    reader = Reader()
    prover = Prover(reader)
    prover.steps.left = 10**6
    nodes = [reader.read(Bundle(schema, {}).root(DRAFT_2020_12)) for schema in (small, large)]
    outcome = prover.find([nodes[0]], [nodes[1]])
    if outcome.state == "found":
        assert Draft202012Validator({"allOf": [small, {"not": large}]}).is_valid(outcome.value)
