"""The arrays that facts leave."""

from __future__ import annotations

import time

import pytest

from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.inclusion import Outcome, Prover
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.schema_change.steps import OutOfSteps
from countersign.strict_json import Json

AT_MOST_ONE_1: dict[str, Json] = {"contains": {"const": 1}, "minContains": 0, "maxContains": 1}
AT_MOST_ONE_2: dict[str, Json] = {"contains": {"const": 2}, "minContains": 0, "maxContains": 1}


def found(schema: Json) -> Outcome:
    reader = Reader()
    prover = Prover(reader)
    prover.steps.left = 20_000
    return prover.find([reader.read(Bundle(schema, {}).root(DRAFT_2020_12))], (), ("array",))


@pytest.mark.parametrize(
    ("impossible", "possible"),
    [
        ({"maxItems": 0, "not": {"const": []}}, {"maxItems": 1, "not": {"const": []}}),
        (
            {"minItems": 3, "uniqueItems": True, "items": {"maxItems": 1, "type": "array", "items": {"const": 0}}},
            {"minItems": 2, "uniqueItems": True, "items": {"maxItems": 1, "type": "array", "items": {"const": 0}}},
        ),
        ({"minItems": 2, "maxItems": 1}, {"minItems": 2, "maxItems": 2}),
        ({"items": False, "minItems": 1}, {"items": True, "minItems": 1}),
        ({"prefixItems": [False], "minItems": 1}, {"prefixItems": [False]}),
        ({"contains": False}, {"contains": {"const": 1}}),
        ({"contains": {"const": 1}, "items": {"const": 2}}, {"contains": {"const": 1}, "items": {"enum": [1, 2]}}),
        ({"contains": {"const": 1}, "minContains": 2, "maxItems": 1}, {"contains": {"const": 1}, "minContains": 2}),
        ({"contains": True, "maxContains": 0, "minContains": 0, "minItems": 1}, {"contains": True, "minItems": 1}),
        (
            {"contains": {"const": 1}, "minContains": 2, "prefixItems": [{"const": 1}], "items": {"const": 2}},
            {"contains": {"const": 1}, "minContains": 1, "prefixItems": [{"const": 1}], "items": {"const": 2}},
        ),
        ({"uniqueItems": True, "items": {"enum": [1, 2]}, "minItems": 3}, {"items": {"enum": [1, 2]}, "minItems": 3}),
        (
            {"uniqueItems": True, "prefixItems": [{"const": 1}, {"const": 1.0}], "minItems": 2},
            {"uniqueItems": True, "prefixItems": [{"const": 1}, {"const": True}], "minItems": 2},
        ),
        (
            {"not": {"uniqueItems": True}, "prefixItems": [{"const": 1}, {"const": 2}], "items": False},
            {"not": {"uniqueItems": True}, "prefixItems": [{"const": 1}, {"enum": [1, 2]}], "items": False},
        ),
        (
            {
                "allOf": [{"contains": {"const": 1}, "minContains": 3}],
                "contains": {"type": "integer"},
                "maxContains": 2,
            },
            {
                "allOf": [{"contains": {"const": 1}, "minContains": 2}],
                "contains": {"type": "integer"},
                "maxContains": 2,
            },
        ),
        (
            {"uniqueItems": True, "items": {"enum": [1, 2]}, "minItems": 2, "not": {"enum": [[1, 2], [2, 1]]}},
            {"uniqueItems": True, "items": {"enum": [1, 2]}, "minItems": 2, "not": {"enum": [[1, 2], [2, 2]]}},
        ),
        (
            {"items": {"enum": [1, 2]}, "maxItems": 1, "contains": {"const": 1}, "not": {"enum": [[1]]}},
            {"items": {"enum": [1, 2]}, "maxItems": 1, "contains": {"const": 1}, "not": {"enum": [[2]]}},
        ),
        (
            {"contains": {"type": "string"}, "minContains": 2, "maxItems": 2, "not": {"items": {"type": "string"}}},
            {"contains": {"type": "string"}, "minContains": 2, "maxItems": 3, "not": {"items": {"type": "string"}}},
        ),
        (
            {"allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}], "maxItems": 1},
            {"allOf": [{"contains": {"const": 1}}, {"contains": {"type": "integer"}}], "maxItems": 1},
        ),
        (
            {"items": {"enum": [1, 2]}, "minItems": 3, "allOf": [AT_MOST_ONE_1, AT_MOST_ONE_2]},
            {"items": {"enum": [1, 2, 3]}, "minItems": 3, "allOf": [AT_MOST_ONE_1, AT_MOST_ONE_2]},
        ),
        (
            {"prefixItems": [True], "items": {"const": 1}, "minItems": 3, **AT_MOST_ONE_1},
            {"prefixItems": [True], "items": {"const": 1}, "minItems": 2, **AT_MOST_ONE_1},
        ),
    ],
)
def test_impossible_arrays_and_their_twins(impossible: Json, possible: Json) -> None:
    """Where no array is left that is proved; one thing changed, an array is found."""
    assert found(impossible).state == "empty"
    assert found(possible).state == "found"


def test_examples_keep_the_facts() -> None:
    """Items that have to be there are, and the others do not spoil it."""
    assert found(
        {"contains": {"const": 1}, "minContains": 2, "maxContains": 2, "minItems": 3, "uniqueItems": False}
    ).value
    assert found({"minItems": 1000, "items": {"type": "null"}}).value == [None] * 1000


def test_long_arrays_take_no_longer_than_their_length() -> None:
    """What is asked of thousands of items is asked once of each, and an array too long for the steps is not made up."""
    started = time.process_time()
    assert found({"contains": {"const": 1}, "minContains": 4000}).value == [1] * 4000
    with pytest.raises(OutOfSteps):
        found({"contains": {"const": 1}, "minContains": 40_000})
    assert time.process_time() - started < 5  # half a second; half a minute where each looks from the first index on
