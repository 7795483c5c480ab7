"""Keywords of schema languages (JSON Schema, OpenAPI, Avro), by what stands behind them.

Does not say which keywords a dialect of JSON Schema has: names that are none in one of them do no harm here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from countersign.strict_json import Json

#: Behind these stands an object whose members are definitions, by the names of properties and types.
DEFINITIONS: Final = frozenset(
    ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies", "schemas")
)
#: Behind these stand names of properties, by the name of another one.
NAMES_BY_NAME: Final = frozenset(("dependentRequired", "dependencies"))
#: Behind these stand values that an instance may have.
INSTANCE_VALUES: Final = frozenset(("default", "examples", "example", "const", "enum", "symbols"))
#: Behind these stand subschemas, or what says something of an instance and is none.
OTHER_KEYWORDS: Final = frozenset(
    """
    $schema $id id $ref $anchor $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary $comment
    type format title description doc deprecated readOnly writeOnly nullable required dependentRequired
    items prefixItems additionalItems unevaluatedItems contains minContains maxContains minItems maxItems uniqueItems
    additionalProperties unevaluatedProperties propertyNames minProperties maxProperties
    allOf anyOf oneOf not if then else contentSchema contentEncoding contentMediaType
    multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern
    discriminator xml externalDocs name namespace aliases order size logicalType precision scale fields values
    """.split()
)
KEYWORDS: Final = DEFINITIONS | NAMES_BY_NAME | OTHER_KEYWORDS

_TYPES: Final = frozenset(
    "null boolean object array number integer string record enum map fixed int long float double bytes".split()
)
_HOLD_SUBSCHEMAS: Final = frozenset(
    """
    items prefixItems additionalItems unevaluatedItems contains additionalProperties unevaluatedProperties propertyNames
    allOf anyOf oneOf not if then else fields
    """.split()
)
_ONLY_IN_SCHEMAS: Final = frozenset(
    """
    $ref $schema $id enum const default examples format pattern minLength maxLength minimum maximum readOnly writeOnly nullable
    """.split()
)


def looks_like_subschema(members: Mapping[str, Json]) -> bool:
    """Whether an object may be a schema, rather than an instance of one. Data has `items`, too: what is in them tells."""
    if _has_keywords(members):
        return True
    for keyword in _HOLD_SUBSCHEMAS.intersection(members):
        held = members[keyword]
        if any(isinstance(each, dict) and _has_keywords(each) for each in (held if isinstance(held, list) else [held])):
            return True
    return False


def _has_keywords(members: Mapping[str, Json]) -> bool:
    types = members.get("type")
    if isinstance(types, list | dict) or (isinstance(types, str) and types in _TYPES):
        return True
    return not _ONLY_IN_SCHEMAS.isdisjoint(members) or any(
        isinstance(members[keyword], dict) for keyword in DEFINITIONS.intersection(members)
    )
