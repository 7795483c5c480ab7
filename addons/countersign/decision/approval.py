"""Does an allowed operation need signatures? The one pure decision function of design.md."""

from __future__ import annotations

from countersign.decision.access import may
from countersign.decision.conditions import fits
from countersign.decision.needed_signatures import in_words
from countersign.decision.verdict import Allow, Deny, Hold, Verdict
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import ApprovalRule, Rulebook
from countersign.schema_change import SchemaDiff

#: Decided by access alone: they change no schema and no setting.
UNAPPROVED_EFFECTS = frozenset({"read", "data"})


def decide(
    caller: Caller, connection: str, operation: Operation, diff: SchemaDiff | None, rules: Rulebook, now: float
) -> Verdict:
    """Allow, deny or hold `operation` at `now` (seconds since the epoch).

    `diff` is what the operation does to the schema; None where it proposes none (a delete, a setting). Rights come
    first; then the first rule of approval.yaml that fits at `now`; where none fits, the answer is Deny.

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
        if fits(rule.when, connection, operation, diff, now, every=rule.verdict == "allow"):
            return _verdict(rule, caller, access)
    return Deny("no rule in approval.yaml speaks of this change; ask the gateway's operators to add one", None)


def _verdict(rule: ApprovalRule, caller: Caller, access: Allow) -> Verdict:
    if rule.verdict == "allow":
        return Allow(f"the rule {rule.name!r} lets it pass", rule.source)
    if rule.verdict == "hold" and not caller.people:
        return Deny(
            f"the rule {rule.name!r} asks for another person's approval, but nobody is known to stand behind "
            f"{caller.label}; map this token to a person in identity.yaml",
            rule.source,
        )
    if rule.verdict == "hold" and rule.alternatives:
        return Hold(f"the rule {rule.name!r} asks for {in_words(rule.alternatives)}", rule.source, rule, access)
    return Deny(f"the rule {rule.name!r} denies it", rule.source)
