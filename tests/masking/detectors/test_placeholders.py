"""Values that stand where a secret will stand."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.placeholders import begins_with_placeholder, is_placeholder


@pytest.mark.parametrize(
    "value",
    [
        "null",
        "String",
        "${DB_PASSWORD}",
        "$PASSWORD",
        "%PASSWORD%",
        "{{ password }}",
        "<your password>",
        "***",
        "xxxx",
        "[masked]",
        "[REDACTED]",
        "…1234",
        "hmac-sha256:" + "0" * 32,
        '{"type": 1}',
        "[",
        ":password",
        "process.env.TOKEN",
        "$(cat file)",
    ],
)
def test_places_of_secrets(value: str) -> None:
    """Templates, words of type systems, structures, and what masking left."""
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value", ["hunter2", "letmein", "$ecret", "${unclosed", "x1xx", "{a;b}", "[masked]x", "$2b$12$abc", "12345"]
)
def test_values_that_may_be_real(value: str) -> None:
    """Weak and strange passwords are passwords."""
    assert not is_placeholder(value)


def test_a_placeholder_ends_where_a_value_can_end() -> None:
    """In front of a sign that separates values, not in front of more of the value."""
    assert begins_with_placeholder("a=[masked]&b", 2)
    assert not begins_with_placeholder("a=[masked]b", 2)
