"""May this caller pass at once what would be held? It is an exception that somebody else must review afterwards."""

from __future__ import annotations

from countersign.decision.approval import decide
from countersign.decision.conditions import fits
from countersign.decision.verdict import Allow, Deny
from countersign.decision.who import includes
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import BreakGlassRule, Rulebook
from countersign.schema_change import SchemaDiff

_INSTEAD = "send it without Countersign-Break-Glass to ask for approval"


def break_glass(
    caller: Caller, connection: str, operation: Operation, diff: SchemaDiff | None, rules: Rulebook, now: float
) -> BreakGlassRule | Deny:
    """The first break-glass rule that opens to `caller` at `now` (seconds since the epoch), or Deny with the remedy.

    The arguments are those of `decide`, whose answer has to be Hold: what is denied outright (no right, a deny rule,
    a freeze that denies) cannot be broken; to let a freeze be broken, write it as a hold that needs more people. As
    with an allow, a rule must speak of every change, or an urgent one would carry another through.

    Does not check the justification, nor that anybody will review it.
    """
    if not caller.people:
        return Deny(
            f"nobody is known to stand behind {caller.label}, so nobody else could review it; "
            "map this token to a person in identity.yaml",
            None,
        )
    verdict = decide(caller, connection, operation, diff, rules, now)
    if isinstance(verdict, Deny):
        return verdict
    if isinstance(verdict, Allow):
        return Deny("it passes without breaking the glass; send it without Countersign-Break-Glass", verdict.rule)
    for rule in rules.break_glass:
        if includes(rule.who, caller) and fits(rule.when, connection, operation, diff, now, every=True):
            return _reviewable(rule, caller)
    return Deny(f"you are not among those who may break the glass here; {_INSTEAD}", None)


def _reviewable(rule: BreakGlassRule, caller: Caller) -> BreakGlassRule | Deny:
    """Where all reviewers stand behind the request themselves, it would stay open forever."""
    if {f"person:{person}" for person in caller.people}.issuperset(rule.reviewers):
        return Deny(
            f"whoever may review what {rule.name!r} lets pass stands behind this request; {_INSTEAD}", rule.source
        )
    return rule
