"""Text that can be shown anywhere."""

from __future__ import annotations

import pytest

from countersign.masking.printable_text import printable


@pytest.mark.parametrize("text", ["", "plain text; q=0.5", "Grüße, 東京", "back\\slash"])
def test_what_prints_stays(text: str) -> None:
    """Letters of any script and ASCII punctuation are kept as they are."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\\u{d}\\u{a}b"),
        ("\x1b[2J", "\\u{1b}[2J"),
        ("\u202eevil", "\\u{202e}evil"),
        ("\udcff", "\\u{dcff}"),
        ("a\u2028b", "a\\u{2028}b"),
        ("\x00", "\\u{0}"),
    ],
)
def test_what_does_not_print_is_written_out(text: str, shown: str) -> None:
    """Line ends, escape sequences, direction marks and bytes that were not UTF-8 are visible and harmless."""
    assert printable(text) == shown
    assert printable(text).encode().decode().isprintable()
