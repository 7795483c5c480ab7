"""Two documents side by side."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.approvals.side_by_side import Line, Row, side_by_side
from countersign.strict_json import Json, dumps
from countersign.visible_text import visible, visible_line


def shown(before: Json, after: Json) -> list[tuple[str, str, str]]:
    """Each row as mark, left text and right text."""
    return [
        (row.mark, row.left.text if row.left else "", row.right.text if row.right else "")
        for row in side_by_side(before, after)
    ]


def marks(before: Json, after: Json) -> list[str]:
    return [mark for mark, _, _ in shown(before, after)]


def text(rows: tuple[Row, ...], side: str) -> str:
    lines: list[Line] = [line for row in rows if (line := getattr(row, side)) is not None]
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    return "\n".join(line.text for line in lines)


def test_a_changed_value_is_one_row() -> None:
    """What is the same on both sides stands beside itself; a comma more or less is no change."""
    assert shown({"a": 1, "b": "x"}, {"a": 2, "b": "x", "c": None}) == [
        ("same", "{", "{"),
        ("changed", '  "a": 1,', '  "a": 2,'),
        ("same", '  "b": "x"', '  "b": "x",'),
        ("added", "", '  "c": null'),
        ("same", "}", "}"),
    ]


def test_members_are_matched_by_name() -> None:
    """One that moved is the same, one that is gone stands where it stood."""
    assert shown({"a": 1, "gone": {"x": []}, "b": 2}, {"b": 2, "a": 1}) == [
        ("same", "{", "{"),
        ("same", '  "b": 2,', '  "b": 2,'),
        ("same", '  "a": 1,', '  "a": 1'),
        ("removed", '  "gone": {', ""),
        ("removed", '    "x": []', ""),
        ("removed", "  }", ""),
        ("same", "}", "}"),
    ]


def test_items_are_matched_by_what_they_are() -> None:
    """One more at the start moves the others; the order of members does not count; what was replaced is compared."""
    first: Json = {"type": "string", "title": "a"}
    assert marks([first, 2], [0, {"title": "a", "type": "string"}, 2]) == ["same", "added", *["same"] * 6]
    assert shown([{"a": 1}], [{"a": 2}])[2] == ("changed", '    "a": 1', '    "a": 2')
    assert marks([1, 1.0, True, "1"], [1, 1.0, True, "1"]) == ["same"] * 6
    assert marks([1], [1.0]) == ["same", "changed", "same"]
    assert marks([1], [True]) == ["same", "changed", "same"]


def test_long_arrays_are_matched_by_index() -> None:
    """Past the limit an item more at the start changes all that follow; up to it, it does not."""
    short, long = list(range(limits.MAX_ALIGNED_ITEMS - 1)), list(range(limits.MAX_ALIGNED_ITEMS))
    assert marks([*short], [-1, *short]).count("changed") == 0
    assert marks([*long], [-1, *long]).count("changed") == len(long)


def test_so_many_arrays_are_matched_by_what_they_hold() -> None:
    """Within the budget of one view; the arrays after that are matched by index."""
    items: list[Json] = list(range(limits.MAX_ALIGNED_ITEMS - 1))
    first: Json = [items]
    assert marks(first, [[-1, *items]]).count("changed") == 0
    count = limits.MAX_ITEM_COMPARISONS // len(items) ** 2 + 2
    found = marks([{"x": items}] * count, [{"x": [-1, *items]}] * count)
    assert 0 < found.count("changed") <= 3 * len(items)


def test_another_kind_of_value() -> None:
    """The first lines stand beside each other, then all that is gone, then all that is new."""
    assert shown({"a": [1]}, {"a": {"b": 2}})[1:-1] == [
        ("changed", '  "a": [', '  "a": {'),
        ("removed", "    1", ""),
        ("removed", "  ]", ""),
        ("added", "", '    "b": 2'),
        ("added", "", "  }"),
    ]
    assert shown({"a": {}}, {"a": {"b": 2}})[1:-1] == [
        ("changed", '  "a": {}', '  "a": {'),
        ("added", "", '    "b": 2'),
        ("added", "", "  }"),
    ]
    assert marks({"a": {}}, {"a": []}) == ["same", "changed", "same"]


def test_no_document() -> None:
    """Where there is none on one side everything on the other is added or removed; `false` and `{}` are documents."""
    assert shown(None, {"a": 1}) == [("added", "", "{"), ("added", "", '  "a": 1'), ("added", "", "}")]
    assert shown([1], None) == [("removed", "[", ""), ("removed", "  1", ""), ("removed", "]", "")]
    assert side_by_side(None, None) == ()
    assert shown(None, False) == [("added", "", "false")]
    assert shown({}, {}) == [("same", "{}", "{}")]


@pytest.mark.parametrize(
    "hostile", ["\u202etxt", "\x1b[2J", "a\nb", "\u2028", "\u200b", "\ud800", "\U000e0041", "\x7f"]
)
def test_hostile_text_is_shown_harmlessly(hostile: str) -> None:
    """As a name and as a value: an escape of JSON, so that the line is still the same JSON. Letters stay as they are."""
    for line in text(side_by_side({hostile: hostile, "Ärger": "日本"}, None), "left").split("\n"):
        assert visible(line) == line
        assert line.isprintable()
    assert json.loads(text(side_by_side(None, {hostile: hostile}), "right")) == {hostile: hostile}
    assert '"Ärger": "日本"' in text(side_by_side({"Ärger": "日本"}, None), "left")
    assert marks({hostile: 1}, {hostile: 1}) == ["same"] * 3


def test_nothing_is_cut() -> None:
    """Ten thousand characters in a name and in a value are all there."""
    rows = side_by_side({"n" * 10_000: "v" * 10_000}, None)
    assert rows[1].left == Line(2, f'  "{"n" * 10_000}": "{"v" * 10_000}"')


def test_the_deepest_document() -> None:
    """As deep as JSON may be here, and deeper: no recursion ends it."""
    deep: Json = 1
    for level in range(5 * limits.MAX_JSON_DEPTH):
        deep = [deep] if level % 2 else {"a": deep}
    other = json.loads(dumps(deep).replace(b"1", b"2"))
    assert marks(deep, other).count("changed") == 1
    assert len(side_by_side(deep, None)) == 10 * limits.MAX_JSON_DEPTH + 1


def _wide() -> tuple[Json, Json]:
    return {f"p{n}": {"type": "x", "n": n} for n in range(30_000)}, {f"p{n}": {"type": "y"} for n in range(30_000)}


def _alike() -> tuple[Json, Json]:
    items: list[Json] = [0, 1] * (limits.MAX_ALIGNED_ITEMS // 2 - 1)
    return [[*items, n] for n in range(900)], [[n, *reversed(items)] for n in range(900)]


def _nested() -> tuple[Json, Json]:
    before: Json = ["x"] * 300
    after: Json = ["y"] * 300
    for _ in range(190):
        before, after = [before, *range(90)], [*range(90), after]
    return before, after


@pytest.mark.parametrize("documents", [_wide, _alike, _nested])
def test_large_documents_take_linear_time(documents: Any) -> None:
    """Wide ones, long arrays of few different values, and deep ones whose items are all compared."""
    before, after = documents()
    start = time.process_time()
    rows = side_by_side(before, after)
    assert time.process_time() - start < 5
    assert len(rows) > 15_000


_SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | st.text(max_size=3)
_DOCUMENTS: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "\u202e", "é"]), inner, max_size=4)
    ),
    max_leaves=20,
)


def printed(document: Json) -> str:
    return "\n".join(visible_line(line) for line in json.dumps(document, indent=2, ensure_ascii=False).split("\n"))


@settings(max_examples=300, deadline=None)
@given(_DOCUMENTS, _DOCUMENTS)
def test_both_sides_are_whole(before: Json, after: Json) -> None:
    """The right side is the new document to the letter, the left side the old one up to the order of members."""
    rows = side_by_side(before, after)
    if after is not None:
        assert text(rows, "right") == printed(after)
    if before is not None:
        left = json.loads(text(rows, "left"))
        assert text(rows, "left") == printed(left)
        assert dumps(left) == dumps(before)
    for row in rows:
        sides = (row.left is not None, row.right is not None)
        assert sides == {"added": (False, True), "removed": (True, False)}.get(row.mark, (True, True))
        if row.left is not None and row.right is not None:
            alike = row.left.text.rstrip(",") == row.right.text.rstrip(",")
            assert alike is (row.mark == "same") or row.mark == "changed"


@settings(max_examples=100, deadline=None)
@given(_DOCUMENTS.filter(lambda document: document is not None))
def test_one_document_twice(document: Json) -> None:
    """Nothing is marked, however its members are ordered; and alone, all of it is."""
    turned = json.loads(json.dumps(document), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert set(marks(document, turned)) == {"same"}
    assert text(side_by_side(document, None), "left") == printed(document)
    assert text(side_by_side(None, document), "right") == printed(document)
