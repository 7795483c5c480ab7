"""approval.yaml, `rules` -> ApprovalRule values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from countersign import limits
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.condition_rules import condition
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.requirement_rules import alternatives
from countersign.rulebook.values import ApprovalRule, BreakGlassRule, Condition, Effect, Source, Window

_ALL_EFFECTS = frozenset(get_args(Effect)) - {"read", "data"}  # those that approval.yaml speaks of


def approval(document: Document, windows: Mapping[str, Window], problems: Problems) -> tuple[ApprovalRule, ...]:
    """Which changes pass, are held or denied, in the order of the file; what is wrong goes to `problems`."""
    rules: list[ApprovalRule] = []
    root: Any = document.root
    for index, entry in enumerate(root["rules"]):
        line = root["rules"].lines[index]
        held = entry["verdict"] == "hold"
        rules.append(
            ApprovalRule(
                name=entry["name"],
                when=condition(document.file, entry["when"], windows, problems),
                verdict=entry["verdict"],
                alternatives=alternatives(document.file, line, entry, problems) if held else (),
                reason=tuple(entry.get("reason", ())),
                expires_seconds=entry.get("expires_seconds", limits.DEFAULT_APPROVAL_SECONDS if held else 0),
                grant_seconds=entry.get("grant_seconds", limits.DEFAULT_GRANT_SECONDS if held else 0),
                source=Source(document.file, line),
            )
        )
    refuse_second_names(rules, problems)
    _refuse_unreachable(rules, problems)
    return tuple(rules)


def people_named(approval: Iterable[ApprovalRule], break_glass: Iterable[BreakGlassRule]) -> list[tuple[str, Source]]:
    """Each person that approval.yaml names, to sign, to break the glass or to review that, and where."""
    named = [(approver, rule.source) for rule in approval for approver in rule.approvers]
    named += [(reviewer, rule.source) for rule in break_glass for reviewer in rule.reviewers]
    people = [(name.removeprefix("person:"), source) for name, source in named if name.startswith("person:")]
    return people + [(person, rule.source) for rule in break_glass for person in rule.who.people]


def _refuse_unreachable(rules: list[ApprovalRule], problems: Problems) -> None:
    """A rule after one that speaks of everything never decides; its author believes that it does."""
    full_stop: Source | None = None
    for rule in rules:
        if full_stop is not None:
            problem = f"the rule {rule.name[:80]!r} is never reached"
            problems.add(rule.source.file, rule.source.line, problem, f"move it above {full_stop}, which fits all")
        elif _fits_all(rule.when):
            full_stop = rule.source


def _fits_all(when: Condition) -> bool:
    everywhere = "*" in when.connections and "*" in when.subjects
    anything = not (when.kinds or when.change_effects or when.backward or when.forward)
    always = not (when.during or when.outside)
    return everywhere and anything and always and (not when.effects or set(when.effects) >= _ALL_EFFECTS)
