"""approval.yaml, `when` -> Condition: which changes a rule speaks of, and at what times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import Condition, Window


def condition(file: str, entry: Any, windows: Mapping[str, Window], problems: Problems) -> Condition:
    """`entry`, a `when` of `file` whose shape was checked; `windows` are those it may name; wrong goes to `problems`."""
    during = _named(file, entry.get("during", ()), windows, problems)
    outside = _named(file, entry.get("outside", ()), windows, problems)
    if during and set(during) <= set(outside):
        problem = "when.outside takes away all of when.during"
        problems.add(file, entry.lines["outside"], problem, "the rule would never fit; remove one of them")
    return Condition(
        connections=tuple(entry.get("connections", ("*",))),
        subjects=tuple(entry.get("subjects", ("*",))),
        effects=tuple(entry.get("effects", ())),
        kinds=tuple(entry.get("kinds", ())),
        change_effects=tuple(entry.get("change_effects", ())),
        backward=tuple(entry.get("backward", ())),
        forward=tuple(entry.get("forward", ())),
        during=during,
        outside=outside,
    )


def _named(file: str, names: Any, windows: Mapping[str, Window], problems: Problems) -> tuple[Window, ...]:
    for index, name in enumerate(names):
        if name not in windows:
            problem = f"there is no window {name[:80]!r}"
            problems.add(file, names.lines[index], problem, did_you_mean(name, windows))
    return tuple(windows[name] for name in names if name in windows)
