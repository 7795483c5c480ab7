"""masking.yaml -> MaskingRule values."""

from __future__ import annotations

from typing import Any

from countersign.rulebook import templates
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.values import MaskingRule, Source


def masking(document: Document, problems: Problems) -> tuple[MaskingRule, ...]:
    """What is masked before anything is kept; the shape was checked; what is wrong goes to `problems`."""
    rules: list[MaskingRule] = []
    root: Any = document.root
    for index, entry in enumerate(root["rules"]):
        paths = entry.get("paths", ())
        for place, path in enumerate(paths):
            problems.checked(document.file, paths.lines[place], templates.json_path, path, "")
        rules.append(
            MaskingRule(
                name=entry["name"],
                connections=tuple(entry.get("connections", ("*",))),
                subjects=tuple(entry.get("subjects", ("*",))),
                directions=tuple(entry.get("directions", ("request", "response"))),
                paths=tuple(paths),
                headers=tuple(entry.get("headers", ())),
                query=tuple(entry.get("query", ())),
                how=entry["how"],
                keep=entry.get("keep", 0),
                source=Source(document.file, root["rules"].lines[index]),
            )
        )
    refuse_second_names(rules, problems)
    return tuple(rules)
