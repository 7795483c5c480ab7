"""`unevaluatedProperties` and `unevaluatedItems` where what evaluates does not depend on the value.

Does not follow `anyOf`, `oneOf`, `if` and `dependentSchemas`: which of their branches evaluate depends on the value.
"""

from __future__ import annotations

from countersign import limits
from countersign.schema_change import keywords
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.strict_json import Json

#: Applied to the same value whatever it is: where one of them fails, all fails. `not` evaluates nothing.
_ALWAYS = frozenset({"$ref", "allOf", "not"})


class _Depends(Exception):
    """On the value, on a reference that leads nowhere or back, or on a keyword of an unknown shape."""


def as_plain(place: Place, schema: dict[str, Json], keyword: str) -> dict[str, Json] | None:
    """A schema of `properties`, `items` and the like that says what `keyword` says; None where there is none."""
    if schema[keyword] is True:
        return {}
    if keyword == "unevaluatedItems":
        return None if keywords.APPLIED_IN_PLACE & schema.keys() else _items(place, schema)
    if not keywords.APPLIED_IN_PLACE & schema.keys():
        return {} if "additionalProperties" in schema else {**schema, "additionalProperties": schema[keyword]}
    names: dict[str, Json] = {}
    patterns: dict[str, Json] = {}
    own = {each: value for each, value in schema.items() if each != keyword}
    try:
        is_open = _evaluates_all(place, own, names, patterns, ())
    except (_Depends, UnresolvedReference):
        return None
    if is_open:
        return {}
    return {"properties": names, "patternProperties": patterns, "additionalProperties": schema[keyword]}


def _evaluates_all(
    place: Place, schema: Json, names: dict[str, Json], patterns: dict[str, Json], way: tuple[int, ...]
) -> bool:
    """Collect the members that `schema` evaluates; True where it evaluates every one."""
    if not isinstance(schema, dict):
        return False
    if (
        id(schema) in way
        or len(way) >= limits.MAX_SCHEMA_DEPTH
        or (keywords.APPLIED_IN_PLACE - _ALWAYS) & schema.keys()
    ):
        raise _Depends
    for keyword, found in (("properties", names), ("patternProperties", patterns)):
        members = schema.get(keyword, {})
        if not isinstance(members, dict):
            raise _Depends
        found.update(dict.fromkeys(members, True))
    branches = schema.get("allOf", [])
    if not isinstance(branches, list):
        raise _Depends
    applied = [place.inside(branch) for branch in branches]
    if "$ref" in schema:
        applied.append(place.follow(str(schema["$ref"])))
    is_open = "additionalProperties" in schema or "unevaluatedProperties" in schema
    answers = [_evaluates_all(each, each.schema, names, patterns, (*way, id(schema))) for each in applied]
    return is_open or any(answers)


def _items(place: Place, schema: dict[str, Json]) -> dict[str, Json] | None:
    rest = schema["unevaluatedItems"]
    if "contains" in schema:
        return None
    if not place.dialect.tuple_items:
        return {} if "items" in schema else {**schema, "items": rest}
    if "items" not in schema:
        return {**schema, "items": rest}
    if not isinstance(schema["items"], list) or "additionalItems" in schema:
        return {}
    return {**schema, "additionalItems": rest}
