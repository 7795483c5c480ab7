from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.dialects import targets
from countersign.errors import BadInput, TooLarge


@pytest.mark.parametrize(
    ("target", "segments", "query"),
    [
        ("/", (), None),
        ("/?a=1", (), "a=1"),
        ("/subjects/orders-value/versions", ("subjects", "orders-value", "versions"), None),
        ("/subjects/a%20b?", ("subjects", "a b"), ""),
        ("/subjects/%6Frders", ("subjects", "orders"), None),
        ("/subjects/Gr%C3%BC%C3%9Fe", ("subjects", "Gr\u00fc\u00dfe"), None),
        ("/a/b:c@d!$&'()*+,=~-._", ("a", "b:c@d!$&'()*+,=~-._"), None),
        ("/a?x=%2F;y=//..", ("a",), "x=%2F;y=//.."),
        ("/a/...", ("a", "..."), None),
        ("/a/100%25", ("a", "100%"), None),
    ],
)
def test_a_target_is_decoded_once(target: str, segments: tuple[str, ...], query: str | None) -> None:
    """Segments decoded, the query as it came."""
    assert targets.split(target) == (segments, query)


@pytest.mark.parametrize(
    "target",
    [
        "", "*", "a", "http://schemas.example.com/a", "//a", "/a//b", "/a/", "/a/./b", "/a/../b", "/a/..", "/a/%2e%2e/b",
        "/a/%2E", "/a/.%2e", "/a%2fb", "/a%2Fb", "/a\\b", "/a%5cb", "/a;v=1", "/a%3Bv=1", "/a%3Fb", "/a%23b", "/a#b", "/a?b#c",
        "/a%252fb", "/a%2541", "/a%", "/a%4", "/a%zz", "/a?b=%zz", "/a?b=%", "/a b", "/a\x00b", "/a%00b", "/a%0d%0ab", "/a%7F",
        "/a?b c", "/a?b\r\n", "/a\u00fc", "/a%ff", "/a%c0%ae", "/a%ed%a0%80", "/a%E2%80%AEb", "/a%C2%85", "/a%E2%80%A8",
        "/%20a", "/a%20", "/%C2%A0a", "/a%CC%88", "/a|b", "/{a}", '/a?"',
    ],
)  # fmt: skip
def test_a_target_with_two_readings_is_refused(target: str) -> None:
    """Dot segments, empty ones, separators in disguise, a second decoding, what cannot be seen, what is not UTF-8."""
    with pytest.raises(BadInput):
        targets.split(target)


def test_a_long_target_is_refused() -> None:
    """The limit is inclusive."""
    assert targets.split("/" + "a" * (limits.MAX_TARGET_CHARACTERS - 1))
    with pytest.raises(TooLarge):
        targets.split("/" + "a" * limits.MAX_TARGET_CHARACTERS)


@pytest.mark.parametrize(
    ("query", "names"),
    [("", ()), ("a=1&b=2", ("a", "b")), ("a", ("a",)), ("a==&%61=2", ("a", "%61")), ("&a=1", ("", "a"))],
)
def test_query_names_are_not_decoded(query: str, names: tuple[str, ...]) -> None:
    """An encoded name is another name than the one that a dialect lists."""
    assert targets.query_names(query) == names


@pytest.mark.parametrize("query", ["a=1&a=2", "a&a", "a=1;b=2", "a=1&b=2;c"])
def test_query_names_with_two_readings_are_refused(query: str) -> None:
    """First or last value, semicolon as a separator or not."""
    with pytest.raises(BadInput):
        targets.query_names(query)


def test_a_template_is_filled_in_encoded_or_as_it_is() -> None:
    """Encoded for a target; as it is for a name."""
    values = {"subject": "a b:\u00fc", "version": "3"}
    assert targets.fill("/subjects/{subject}/versions/{version}", values) == "/subjects/a%20b%3A%C3%BC/versions/3"
    assert targets.name("{subject}/{version}", values) == "a b:\u00fc/3"
    assert targets.placeholders("/subjects/{subject}/versions/{version}") == ("subject", "version")


def test_a_value_is_not_a_template() -> None:
    """What looks like a placeholder in a value stays text."""
    assert targets.name("{a}/{b}", {"a": "{b}", "b": "x"}) == "{b}/x"
    assert targets.fill("/{a}/{b}", {"a": "{b}", "b": "x"}) == "/%7Bb%7D/x"


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a\nb", "\ud800"])
def test_a_value_cannot_leave_its_segment(value: str) -> None:
    """A reference that names `../../config` reads nothing."""
    with pytest.raises(BadInput):
        targets.fill("/{a}", {"a": value})


@given(st.text(min_size=1, max_size=20))
def test_what_is_filled_in_is_what_is_read_back(value: str) -> None:
    """For every value that is accepted at all, the gateway's own look-up names the same subject."""
    try:
        target = targets.fill("/x/{a}", {"a": value})
    except BadInput:
        return
    assert targets.split(target) == (("x", value), None)
