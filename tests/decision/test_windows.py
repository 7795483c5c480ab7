"""Is a moment within a window of local time? By hand where clocks change, and against a walk along the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.decision.windows import contains
from countersign.rulebook.values import Source, Window

EVERY_DAY = tuple(range(7))
STEP = timedelta(minutes=5)


def window(
    begins: time | datetime, ends: time | datetime, zone: str = "Europe/Berlin", days: tuple[int, ...] = EVERY_DAY
) -> Window:
    """A window of local time, every day if nothing else is said."""
    return Window("w", zone, days, begins, ends, Source("approval.yaml", 2))


def at(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


def span(asked: Window, around: str) -> tuple[str, str]:
    """First and last minute of the one span of `asked` in the 36 hours before and after `around`, in UTC."""
    middle = at(around)
    inside = [t for t in range(int(middle) - 129_600, int(middle) + 129_600, 60) if contains(asked, t)]
    assert inside == list(range(inside[0], inside[-1] + 60, 60)), "more than one span"
    first, last = (datetime.fromtimestamp(t, UTC).isoformat()[:16] for t in (inside[0], inside[-1] + 60))
    return first, last


# -- over midnight ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-06-09T21:59:59.999+02:00", False),
        ("2026-06-09T22:00:00+02:00", True),
        ("2026-06-09T23:59:59.999+02:00", True),
        ("2026-06-10T00:00:00+02:00", True),
        ("2026-06-10T01:59:59.999+02:00", True),
        ("2026-06-10T02:00:00+02:00", False),
    ],
)
def test_a_window_22_00_to_02_00_holds_at_00_00_to_02_00(moment: str, inside: bool) -> None:
    """Over midnight, from its first moment on, without its last."""
    assert contains(window(time(22), time(2)), at(moment)) is inside


def test_days_are_those_on_which_it_begins() -> None:
    """Friday's night lasts into Saturday; Friday's first hours belong to Thursday's."""
    friday = window(time(22), time(2), days=(4,))
    assert contains(friday, at("2026-06-13T01:00:00+02:00"))  # a Saturday
    assert not contains(friday, at("2026-06-12T01:00:00+02:00"))
    assert not contains(friday, at("2026-06-13T22:00:00+02:00"))


def test_equal_times_are_24_hours() -> None:
    """From Saturday 18:00 to Sunday 18:00."""
    weekend = window(time(18), time(18), days=(5,))
    assert span(weekend, "2026-06-14T06:00:00+02:00") == ("2026-06-13T16:00", "2026-06-14T16:00")


def test_within_one_day() -> None:
    """Office hours end on the day on which they began."""
    assert span(window(time(9), time(17), days=(1,)), "2026-06-09T12:00:00Z") == (
        "2026-06-09T07:00",
        "2026-06-09T15:00",
    )


def test_the_zone_of_the_window_counts() -> None:
    """The same moment is at night in one place and not in another."""
    moment = at("2026-06-09T23:00:00Z")
    assert contains(window(time(22), time(2), "UTC"), moment)
    assert not contains(window(time(22), time(2), "Asia/Tokyo"), moment)


# -- once -------------------------------------------------------------------------------------------------------------


def test_a_window_with_dates_opens_once() -> None:
    """From local date and time to local date and time, in winter as in summer."""
    freeze = window(datetime(2026, 12, 18), datetime(2027, 1, 4, 6))  # noqa: DTZ001 local by nature
    assert not contains(freeze, at("2026-12-17T23:59:59+01:00"))
    assert contains(freeze, at("2026-12-18T00:00:00+01:00"))
    assert contains(freeze, at("2027-01-04T05:59:59+01:00"))
    assert not contains(freeze, at("2027-01-04T06:00:00+01:00"))
    assert not contains(freeze, at("2027-12-24T00:00:00+01:00"))


# -- where clocks change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "around", "utc"),
    [
        # Berlin, 2026-03-29: 02:00 is followed by 03:00 (+1 to +2)
        (window(time(22), time(2), days=(5,)), "2026-03-29T00:00Z", ("2026-03-28T21:00", "2026-03-29T01:00")),
        (window(time(22), time(6), days=(5,)), "2026-03-29T00:00Z", ("2026-03-28T21:00", "2026-03-29T04:00")),
        (window(time(2, 30), time(6), days=(6,)), "2026-03-29T00:00Z", ("2026-03-29T00:30", "2026-03-29T04:00")),
        (window(time(22), time(2, 30), days=(5,)), "2026-03-29T00:00Z", ("2026-03-28T21:00", "2026-03-29T01:30")),
        (window(time(2, 15), time(2, 45), days=(6,)), "2026-03-29T00:00Z", ("2026-03-29T00:15", "2026-03-29T01:45")),
        # Berlin, 2026-10-25: 03:00 is followed by 02:00 (+2 to +1)
        (window(time(22), time(2), days=(5,)), "2026-10-25T00:00Z", ("2026-10-24T20:00", "2026-10-25T01:00")),
        (window(time(2, 30), time(6), days=(6,)), "2026-10-25T00:00Z", ("2026-10-25T00:30", "2026-10-25T05:00")),
        (window(time(22), time(2, 30), days=(5,)), "2026-10-25T00:00Z", ("2026-10-24T20:00", "2026-10-25T01:30")),
        # Lord Howe, 2026-10-04: 02:00 is followed by 02:30; 2026-04-05: 02:00 by 01:30
        (
            window(time(2, 10), time(4), "Australia/Lord_Howe", (6,)),
            "2026-10-03T15:00Z",
            ("2026-10-03T15:10", "2026-10-03T17:00"),
        ),
        (
            window(time(22), time(1, 45), "Australia/Lord_Howe", (5,)),
            "2026-04-04T15:00Z",
            ("2026-04-04T11:00", "2026-04-04T15:15"),
        ),
        # Santiago, 2026-09-06: midnight is followed by 01:00, so the day begins in an hour that is not there
        (
            window(time(0), time(4), "America/Santiago", (6,)),
            "2026-09-06T04:00Z",
            ("2026-09-06T03:00", "2026-09-06T07:00"),
        ),
        # Sydney, 2026-04-05: 03:00 is followed by 02:00, in the southern autumn
        (
            window(time(2), time(2, 30), "Australia/Sydney", (6,)),
            "2026-04-04T15:00Z",
            ("2026-04-04T15:00", "2026-04-04T16:30"),
        ),
    ],
)
def test_where_clocks_change_a_window_has_its_earliest_start_and_latest_end(
    asked: Window, around: str, utc: tuple[str, str]
) -> None:
    """An hour that is there twice counts both times; one that is not there never makes a window vanish."""
    assert span(asked, around) == utc


def test_a_window_that_ends_on_a_day_that_never_was() -> None:
    """Samoa went over the date line: 2011-12-29 was followed by 2011-12-31."""
    night = window(time(22), time(2), "Pacific/Apia", (3,))
    assert span(night, "2011-12-30T10:00Z") == ("2011-12-30T08:00", "2011-12-30T12:00")


# -- against the wall clock -------------------------------------------------------------------------------------------

#: Zones with the day (UTC) of a clock change, and of none.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2026, 7, 1)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 4, 4)),
    ("Australia/Sydney", date(2026, 10, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/Santiago", date(2026, 4, 5)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Asia/Kathmandu", date(2026, 7, 1)),
    ("UTC", date(2026, 12, 31)),
]
times = st.builds(time, st.integers(0, 23), st.sampled_from(range(0, 60, 5)))
days_of_week = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))


class WallClock:
    """What a clock on the wall shows, five minutes after five minutes, around a day."""

    def __init__(self, zone: str, day: date) -> None:
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 4 * 86_400
        self.walk = [
            (t, datetime.fromtimestamp(t, ZoneInfo(zone)).replace(tzinfo=None))
            for t in range(start, start + 8 * 86_400, int(STEP.total_seconds()))
        ]

    def readings(self, local: datetime) -> list[float]:
        """When it shows `local`; if it never does, how long before the jump's end and after its beginning."""
        shown: list[float] = [t for t, wall in self.walk if wall == local]
        if shown:
            return shown
        for (t0, before), (t1, after) in zip(self.walk, self.walk[1:], strict=False):
            if before < local < after:
                return [t1 - (after - local).total_seconds(), t0 + (local - before).total_seconds()]
        raise AssertionError("not on this walk")

    def spans(self, asked: Window, day: date) -> list[tuple[float, float]]:
        """When `asked` is open around `day`."""
        assert isinstance(asked.begins, time)
        assert isinstance(asked.ends, time)
        found = []
        for offset in range(-2, 3):
            first = day + timedelta(days=offset)
            last = first if asked.ends > asked.begins else first + timedelta(days=1)
            if first.weekday() in asked.days:
                begins = self.readings(datetime.combine(first, asked.begins))
                ends = self.readings(datetime.combine(last, asked.ends))
                found.append((min(begins), max(ends)))
        return found


def reads_within(asked: Window, wall: datetime) -> bool:
    """What somebody says who knows nothing of clock changes."""
    assert isinstance(asked.begins, time)
    assert isinstance(asked.ends, time)
    begun_today, begun_yesterday = wall.weekday() in asked.days, (wall.weekday() - 1) % 7 in asked.days
    if asked.begins < asked.ends:
        return begun_today and asked.begins <= wall.time() < asked.ends
    return (begun_today and wall.time() >= asked.begins) or (begun_yesterday and wall.time() < asked.ends)


@settings(deadline=None, max_examples=60)
@given(where=st.sampled_from(CHANGES), begins=times, ends=times, days=days_of_week)
def test_a_window_is_what_the_wall_clock_shows(
    where: tuple[str, date], begins: time, ends: time, days: tuple[int, ...]
) -> None:
    """At every minute the answer of a walk along the clock; never closed where the clock reads within it."""
    zone, day = where
    asked, clock = window(begins, ends, zone, days), WallClock(zone, day)
    spans = clock.spans(asked, day)
    middle = len(clock.walk) // 2
    for t, wall in clock.walk[middle - 288 : middle + 288]:
        inside = contains(asked, t)
        assert inside == any(first <= t < last for first, last in spans), wall
        assert inside or not reads_within(asked, wall), wall
        if zone in ("UTC", "Asia/Kathmandu"):
            assert inside == reads_within(asked, wall), wall
