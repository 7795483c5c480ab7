"""Every keyword of every dialect, classified: what it asserts on, or that it only annotates."""

from __future__ import annotations

from typing import Literal

#: Never change what is accepted, in any dialect.
ANNOTATIONS = frozenset(
    {"title", "description", "examples", "default", "$comment", "deprecated", "readOnly", "writeOnly"}
)
#: Marks that say that a value is sensitive; their removal is a change of its own kind.
SENSITIVITY = frozenset({"writeOnly", "x-sensitive", "confluent:tags"})
#: Name or place schemas; what they hold acts only through references.
NAMES = frozenset({"$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$defs", "definitions", "$schema"})
#: Dialect name -> a keyword at the root of a document that holds definitions in sections (OpenAPI 3.0.3, 4.7.7).
SECTIONED_DEFINITIONS = {"openapi-3.0": "components"}
#: Prefixes of extension keywords whose owners define them as annotations (Kafka Connect, Schema Registry, generators).
ANNOTATION_PREFIXES = ("connect.", "confluent:")
EXTENSION_ANNOTATIONS = frozenset({"x-sensitive", "javaType", "javaInterfaces", "existingJavaType"})

_DRAFT_04 = frozenset(
    {
        *("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength"),
        *("maxLength", "pattern", "items", "additionalItems", "minItems", "maxItems", "uniqueItems", "properties"),
        *("patternProperties", "additionalProperties", "required", "minProperties", "maxProperties", "dependencies"),
        *("allOf", "anyOf", "oneOf", "not", "$ref", "format"),
    }
)
_DRAFT_06 = _DRAFT_04 | {"const", "contains", "propertyNames"}
_DRAFT_07 = _DRAFT_06 | {"if", "then", "else", "contentEncoding", "contentMediaType"}
_DRAFT_2019_09 = (_DRAFT_07 - {"dependencies"}) | {
    *("dependentRequired", "dependentSchemas", "minContains", "maxContains", "unevaluatedItems"),
    *("unevaluatedProperties", "contentSchema", "$recursiveRef"),
}
_DRAFT_2020_12 = (_DRAFT_2019_09 - {"additionalItems", "$recursiveRef"}) | {"prefixItems", "$dynamicRef"}

#: Keywords of OpenAPI 3.0 and Kubernetes whose meaning is not worked out: equal is equal, one that differs is unknown.
#: What is required of a message follows from `readOnly` and `writeOnly` (OpenAPI 3.0.3, 4.7.24), and Kubernetes fills
#: in each `default` before it validates.
SERVICE_OPAQUE = frozenset(
    {
        *("discriminator", "readOnly", "writeOnly", "default", "x-kubernetes-validations", "x-kubernetes-list-type"),
        *("x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-embedded-resource"),
    }
)
#: Of these, what a server always enforces: nothing is shown to be accepted where one of them has its say.
ENFORCED = frozenset({"x-kubernetes-validations", "x-kubernetes-embedded-resource"})
_OPENAPI_3_0 = (_DRAFT_04 - {"patternProperties", "additionalItems", "dependencies"}) | {
    *("nullable", "discriminator", "readOnly", "writeOnly")
}
_KUBERNETES = (_OPENAPI_3_0 - {"$ref", "discriminator", "readOnly", "writeOnly"}) | {
    *("default", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"),
    *(keyword for keyword in SERVICE_OPAQUE if keyword.startswith("x-kubernetes-")),
}

#: Dialect name -> the keywords that assert something in it.
ASSERTIONS = {
    "draft-04": _DRAFT_04,
    "draft-06": _DRAFT_06,
    "draft-07": _DRAFT_07,
    "2019-09": _DRAFT_2019_09,
    "2020-12": _DRAFT_2020_12,
    "openapi-3.0": _OPENAPI_3_0,
    "kubernetes": _KUBERNETES,
}
#: Known to one of the published drafts: in a dialect that does not have it, a validator may assert it all the same.
ANY_DIALECT = _DRAFT_07 | _DRAFT_2019_09 | _DRAFT_2020_12
#: Dialect name -> keywords that annotate in it, beside those that do in every dialect.
MORE_ANNOTATIONS = {
    "openapi-3.0": frozenset({"example", "xml", "externalDocs"}),
    "kubernetes": frozenset({"example", "externalDocs"}),
}
#: Assertions whose meaning the prover does not work out: equal on both sides is equal, everything else is unknown.
OPAQUE = frozenset({"format", "contentEncoding", "contentMediaType", "contentSchema"})
#: Opaque, and their meaning depends on the whole schema object that they stand in.
OPAQUE_BY_SURROUNDINGS = frozenset({"unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef"})

#: Apply schemas to the same value, so that what they evaluate counts for `unevaluated…`.
APPLIED_IN_PLACE = frozenset(
    {"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"}
)

#: Where subschemas stand: keyword -> shape of its value.
Shape = Literal["schema", "list", "map", "schema-or-list", "map-of-schema-or-names"]
SUBSCHEMAS: dict[str, Shape] = {
    "additionalItems": "schema",
    "additionalProperties": "schema",
    "allOf": "list",
    "anyOf": "list",
    "contains": "schema",
    "definitions": "map",
    "$defs": "map",
    "dependencies": "map-of-schema-or-names",
    "dependentSchemas": "map",
    "else": "schema",
    "if": "schema",
    "items": "schema-or-list",
    "not": "schema",
    "oneOf": "list",
    "patternProperties": "map",
    "prefixItems": "list",
    "properties": "map",
    "propertyNames": "schema",
    "then": "schema",
    "unevaluatedItems": "schema",
    "unevaluatedProperties": "schema",
    "contentSchema": "schema",
}

#: The first of these in a schema is read with the others.
READ_TOGETHER = {
    **dict.fromkeys(("properties", "patternProperties", "additionalProperties"), "members"),
    **dict.fromkeys(("prefixItems", "items", "additionalItems"), "items"),
}

#: A document that uses one of these without `$schema` is of an old dialect, or of a new one.
ONLY_OLD = frozenset({"additionalItems", "dependencies"})
ONLY_NEW = frozenset(
    {
        *("prefixItems", "dependentRequired", "dependentSchemas", "minContains", "maxContains"),
        *("unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$anchor", "$dynamicAnchor"),
    }
)


def is_annotation(keyword: str) -> bool:
    """Whether `keyword` is known to leave validation alone."""
    return keyword in ANNOTATIONS or keyword in EXTENSION_ANNOTATIONS or keyword.startswith(ANNOTATION_PREFIXES)
