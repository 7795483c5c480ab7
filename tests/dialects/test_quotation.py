"""Words of the caller in refusals."""

from __future__ import annotations

from countersign import limits
from countersign.dialects.quotation import quoted


def test_a_word_is_quoted_whole_or_not_at_all() -> None:
    """Half of a secret would pass by what masks refusals; one character more than is shown, and nothing is."""
    longest = "x" * limits.MAX_QUOTED_CHARACTERS
    assert quoted("PATCH") == "'PATCH'"
    assert quoted(longest) == f"'{longest}'"
    assert quoted(longest + "y") == "(a long one)"
