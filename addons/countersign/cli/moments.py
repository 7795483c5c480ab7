"""A moment as a person writes it: a date, a time, or so long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

_PERIOD = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str, option: str) -> int:
    """Microseconds since 1970. Times without an offset are UTC, as lists show them.

    Raises click.BadParameter, naming the option.
    """
    try:
        if period := _PERIOD.fullmatch(text):
            moment = datetime.now(UTC) - timedelta(**{_UNITS[period[2]]: int(period[1])})
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise click.BadParameter("give a date, a time, or a period such as 90m, 24h or 7d", param_hint=option) from None
