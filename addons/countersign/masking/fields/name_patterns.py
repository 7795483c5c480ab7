"""Patterns of member names (`patternProperties`), tried on hostile names only where that takes bounded time.

Does not read every regular expression: what an expression of another shape matches is not known.
"""

from __future__ import annotations

import re
from typing import Final

from countersign import limits

_PLAIN: Final = r"[A-Za-z0-9_ @#:,;=<>/%&~'\"!-]|\\[.$^*+?()\[\]{}|/\\_@#:-]"
_ITEM: Final = r"[A-Za-z0-9_.$@#: /]|\\[dw.$^*+?()\[\]{}|/\\_@#:-]"
_CLASS: Final = rf"\[\^?(?:(?:{_ITEM})(?:-[A-Za-z0-9])?)++-?\]"
# `?`, `*`, `+`, `{2,}`; a fixed count is none. Anchors, characters, classes; no groups, and no choices.
_SHAPE: Final = re.compile(
    rf"(?P<start>\^?)(?P<body>(?:(?:{_PLAIN}|{_CLASS}|\\[dw]|\.)(?:[?*+]|\{{[0-9]{{1,2}}(?:,[0-9]{{0,2}})?\}})?)*+)(?P<end>\$?)"
)
_PIECE: Final = re.compile(rf"(?P<one>{_PLAIN}|{_CLASS}|\\[dw]|\.)(?P<count>[?*+]|\{{[^}}]*\}})?")
_ANY: Final = "[^\\n\\r\\u2028\\u2029]"  # what a dot is in ECMA-262
_MOST_REPEATED: Final = 1  # each one multiplies the work by the length of the name


class NamePattern:
    """One regular expression, as ECMA-262 and Python's `re` both read it."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._compiled: re.Pattern[str] | None = None
        self._start: str | None = None  # of every name that matches; None: nothing is known of it
        shape = _SHAPE.fullmatch(expression) if len(expression) <= limits.MAX_MATCHED_CHARACTERS else None
        if shape is None:
            return
        pieces = [(found["one"], found["count"] or "") for found in _PIECE.finditer(shape["body"])]
        repeated = [count for _, count in pieces if count and not count[1:-1].isdigit()]
        if len(repeated) > _MOST_REPEATED:
            return
        body = "".join((_ANY if one == "." else one) + count for one, count in pieces)
        try:
            self._compiled = re.compile(
                ("^" if shape["start"] else "") + body + (r"\Z" if shape["end"] else ""), re.ASCII
            )
        except re.error:  # such as a range from z to a
            return
        if shape["start"]:
            self._start = _literal_start(pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamePattern) and self._expression == other._expression

    def __hash__(self) -> int:
        return hash(self._expression)

    @property
    def is_readable(self) -> bool:
        """Whether it is known which names match, long ones apart."""
        return self._compiled is not None

    def matches(self, name: str) -> bool | None:
        """Whether the expression is found in `name`; None: not known."""
        if self._compiled is None or len(name) > limits.MAX_MATCHED_CHARACTERS:
            return None
        return self._compiled.search(name) is not None

    def may_share_a_name_with(self, other: NamePattern) -> bool:
        """False only where no name can match both."""
        if self._start is None or other._start is None:
            return True
        return self._start.startswith(other._start) or other._start.startswith(self._start)


def _literal_start(pieces: list[tuple[str, str]]) -> str:
    start = ""
    for one, count in pieces:
        if count or one == "." or one.startswith("[") or one in (r"\d", r"\w"):
            break
        start += one[-1]
    return start
