"""Text written by others, made safe to look at: what cannot be seen, or moves what can be seen, becomes an escape.

Does not look for letters that resemble other letters.
"""

from __future__ import annotations

import unicodedata

#: Unicode's Default_Ignorable_Code_Point and blank characters whose category does not tell.
_BLANK = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC}
    | {*range(0x180B, 0x1810)}
    | {*range(0xFE00, 0xFE10)}
    | {*range(0xE0000, 0xE1000)}
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


class _Escapes(dict[int, int | str]):
    """For str.translate: decides about a character when it is first met."""

    def __missing__(self, code: int) -> int | str:
        hidden = code in _BLANK or (unicodedata.category(chr(code)) in _HIDDEN_CATEGORIES and code != 0x20)
        self[code] = shown = _escape(code) if hidden else code
        return shown


def _escape(code: int) -> str:
    """As JSON writes it (RFC 8259, 7), so that an escaped JSON text is still the same JSON text."""
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


_IN_LINES = _Escapes({0x09: 0x09, 0x0A: 0x0A})
_IN_ONE_LINE = _Escapes()


def visible(text: str) -> str:
    """`text` with its line feeds and tabs, and an escape for every other control, bidi, invisible or unassigned character."""
    return text.translate(_IN_LINES)


def visible_line(text: str) -> str:
    """As `visible`, and on one line."""
    return text.translate(_IN_ONE_LINE)
