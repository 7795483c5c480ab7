"""Reading regular expressions."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.schema_change.expressions import ANY, FLAVOURS, Choice, Unreadable, complement, read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "^a$",
        "a|b",
        "(?:a|b)+?",
        "[a-z_-]{2,3}",
        "[^\\d]",
        "\\u00e9\\x41",
        "a{2}",
        "a{2,}",
        "\\.\\/",
        "^$|^a",
        "(^a|b$)",
        "(^$)|(^a$)",
        "a]b"[:1],
    ],
)
def test_regular_expressions_are_read(text: str) -> None:
    """Literals, classes, groups, counts and the anchors at the ends."""
    for flavour in FLAVOURS:
        assert isinstance(read(text, flavour), Choice)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(?=a)",
            "(?!a)",
            "(?<=a)b",
            "(a)\\1",
            "\\bword",
            "a$b",
            "a^b",
            "(^a)?b",
            "a(^b)",
            "(?i)a",
            "(?P<n>a)",
            "\\p{L}",
        ),
        *("[]a]", "[[a]]", "a++", "a{,3}", "a{3,2}", "(a", "a)", "[a", "a\\", "*a", "[z-a]", "\\Z", "a{99999}"),
        *("(" * 100 + ")" * 100, "a" * (limits.MAX_EXPRESSION_CHARACTERS + 1)),
    ],
)
def test_everything_else_is_unreadable(text: str) -> None:
    """What is not regular, not ECMA-262, or read differently by two engines is not worked out."""
    with pytest.raises(Unreadable):
        read(text, "ecma")


def test_complement() -> None:
    """All other code points."""
    assert complement(((0, 9), (20, 0x10FFFF))) == ((10, 19),)
    assert complement(()) == ANY
    assert complement(ANY) == ()
