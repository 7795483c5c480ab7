"""What masking made of a text, line by line: what went, what came, and a few lines around. Nothing of it is made visible
(visible_text.py does that), and nothing is masked here.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from countersign import limits
from countersign.strict_json import Json

_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `…` says how many lines without a change were left out."""

    mark: Literal[" ", "-", "+", "…"]
    text: str


def document_lines(before: Json, after: Json) -> Iterator[Line]:
    """`before` written out as JSON, with what became of it in `after`; in time that grows with their length."""
    yield from _pair(before, after, "", "", "")


def text_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """The same for lines."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after).get_opcodes():
        went, came = before[i1:i2], after[j1:j2]
        if tag == "equal":
            yield from (Line(" ", text) for text in went)
        elif len(went) == len(came):  # each has its own
            for old, new in zip(went, came, strict=True):
                yield from (Line("-", old), Line("+", new))
        else:
            yield from (Line("-", text) for text in went)
            yield from (Line("+", text) for text in came)


def folded(lines: Iterable[Line]) -> Iterator[Line]:
    """`lines` with `limits.UNCHANGED_LINES_SHOWN` of those without a change around each stretch that has one."""
    around = limits.UNCHANGED_LINES_SHOWN
    waiting: list[Line] = []
    kept = 0  # of `waiting`, from its beginning: what follows a change
    for line in lines:
        if line.mark == " ":
            waiting.append(line)
            continue
        yield from _fold(waiting, kept, around)
        yield line
        waiting, kept = [], around
    yield from _fold(waiting, kept, 0)


def _fold(lines: list[Line], first: int, last: int) -> Iterator[Line]:
    hidden = len(lines) - first - last
    if hidden <= 1:
        yield from lines
        return
    yield from lines[:first]
    yield Line("…", f"{hidden} lines without a change")
    yield from lines[first + hidden :]


def _pair(before: Json, after: Json, indent: str, lead: str, tail: str) -> Iterator[Line]:
    """`lead` is the name of the member, `tail` the comma."""
    if isinstance(before, dict) and isinstance(after, dict) and before:
        yield Line(" ", f"{indent}{lead}{{")
        yield from _members(before, after, indent + _INDENT)
        yield Line(" ", f"{indent}}}{tail}")
    elif isinstance(before, list) and isinstance(after, list) and before:
        yield Line(" ", f"{indent}{lead}[")
        yield from _elements(before, after, indent + _INDENT)
        yield Line(" ", f"{indent}]{tail}")
    elif type(before) is type(after) and before == after:
        yield from _whole(" ", before, indent, lead, tail)
    else:
        yield from _whole("-", before, indent, lead, tail)
        yield from _whole("+", after, indent, lead, tail)


def _members(before: dict[str, Json], after: dict[str, Json], indent: str) -> Iterator[Line]:
    """A member may be gone, or have another name in the same place."""
    came = deque(name for name in after if name not in before)
    is_renaming = len(came) == sum(name not in after for name in before)
    last = next(reversed(before))
    for name, value in before.items():
        tail = "" if name == last else ","
        if name in after:
            yield from _pair(value, after[name], indent, _lead(name), tail)
            continue
        yield from _whole("-", value, indent, _lead(name), tail)
        if is_renaming:
            new = came.popleft()
            yield from _whole("+", after[new], indent, _lead(new), tail)
    for name in came:
        yield from _whole("+", after[name], indent, _lead(name), "")


def _elements(before: list[Json], after: list[Json], indent: str) -> Iterator[Line]:
    if len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
            yield from _pair(old, new, indent, "", "" if number == len(before) else ",")
        return
    written = [json.dumps(value) for value in before], [json.dumps(value) for value in after]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *written).get_opcodes():
        for number, value in enumerate(before[i1:i2], i1 + 1):
            comma = "" if number == len(before) else ","
            yield from _whole(" " if tag == "equal" else "-", value, indent, "", comma)
        for value in after[j1:j2] if tag != "equal" else ():
            yield from _whole("+", value, indent, "", ",")


def _whole(mark: Literal[" ", "-", "+"], value: Json, indent: str, lead: str, tail: str) -> Iterator[Line]:
    lines = (lead + json.dumps(value, indent=_INDENT, ensure_ascii=False) + tail).split("\n")
    yield from (Line(mark, indent + line) for line in lines)


def _lead(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) + ": "
