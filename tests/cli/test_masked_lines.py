"""What masking made of a text, line by line."""

from __future__ import annotations

import time

import pytest

from countersign import limits
from countersign.cli.masked_lines import Line, document_lines, folded, text_lines
from countersign.strict_json import Json


def _written(before: Json, after: Json) -> list[str]:
    return [f"{line.mark}{line.text}" for line in document_lines(before, after)]


def test_what_went_stands_above_what_came_in_its_place() -> None:
    """Inside objects and arrays; the rest is written once."""
    before: Json = {"a": {"b": [1, "secret", {}]}, "c": []}
    after: Json = {"a": {"b": [1, "[masked]", {}]}, "c": []}
    assert _written(before, after) == [
        " {",
        '   "a": {',
        '     "b": [',
        "       1,",
        '-      "secret",',
        '+      "[masked]",',
        "       {}",
        "     ]",
        "   },",
        '   "c": []',
        " }",
    ]


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ({"a": 1, "b": 2}, {"b": 2}, ['-  "a": 1,']),
        ({"a": 1}, {}, ['-  "a": 1']),
        ({"x@y": 1, "b": 2}, {"[masked]": 1, "b": 2}, ['-  "x@y": 1,', '+  "[masked]": 1,']),
        ({"a": [1, {"b": 2}, 3]}, {"a": [1, 3]}, ["-    {", '-      "b": 2', "-    },"]),
        ([1, 2, 3], [1, "[masked]"], ["-  2,", '+  "[masked]",', "-  3"]),
        ({"a": {"b": 1}}, {"a": "[masked]"}, ['-  "a": {', '-    "b": 1', "-  }", '+  "a": "[masked]"']),
        ({"x": 1, "y": 2}, {"[masked]": 1}, ['-  "x": 1,', '+  "[masked]": 1', '-  "y": 2']),
        ("a", "[masked]", ['-"a"', '+"[masked]"']),
        ({"a": 1}, {"a": True}, ['-  "a": 1', '+  "a": true']),
        ([], [], []),
    ],
)
def test_what_is_gone_or_renamed_is_shown(before: Json, after: Json, marked: list[str]) -> None:
    """A member that was dropped, one whose name was masked, an element that was dropped, a whole object."""
    assert sorted(line for line in _written(before, after) if line[0] != " ") == sorted(marked)


def test_a_large_document_is_compared_in_no_time() -> None:
    """A line that changed in every second place of 40,000, renamed and dropped ones among them."""
    before: Json = {f"m{n}": [n, "secret"] if n % 2 else n for n in range(20_000)}
    after: Json = {f"m{n}": [n, "[masked]"] if n % 2 else n for n in range(20_000) if n % 10}
    start = time.monotonic()
    lines = list(document_lines(before, after))
    assert time.monotonic() - start < 5
    assert sum(line.mark == "+" for line in lines) == 10_000


def test_lines_that_were_replaced_stand_in_pairs() -> None:
    """And those that went, or came, alone."""
    found = [f"{line.mark}{line.text}" for line in text_lines(["a", "x=1", "y=2", "b"], ["a", "x=*", "y=*", "b"])]
    assert found == [" a", "-x=1", "+x=*", "-y=2", "+y=*", " b"]
    assert [line.mark for line in text_lines(["a", "b", "c"], ["a", "c"])] == [" ", "-", " "]
    assert [line.mark for line in text_lines(["a", "b", "c"], ["a", "*", "c"])] == [" ", "-", "+", " "]


def test_long_stretches_without_a_change_are_folded() -> None:
    """A few lines around each change stay; what is left out is counted, and a single line is not."""
    around = limits.UNCHANGED_LINES_SHOWN
    same = [Line(" ", str(number)) for number in range(10)]
    change = Line("-", "x")
    assert list(folded([*same, change, *same, change, *same])) == [
        Line("…", f"{10 - around} lines without a change"),
        *same[-around:],
        change,
        *same[:around],
        Line("…", f"{10 - 2 * around} lines without a change"),
        *same[-around:],
        change,
        *same[:around],
        Line("…", f"{10 - around} lines without a change"),
    ]
    few = [*same[: around + 1], change, *same[: 2 * around + 1], change, *same[:around]]
    assert list(folded(few)) == few
    assert list(folded([])) == []
