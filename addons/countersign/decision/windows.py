"""Is a moment within a window of local time? Over midnight, and over what daylight saving time skips and repeats."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from countersign.rulebook.values import Window

_zone = functools.cache(ZoneInfo)  # one reading of the zone for the life of the process

#: Days around the local date of a moment on which a window may have begun that holds it: it lasts for 24 hours and
#: what a clock change adds, which was a whole day where a place went over the date line (Pacific/Apia, 2011).
_DAYS_AROUND = range(-2, 2)


def contains(window: Window, now: float) -> bool:
    """Whether `now` (seconds since the epoch) is within `window`: from its start on, up to and without its end.

    A local time that the clocks show twice, or skip, has two readings (PEP 495). A window starts at the earliest and
    ends at the latest one, so that it is never shorter than it reads; at a clock change it may be longer. Raises
    ValueError or OverflowError where `now` is beyond the calendar.
    """
    zone = _zone(window.timezone)
    return any(
        min(_readings(begins, zone)) <= now < max(_readings(ends, zone))
        for begins, ends in _instances(window, now, zone)
    )


def _instances(window: Window, now: float, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The local begin and end of each time the window opens around `now`."""
    if isinstance(window.begins, datetime) and isinstance(window.ends, datetime):
        yield window.begins, window.ends
        return
    assert isinstance(window.begins, time)
    assert isinstance(window.ends, time)
    over_midnight = timedelta(days=1 if window.ends <= window.begins else 0)
    today = datetime.fromtimestamp(now, zone).date()
    for day in (today + timedelta(days=offset) for offset in _DAYS_AROUND):
        if day.weekday() in window.days:
            yield datetime.combine(day, window.begins), datetime.combine(day + over_midnight, window.ends)


def _readings(local: datetime, zone: ZoneInfo) -> tuple[float, float]:
    """The instants that the local time `local` may mean; most often both are the same."""
    first, second = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return first, second
