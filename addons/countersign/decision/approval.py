"""Does an allowed operation need signatures? The one pure decision function of design.md."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from countersign.decision.access import covers, may
from countersign.decision.verdict import Allow, Deny, Hold, Verdict
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import ApprovalRule, Condition, Rulebook
from countersign.schema_change import SchemaDiff

#: Decided by access alone: they change no schema and no setting.
UNAPPROVED_EFFECTS = frozenset({"read", "data"})

#: Effects of a change that can explain why a schema is not compatible backward, and forward.
_NARROWING = frozenset({"narrows", "narrows-and-widens", "unknown"})
_WIDENING = frozenset({"widens", "narrows-and-widens", "unknown"})


def decide(
    caller: Caller, connection: str, operation: Operation, diff: SchemaDiff | None, rules: Rulebook, now: float
) -> Verdict:
    """Allow, deny or hold `operation` at `now` (seconds since the epoch).

    `diff` is what the operation does to the schema; None where it proposes none (a delete, a setting). Rights come
    first; then the first rule of approval.yaml that fits; where none fits, the answer is Deny.

    Does not check the signatures themselves (approvals/ does) nor that `diff` was made from the current schema.
    """
    if caller.good_until <= now:
        return Deny("the caller's token has expired; send the request again with a fresh one", None)
    access = may(caller, connection, operation, rules.access)
    if isinstance(access, Deny):
        return access
    if operation.effect in UNAPPROVED_EFFECTS:
        return access
    for rule in rules.approval:
        if _fits(rule, connection, operation, diff):
            return _verdict(rule, caller)
    return Deny("no rule in approval.yaml speaks of this change; ask the gateway's operators to add one", None)


def _verdict(rule: ApprovalRule, caller: Caller) -> Verdict:
    if rule.verdict == "allow":
        return Allow(f"the rule {rule.name!r} lets it pass", rule.source)
    if rule.verdict == "hold" and not caller.people:
        return Deny(
            f"the rule {rule.name!r} asks for another person's approval, but nobody is known to stand behind "
            f"{caller.label}; map this token to a person in identity.yaml",
            rule.source,
        )
    if rule.verdict == "hold":
        return Hold(f"the rule {rule.name!r} asks for {_signatures(rule.quorum)}", rule.source, rule)
    return Deny(f"the rule {rule.name!r} denies it", rule.source)


def _signatures(quorum: int) -> str:
    return "one other person's approval" if quorum == 1 else f"the approval of {quorum} other people"


def _fits(rule: ApprovalRule, connection: str, operation: Operation, diff: SchemaDiff | None) -> bool:
    when = rule.when
    return (
        any(fnmatchcase(connection, glob) for glob in when.connections)
        and covers(when.subjects, operation.subject)
        and (not when.effects or operation.effect in when.effects)
        and _diff_fits(when, diff, every=rule.verdict == "allow")
    )


def _diff_fits(when: Condition, diff: SchemaDiff | None, *, every: bool) -> bool:
    """An allow rule must speak of *every* change, or one harmless change would carry a harmful one through.

    For all others what is unknown is risky: it fits whatever verdict or effect they name.
    """
    if not (when.kinds or when.change_effects or when.backward or when.forward):
        return True
    if diff is None:
        return False
    unsure = frozenset() if every else frozenset({"unknown"})
    for verdict, wanted in ((diff.backward, when.backward), (diff.forward, when.forward)):
        if wanted and verdict not in unsure.union(wanted):
            return False
    if not (when.kinds or when.change_effects):
        return True
    effects = frozenset(when.change_effects) if every else _strictly(when.change_effects)
    fitting = [_change_fits(when.kinds, effects, kind, effect) for kind, effect in _changes(diff)]
    return all(fitting) if every else any(fitting)


def _strictly(effects: Sequence[str]) -> frozenset[str]:
    """What a hold or deny rule that names `effects` also speaks of: what holds one of them, and what nobody knows."""
    if not effects:
        return frozenset()
    return frozenset({*effects, "unknown"}.union({"narrows-and-widens"} if {"narrows", "widens"} & {*effects} else ()))


def _changes(diff: SchemaDiff) -> list[tuple[str, str]]:
    """Kind and effect of every change. Changes that seem harmless one by one may break something together: a verdict
    that none of them explains counts as one more change, of unknown effect."""
    changes: list[tuple[str, str]] = [(change.kind, change.effect) for change in diff.changes]
    effects = {effect for _, effect in changes}
    if (diff.backward != "compatible" and effects.isdisjoint(_NARROWING)) or (
        diff.forward != "compatible" and effects.isdisjoint(_WIDENING)
    ):
        changes.append(("unexplained", "unknown"))
    return changes


def _change_fits(kinds: Sequence[str], effects: frozenset[str], kind: str, effect: str) -> bool:
    return (not kinds or any(fnmatchcase(kind, glob) for glob in kinds)) and (not effects or effect in effects)
