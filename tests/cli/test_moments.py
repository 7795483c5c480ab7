"""Moments as people write them."""

from __future__ import annotations

import time

import click
import pytest

from countersign.cli.moments import parse_moment

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", SECOND),
        ("1970-01-01T01:00+01:00", 0),
        ("2027-01-15T08:00:00Z", 1_800_000_000 * SECOND),
        ("2027-01-15T08:00:00.000001Z", 1_800_000_000 * SECOND + 1),
    ],
)
def test_time(text: str, moment: int) -> None:
    """A date or a time is the one that it says, to the microsecond; without an offset it is UTC."""
    assert parse_moment(text, "--since") == moment


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("2m", 120), ("1h", 3600), ("7d", 7 * 86400)])
def test_period(text: str, seconds: int) -> None:
    """A period is counted back from now."""
    assert abs(parse_moment(text, "--since") / SECOND - (time.time() - seconds)) < 60


@pytest.mark.parametrize("text", ["yesterday", "7 days", "", "1w", "99999999999d", "999999d"])
def test_nonsense(text: str) -> None:
    """Anything else is refused with the forms that are read, and the name of the option."""
    with pytest.raises(click.BadParameter, match="90m") as refused:
        parse_moment(text, "--since")
    assert refused.value.param_hint == "--since"
