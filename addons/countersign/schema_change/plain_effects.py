"""What a change of one plain keyword alone does, where comparing two values says it and no proof is needed."""

from __future__ import annotations

from collections.abc import Collection

from countersign.schema_change.constraints import Bound, Constraint, Kinds, Node, Required, Size
from countersign.schema_change.values import ChangeEffect

_PLAIN = (Bound, Size, Kinds, Required)  #: each refuses something whatever its value is, but for a `Kinds` of all


def plain_effect(old: Node, new: Node, kinds: Collection[str]) -> ChangeEffect | None:
    """What `new` in the place of `old` does; None where that takes a proof. `kinds`: the kinds that values can have."""
    if len(old.constraints) > 1 or len(new.constraints) > 1:
        return None
    before, after = (node.constraints[0] if node.constraints else None for node in (old, new))
    if (before is not None and type(before) not in _PLAIN) or (after is not None and type(after) not in _PLAIN):
        return None
    narrows, widens = _refuses_more(after, before, kinds), _refuses_more(before, after, kinds)
    if narrows is None or widens is None:
        return None
    if narrows:
        return "narrows-and-widens" if widens else "narrows"
    return "widens" if widens else "none"


def _refuses_more(one: Constraint | None, other: Constraint | None, kinds: Collection[str]) -> bool | None:
    """Whether `one` refuses a value that `other` accepts; None where they do not speak of the same."""
    if one is None:
        return False
    if isinstance(one, Kinds):
        if other is not None and not isinstance(other, Kinds):
            return None
        return any(kind not in one.kinds and (other is None or kind in other.kinds) for kind in kinds)
    if other is None:
        return True
    if isinstance(one, Required) and isinstance(other, Required):
        return one.name != other.name
    if isinstance(one, Size) and isinstance(other, Size) and (one.kind, one.end) == (other.kind, other.end):
        return one.value > other.value if one.end == "lower" else one.value < other.value
    if isinstance(one, Bound) and isinstance(other, Bound) and one.end == other.end:
        if one.value == other.value:
            return one.is_open and not other.is_open
        return one.value > other.value if one.end == "lower" else one.value < other.value
    return None
