"""The values of single keywords, checked for the shape that their dialect gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from countersign.schema_change.constraints import Bound, Constraint, Size, SizedKind, Values
from countersign.schema_change.json_values import KINDS, canonical, exact, is_number
from countersign.schema_change.references import Place
from countersign.strict_json import Json

SIZES: dict[str, tuple[SizedKind, Literal["lower", "upper"]]] = {
    "minLength": ("string", "lower"),
    "maxLength": ("string", "upper"),
    "minItems": ("array", "lower"),
    "maxItems": ("array", "upper"),
    "minProperties": ("object", "lower"),
    "maxProperties": ("object", "upper"),
}


class Malformed(Exception):
    """A keyword's value is not of the shape that its dialect gives it."""


def values_of(values: Iterable[Json]) -> Values:
    """The constraint `enum` with these values."""
    distinct = {canonical(each): each for each in values}
    keys = tuple(sorted(distinct))
    return Values(keys, tuple(distinct[key] for key in keys))


def bound(place: Place, schema: dict[str, Json], keyword: str, value: Json) -> list[Constraint]:
    end = "lower" if keyword.endswith("inimum") else "upper"
    if keyword.startswith("exclusive"):
        if place.dialect.boolean_exclusive:
            if not isinstance(value, bool):
                raise Malformed
            return []
        return [Bound("lower" if end == "lower" else "upper", exact(number(value)), True)]
    is_open = False
    if place.dialect.boolean_exclusive:
        is_open = schema.get("exclusiveMinimum" if end == "lower" else "exclusiveMaximum") is True
    return [Bound("lower" if end == "lower" else "upper", exact(number(value)), is_open)]


def size(keyword: str, value: Json) -> list[Constraint]:
    """Nothing where none is too few."""
    kind, end = SIZES[keyword]
    number = count(value)
    return [] if end == "lower" and number == 0 else [Size(kind, end, number)]


def kinds(value: Json, float_integers: bool, *, nullable: bool = False) -> frozenset[str]:
    kinds: set[str] = {"null"} if nullable else set()
    for name in value if isinstance(value, list) else [value]:
        if name == "number":
            kinds |= {"integer", "fraction", "whole"}
        elif isinstance(name, str) and name in KINDS and name not in ("whole", "fraction"):
            kinds.add(name)
        else:
            raise Malformed
    if float_integers and "integer" in kinds:
        kinds.add("whole")
    return frozenset(kinds)


def has_reference(value: Json) -> bool:
    if isinstance(value, dict):
        return any("$ref" in name or "Ref" in name or has_reference(each) for name, each in value.items())
    return isinstance(value, list) and any(has_reference(each) for each in value)


def array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise Malformed
    return value


def members(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise Malformed
    return value


def text(value: Json) -> str:
    if not isinstance(value, str):
        raise Malformed
    return value


def number(value: Json) -> int | float:
    if not is_number(value):
        raise Malformed
    return value  # type: ignore[return-value]


def count(value: Json) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed
    return value
