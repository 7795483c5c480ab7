"""The library's validators with rules of our own."""

from __future__ import annotations

import time
from typing import Any

import pytest

from countersign.schema_change.dialect import DIALECTS
from countersign.schema_change.validators import LIBRARY_VALIDATORS, extended
from countersign.strict_json import Json

_UNSORTED: Json = [{"a": index} if index % 2 else [index] for index in range(3000)]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_rules_hold_in_parts_that_state_a_dialect(dialect: Any) -> None:
    """The library alone goes on with its own class behind a `$schema`; `watch` sees each part, and rules hold in it."""

    def refuse(validator: Any, pattern: Any, value: Json, schema: Any) -> Any:
        raise AssertionError("a regular expression ran")

    seen: list[Json] = []
    part: Json = {"$schema": dialect.uri, "pattern": "a"}
    schema: dict[str, Json] = {"properties": {"a": part}}
    found: Any = extended(LIBRARY_VALIDATORS[dialect.name], {"pattern": refuse}, seen.append)
    with pytest.raises(AssertionError):
        found(schema).is_valid({"a": "x"})
    assert seen == [part]
    assert not LIBRARY_VALIDATORS[dialect.name](schema).is_valid({"a": "x"})


@pytest.mark.parametrize("part", [{}, {"$schema": "http://json-schema.org/draft-07/schema#"}])
def test_unique_items_in_linear_time(part: dict[str, Json]) -> None:
    """Also where a list cannot be sorted, and behind a `$schema`; one item twice is still seen."""
    assert isinstance(_UNSORTED, list)
    found: Any = extended(LIBRARY_VALIDATORS["draft-07"])({"items": {**part, "uniqueItems": True}})
    start = time.process_time()
    assert found.is_valid([_UNSORTED])
    assert not found.is_valid([[*_UNSORTED, {"a": 1.0}]])
    assert found.is_valid([[1, True, "1"]])
    assert time.process_time() - start < 2
