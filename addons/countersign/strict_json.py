"""JSON as RFC 8259 writes it and no more: one reading, so that the gateway and the service cannot understand two things.

Does not check what the JSON means (that is the dialect's and the schema's business).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from countersign import limits
from countersign.errors import BadInput, TooLarge

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)  # made once
_HOLDERS = (dict, list)
_PIECE_CHARACTERS = 100_000  # of a string that is written in one step: half a millisecond
_PIECE_VALUES = 500  # written in one step where they hold nothing themselves: well below a millisecond
_OPENING = (b"[", b"{")
# What stands before a bracket, and the bracket or the end; an unclosed string runs to the end.
_NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)*+([\[\]{}]|\Z)', re.DOTALL)
_NEXT_VALUE = re.compile(rb'(?:[^"\[{,]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)*+([\[{,]|\Z)', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def loads(
    data: bytes,
    *,
    max_depth: int = limits.MAX_JSON_DEPTH,
    exact_numbers: bool = False,
    max_values: int | None = None,
) -> Json:
    """Parse one JSON text (RFC 8259, I-JSON member names of RFC 7493).

    `max_depth` bounds the nesting of arrays and objects. `exact_numbers` also refuses a fraction that an IEEE 754 double
    cannot hold, because two readers could then see two different numbers; integers are exact here at any size. With
    `max_values` a text with twice as many is refused before it is parsed, which nothing can interrupt; one with no more is not.

    Raises BadInput (not UTF-8, not JSON, a byte order mark, a member twice, NaN, an unpaired surrogate, a number out
    of range) or TooLarge (too deep, too many digits or values).
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise BadInput("the JSON text starts with a byte order mark; send UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8: byte {error.start} cannot be read; send JSON in UTF-8") from None
    _refuse_depth(data, max_depth)
    if max_values is not None:
        _refuse_values(data, max_values)
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
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        raise BadInput("a string holds an unpaired surrogate escape; write the character itself")
    return value


def dumps(value: Json) -> bytes:
    """The canonical form of `value`: sorted keys, no white space, UTF-8 (RFC 8785 on integers and ASCII keys)."""
    return _CANONICAL.encode(value).encode()


def dumps_in_pieces(value: Json) -> bytes:
    """As `dumps`, in many short steps instead of a long one: other threads run between them, as the event loop has to."""
    pieces: list[str] = []
    _write_pieces(value, pieces)
    return "".join(pieces).encode()


def _write_pieces(value: Json, pieces: list[str]) -> None:
    if isinstance(value, dict) and not (_is_quick(value.values()) and _is_quick(value)):
        before = "{"
        for name in sorted(value):
            pieces.append(before)
            _write_pieces(name, pieces)
            pieces.append(":")
            _write_pieces(value[name], pieces)
            before = ","
        pieces.append("}")
    elif isinstance(value, list) and value:
        before = "["
        for start in range(0, len(value), _PIECE_VALUES):
            some = value[start : start + _PIECE_VALUES]
            if _is_quick(some):
                pieces.append(before + _CANONICAL.encode(some)[1:-1])
            else:
                for item in some:
                    pieces.append(before)
                    _write_pieces(item, pieces)
                    before = ","
            before = ","
        pieces.append("]")
    elif isinstance(value, str) and len(value) > _PIECE_CHARACTERS:
        pieces.append('"')
        for start in range(0, len(value), _PIECE_CHARACTERS):
            pieces.append(_CANONICAL.encode(value[start : start + _PIECE_CHARACTERS])[1:-1])
        pieces.append('"')
    else:
        pieces.append(_CANONICAL.encode(value))


def _is_quick(values: Collection[Json]) -> bool:
    """Whether they can be written in one step: few of them, not long together, and nothing in them."""
    left = _PIECE_CHARACTERS
    for value in values if len(values) <= _PIECE_VALUES else ():
        if isinstance(value, _HOLDERS):
            return False
        if isinstance(value, str):
            left -= len(value)
    return len(values) <= _PIECE_VALUES and left >= 0


def _refuse_depth(data: bytes, max_depth: int) -> None:
    """Before the recursive parser sees it; an unbalanced text only ever counts too deep, never too shallow."""
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for found in _NEXT_BRACKET.finditer(data):
        if found[1] in _OPENING:
            depth += 1
            if depth > max_depth:
                raise TooLarge(f"nested deeper than {max_depth} levels; flatten the document")
        elif found[1]:
            depth -= 1


def _refuse_values(data: bytes, max_values: int) -> None:
    """Each value but the first comes after a comma or a bracket, and no bracket without a value comes without being one."""
    most = 2 * max_values
    if data.count(b",") + data.count(b"[") + data.count(b"{") < most:
        return
    if sum(1 for found in islice(_NEXT_VALUE.finditer(data), most) if found[1]) == most:
        raise TooLarge(f"it holds more than {max_values} values; split it")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise BadInput(f"{_member(name)} is given twice in one object; keep one")
            seen.add(name)
    return members


def _member(name: str) -> str:
    """Whole or not at all: nobody recognises half a secret, and so nobody masks it."""
    return f"the member {name!r}" if len(name) <= limits.MAX_QUOTED_CHARACTERS else "a member with a long name"


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
        raise BadInput("a number is out of the range of a double; write it as a string")
    return number


def _parse_exact_float(text: str) -> float:
    number = _parse_float(text)
    if repr(number) != text and Decimal(text) != Decimal(repr(number)):
        raise BadInput("a number cannot be held exactly in a double; write it with fewer digits, or as a string")
    return number


def _has_lone_surrogate(value: Json) -> bool:
    if isinstance(value, str):
        return _LONE_SURROGATE.search(value) is not None
    if isinstance(value, list):
        return any(_has_lone_surrogate(item) for item in value)
    if isinstance(value, dict):
        return any(_has_lone_surrogate(name) or _has_lone_surrogate(item) for name, item in value.items())
    return False
