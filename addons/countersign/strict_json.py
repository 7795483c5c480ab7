"""JSON as RFC 8259 writes it and no more: one reading, so that the gateway and the service cannot understand two things.

Does not check what the JSON means (that is the dialect's and the schema's business).
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, NoReturn

from countersign import limits
from countersign.errors import BadInput, TooLarge

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)  # made once
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)  # an unclosed string runs to the end
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(data: bytes, *, max_depth: int = limits.MAX_JSON_DEPTH, exact_numbers: bool = False) -> Json:
    """Parse one JSON text (RFC 8259, I-JSON member names of RFC 7493).

    `max_depth` bounds the nesting of arrays and objects. `exact_numbers` also refuses a fraction that an IEEE 754 double
    cannot hold, because two readers could then see two different numbers; integers are exact here at any size.

    Raises BadInput (not UTF-8, not JSON, a byte order mark, a member twice, NaN, an unpaired surrogate, a number out
    of range) or TooLarge (too deep, too many digits).
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise BadInput("the JSON text starts with a byte order mark; send UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8: byte {error.start} cannot be read; send JSON in UTF-8") from None
    _refuse_depth(data, max_depth)
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
            parse_float=_parse_exact_float if exact_numbers else _parse_float,
        )
    except json.JSONDecodeError as error:
        raise BadInput(f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    if "\\u" in text and _has_lone_surrogate(value):
        raise BadInput("a string holds an unpaired surrogate escape; write the character itself")
    return value


def dumps(value: Json) -> bytes:
    """The canonical form of `value`: sorted keys, no white space, UTF-8 (RFC 8785 on integers and ASCII keys)."""
    return _CANONICAL.encode(value).encode()


def _refuse_depth(data: bytes, max_depth: int) -> None:
    """Before the recursive parser sees it; an unbalanced text only ever counts too deep, never too shallow."""
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > max_depth:
                raise TooLarge(f"nested deeper than {max_depth} levels; flatten the document")
        elif token in b"]}":
            depth -= 1


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise BadInput(f"the member {name[:80]!r} is given twice in one object; keep one")
            seen.add(name)
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise BadInput(f"{name} is not JSON; use a number or null")


def _parse_int(text: str) -> int:
    if len(text) > limits.MAX_JSON_DIGITS:
        raise TooLarge(f"a number has more than {limits.MAX_JSON_DIGITS} digits")
    return int(text)


def _parse_float(text: str) -> float:
    if len(text) > limits.MAX_JSON_DIGITS:
        raise TooLarge(f"a number has more than {limits.MAX_JSON_DIGITS} digits")
    number = float(text)
    if not math.isfinite(number):
        raise BadInput(f"the number {text[:40]} is out of the range of a double")
    return number


def _parse_exact_float(text: str) -> float:
    number = _parse_float(text)
    if Decimal(text) != Decimal(repr(number)):
        raise BadInput(f"the number {text[:40]} cannot be held exactly; write {number!r} if that is what is meant")
    return number


def _has_lone_surrogate(value: Json) -> bool:
    if isinstance(value, str):
        return _LONE_SURROGATE.search(value) is not None
    if isinstance(value, list):
        return any(_has_lone_surrogate(item) for item in value)
    if isinstance(value, dict):
        return any(_has_lone_surrogate(name) or _has_lone_surrogate(item) for name, item in value.items())
    return False
