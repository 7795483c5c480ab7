"""Text in cells: what is cut says so, what is wrapped is whole, and nothing hides in a cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from countersign.cli.cells import cut, fill, shortened, wrapped
from countersign.visible_text import visible, visible_line

ACCENT = "\N{COMBINING ACUTE ACCENT}"
ANYTHING = st.text(st.one_of(st.characters(), st.sampled_from("ab \n\t中é" + ACCENT + "\x1b\u202e")), max_size=200)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("中中", 4, "中中"), ("中中中", 4, "中…"), ("abc", 0, ""), ("", 0, "")],
)
def test_cut_says_that_it_cut(text: str, width: int, shown: str) -> None:
    """What fits stays; what does not ends in a mark, and a wide letter counts as two cells."""
    assert cut(text, width) == shown


@pytest.mark.parametrize("text", ["", "abc", "中中中中中", "é" * 9, f"e{ACCENT}" * 9])
def test_fill_is_always_as_wide_as_asked(text: str) -> None:
    """Columns stand under each other."""
    assert get_cwidth(fill(text, 6)) == 6


def test_shortened_says_how_much_there_is() -> None:
    """A name in a question that was cut is never taken for the whole."""
    assert shortened("a" * 10_000, 20) == f"{'a' * 19}… (10000 characters, Enter shows all)"
    assert shortened("a" * 20, 20) == "a" * 20


@given(ANYTHING, st.integers(2, 30))
def test_wrapped_loses_nothing(text: str, width: int) -> None:
    """All characters are there in their order, and no line is wider than the screen."""
    lines = wrapped(visible(text), width)
    assert all(get_cwidth(line) <= width for line in lines)
    assert "".join(lines).replace("◌", "") == visible(text).replace("\t", "    ").replace("\n", "").replace("◌", "")


@given(ANYTHING, st.integers(0, 30))
def test_cut_is_never_too_wide(text: str, width: int) -> None:
    """Whatever the text is made of."""
    assert get_cwidth(cut(visible_line(text), width)) <= width


def test_lines_break_after_a_space_where_one_is_near() -> None:
    """Words stay whole where they can."""
    assert wrapped("one two three", 9) == ("one two ", "three")


def test_accents_do_not_pile_up_in_one_cell() -> None:
    """Thousands of accents on one letter take room that is seen, cut or wrapped."""
    assert len(cut("e" + ACCENT * 10_000, 10)) <= 60
    lines = wrapped("e" + ACCENT * 1000, 10)
    assert len(lines) > 50
    assert all(line.startswith("◌") for line in lines[1:])
