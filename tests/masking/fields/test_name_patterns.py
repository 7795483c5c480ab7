"""Patterns of member names, read only where trying them takes bounded time."""

from __future__ import annotations

import re
import time

import pytest

from countersign import limits
from countersign.masking.fields.name_patterns import NamePattern


@pytest.mark.parametrize(
    ("expression", "matching", "other"),
    [
        ("^x-", "x-a", "ax-"),
        ("_id$", "user_id", "user_id2"),
        ("^[a-z]+$", "abc", "abc\n"),
        ("^[a-z_-]*$", "a-b", "A"),
        ("secret", "my secret", "other"),
        (r"^\d{4}$", "2024", "٢٠٢٤"),
        (r"^\w$", "a", "ä"),
        ("^.$", "ä", "\r"),
        (r"^a\.b$", "a.b", "axb"),
        (r"^[^\]x]$", "y", "x"),
        ("^a{2}b$", "aab", "ab"),
        ("^S_[0-9]?$", "S_1", "S_12"),
        ("", "anything", None),
        ("^$", "", "a"),
    ],
)
def test_a_simple_expression_is_read(expression: str, matching: str, other: str | None) -> None:
    """Anchors, characters, classes and one repetition, as ECMA-262 has them."""
    pattern = NamePattern(expression)
    assert pattern.is_readable
    assert pattern.matches(matching) is True
    assert other is None or pattern.matches(other) is False


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+$", "^(a|b)$", "a+b+", "^a*?b*$", "(?=a)", r"\p{L}", r"\s", r"\bfoo\b", r"(a)\1", "[[a]", "[a&&b]", "[z-a]", "[]",
        "[^]", "a**", "^*", "a{2}{3}", "a{5,2}", "x|y", "ä", "(", "\\", "a" * (limits.MAX_MATCHED_CHARACTERS + 1),
    ],
)  # fmt: skip
def test_of_any_other_expression_nothing_is_known(expression: str) -> None:
    """It is never run: groups and several repetitions are where time explodes, and engines differ on the rest."""
    pattern = NamePattern(expression)
    assert not pattern.is_readable
    assert pattern.matches("a") is None
    assert pattern.may_share_a_name_with(NamePattern("^q$"))


def test_of_a_long_name_nothing_is_known() -> None:
    """The time grows with the square of the name's length."""
    pattern = NamePattern("[a-z]*1")
    assert pattern.matches("a" * limits.MAX_MATCHED_CHARACTERS) is False
    assert pattern.matches("a" * (limits.MAX_MATCHED_CHARACTERS + 1)) is None


def test_the_worst_name_takes_little_time() -> None:
    """Twenty of them take milliseconds; an exponential one would never end."""
    pattern = NamePattern("[a-z]*[a-y]1")
    start = time.perf_counter()
    for _ in range(20):
        pattern.matches("z" * limits.MAX_MATCHED_CHARACTERS)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("^x-", "^y-", False),
        ("^x-a", "^x-", True),
        ("^x[0-9]", "^xa", True),
        ("^x", "y", True),
        ("^a?b", "^b", True),
        (r"^\d", "^a", True),
        (r"^a\.", "^a_", False),
        (r"^a\-", "^a-", True),
    ],
)
def test_patterns_with_different_beginnings_share_no_name(one: str, other: str, may: bool) -> None:
    """Only what both say of the first characters tells them apart; everything else may be shared."""
    assert NamePattern(one).may_share_a_name_with(NamePattern(other)) is may
    assert NamePattern(other).may_share_a_name_with(NamePattern(one)) is may


def test_patterns_are_equal_by_their_expressions() -> None:
    """Two schemas that write the same cover the same names."""
    assert NamePattern("^a") == NamePattern("^a")
    assert len({NamePattern("^a"), NamePattern("^a"), NamePattern("^b")}) == 2


@pytest.mark.parametrize("expression", ["^x-[a-z]+$", "[A-Za-z0-9_.-]+@", r"^\w{3}\d$", "a.c", r"[\d-]x?"])
def test_readable_expressions_mean_what_re_says(expression: str) -> None:
    """On ASCII names Python's own reading is the oracle."""
    pattern = NamePattern(expression)
    for name in ("x-ab", "a@", "ab12", "abc1", "abc", "-x", "-", "a\tc", "x-", ""):
        assert pattern.matches(name) is (re.search(expression, name) is not None)
