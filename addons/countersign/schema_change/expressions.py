"""Reads the regular expressions of schemas: ECMA-262, as far as it is regular.

Reads literals, classes, groups, alternatives, counts, and `^` and `$` at the ends, of groups too. Everything else (look-around, back
references, word boundaries, what two engines read differently) is Unreadable. ECMA-262 and Python's `re`, on which many
validators stand, differ in `\\d`, `\\w`, `\\s`, `.` and `$`; an expression is read in either flavour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from countersign import limits

Flavour = Literal["ecma", "python"]
FLAVOURS: tuple[Flavour, ...] = ("ecma", "python")
type Range = tuple[int, int]
type Ranges = tuple[Range, ...]  # of code points, both ends included, sorted, apart

_LAST = 0x10FFFF
ANY: Ranges = ((0, _LAST),)
_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F)),
    *((0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_CLASSES: dict[Flavour, dict[str, Ranges]] = {
    "ecma": {"d": _DIGIT, "w": _WORD, "s": _SPACE},
    # Python counts every script's digits and letters; one range of each stands for them
    "python": {
        "d": (*_DIGIT, (0x660, 0x669)),
        "w": (*_WORD, (0xE0, 0xF6), (0x660, 0x669)),
        "s": ((9, 13), (28, 32), (0x85, 0x85), *_SPACE[2:-1]),
    },
}
_NOT_DOT: dict[Flavour, Ranges] = {"ecma": ((10, 10), (13, 13), (0x2028, 0x2029)), "python": ((10, 10),)}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")


class Unreadable(Exception):
    """The expression uses something that is not worked out here."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of these ranges."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    part: Expression
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """`^` or `$`."""

    is_start: bool


type Expression = Characters | Sequence | Choice | Repeated | Anchor

ANYTHING = Repeated(Characters(ANY), 0, None)
_NOTHING = Sequence(())
_LINE_FEED = Characters(((10, 10),))


def read(text: str, flavour: Flavour) -> Expression:
    """All texts in which the expression `text` is found, as one expression without anchors. Raises Unreadable."""
    if len(text) > limits.MAX_EXPRESSION_CHARACTERS:
        raise Unreadable
    return _Reading(text, flavour).search()


class _Reading:
    """Reads the text of one expression from left to right."""

    def __init__(self, text: str, flavour: Flavour) -> None:
        self._text = text
        self._flavour = flavour
        self._at = 0
        self._depth = 0

    def search(self) -> Expression:
        """Each alternative is found anywhere, unless `^` or `$` hold it to an end."""
        found = self._choice()
        if self._at < len(self._text):
            raise Unreadable
        # in Python, `$` also matches before a line feed at the very end
        end = Repeated(_LINE_FEED, 0, 1) if self._flavour == "python" else _NOTHING
        return _found_in(found, first=True, last=True, end=end)

    def _choice(self) -> Expression:
        self._depth += 1
        if self._depth > limits.MAX_EXPRESSION_DEPTH:
            raise Unreadable
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self._depth -= 1
        return Choice(tuple(parts))

    def _sequence(self) -> Expression:
        parts: list[Expression] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if self._take("^"):
                parts.append(Anchor(True))
            elif self._take("$"):
                parts.append(Anchor(False))
            else:
                parts.append(self._counted(self._atom()))
        return Sequence(tuple(parts))

    def _counted(self, atom: Expression) -> Expression:
        if self._take("*"):
            low, high = 0, None
        elif self._take("+"):
            low, high = 1, None
        elif self._take("?"):
            low, high = 0, 1
        elif self._take("{"):
            low, high = self._numbers()
        else:
            return atom
        self._take("?")  # lazy: the same texts
        if self._at < len(self._text) and self._text[self._at] in "*+?{":
            raise Unreadable
        return Repeated(atom, low, high)

    def _numbers(self) -> tuple[int, int | None]:
        low = self._number()
        high: int | None = low
        if self._take(","):
            high = None if self._text.startswith("}", self._at) else self._number()
        if not self._take("}") or (high is not None and high < low):
            raise Unreadable
        return low, high

    def _number(self) -> int:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in "0123456789":
            self._at += 1
        if not 1 <= self._at - start <= 4:
            raise Unreadable
        return int(self._text[start : self._at])

    def _atom(self) -> Expression:
        character = self._next()
        match character:
            case "(":
                self._take("?:")
                group = self._choice()
                if not self._take(")"):
                    raise Unreadable
                return group
            case "[":
                return Characters(self._class())
            case ".":
                return Characters(complement(_NOT_DOT[self._flavour]))
            case "\\":
                return Characters(self._escape())
        if character in _SYNTAX and character != "/":
            raise Unreadable
        return Characters(((ord(character), ord(character)),))

    def _class(self) -> Ranges:
        is_negated = self._take("^")
        if self._text.startswith(("]", "["), self._at):
            raise Unreadable  # empty in ECMA-262, a literal in Python
        found: list[Range] = []
        while not self._take("]"):
            low = self._class_member()
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._class_member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise Unreadable
                if high[0][0] < low[0][0]:
                    raise Unreadable
                low = ((low[0][0], high[0][0]),)
            found.extend(low)
        return complement(tuple(found)) if is_negated else tuple(found)

    def _class_member(self) -> Ranges:
        character = self._next()
        if character == "\\":
            return self._escape()
        if character == "[":
            raise Unreadable  # nested classes of newer engines
        return ((ord(character), ord(character)),)

    def _escape(self) -> Ranges:
        character = self._next()
        classes = _CLASSES[self._flavour]
        if character in classes:
            return classes[character]
        if character.lower() in classes:
            return complement(classes[character.lower()])
        if character in _CONTROLS:
            return ((_CONTROLS[character], _CONTROLS[character]),)
        if character in "xu":
            return self._code(2 if character == "x" else 4)
        if character in _SYNTAX or character == "-":
            return ((ord(character), ord(character)),)
        raise Unreadable

    def _code(self, digits: int) -> Ranges:
        text = self._text[self._at : self._at + digits]
        if len(text) < digits or any(each not in "0123456789abcdefABCDEF" for each in text):
            raise Unreadable
        self._at += digits
        code = int(text, 16)
        if 0xD800 <= code <= 0xDFFF:
            raise Unreadable
        return ((code, code),)

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise Unreadable
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, text: str) -> bool:
        if self._text.startswith(text, self._at):
            self._at += len(text)
            return True
        return False


def _found_in(found: Expression, *, first: bool, last: bool, end: Expression) -> Expression:
    """`found` with what may stand before it, if it is the `first` part of its text, and after it, if it is the `last`.

    Anchors come off; one that stands elsewhere is Unreadable.
    """
    match found:
        case Choice(parts=parts):
            return Choice(tuple(_found_in(part, first=first, last=last, end=end) for part in parts))
        case Sequence(parts=parts) if parts and first and parts[0] == Anchor(True):
            return _found_in(Sequence(parts[1:]), first=False, last=last, end=end)
        case Sequence(parts=parts) if parts and last and parts[-1] == Anchor(False):
            return Sequence((_found_in(Sequence(parts[:-1]), first=first, last=False, end=end), end))
        case Sequence(parts=parts) if parts:
            final = len(parts) - 1
            ends = ((first and index == 0, last and index == final) for index in range(len(parts)))
            return Sequence(
                tuple(_found_in(part, first=at[0], last=at[1], end=end) for part, at in zip(parts, ends, strict=True))
            )
        case Anchor():
            raise Unreadable
        case Repeated(part=part):
            _found_in(part, first=False, last=False, end=end)  # a counted anchor is Unreadable
    return Sequence((ANYTHING if first else _NOTHING, found, ANYTHING if last else _NOTHING))


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    found: list[Range] = []
    start = 0
    for first, last in sorted(ranges):
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)
