"""JSON values as JSON Schema sees them: numbers compare mathematically, `true` is no number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from json.encoder import encode_basestring_ascii

from countersign.errors import TooLarge
from countersign.strict_json import Json

type Exact = int | Fraction  #: integers as such: they are compared much faster

#: The kinds a value can be of. `fraction` is a number that is no integer; `whole` is `1.0` where a dialect (draft-04)
#: does not take it for an integer.
KINDS = ("null", "boolean", "integer", "whole", "fraction", "string", "array", "object")
_KINDS_BY_TYPE: dict[type, str] = {
    **{type(None): "null", bool: "boolean", int: "integer"},
    **{str: "string", list: "array", dict: "object"},
}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def kind_of(value: Json, *, float_integers: bool = True) -> str:
    """The kind of `value`; with `float_integers` (draft-06 and later) `1.0` is an integer."""
    if isinstance(value, float):
        if not value.is_integer():
            return "fraction"
        return "integer" if float_integers else "whole"
    return _KINDS_BY_TYPE[type(value)]


def member_names(value: Json, most: int) -> frozenset[str]:
    """The names of all members anywhere in `value`. Raises TooLarge where there are more than `most` values."""
    names: set[str] = set()
    count, found = 1, [value]
    for each in found:  # which grows meanwhile
        if isinstance(each, dict):
            names.update(each)
            inside: Iterable[Json] = each.values()
        elif isinstance(each, list):
            inside = each
        else:
            continue
        count += len(each)
        if count > most:
            raise TooLarge(f"more than {most} values")
        found.extend(inside)
    return frozenset(names)


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact(value: int | float) -> Exact:
    """The number as it is written in decimal: 0.1 is one tenth, not the nearest double."""
    if isinstance(value, int):
        return value
    written = Fraction(repr(value))
    return written.numerator if written.denominator == 1 else written


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
            return encode_basestring_ascii(value)
    return _ENCODER.encode(_normal(value))


def is_same(one: Json, other: Json) -> bool:
    """JSON Schema equality: 1 equals 1.0, True does not equal 1, member order does not count."""
    # what Python tells apart is not equal here either, but `True == 1`
    return one == other and _are_booleans_alike(one, other)


def _are_booleans_alike(one: Json, other: Json) -> bool:
    """Whether two values that are equal in Python have their booleans at the same places."""
    if isinstance(one, dict):
        assert isinstance(other, dict)
        for name, value in one.items():
            if not _are_booleans_alike(value, other[name]):
                return False
    elif isinstance(one, list):
        assert isinstance(other, list)
        for value, twin in zip(one, other, strict=True):
            if not _are_booleans_alike(value, twin):
                return False
    return isinstance(one, bool) is isinstance(other, bool)


def _normal(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {name: _normal(item) for name, item in value.items()}
    return value
