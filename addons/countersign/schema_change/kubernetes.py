"""What Kubernetes adds to a schema: members that nobody declared are not kept, and defaults stand in for missing ones.

A value counts as accepted where the API server validates it and drops none of it (`fieldValidation: Strict`). Does not
check that a schema is structural, and does not evaluate rules in CEL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from countersign.schema_change import keywords
from countersign.schema_change.constraints import Constraint, Opaque, Unique
from countersign.schema_change.json_values import canonical
from countersign.schema_change.references import Place
from countersign.strict_json import Json

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
#: What every resource has, declared or not; one object each, so that it is read once.
_OF_A_RESOURCE: Mapping[str, Json] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object", PRESERVE: True},
}


def declared(place: Place, schema: dict[str, Json]) -> Json:
    """`properties` of the schema at `place`, and what a resource has in any case."""
    properties = schema.get("properties", {})
    if not is_pruned(place, schema) or not isinstance(properties, dict):
        return properties
    is_resource = schema is place.bundle.document or schema.get(EMBEDDED) is True
    return {**_OF_A_RESOURCE, **properties} if is_resource else properties


def undeclared(place: Place, schema: dict[str, Json]) -> Json:
    """The schema of members that `properties` and `patternProperties` do not name."""
    return schema.get("additionalProperties", not is_pruned(place, schema))


def is_pruned(place: Place, schema: dict[str, Json]) -> bool:
    """Whether members that the schema does not name are dropped.

    A structural schema states `type` everywhere but inside `allOf`, `anyOf`, `oneOf` and `not`, which declare nothing.
    """
    return place.dialect.prunes and schema.get("type") == "object" and schema.get(PRESERVE) is not True


def is_filled_in(place: Place, name: str) -> bool:
    """Whether the member `name` has a default that the server fills in before it asks for it."""
    if not place.dialect.prunes or not isinstance(place.schema, dict):
        return False
    properties = place.schema.get("properties")
    member = properties.get(name) if isinstance(properties, dict) else None
    return isinstance(member, dict) and "default" in member


def constraints_of(keyword: str, value: Json) -> list[Constraint]:
    """The constraints of one of `keywords.SERVICE_OPAQUE`.

    The items of a `set` differ, those of a `map` differ in their keys; the rest of either speaks of merging.
    """
    opaque = Opaque(keyword, canonical(value), None, keyword not in keywords.ENFORCED)
    if keyword != "x-kubernetes-list-type":
        return [opaque]
    lists = replace(opaque, kinds=frozenset({"array"}), annotates=value != "map")
    return [Unique(), lists] if value == "set" else [lists]
