"""Named spans of local time, as approval.yaml writes them."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from countersign.rulebook.values import Source, Window
from tests.rulebook.conftest import RulesDirectory

WINDOWS = """rules:
  - {name: one, when: {during: [nights, freeze]}, verdict: deny}
windows:
  - name: nights
    timezone: Europe/Berlin
    days: [sun, fri]
    from: "22:00"
    until: "02:00"
  - name: freeze
    timezone: America/New_York
    from: "2026-12-18T00:00"
    until: "2027-01-04T06:30"
"""


def test_both_forms_are_read(rules: RulesDirectory) -> None:
    """Every week on some days, and once; quoted or not."""
    for text in (WINDOWS, WINDOWS.replace('"', "")):
        rules.write("approval.yaml", text)
        assert rules.load().approval[0].when.during == (
            Window("nights", "Europe/Berlin", (4, 6), time(22), time(2), Source("approval.yaml", 4)),
            Window(
                "freeze",
                "America/New_York",
                tuple(range(7)),
                datetime(2026, 12, 18),  # noqa: DTZ001 local by nature
                datetime(2027, 1, 4, 6, 30),  # noqa: DTZ001
                Source("approval.yaml", 9),
            ),
        )


def test_a_window_is_every_day_unless_it_says_more(rules: RulesDirectory) -> None:
    """Equal times are 24 hours."""
    rules.write("approval.yaml", WINDOWS.replace("    days: [sun, fri]\n", "").replace("02:00", "22:00"))
    nights = rules.load().approval[0].when.during[0]
    assert (nights.days, nights.begins, nights.ends) == (tuple(range(7)), time(22), time(22))


def test_a_window_that_nobody_names_is_fine(rules: RulesDirectory) -> None:
    """It does nothing."""
    rules.write("approval.yaml", WINDOWS.replace("during: [nights, freeze]", "during: [freeze]"))
    assert len(rules.load().approval[0].when.during) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Europe/Berlin", "Europe/Berin", "5: there is no time zone 'Europe/Berin' (did you mean 'Europe/Berlin'?)"),
        ("Europe/Berlin", "europe/berlin", "5: there is no time zone 'europe/berlin' (did you mean 'Europe/Berlin'?)"),
        ("Europe/Berlin", "xyzzy", "5: there is no time zone 'xyzzy' (names of the IANA database are like"),
        ("Europe/Berlin", "localtime", "5: there is no time zone 'localtime'"),
        ("Europe/Berlin", "../etc/passwd", "5: there is no time zone '../etc/passwd'"),
        ("Europe/Berlin", "''", "5: windows[1].timezone is empty"),
        ("    timezone: Europe/Berlin\n", "", "4: windows[1] needs the key 'timezone' (Whose local time"),
        ("[sun, fri]", "[sun, fir]", "6: windows[1].days[2] cannot be 'fir' (did you mean 'fri'?)"),
        ("[sun, fri]", "[]", "6: windows[1].days is empty"),
        ("[sun, fri]", "[sun, sun]", "6: windows[1].days has an entry twice"),
        ('"22:00"', '"24:00"', "7: windows[1].from is not well formed (HH:MM for every week, or"),
        ('"22:00"', '"9:00"', "7: windows[1].from is not well formed"),
        ('"22:00"', "2200", "7: windows[1].from must be text"),
        ('"22:00"', '"22:00\\n"', "7: windows[1].from is not well formed"),
        ('"22:00"', '"2026-12-18T22:00"', "8: one of from and until has a date, the other has none (write HH:MM"),
        ('"2026-12-18T00:00"', '"2026-02-30T00:00"', "11: '2026-02-30T00:00' is not in the calendar"),
        ('"2026-12-18T00:00"', '"2026-12-18"', "11: windows[2].from is not well formed"),
        ('"2026-12-18T00:00"', '"2026-12-18T00:00Z"', "11: windows[2].from is not well formed"),
        ('"2027-01-04T06:30"', '"2027-04-31T06:30"', "12: '2027-04-31T06:30' is not in the calendar"),
        ('"2027-01-04T06:30"', '"2026-12-18T00:00"', "12: until is not after from in the window 'freeze'"),
        ('"2027-01-04T06:30"', '"2026-01-04T06:30"', "12: until is not after from in the window 'freeze'"),
        ("America/New_York", "UTC\n    days: [mon]", "11: days has no meaning in a window with dates (remove it"),
        ("name: freeze", "name: nights", "9: a second window is named 'nights' (the first: approval.yaml:4)"),
        ("timezone: A", "tz: A", "10: unknown key 'tz'"),
    ],
)
def test_a_mistake_in_a_window_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """With its line and the remedy, and told once: whoever names a wrong window is not told that there is none."""
    text = WINDOWS if "second" not in problem else WINDOWS.replace("[nights, freeze]", "[nights]")
    rules.write("approval.yaml", text)
    rules.replace("approval.yaml", old, new)
    found = rules.problems()
    assert any(one.startswith(f"approval.yaml:{problem}") for one in found), found
    assert len(found) <= 1 + ("unknown" in problem)
