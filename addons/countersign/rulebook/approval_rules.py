"""approval.yaml -> ApprovalRule values."""

from __future__ import annotations

import itertools
from typing import Any

from countersign import limits
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.values import ApprovalRule, Condition, Source


def approval(document: Document, problems: Problems) -> tuple[ApprovalRule, ...]:
    """Which changes pass, are held or denied, in the order of the file; what is wrong goes to `problems`."""
    rules: list[ApprovalRule] = []
    root: Any = document.root
    for index, entry in enumerate(root["rules"]):
        held = entry["verdict"] == "hold"
        rule = ApprovalRule(
            name=entry["name"],
            when=_condition(entry["when"]),
            verdict=entry["verdict"],
            quorum=entry.get("quorum", 1 if held else 0),
            approvers=tuple(entry.get("approvers", ())),
            reason=tuple(entry.get("reason", ())),
            expires_seconds=entry.get("expires_seconds", limits.DEFAULT_APPROVAL_SECONDS if held else 0),
            grant_seconds=entry.get("grant_seconds", limits.DEFAULT_GRANT_SECONDS if held else 0),
            source=Source(document.file, root["rules"].lines[index]),
        )
        if held and rule.quorum > len(rule.approvers) and all(one.startswith("person:") for one in rule.approvers):
            problem = f"{rule.quorum} people must sign, and {len(rule.approvers)} are named"
            problems.add(document.file, rule.source.line, problem, "name more people or a group, or lower the quorum")
        rules.append(rule)
    refuse_second_names(rules, problems)
    _refuse_unreachable(rules, problems)
    return tuple(rules)


def people_named(rules: tuple[ApprovalRule, ...]) -> list[tuple[str, Source]]:
    """Each person that an approver list names, and where."""
    return [
        (approver.removeprefix("person:"), rule.source)
        for rule in rules
        for approver in rule.approvers
        if approver.startswith("person:")
    ]


def _refuse_unreachable(rules: list[ApprovalRule], problems: Problems) -> None:
    """A rule after one that speaks of everything never decides; its author believes that it does."""
    for earlier, rule in itertools.pairwise(rules):
        if earlier.when == Condition():
            problem = f"the rule {rule.name[:80]!r} is never reached"
            problems.add(rule.source.file, rule.source.line, problem, f"move it above {earlier.source}, which fits all")
            return


def _condition(entry: Any) -> Condition:
    return Condition(
        connections=tuple(entry.get("connections", ("*",))),
        subjects=tuple(entry.get("subjects", ("*",))),
        effects=tuple(entry.get("effects", ())),
        kinds=tuple(entry.get("kinds", ())),
        change_effects=tuple(entry.get("change_effects", ())),
        backward=tuple(entry.get("backward", ())),
        forward=tuple(entry.get("forward", ())),
    )
