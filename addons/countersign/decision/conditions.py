"""Does a rule's condition speak of an operation, of what it does to the schema, and of this moment?

Does not check that the changes were found from the current schema: whoever asks has read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from countersign.decision.access import covers
from countersign.decision.windows import contains
from countersign.dialects import Operation
from countersign.rulebook.values import Condition
from countersign.schema_change import SchemaDiff

#: Effects of a change that can explain why a schema is not compatible backward, and forward.
_NARROWING = frozenset({"narrows", "narrows-and-widens", "unknown"})
_WIDENING = frozenset({"widens", "narrows-and-widens", "unknown"})


def fits(
    when: Condition, connection: str, operation: Operation, diff: SchemaDiff | None, now: float, *, every: bool
) -> bool:
    """Whether `when` speaks of `operation` on `connection` (a name) at `now` (seconds since the epoch).

    `diff` is None where the operation proposes no schema. `every`: each single change has to fit, as an allow rule
    asks; else one that fits is enough.
    """
    return (
        any(fnmatchcase(connection, glob) for glob in when.connections)
        and covers(when.subjects, operation.subject)
        and (not when.effects or operation.effect in when.effects)
        and (not when.during or any(contains(window, now) for window in when.during))
        and not any(contains(window, now) for window in when.outside)
        and _diff_fits(when, diff, every=every)
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
