"""Strict JSON: one reading of a text or none."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from countersign import limits, strict_json
from countersign.errors import BadInput, TooLarge

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ASCII_NAMES = st.text(st.characters(max_codepoint=0x7F))
EXACT_INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)


def documents(names: st.SearchStrategy[str], *, numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """JSON values with members named from `names` and `numbers` as their numbers."""
    return st.recursive(
        st.none() | st.booleans() | numbers | TEXT,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
        max_leaves=20,
    )


@given(documents(TEXT, numbers=st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)))
@example({"a": [1.5, -0.0, 1e300, "\U0001f600", {"": None}]})
def test_what_was_written_is_read_back(value: Any) -> None:
    """`loads` undoes `dumps`, and what Python's own writer makes reads the same."""
    assert strict_json.loads(strict_json.dumps(value)) == value
    assert strict_json.loads(json.dumps(value).encode()) == value


@given(documents(ASCII_NAMES, numbers=EXACT_INTEGERS))
@example({"b": 1, "a": '\u2028\x7f\x00\x1f"\\/\b\f\n\r\té\U0001f600', "B": [], "": {}})
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    """On ASCII member names and exact integers, byte for byte what another implementation writes."""
    assert strict_json.dumps(value) == rfc8785.dumps(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but our own errors comes out, and whatever is accepted Python's reader accepts as the same."""
    try:
        value = strict_json.loads(data)
    except BadInput:
        return
    assert value == json.loads(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b" [1, -0, 2.5e3]\r\n\t", [1, 0, 2500.0]),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"\ufeff"'.encode(), "\ufeff"),
        (b'"\\\\ud800"', "\\ud800"),
        (b"1e308", 1e308),
        (b"1e-400", 0.0),
        (b"null", None),
    ],
)
def test_json_is_read(data: bytes, value: Any) -> None:
    """White space, the same name in different objects, escapes and all kinds of numbers."""
    assert strict_json.loads(data) == value


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"a": 1, "a": 1}', "given twice"),
        (b'{"a": 1, "\\u0061": 2}', "given twice"),
        (b'[{"x": {"a": 1, "b": 2, "a": 3}}]', "'a'"),
        (b'{"%s": 1, "%s": 2}' % ((b"x" * 80,) * 2), "a member with a long name is given twice"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b'"\xff"', "byte 1"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\xc0\xaf"', "UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b"1e309", "out of the range"),
        (b"-1e999", "out of the range"),
        (b'"\\ud800"', "surrogate"),
        (b'["\\udc00\\ud800"]', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'{"a": [{"b": "x\\udfffx"}]}', "surrogate"),
        (b"", "line 1, column 1"),
        (b"{} {}", "not JSON"),
        (b"[1,]", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"[01]", "not JSON"),
        (b"[+1]", "not JSON"),
        (b"[.5]", "not JSON"),
        (b"[1.]", "not JSON"),
        (b"[0x10]", "not JSON"),
        (b'["\t"]', "not JSON"),
        (b'["\\x41"]', "not JSON"),
        (b"[1] // note", "not JSON"),
        (b"\x0c[]", "not JSON"),
        ("\u00a0[]".encode(), "not JSON"),
        ("[\u0661]".encode(), "not JSON"),
        (b"{}\x00", "not JSON"),
    ],
)
def test_anything_else_is_refused(data: bytes, problem: str) -> None:
    """Each text that another reader might take differently is refused, with its place or its name."""
    with pytest.raises(BadInput, match=re.escape(problem)):
        strict_json.loads(data)


def test_an_error_says_line_and_column() -> None:
    """The place is where an editor shows it."""
    with pytest.raises(BadInput, match="line 2, column 9"):
        strict_json.loads(b'{"a": 1,\n "b": 1 "c": 2}')


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_has_a_limit(opening: bytes, closing: bytes) -> None:
    """The deepest allowed document is read; one level more is too large, and so are ten thousand."""
    deepest = limits.MAX_JSON_DEPTH
    strict_json.loads(opening * deepest + b"1" + closing * deepest)
    for depth in (deepest + 1, 10_000):
        with pytest.raises(TooLarge, match="nested deeper"):
            strict_json.loads(opening * depth + b"1" + closing * depth)


def test_the_caller_can_ask_for_less_depth() -> None:
    """`max_depth` counts arrays and objects."""
    assert strict_json.loads(b'[{"a": 1}]', max_depth=2) == [{"a": 1}]
    with pytest.raises(TooLarge):
        strict_json.loads(b'[{"a": [1]}]', max_depth=2)


def test_brackets_in_strings_have_no_depth() -> None:
    """Neither plain nor behind escaped quotation marks nor behind escaped backslashes."""
    value = ["[" * 500, '"[[' * 300, "\\[" * 300 + "\\"]
    assert strict_json.loads(json.dumps(value).encode()) == value


def test_many_brackets_side_by_side_have_no_depth() -> None:
    """Width is not depth."""
    assert strict_json.loads(b"[" + b"[]," * 5000 + b"{}]") == [[]] * 5000 + [{}]


@pytest.mark.parametrize(
    "hidden",
    [
        b'"\\"' + b"[" * 300,
        b'"' + b"[" * 300,
        b"]" * 300 + b"[" * 300,
        b"[" * 150 + b'"' + b"]" * 50 + b'"' + b"[" * 100,
    ],
)
def test_depth_cannot_be_hidden(hidden: bytes) -> None:
    """Unclosed strings, closing brackets first and brackets in strings do not get past the guard into the parser."""
    with pytest.raises(BadInput):
        strict_json.loads(hidden)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [
        b'"',
        b'\\"',
        b'"\\',
        b'"\\"',
        b"[",
        b'["',
        b'{"a":',
        b"]",
        b"[]",
        b'"[',
        b"\\",
        b"[1,",
        b"\n",
        b"1",
        b"-",
        b"\\u",
    ],
)
def test_hostile_megabytes_end_fast(unit: bytes) -> None:
    """The largest body of any repeated unit, plain and inside a string, is refused in linear time.

    A quadratic step would take hours over five million bytes, so the bound of this test is no matter of the machine.
    """
    repeated = (unit * limits.MAX_BODY_BYTES)[: limits.MAX_BODY_BYTES]
    for data in (repeated, b'"' + repeated, b"[" + b"[]," * 200 + b'"' + repeated):
        with pytest.raises(BadInput):
            strict_json.loads(data)


@pytest.mark.parametrize("digit", [b"1", b"0.", b"1e-", b"-1"])
def test_numbers_have_a_limit_of_digits(digit: bytes) -> None:
    """Converting digits is quadratic; the longest allowed number is read, one character more is too large."""
    longest = digit + b"1" * (limits.MAX_JSON_DIGITS - len(digit))
    if digit == b"1e-":
        longest = b"1." + b"1" * (limits.MAX_JSON_DIGITS - 5) + b"e-1"
    assert strict_json.loads(longest) is not None
    with pytest.raises(TooLarge, match="digits"):
        strict_json.loads(longest.replace(b"1", b"11", 1))


@pytest.mark.parametrize("number", [b"0.1", b"1.5", b"1e3", b"9007199254740991", b"0", b"-0.0", b"2.5E-3", b"1.10"])
def test_an_exact_number_passes(number: bytes) -> None:
    """What a double holds, as the shortest decimal says it."""
    assert strict_json.loads(number, exact_numbers=True) == float(number)


@pytest.mark.parametrize(
    "number", [b"0.1000000000000000000001", b"9007199254740993.0", b"1e-400", b"1.00000000000000001"]
)
def test_a_number_that_two_readers_could_read_as_two_is_refused(number: bytes) -> None:
    """More precision than a double has is lost by one reader and kept by another."""
    assert strict_json.loads(number) is not None
    with pytest.raises(BadInput, match="exactly") as caught:
        strict_json.loads(number, exact_numbers=True)
    assert not any(map(str.isdecimal, str(caught.value)))  # it may be the PIN of somebody


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_what_is_not_json_is_not_written(value: Any) -> None:
    """NaN and the infinities have no canonical form."""
    with pytest.raises(ValueError, match="JSON"):
        strict_json.dumps(value)


@given(documents(TEXT, numbers=st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)))
def test_in_pieces_it_is_the_same_text(value: Any) -> None:
    """However a value is cut up."""
    assert strict_json.dumps_in_pieces(value) == strict_json.dumps(value)


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1001])
def test_long_values_in_pieces_are_the_same_text(count: int) -> None:
    """Around the length of a piece; flat, mixed and nested."""
    numbers: Any = [*range(count)]
    members: Any = {f"n{number}": number for number in range(count)}
    for value in (numbers, members, {"a": numbers, "b": [members, numbers, 1]}, [[], {}, [numbers], members, "x"]):
        assert strict_json.dumps_in_pieces(value) == strict_json.dumps(value)


@pytest.mark.parametrize("length", [99_999, 100_000, 100_001, 300_000])
def test_a_long_text_in_pieces_is_the_same_text(length: int) -> None:
    """Also where a piece ends between characters that are escaped, or that UTF-16 would write in two parts."""
    for text in ("a" * length, '"\\\n\U0001f600' * length):
        assert strict_json.dumps_in_pieces({"a": [text[:length]]}) == strict_json.dumps({"a": [text[:length]]})


@pytest.mark.parametrize(
    "value", [{"a": "x" * 300_000}, ["x" * 90_000] * 7, {"x" * 300_000: 1}, {"a": {"b": ["x" * 200_000, 1]}}]
)
def test_no_piece_is_long(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few values there are: no step writes more than a long text's piece."""
    written: list[int] = []

    class Watched:
        def encode(self, part: Any) -> str:
            text = json.dumps(part, separators=(",", ":"))
            written.append(len(text))
            return text

    expected = strict_json.dumps(value)
    monkeypatch.setattr(strict_json, "_CANONICAL", Watched())
    assert strict_json.dumps_in_pieces(value) == expected
    assert max(written) <= 101_000


@pytest.mark.parametrize(
    "text",
    [
        b"[%s]" % b",".join([b"1"] * 10),
        b'{"a":{"b":[[],{}, [ ], "a,b[{", "\\",[", 1,2]},"c":3}',
        b"[[[[[[[[[1]]]]]]]]]",
    ],
)
def test_too_many_values_are_refused_before_they_are_parsed(text: bytes) -> None:
    """So many pass, whatever stands between them and in their texts; half of them do not."""
    assert strict_json.loads(text, max_values=11) == strict_json.loads(text)
    with pytest.raises(TooLarge, match="more than 3 values; split it"):
        strict_json.loads(text, max_values=3)
