"""A few plain lines about a list of changes, for the person who decides."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.schema_change.values import Change

_ORDER = ("narrows-and-widens", "narrows", "unknown", "widens", "none")
_EFFECTS = {
    "narrows-and-widens": "refuses some that was accepted, accepts some that was refused",
    "narrows": "refuses more",
    "unknown": "what it does is not known",
    "widens": "accepts more",
    "none": "validation stays as it is",
}
_WORDS = {
    "schema-created": ("schema is new", "schemas are new"),
    "required-added": ("field becomes required", "fields become required"),
    "required-removed": ("field is no longer required", "fields are no longer required"),
    "property-added": ("field is declared", "fields are declared"),
    "property-removed": ("field is no longer declared", "fields are no longer declared"),
    "enum-value-added": ("value is allowed in addition", "values are allowed in addition"),
    "enum-value-removed": ("value is no longer allowed", "values are no longer allowed"),
    "annotation-added": ("annotation is added", "annotations are added"),
    "annotation-removed": ("annotation is removed", "annotations are removed"),
    "annotation-changed": ("annotation changes", "annotations change"),
}
_PARENT_KINDS = {"required-added": 1, "required-removed": 1, "property-added": 2, "property-removed": 2}


def summarise(changes: Sequence[Change]) -> tuple[str, ...]:
    """One line for each sort of change at one place, worst first; every change is counted and named in one of them."""
    groups: dict[tuple[int, str, str, str], list[Change]] = {}
    for change in changes:
        key = (_ORDER.index(change.effect), change.kind, _place(change), change.effect)
        groups.setdefault(key, []).append(change)
    return tuple(
        _line(kind, place, effect, group) for (_, kind, place, effect), group in sorted(groups.items(), key=_rank)
    )


def _rank(item: tuple[tuple[int, str, str, str], list[Change]]) -> tuple[int, str, str, str]:
    return item[0]


def _place(change: Change) -> str:
    """The schema that a change speaks of: the object whose members become required, say."""
    cut = _PARENT_KINDS.get(change.kind, 1 if change.kind.endswith(("-added", "-removed", "-changed")) else 0)
    return "/".join(change.pointer.split("/")[: -cut or None]) if change.pointer else ""


def _line(kind: str, place: str, effect: str, group: Sequence[Change]) -> str:
    one, many = _WORDS.get(kind, (kind.replace("-", " "), kind.replace("-", " ")))
    names = ", ".join(f"`{change.property}`" for change in group if change.property is not None)
    where = f"at {place}" if place else "at the root"
    text = f"{len(group)} {many}" if len(group) > 1 else f"1 {one}"
    return f"{text}{': ' + names if names else ''} {where} ({_EFFECTS[effect]})"
