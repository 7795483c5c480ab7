"""The three answers of a decision. Each carries a sentence for people and the rule behind it."""

from __future__ import annotations

from dataclasses import dataclass

from countersign.rulebook.values import ApprovalRule, Source


@dataclass(frozen=True, slots=True)
class Allow:
    reason: str
    rule: Source | None


@dataclass(frozen=True, slots=True)
class Deny:
    reason: str
    rule: Source | None  #: None: nothing allowed it


@dataclass(frozen=True, slots=True)
class Hold:
    reason: str
    rule: Source
    approval: ApprovalRule  #: whose signatures are needed, and how many
    access: Allow  #: the right that let it come this far


Verdict = Allow | Deny | Hold
