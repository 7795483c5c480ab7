"""Text with escapes in it, read as its readers read it, and where each character of that reading comes from.

Undoes percent-encoding, the escapes of JSON and JavaScript, HTML entities, letters and digits of another width or style,
and characters that cannot be seen; all of them at once. Does not know which of them the next reader will undo.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from typing import Final

#: Written by hand: asking unicodedata about all of Unicode takes a quarter of a second.
_STYLED: Final = (
    "\u00a0\u00aa\u00b2\u00b3\u00b9\u00ba\u02b0-\u02b8\u02e0-\u02e4\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u0e50-\u0e59"
    "\u1d2c-\u1d6a\u2000-\u200a\u2010-\u2015\u2024\u202f\u205f\u2070-\u209c\u2100-\u218f\u2212\u2460-\u24ff\u2774-\u2793\u2c7c\u3000"
    "\ua69c\uff01-\uff5e\uffe3\ufe4d-\ufe4f\ufe52-\ufe6b\U0001d400-\U0001d7ff\U0001f100-\U0001f16f\U0001fbf0-\U0001fbf9"
)
_UNSEEN: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e0fff"
)
#: Everything that a reading may change begins with one of these.
BEGINNINGS: Final = "%\\\\&" + _STYLED + _UNSEEN
_BEGINNING = re.compile(f"[{BEGINNINGS}]")
_ESCAPE = re.compile(
    rf"""(?P<percent>(?:%[0-9A-Fa-f]{{2}})++)
       | (?P<pair>\\u[dD][89abAB][0-9A-Fa-f]{{2}}\\u[dD][c-fC-F][0-9A-Fa-f]{{2}})
       | \\u(?P<four>[0-9A-Fa-f]{{4}}) | \\x(?P<two>[0-9A-Fa-f]{{2}}) | \\u\{{(?P<braced>[0-9A-Fa-f]{{1,6}})\}}
       | \\(?P<letter>["'\\/bfnrt])
       | (?P<entity>&(?:\#[0-9]{{1,7}}|\#[xX][0-9A-Fa-f]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}});?)
       | (?P<styled>[{_STYLED}]) | (?P<unseen>[{_UNSEEN}]++)""",
    re.VERBOSE,
)
_LETTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


class Reading:
    """A text with its escapes undone once. Positions in it lead back to the text that it was made of."""

    __slots__ = ("_ends", "_froms", "_starts", "_tos", "text")

    def __init__(self, text: str) -> None:
        self._froms: list[int] = []  # where in `self.text` what came of an escape begins
        self._tos: list[int] = []  # and ends
        self._starts: list[int] = []  # where in the original that escape begins
        self._ends: list[int] = []  # and ends
        pieces: list[str] = []
        length = position = 0
        begun = _BEGINNING.search(text)
        while begun:
            start = begun.start()
            escape = _ESCAPE.match(text, start)
            after = escape.end() if escape else begun.end()
            if escape:
                pieces.append(text[position:start])
                length += start - position
                position = after
                for characters, width in _undone(escape):
                    self._froms.append(length)
                    length += len(characters)
                    self._tos.append(length)
                    self._starts.append(start)
                    start += width
                    self._ends.append(start)
                    pieces.append(characters)
            begun = _BEGINNING.search(text, after)
        pieces.append(text[position:])
        self.text = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the characters from `start` up to `end` of the reading stand, whole escapes only."""
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, position: int) -> tuple[int, int]:
        index = bisect_right(self._froms, position) - 1
        if index < 0:
            return position, position + 1
        if position < self._tos[index]:
            return self._starts[index], self._ends[index]
        original = self._ends[index] + position - self._tos[index]
        return original, original + 1


def has_escapes(text: str) -> bool:
    """Whether a reading of `text` may differ from it. Quick."""
    return bool(_BEGINNING.search(text))


def _undone(escape: re.Match[str]) -> list[tuple[str, int]]:
    """What an escape stands for, in pieces, with how many characters of the original each piece has."""
    kind, raw = escape.lastgroup or "", escape[0]
    match kind:
        case "percent":
            return _from_percent(raw)
        case "pair":
            high, low = int(raw[2:6], 16), int(raw[8:], 16)
            character = chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
        case "four" | "two" | "braced":
            code = int(escape[kind], 16)
            character = chr(code) if code <= 0x10FFFF else raw
        case "letter":
            character = _LETTERS.get(escape[kind], escape[kind])
        case "entity":
            character = html.unescape(raw)
            if character == raw:
                return [(each, 1) for each in raw]
        case "styled":
            character = _plain(raw)
        case _:
            character = ""
    return [(character, len(raw))]


def _from_percent(raw: str) -> list[tuple[str, int]]:
    """UTF-8 where it is, single bytes where it is not."""
    text = bytes.fromhex(raw.replace("%", "")).decode("utf-8", "surrogateescape")
    return [(character, 3 * len(character.encode("utf-8", "surrogateescape"))) for character in text]


def _plain(character: str) -> str:
    if character in _DASHES:
        return "-"
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return unicodedata.normalize("NFKC", character)
