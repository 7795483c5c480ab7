"""JSON values as JSON Schema sees them: numbers compare mathematically, `true` is no number."""

from __future__ import annotations

import json
from fractions import Fraction

from countersign.strict_json import Json

#: The kinds a value can be of. `fraction` is a number that is no integer; `whole` is `1.0` where a dialect (draft-04)
#: does not take it for an integer.
KINDS = ("null", "boolean", "integer", "whole", "fraction", "string", "array", "object")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def kind_of(value: Json, *, float_integers: bool = True) -> str:
    """The kind of `value`; with `float_integers` (draft-06 and later) `1.0` is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            if not value.is_integer():
                return "fraction"
            return "integer" if float_integers else "whole"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact(value: int | float) -> Fraction:
    """The number as it is written in decimal: 0.1 is one tenth, not the nearest double."""
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def canonical(value: Json) -> str:
    """A text that is the same for two values exactly where JSON Schema calls them equal."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _ENCODER.encode(value)
    return _ENCODER.encode(_normal(value))


def is_same(one: Json, other: Json) -> bool:
    """JSON Schema equality: 1 equals 1.0, True does not equal 1, member order does not count."""
    if one != other:
        return False  # what Python tells apart is not equal here either; the texts are for `True == 1`
    return isinstance(one, str | None) or canonical(one) == canonical(other)


def _normal(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {name: _normal(item) for name, item in value.items()}
    return value
