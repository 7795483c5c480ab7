"""Text with escapes in it, read as its readers read it, and where each character comes from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.masking.detectors.escapes import Reading, has_escapes


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a%41%c3%a4%ff", "aA\u00e4\udcff"),
        ("\\u0041\\x42\\u{43}\\n\\/", "ABC\n/"),
        ("\\ud835\\udfd9 \\ud800", "\U0001d7d9 \ud800"),
        ("&#65;&#x42;&commat;&amp;", "AB@&"),
        ("\uff14\u0664\u2463\U0001d7d9\u00b2", "44412"),
        ("4\u200b1\u00ad1\x001", "4111"),
        ("a\u2013b\u2011c\u00a0d", "a-b-c d"),
    ],
)
def test_escapes_are_undone(text: str, reading: str) -> None:
    """Percent, JSON, HTML, other widths and styles, characters that cannot be seen."""
    assert has_escapes(text)
    assert Reading(text).text == reading


@pytest.mark.parametrize(
    "text", ["plain", "für Łódź", "100 % sure", "a \\ b \\q", "A & B", "\\u12", "%4", "東京", "\U0001f389"]
)
def test_what_is_no_escape_stays(text: str) -> None:
    """Signs that could begin one, and letters that are themselves."""
    assert Reading(text).text == text


def test_a_place_in_the_reading_leads_back_to_the_whole_escape() -> None:
    """What is masked there must not leave half of an escape."""
    reading = Reading("x=%41B\\u0043\u200bD;")
    start = reading.text.index("ABCD")
    assert reading.span(start, start + 4) == (2, 14)
    assert reading.span(start, start + 1) == (2, 5)
    assert reading.span(start + 1, start + 2) == (5, 6)


@given(
    st.lists(
        st.sampled_from(["a", "%41", "\\u0042", "&#67;", "\u200b", "\uff14", "%c3%a4", "\ufb01", "\\"]), max_size=12
    )
)
def test_places_of_neighbours_meet(pieces: list[str]) -> None:
    """Every character of a reading has a place in the original, in order and inside it."""
    text = "".join(pieces)
    reading = Reading(text)
    spans = [reading.span(place, place + 1) for place in range(len(reading.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    if spans:
        assert reading.span(0, len(reading.text)) == (spans[0][0], spans[-1][1])
