"""OpenAPI 3.0 and Kubernetes as `jsonschema` has them."""

from __future__ import annotations

import pytest

from countersign.schema_change import InvalidSchema, check_schema
from countersign.schema_change.dialect import KUBERNETES, OPENAPI_3_0, Dialect
from countersign.schema_change.references import Bundle
from countersign.schema_change.second_opinion import NoOpinion, is_valid
from countersign.schema_change.service_validators import META_SCHEMAS, SERVICE_BASES, SERVICE_RULES
from countersign.schema_change.steps import unlimited
from countersign.strict_json import Json

TEXT: dict[str, Json] = {"type": "string"}


def opinion(dialect: Dialect, schema: Json, value: Json) -> bool:
    return is_valid(Bundle(schema, {}).root(dialect), value, unlimited)


@pytest.mark.parametrize(
    ("dialect", "schema", "valid", "refused"),
    [
        (OPENAPI_3_0, {**TEXT, "nullable": True}, None, 1),
        (OPENAPI_3_0, TEXT, "a", None),
        (OPENAPI_3_0, {**TEXT, "nullable": True, "enum": ["a"]}, "a", None),
        (OPENAPI_3_0, {"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        (OPENAPI_3_0, {"type": "object", "properties": {"a": TEXT}}, {"b": 1}, {"a": 1}),
        (KUBERNETES, {"type": "object", "properties": {"a": TEXT}}, {"a": "x"}, {"b": 1}),
        (KUBERNETES, {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"b": 1}, 1),
        (KUBERNETES, {"type": "object", "additionalProperties": TEXT}, {"b": ""}, {"b": 1}),
        (KUBERNETES, {"type": "integer"}, 1.0, 1.5),
        (KUBERNETES, {"x-kubernetes-int-or-string": True}, "1", 1.5),
        (KUBERNETES, {"x-kubernetes-int-or-string": True, "nullable": True}, None, False),
        (KUBERNETES, {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}, ["a"], ["a", "a"]),
        (
            KUBERNETES,
            {"type": "object", "properties": {"a": TEXT, "b": {**TEXT, "default": ""}}, "required": ["a", "b"]},
            {"a": ""},
            {"b": ""},
        ),
    ],
)
def test_values(dialect: Dialect, schema: Json, valid: Json, refused: Json) -> None:
    """One value that matches, and one beside it that does not."""
    assert opinion(dialect, schema, valid)
    assert not opinion(dialect, schema, refused)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "x-kubernetes-validations": [{"rule": "true"}]}, {}),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, {}),
        ({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]}, [1, 2]),
        ({"type": "object", "properties": {}}, {"metadata": {}}),
    ],
)
def test_no_opinion_where_a_server_has_its_say(schema: Json, value: Json) -> None:
    """Rules in CEL, embedded resources, keys of maps in lists, and what every resource has."""
    with pytest.raises(NoOpinion):
        opinion(KUBERNETES, schema, value)


@pytest.mark.parametrize(
    ("dialect", "schema", "problem"),
    [
        ("openapi-3.0", {"type": ["string", "null"]}, "/type"),
        ("openapi-3.0", {"type": "null"}, "/type"),
        ("openapi-3.0", {"type": "array", "items": [TEXT]}, "/items"),
        ("openapi-3.0", {"minimum": 1, "exclusiveMinimum": 1}, "/exclusiveMinimum"),
        ("openapi-3.0", {"properties": {"a": {"nullable": "yes"}}}, "/properties/a/nullable"),
        ("openapi-3.0", {"patternProperties": {"a": {}}}, "/patternProperties"),
        ("openapi-3.0", {"discriminator": {}}, "/discriminator"),
        ("openapi-3.0", {"$schema": "http://json-schema.org/draft-07/schema#"}, "reads every schema as openapi-3.0"),
        ("openapi-3.0", True, "the root"),
        ("kubernetes", {"$ref": "#/a"}, "/$ref"),
        ("kubernetes", {"x-kubernetes-preserve-unknown-fields": False}, "/x-kubernetes-preserve-unknown-fields"),
        ("kubernetes", {"x-kubernetes-list-type": "bag"}, "/x-kubernetes-list-type"),
        ("kubernetes", {"x-kubernetes-validations": [{}]}, "/x-kubernetes-validations/0"),
        ("kubernetes", {"$schema": "kubernetes"}, "reads every schema as kubernetes"),
    ],
)
def test_what_is_no_schema_there(dialect: str, schema: Json, problem: str) -> None:
    """The place is named."""
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema, default_dialect=dialect)
    assert problem in caught.value.detail


def test_their_twins_pass() -> None:
    """What both dialects do have."""
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "nullable": True}},
        "additionalProperties": {"type": "array", "items": TEXT},
        "required": ["a"],
    }
    check_schema(schema, default_dialect="openapi-3.0")
    check_schema(schema, default_dialect="kubernetes")
    check_schema({"$ref": "#/definitions/a", "discriminator": {"propertyName": "a"}}, default_dialect="openapi-3.0")
    check_schema({**schema, "x-kubernetes-validations": [{"rule": "true"}]}, default_dialect="kubernetes")


def test_each_dialect_of_a_service_has_all_its_parts() -> None:
    """A base, rules and a meta-schema."""
    assert META_SCHEMAS.keys() == SERVICE_BASES.keys() == SERVICE_RULES.keys() == {"openapi-3.0", "kubernetes"}
