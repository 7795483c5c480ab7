"""May this caller do this operation on this subject? Decided before anything is read with the gateway's credential."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from countersign.decision.verdict import Allow, Deny
from countersign.decision.who import includes
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import AccessRule


def may(caller: Caller, connection: str, operation: Operation, rules: Sequence[AccessRule]) -> Allow | Deny:
    """Whether `rules` let `caller` do `operation` on `connection` (a name).

    A deny rule that fits beats every allow; where no rule fits, the answer is Deny. An operation on the service as a
    whole (subject None) is covered only by a rule whose subjects hold `*`.
    """
    allowed: Allow | None = None
    for rule in rules:
        if not _fits(rule, caller, connection, operation):
            continue
        if rule.verdict == "deny":
            return Deny(f"the rule {rule.name!r} denies it", rule.source)
        if allowed is None:
            allowed = Allow(f"the rule {rule.name!r} allows it", rule.source)
    if allowed is not None:
        return allowed
    return Deny(
        f"no rule in access.yaml lets {caller.label} {operation.effect} {_on(operation)} of {connection}; "
        "ask the gateway's operators for that right",
        None,
    )


def _fits(rule: AccessRule, caller: Caller, connection: str, operation: Operation) -> bool:
    return (
        operation.effect in rule.effects
        and any(fnmatchcase(connection, glob) for glob in rule.connections)
        and covers(rule.subjects, operation.subject)
        and includes(rule.who, caller)
    )


def covers(subjects: Sequence[str], subject: str | None) -> bool:
    """Whether the globs `subjects` speak of `subject`; None is the service as a whole, which only `*` names."""
    if subject is None:
        return "*" in subjects
    return any(fnmatchcase(subject, glob) for glob in subjects)


def _on(operation: Operation) -> str:
    return "the service as a whole" if operation.subject is None else f"the subject {operation.subject!r}"
