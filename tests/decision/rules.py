"""Rules to decide by: made one at a time, drawn by hypothesis, and the design's words on them written a second time."""

from __future__ import annotations

from datetime import time
from fnmatch import fnmatchcase
from typing import Literal

from hypothesis import strategies as st

from countersign.dialects import Operation
from countersign.rulebook.values import AccessRule, ApprovalRule, Condition, Effect, Requirement, Source, Who, Window
from countersign.schema_change import SchemaDiff

ANY = Condition()
EFFECTS: tuple[Effect, ...] = ("read", "data", "register", "update", "delete", "settings")
ALL = AccessRule("all", "allow", Who(everyone=True), ("*",), ("*",), EFFECTS, Source("access.yaml", 1))


#: The epoch, at which most of these tests decide, is a Thursday: one window holds it, the other does not.
DAYTIME = Window("day", "UTC", tuple(range(7)), time(0), time(12), Source("approval.yaml", 90))
NIGHT = Window("night", "UTC", tuple(range(7)), time(12), time(0), Source("approval.yaml", 91))


def rule(
    verdict: Literal["allow", "deny", "hold"], when: Condition = ANY, *, quorum: int = 1, line: int = 1
) -> ApprovalRule:
    """An approval rule with its verdict, condition and line; of a hold, so many of the leads must sign."""
    return ApprovalRule(
        f"{verdict}-{line}",
        when,
        verdict,
        ((Requirement(quorum, ("group:leads",)),),) if verdict == "hold" else (),
        (),
        3_600,
        600,
        Source("approval.yaml", line),
    )


CHANGE_EFFECTS = ("narrows", "widens", "narrows-and-widens", "none", "unknown")
VERDICTS = ("compatible", "breaking", "unknown")
KINDS = ("required-added", "title-changed")

conditions = st.builds(
    Condition,
    connections=st.sampled_from([("*",), ("prod",), ("staging",), ()]),
    subjects=st.sampled_from([("*",), ("orders-*",), ("payments",), ()]),
    effects=st.lists(st.sampled_from(EFFECTS), max_size=2).map(tuple),
    kinds=st.lists(st.sampled_from([*KINDS, "*", "title-*"]), max_size=1).map(tuple),
    change_effects=st.lists(st.sampled_from(CHANGE_EFFECTS), max_size=2).map(tuple),
    backward=st.lists(st.sampled_from(VERDICTS), max_size=2).map(tuple),
    forward=st.lists(st.sampled_from(VERDICTS), max_size=2).map(tuple),
    during=st.sampled_from([(), (), (DAYTIME,), (NIGHT,), (NIGHT, DAYTIME)]),
    outside=st.sampled_from([(), (), (DAYTIME,), (NIGHT,)]),
)
approval_rules = st.lists(
    st.builds(rule, st.sampled_from(["allow", "deny", "hold"]), conditions, line=st.integers(1, 99)), max_size=4
)
access_rules = st.lists(
    st.builds(
        AccessRule,
        name=st.just("r"),
        verdict=st.sampled_from(["allow", "allow", "deny"]),
        who=st.sampled_from([Who(everyone=True), Who(people=("ann",)), Who()]),
        connections=st.sampled_from([("*",), ("staging",)]),
        subjects=st.sampled_from([("*",), ("orders-*",), ("payments",)]),
        effects=st.lists(st.sampled_from(EFFECTS), min_size=3, unique=True).map(tuple),
        source=st.just(Source("access.yaml", 1)),
    ),
    max_size=3,
)
changes = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(CHANGE_EFFECTS)), max_size=3)


def may_let_through(
    one: ApprovalRule, operation: Operation, diff: SchemaDiff | None, found: list[tuple[str, str]]
) -> bool:
    """The design's words, written a second time: what an allow rule must be true of to let a change through."""
    when = one.when
    if one.verdict != "allow" or not any(fnmatchcase("prod", glob) for glob in when.connections):
        return False
    if operation.subject is None and "*" not in when.subjects:
        return False
    if operation.subject is not None and not any(fnmatchcase(operation.subject, glob) for glob in when.subjects):
        return False
    if when.effects and operation.effect not in when.effects:
        return False
    if when.outside == (DAYTIME,) or (when.during and DAYTIME not in when.during):
        return False
    if diff is None:
        return (when.kinds, when.change_effects, when.backward, when.forward) == ((), (), (), ())
    if when.backward and diff.backward not in when.backward:
        return False
    if when.forward and diff.forward not in when.forward:
        return False
    risky = {"backward": "narrows", "forward": "widens"}
    for side, effect in risky.items():
        explained = any(one in (effect, "narrows-and-widens", "unknown") for _, one in found)
        if getattr(diff, side) != "compatible" and not explained:
            if when.change_effects and "unknown" not in when.change_effects:
                return False
            if when.kinds and "*" not in when.kinds:
                return False
    for kind, effect in found:
        if when.kinds and not any(fnmatchcase(kind, glob) for glob in when.kinds):
            return False
        if when.change_effects and effect not in when.change_effects:
            return False
    return True
