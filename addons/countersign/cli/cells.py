"""Text fitted into the cells of a terminal: cut with a mark that says so, padded, or wrapped with nothing lost.

Takes visible text (visible_text.py); escapes nothing itself.
"""

from __future__ import annotations

from functools import lru_cache

from prompt_toolkit.utils import get_cwidth

_TAB = " " * 4
_CUT = "…"
_MARKS_AT_ONCE = 4  # accents on one letter; of more each takes a cell, or thousands of them would hide in one
_CARRIER = "◌"  # carries an accent whose letter stands on the line before


def cut(text: str, width: int) -> str:
    """`text` if it fits into `width` cells, else its beginning with `…` at its end."""
    if _fitting(text, 0, width) == len(text):
        return text
    return text[: _fitting(text, 0, width - 1)] + _CUT if width > 0 else ""


def fill(text: str, width: int) -> str:
    """`text`, cut or padded to `width` cells."""
    shown = cut(text, width)
    return shown + " " * (width - get_cwidth(shown))


def shortened(text: str, width: int) -> str:
    """As `cut`, and says how long the whole is: for what people decide by, where the whole is elsewhere."""
    if _fitting(text, 0, width) == len(text):
        return text
    return f"{cut(text, width)} ({len(text)} characters, Enter shows all)"


@lru_cache(maxsize=8)  # a redraw asks for the same text at the same width
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """`text` as lines of at most `width` cells (1 or more), broken after a space where one is near; no character is lost."""
    width = max(1, width)
    return tuple(part for line in text.replace("\t", _TAB).split("\n") for part in _wrapped_line(line, width))


def _wrapped_line(line: str, width: int) -> list[str]:
    parts: list[str] = []
    start = 0
    while True:
        carrier = _CARRIER if start < len(line) and get_cwidth(line[start]) == 0 else ""
        end = start + max(1, _fitting(line, start, width - len(carrier)))
        if end >= len(line):
            return [*parts, carrier + line[start:]]
        if (space := line.rfind(" ", start + (end - start) // 2, end)) != -1:
            end = space + 1
        parts.append(carrier + line[start:end])
        start = end


def _fitting(text: str, start: int, width: int) -> int:
    """How many characters of `text` from `start` fit into `width` cells."""
    most = text[start : start + max(0, width)]
    if most.isascii():
        rest = text[start + len(most) : start + len(most) + 1]
        if rest.isascii():  # no accent follows that would still belong to the last letter
            return len(most)
    used = marks = 0
    piece = text[start : start + (_MARKS_AT_ONCE + 1) * (max(0, width) + 1)]  # more never fits
    for count, character in enumerate(piece):
        cells = get_cwidth(character)
        marks = marks + 1 if cells == 0 else 0
        used += 1 if marks > _MARKS_AT_ONCE else cells
        if used > width:
            return count
    return len(piece)
