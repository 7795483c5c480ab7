"""Text written by others, made safe to look at."""

from __future__ import annotations

import json

import pytest

from countersign.visible_text import visible, visible_line


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x1b[31m", "\\u001b[31m"),
        ("\x00", "\\u0000"),
        ("\r", "\\u000d"),
        ("\x7f", "\\u007f"),
        ("\x9b", "\\u009b"),
        ("\u202e", "\\u202e"),
        ("\u2066", "\\u2066"),
        ("\u200b", "\\u200b"),
        ("\u2028", "\\u2028"),
        ("\u00a0", "\\u00a0"),
        ("\ufeff", "\\ufeff"),
        ("\u3164", "\\u3164"),
        ("\ufe0f", "\\ufe0f"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_cannot_be_seen_becomes_an_escape(hidden: str, shown: str) -> None:
    """Controls, direction marks, invisible and unpaired characters are written out, in JSON's own spelling."""
    assert visible(f"a{hidden}b") == f"a{shown}b"


@pytest.mark.parametrize("text", ["plain", "größer ≥ 日本", "emoji 🙂", '{"a": "b\\n"}'])
def test_what_can_be_seen_stays(text: str) -> None:
    """Letters of any script are left alone."""
    assert visible(text) == text


def test_lines_stay_lines_where_they_may() -> None:
    """A line feed is kept in a text of lines, and written out where one line is meant."""
    assert visible("a\nb\tc") == "a\nb\tc"
    assert visible_line("a\nb\tc") == "a\\u000ab\\u0009c"


def test_escaped_json_is_the_same_json() -> None:
    """What is shown of a schema can still be copied and read."""
    value = {"a\u202e": "\U000e0041\u200b"}
    assert json.loads(visible(json.dumps(value, ensure_ascii=False))) == value
