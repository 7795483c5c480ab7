"""approval.yaml, `break_glass` -> BreakGlassRule values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from countersign.rulebook.access_rules import refuse_second_names, who
from countersign.rulebook.condition_rules import condition
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.values import BreakGlassRule, Source, Window


def break_glass(document: Document, windows: Mapping[str, Window], problems: Problems) -> tuple[BreakGlassRule, ...]:
    """Who may pass what would be held, in the order of the file; what is wrong goes to `problems`. None: nobody may."""
    entries: Any = document.root.get("break_glass", ())
    rules = tuple(
        BreakGlassRule(
            name=entry["name"],
            who=who(entry["who"]),
            when=condition(document.file, entry["when"], windows, problems),
            reviewers=tuple(entry["reviewers"]),
            source=Source(document.file, entries.lines[index]),
        )
        for index, entry in enumerate(entries)
    )
    refuse_second_names(rules, problems, "break-glass rule")
    return rules
