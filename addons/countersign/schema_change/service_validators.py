"""`jsonschema`'s view of the dialects that it does not have: OpenAPI 3.0 and Kubernetes, with a meta-schema for each.

Made from draft 4, which both descend from. Does not check that a schema is structural, and runs no rules in CEL: where one
has its say there is no opinion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from countersign.schema_change.kubernetes import PRESERVE
from countersign.schema_change.validators import LIBRARY_VALIDATORS, Rule
from countersign.strict_json import Json

_FORBIDDEN: Json = {"not": {}}
_SCHEMA: Json = {"$ref": "#"}
_TEXT: Json = {"type": "string"}
_SWITCH: Json = {"type": "boolean"}


class Unjudged(Exception):
    """A keyword has its say that nobody here can judge."""


def _type(validator: Any, kind: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if value is None and schema.get("nullable") is True:
        return
    yield from Draft4Validator.VALIDATORS["type"](validator, kind, value, schema) or ()


def _int_or_string(validator: Any, switch: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if switch is True:
        yield from _type(validator, ["integer", "string"], value, schema)


def _kept(validator: Any, kind: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    """`type`, which every part of a structural schema states, and that nothing of an object is dropped."""
    yield from _type(validator, kind, value, schema)
    if kind == "object" and isinstance(value, dict) and schema.get(PRESERVE) is not True:
        of_a_resource = {"apiVersion", "kind", "metadata"} & value.keys() - schema.get("properties", {}).keys()
        if of_a_resource:
            raise Unjudged  # kept in a resource, dropped elsewhere: which of them this is, is not known here
        if "additionalProperties" not in schema and value.keys() - schema.get("properties", {}).keys():
            yield ValidationError("a member is not kept")


def _required(validator: Any, names: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        filled_in = [name for name, member in schema.get("properties", {}).items() if "default" in member]
        for name in names:
            if name not in value and name not in filled_in:
                yield ValidationError("a member is missing")


def _list_type(validator: Any, kind: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, list) and len(value) > 1:
        if kind == "map":
            raise Unjudged
        if kind == "set":
            yield from validator.VALIDATORS["uniqueItems"](validator, True, value, schema) or ()


def _unjudged(validator: Any, rules: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    raise Unjudged
    yield


#: By the name of the dialect: the rules beside those of draft 4.
SERVICE_RULES: dict[str, dict[str, Rule]] = {
    "openapi-3.0": {"type": _type},
    "kubernetes": {
        "type": _kept,
        "x-kubernetes-int-or-string": _int_or_string,
        "required": _required,
        "x-kubernetes-list-type": _list_type,
        "x-kubernetes-validations": _unjudged,
        "x-kubernetes-embedded-resource": _unjudged,
    },
}
#: By the name of the dialect; 1.0 is an integer for Kubernetes.
SERVICE_BASES: dict[str, type[Validator]] = {
    "openapi-3.0": Draft4Validator,
    "kubernetes": extend(  # type: ignore[no-untyped-call]
        Draft4Validator, type_checker=LIBRARY_VALIDATORS["draft-06"].TYPE_CHECKER
    ),
}


def _meta_schema(more: dict[str, Json]) -> dict[str, Any]:
    draft: Any = Draft4Validator.META_SCHEMA
    known = {
        **draft["properties"],
        "type": {"enum": ["array", "boolean", "integer", "number", "object", "string"]},
        "items": _SCHEMA,
        "nullable": _SWITCH,
        "$schema": _FORBIDDEN,
        "patternProperties": _FORBIDDEN,
        "dependencies": _FORBIDDEN,
        "additionalItems": _FORBIDDEN,
        **more,
    }
    return {**{name: value for name, value in draft.items() if name not in ("id", "$schema")}, "properties": known}


#: By the name of the dialect; each is a schema of draft 4.
META_SCHEMAS: dict[str, dict[str, Any]] = {
    "openapi-3.0": _meta_schema(
        {
            "$ref": _TEXT,
            "readOnly": _SWITCH,
            "writeOnly": _SWITCH,
            "deprecated": _SWITCH,
            "discriminator": {
                "type": "object",
                "required": ["propertyName"],
                "properties": {"propertyName": _TEXT, "mapping": {"type": "object", "additionalProperties": _TEXT}},
            },
        }
    ),
    "kubernetes": _meta_schema(
        {
            "$ref": _FORBIDDEN,
            "definitions": _FORBIDDEN,
            PRESERVE: {"enum": [True]},
            "x-kubernetes-int-or-string": _SWITCH,
            "x-kubernetes-embedded-resource": _SWITCH,
            "x-kubernetes-list-type": {"enum": ["atomic", "set", "map"]},
            "x-kubernetes-list-map-keys": {"type": "array", "items": _TEXT},
            "x-kubernetes-map-type": {"enum": ["atomic", "granular"]},
            "x-kubernetes-validations": {
                "type": "array",
                "items": {"type": "object", "required": ["rule"], "properties": {"rule": _TEXT}},
            },
        }
    ),
}
