"""Several JSON texts in one body."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers.json_lines import read_lines, read_sequence


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1}\n[2]\n"x"\n', b'{"a":1}\r\n[2]\r\n"x"\r\n', b'{"a":1}\n[2]\n"x"', b'\n{"a":1}\n\n \r\n[2]\n\t"x"\n\n',
    ],
)  # fmt: skip
def test_one_text_a_line(raw: bytes) -> None:
    """LF and CRLF, empty lines, and a last line that has no end."""
    assert read_lines(raw) == [{"a": 1}, [2], "x"]


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\x85", "\x0c"])
def test_only_a_line_feed_ends_a_line(text: str) -> None:
    """What other readers of lines take for an end of one is text inside a string, or no JSON."""
    raw = f'{{"a":"x{text}y"}}\n'.encode()
    if text == "\x0c":
        with pytest.raises(BadInput):
            read_lines(raw)
    else:
        assert read_lines(raw) == [{"a": f"x{text}y"}]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n \r\n", b'{"a":1}\n{"a":', b'{"a":1}\n{"a":1} {"b":2}', b'{"a":1}\r{"b":2}', b'{"a":1},\n{"b":2}',
        b'{"a":1}\n{"a":1,"a":2}', b'{"a":1}\n// x', b'\xef\xbb\xbf{"a":1}', b'{"a":NaN}', b"{'a':1}", b'{"a":1}\n\x1e{"a":1}',
        b'{\n"a":1}', b'{"a":1}\n\xff', '{"a":1}\n'.encode("utf-16"), b'{"a":1}\n{"a":"\xe2\x80', b'{"a":0.12345678901234567890}',
    ],
)  # fmt: skip
def test_what_is_not_all_strict_json_is_refused(raw: bytes) -> None:
    """One line that is cut short or lenient spoils the body."""
    with pytest.raises(BadInput):
        read_lines(raw)


@pytest.mark.parametrize("raw", [b'\x1e{"a":1}\n\x1e[2]\n\x1e"x"\n', b'\x1e\x1e{"a":1}\n\x1e[2]\r\n\x1e "x"\n\x1e'])
def test_a_text_sequence(raw: bytes) -> None:
    """Each text after a record separator and before a line feed; several separators stand for one."""
    assert read_sequence(raw) == [{"a": 1}, [2], "x"]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x1e", b'{"a":1}\n', b'{"a":1}\x1e{"b":1}\n', b'\x1e{"a":1}', b'\x1e12', b'\x1e{"a":1}\x1e{"b":1}\n',
        b'\x1e{"a":1}\n{"b":1}\n', b'\x1e{"a":\n', b'\x1e{"a":1,}\n', b'\x1e\n', b'\x1e{"a":"\x1e"}\n',
    ],
)  # fmt: skip
def test_a_sequence_that_may_be_cut_short_is_refused(raw: bytes) -> None:
    """A text without its line feed could go on; what RFC 7464 lets a reader skip is not skipped."""
    with pytest.raises(BadInput):
        read_sequence(raw)


def test_texts_are_counted_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the limit is refused, also where the lines are empty; the limit itself is read."""
    monkeypatch.setattr(limits, "MAX_JSON_LINES", 3)
    assert read_lines(b"1\n2\n3\n") == [1, 2, 3]
    assert read_sequence(b"\x1e1\n\x1e2\n\x1e3\n") == [1, 2, 3]
    for raw in (b"1\n2\n3\n4\n", b"\n" * 4):
        with pytest.raises(TooLarge):
            read_lines(raw)
    with pytest.raises(TooLarge):
        read_sequence(b"\x1e1\n\x1e2\n\x1e3\n\x1e4\n")


def test_depth_is_bounded() -> None:
    """Of each text, by what is asked for."""
    assert read_lines(b"[[1]]", 2) == [[[1]]]
    with pytest.raises(TooLarge):
        read_lines(b"[[[1]]]", 2)
    with pytest.raises(TooLarge):
        read_sequence(b"\x1e[[[1]]]\n", 2)
