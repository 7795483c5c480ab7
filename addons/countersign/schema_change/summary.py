"""A few plain lines about a list of changes, for the person who decides."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.schema_change.values import Change
from countersign.schema_change.wording import COUNTED, place_in_words, sentence

_ORDER = ("narrows-and-widens", "narrows", "unknown", "widens", "none")
_EFFECTS = {
    "narrows-and-widens": "refuses some that was accepted, accepts some that was refused",
    "narrows": "refuses more",
    "unknown": "what it does is not known",
    "widens": "accepts more",
    "none": "validation stays as it is",
}
#: How many tokens of its pointer lead from the schema that a counted change speaks of to the change.
_TOKENS = {"property-added": 2, "property-removed": 2, "pattern-property-added": 2, "pattern-property-removed": 2}


def summarise(changes: Sequence[Change]) -> tuple[str, ...]:
    """One line for each sort of change at one place, worst first; every change is named in one of them.

    A mark of sensitivity that is taken off comes first, whatever it does to validation.
    """
    groups: dict[tuple[int, bool, str, str, str], list[Change]] = {}
    for change in changes:
        key = (_rank(change), change.kind != "required-added", change.kind, _shared_place(change), change.effect)
        groups.setdefault(key, []).append(change)
    return tuple(_line(key[3], group) for key, group in sorted(groups.items(), key=lambda item: item[0]))


def _rank(change: Change) -> int:
    return -1 if change.kind == "sensitivity-removed" else _ORDER.index(change.effect)


def _shared_place(change: Change) -> str:
    """Where the changes of one line are: for annotations anywhere, each with its place."""
    if change.kind.startswith("annotation-"):
        return change.property or ""
    cut = _TOKENS.get(change.kind, 1)
    return "/".join(change.pointer.split("/")[:-cut])


def _line(place: str, group: Sequence[Change]) -> str:
    first = group[0]
    effect = _EFFECTS[first.effect]
    if first.kind.startswith("annotation-"):
        places = ", ".join(_at(change.pointer.rpartition("/")[0]) for change in group)
        times = f"{len(group)} times: " if len(group) > 1 else ""
        return f"{times}{sentence(first)} {places} ({effect})"
    if first.kind in COUNTED:
        names = ", ".join(f"`{change.property}`" for change in group if change.property is not None)
        text = f"{len(group)} {COUNTED[first.kind][len(group) > 1]}{': ' + names if names else ''}"
    else:
        text = "; ".join(sentence(change) for change in group)
    return f"{place_in_words(first.pointer)[1]}{text} {_at(place)} ({effect})"


def _at(place: str) -> str:
    return f"at {place}" if place else "at the root"
