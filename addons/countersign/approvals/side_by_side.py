"""Two documents as JSON for people, aligned line by line by their structure. Nothing is ever left out or cut short.

Does not mask: what comes in is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Literal

from countersign import limits
from countersign.strict_json import Json
from countersign.visible_text import visible_line

Mark = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one document."""

    number: int  #: from 1
    text: str  #: safe to look at


@dataclass(frozen=True, slots=True)
class Row:
    """What stands beside each other; at least one side is there."""

    left: Line | None
    right: Line | None
    mark: Mark


class _Absent(Enum):
    ABSENT = "absent"


_ABSENT = _Absent.ABSENT
type _Side = Json | _Absent
type _Texts = tuple[str | None, str | None, Mark]

_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class _Part:
    """The values at one place of both documents; the texts around them."""

    before: _Side
    after: _Side
    start: str  #: indentation and name
    depth: int
    before_end: str  #: a comma where another value follows
    after_end: str


def side_by_side(before: Json | None, after: Json | None) -> tuple[Row, ...]:
    """The rows of both documents, printed with two spaces of indentation. None: there is no such document.

    Members are matched by name and stand in the order of `after`, so that one that only moved is the same; items are
    matched by what they are. The right lines are exactly `after`, the left lines are `before` up to the order of members.
    Takes linear time (difflib on short arrays, within a budget).
    """
    rows: list[Row] = []
    numbers = [0, 0]

    def numbered(side: int, text: str | None) -> Line | None:
        if text is None:
            return None
        numbers[side] += 1
        return Line(numbers[side], visible_line(text))

    if before is not None or after is not None:
        whole = _Part(_ABSENT if before is None else before, _ABSENT if after is None else after, "", 0, "", "")
        for left, right, mark in _texts(whole):
            rows.append(Row(numbered(0, left), numbered(1, right), mark))
    return tuple(rows)


def _texts(whole: _Part) -> Iterator[_Texts]:
    """The texts of the rows. Keeps its own stack: documents are deep."""
    matching = _Matching()
    waiting: list[_Part | _Texts] = [whole]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            yield part
            continue
        opened = _is_open(part.before), _is_open(part.after)
        texts = _head(part.before, part.start, part.before_end), _head(part.after, part.start, part.after_end)
        ends = _foot(part.before, part, part.before_end), _foot(part.after, part, part.after_end)
        if all(opened) and type(part.before) is type(part.after):
            yield (*texts, "same")
            waiting.append((ends[0], ends[1], "same"))
            waiting.extend(reversed(matching.children(part, part.before, part.after)))
            continue
        yield (*texts, _mark(*texts, is_same=not any(opened) and _is_same(part)))
        if opened[1]:
            waiting.append((None, ends[1], "added"))
            waiting.extend(reversed(matching.children(part, _ABSENT, part.after)))
        if opened[0]:
            waiting.append((ends[0], None, "removed"))
            waiting.extend(reversed(matching.children(part, part.before, _ABSENT)))


def _is_open(side: _Side) -> bool:
    """Whether it takes more than one line."""
    return isinstance(side, dict | list) and bool(side)


def _head(side: _Side, start: str, end: str) -> str | None:
    """The first line of a value, mostly its only one."""
    if isinstance(side, _Absent):
        return None
    if _is_open(side):
        return start + ("{" if isinstance(side, dict) else "[")
    return start + _encode(side) + end


def _foot(side: _Side, part: _Part, end: str) -> str:
    return "  " * part.depth + ("}" if isinstance(side, dict) else "]") + end


def _is_same(part: _Part) -> bool:
    if isinstance(part.before, _Absent) or isinstance(part.after, _Absent):
        return False
    return _encode(part.before) == _encode(part.after)


def _mark(left: str | None, right: str | None, *, is_same: bool) -> Mark:
    if left is None:
        return "added"
    if right is None:
        return "removed"
    return "same" if is_same else "changed"


class _Matching:
    """Says which parts stand beside each other."""

    def __init__(self) -> None:
        self._forms: dict[object, int] = {}
        self._known: dict[int, int] = {}  # by identity: the documents outlive this
        self._left = limits.MAX_ITEM_COMPARISONS

    def children(self, part: _Part, before: _Side, after: _Side) -> list[_Part]:
        """The parts directly in `part`, where a side that is absent, or another thing, has none."""
        indent = "  " * (part.depth + 1)
        if isinstance(before, dict) or isinstance(after, dict):
            old, new = before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
            names = _merged(old, new)
            pairs = [(old.get(name, _ABSENT), new.get(name, _ABSENT), f"{indent}{_encode(name)}: ") for name in names]
        else:
            items, others = before if isinstance(before, list) else [], after if isinstance(after, list) else []
            pairs = [(one, other, indent) for one, other in self._items(items, others)]
        lasts = [
            max((index for index, pair in enumerate(pairs) if pair[side] is not _ABSENT), default=-1) for side in (0, 1)
        ]
        return [
            _Part(one, other, start, part.depth + 1, "," * (index < lasts[0]), "," * (index < lasts[1]))
            for index, (one, other, start) in enumerate(pairs)
        ]

    def _items(self, before: list[Json], after: list[Json]) -> Iterator[tuple[_Side, _Side]]:
        for one, other, first, last in self._blocks(before, after):
            for index in range(max(other - one, last - first)):
                left: _Side = before[one + index] if one + index < other else _ABSENT
                yield left, after[first + index] if first + index < last else _ABSENT

    def _blocks(self, before: list[Json], after: list[Json]) -> Iterator[tuple[int, int, int, int]]:
        """Stretches of both that stand beside each other, item by item from their start."""
        cost = len(before) * len(after)
        if max(len(before), len(after)) > limits.MAX_ALIGNED_ITEMS or cost > self._left:
            yield 0, len(before), 0, len(after)
            return
        if cost:
            self._left -= cost
            forms = [[self._form(item) for item in items] for items in (before, after)]
            for _, *block in SequenceMatcher(None, forms[0], forms[1], autojunk=False).get_opcodes():
                yield block[0], block[1], block[2], block[3]
        else:
            yield 0, len(before), 0, len(after)

    def _form(self, value: Json) -> int:
        """A number that two values share where they are the same JSON; members in any order. Each value is seen once."""
        waiting = [value]
        while waiting:
            top = waiting[-1]
            parts = list(top.values()) if isinstance(top, dict) else top if isinstance(top, list) else []
            unseen = [each for each in parts if isinstance(each, dict | list) and id(each) not in self._known]
            if unseen and id(top) not in self._known:
                waiting.extend(unseen)
                continue
            waiting.pop()
            if isinstance(top, dict | list):
                self._known[id(top)] = self._number(top)
        return self._number_of(value)

    def _number(self, value: dict[str, Json] | list[Json]) -> int:
        form: object
        if isinstance(value, dict):
            form = frozenset((name, self._number_of(each)) for name, each in value.items())
        else:
            form = tuple(self._number_of(each) for each in value)
        return self._forms.setdefault(form, len(self._forms))

    def _number_of(self, value: Json) -> int:
        if isinstance(value, dict | list):
            return self._known[id(value)]
        return self._forms.setdefault(_encode(value), len(self._forms))


def _merged(before: dict[str, Json], after: dict[str, Json]) -> list[str]:
    """The names of `after` in its order; each that is gone follows the one it followed in `before`."""
    gone: dict[str | None, list[str]] = {}
    previous: str | None = None
    for name in before:
        if name in after:
            previous = name
        else:
            gone.setdefault(previous, []).append(name)
    merged = gone.get(None, [])[:]
    for name in after:
        merged.append(name)
        merged.extend(gone.get(name, ()))
    return merged
