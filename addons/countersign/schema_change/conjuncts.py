"""Look-ahead at the start of a regular expression: `^(?=a)(?!b)c` is found where `^a` and `^c` are, and `^b` is not.

Leaves every other expression as it is. Does not check that what is left can be read.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Whether it has to be found, and an expression.
type Conjunct = tuple[bool, str]

_QUANTIFIERS = ("*", "+", "?", "{")


def conjuncts(expression: str) -> Sequence[Conjunct]:
    """Expressions without look-ahead at their start which together say what `expression` says."""
    whole = ((True, expression),)
    if not expression.startswith(("^(?=", "^(?!")) or "[]" in expression or "[^]" in expression:
        return whole  # engines differ on where such a class ends
    found: list[Conjunct] = []
    rest = expression[1:]
    while rest.startswith(("(?=", "(?!")):
        end = _end(rest, 3, ")")
        if end is None or rest.startswith(_QUANTIFIERS, end + 1):
            return whole
        found.append((rest[2] == "=", f"^(?:{rest[3:end]})"))
        rest = rest[end + 1 :]
    if _end(rest, 0, "|") is not None:
        return whole  # the look-ahead belongs to the first alternative only
    return (*found, (True, f"^{rest}"))


def _end(text: str, start: int, sought: str) -> int | None:
    """Where `sought` stands outside of groups, classes and escapes, from `start` on."""
    depth, in_class, at = 0, False, start
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif depth == 0 and character == sought:
            return at
        elif character in "()":
            depth += 1 if character == "(" else -1
        at += 1
    return None


__all__ = ["Conjunct", "conjuncts"]
