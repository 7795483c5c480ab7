"""approval.yaml, `windows` -> Window values: named spans of local time, every week or once."""

from __future__ import annotations

import difflib
import functools
import zoneinfo
from datetime import datetime, time
from typing import Any

from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, Unfit
from countersign.rulebook.values import Source, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as datetime counts them

#: Not the same place, or no place at all, on another machine.
_NO_PLACES = frozenset({"localtime", "posixrules", "Factory"})

#: In place of what is not in the calendar, so that one mistake is told once.
_FIRST: time | datetime = datetime.min  # noqa: DTZ901 local times have no zone
_LAST: time | datetime = datetime.max  # noqa: DTZ901


def windows(document: Document, problems: Problems) -> dict[str, Window]:
    """The windows of `document` by name; the shape was checked; what is wrong goes to `problems`.

    A wrong one is in the answer too, so that whoever names it is not told that there is none.
    """
    entries: Any = document.root.get("windows", ())
    found = [_window(document.file, entries.lines[index], entry, problems) for index, entry in enumerate(entries)]
    refuse_second_names(found, problems, "window")
    return {window.name: window for window in found}


def _window(file: str, line: int, entry: Any, problems: Problems) -> Window:
    begins = problems.checked(file, entry.lines["from"], _local, entry["from"], _FIRST)
    ends = problems.checked(file, entry.lines["until"], _local, entry["until"], _LAST)
    if begins is _FIRST or ends is _LAST:
        pass  # told already
    elif isinstance(begins, datetime) and isinstance(ends, datetime):
        if begins >= ends:
            problem = f"until is not after from in the window {entry['name'][:80]!r}"
            problems.add(file, entry.lines["until"], problem, "the window ends before `until`, and so would be empty")
        if "days" in entry:
            remedy = "remove it, or write from and until as HH:MM"
            problems.add(file, entry.lines["days"], "days has no meaning in a window with dates", remedy)
    elif isinstance(begins, datetime) or isinstance(ends, datetime):
        remedy = "write HH:MM for every week, or YYYY-MM-DDTHH:MM for once"
        problems.add(file, entry.lines["until"], "one of from and until has a date, the other has none", remedy)
    return Window(
        name=entry["name"],
        timezone=problems.checked(file, entry.lines["timezone"], _timezone, entry["timezone"], "UTC"),
        days=tuple(sorted(DAYS.index(day) for day in entry.get("days", DAYS))),
        begins=begins,
        ends=ends,
        source=Source(file, line),
    )


def _local(text: str) -> time | datetime:
    """A local time, or a local date and time."""
    try:
        return datetime.fromisoformat(text) if "T" in text else time.fromisoformat(text)
    except ValueError:
        raise Unfit(f"{text[:40]!r} is not in the calendar", "write HH:MM or YYYY-MM-DDTHH:MM") from None


def _timezone(text: str) -> str:
    known = _timezones()
    if text in known:
        return text
    near = difflib.get_close_matches(text, known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else "names of the IANA database are like Europe/Berlin"
    raise Unfit(f"there is no time zone {text[:80]!r}", remedy)


@functools.cache
def _timezones() -> tuple[str, ...]:
    return tuple(sorted(zoneinfo.available_timezones() - _NO_PLACES))
