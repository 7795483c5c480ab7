"""Keywords of schema languages."""

from __future__ import annotations

import pytest

from countersign.masking.schemas.schema_keywords import DEFINITIONS, INSTANCE_VALUES, KEYWORDS, looks_like_subschema
from countersign.strict_json import Json


def test_no_keyword_for_values_is_a_harmless_one() -> None:
    """Else a value of a marked field would stay."""
    assert INSTANCE_VALUES.isdisjoint(KEYWORDS)
    assert DEFINITIONS <= KEYWORDS


@pytest.mark.parametrize(
    "members",
    [
        {"type": "string"},
        {"type": ["null", "string"]},
        {"$ref": "#/a"},
        {"default": 1},
        {"properties": {}},
        {"allOf": [{"$ref": "#/a"}]},
        {"items": {"properties": {}}},
        {"writeOnly": True},
        {"type": {"type": "map"}},
        {"fields": [{"name": "a", "type": "string"}]},
    ],
)
def test_schemas_look_like_schemas(members: dict[str, Json]) -> None:
    """Of JSON Schema, OpenAPI and Avro."""
    assert looks_like_subschema(members)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"type": "card", "secret": "x"},
        {"items": 3, "id": 1},
        {"not": True, "items": [{"a": 1}]},
        {"name": "a", "value": "b"},
    ],
)
def test_data_does_not(members: dict[str, Json]) -> None:
    """Also where a member has the name of a keyword, and not what stands behind one."""
    assert not looks_like_subschema(members)
