"""A few plain lines about a list of changes, for the person who decides."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.schema_change.phrases import ANNOTATIONS, DECLARED
from countersign.schema_change.place_names import place_name, quoted_name
from countersign.schema_change.values import Change
from countersign.schema_change.wording import SUBJECT, declared, is_masked_name, templates

_ORDER = ("narrows-and-widens", "narrows", "unknown", "widens", "none")
_EFFECTS = {
    "narrows-and-widens": "refuses some that was accepted, accepts some that was refused",
    "narrows": "refuses more",
    "unknown": "what it does is not known",
    "widens": "accepts more",
    "none": "validation stays as it is",
}
#: What is refused or accepted then.
_WHY = {
    ("property-added", "narrows"): ": values that do not fit their rule",
    ("property-added", "widens"): ": data that has what was not accepted",
    ("property-removed", "widens"): ": values that did not fit their rule",
    ("property-removed", "narrows"): ": data that still has what was declared",
}
_LAST = ("annotation-", "identifier-", "ignored-keyword-", "definition-")

type _Sort = tuple[int, int, str, str, str]


def summarise(changes: Sequence[Change]) -> tuple[str, ...]:
    """One line for each sort of change, worst first; like changes are counted, and every change is named in one line.

    A mark of sensitivity that is taken off comes first, whatever it does to validation.
    """
    sorts: dict[_Sort, list[Change]] = {}
    for change in changes:
        sorts.setdefault(_sort(change), []).append(change)
    lines = []
    for (_, _, kind, when, effect), group in sorted(sorts.items(), key=lambda item: item[0]):
        why = "" if when else _WHY.get((kind, effect), "")  # in some cases only, an effect is that of all of it
        lines += [f"{when}{text} ({_EFFECTS[effect]}{why})" for text in _texts(kind, group)]
    return tuple(lines)


def _sort(change: Change) -> _Sort:
    rank = -1 if change.kind == "sensitivity-removed" else _ORDER.index(change.effect)
    place = 0 if change.kind == "required-added" else 2 if change.kind.startswith(_LAST) else 1
    return rank, place, change.kind, place_name(change.pointer).when, change.effect


def _texts(kind: str, group: Sequence[Change]) -> list[str]:
    """Changes of one kind, that count in the same cases and do the same."""
    if kind in DECLARED:
        return [declared(kind, [_member(change) for change in group])]
    if kind.startswith("annotation-"):
        return _annotations(kind.rpartition("-")[2], group)
    places: dict[str, list[Change]] = {}
    for change in group:
        places.setdefault(_subject(change), []).append(change)
    subjects: dict[str, list[str]] = {}
    for subject, there in places.items():
        for text in templates(there):
            subjects.setdefault(text, []).append(subject)
    return [_filled(text, names) for text, names in subjects.items()]


def _annotations(how: str, group: Sequence[Change]) -> list[str]:
    keywords: dict[str, list[Change]] = {}
    for change in group:
        keywords.setdefault(change.property or "", []).append(change)
    lines = []
    for keyword, there in keywords.items():
        one, many = ANNOTATIONS.get(keyword, (f"annotation {quoted_name(keyword)}",) * 2)
        is_one = len(there) == 1
        verb = ("changes" if is_one else "change") if how == "changed" else f"{'is' if is_one else 'are'} {how}"
        places = ", ".join(place_name(change.pointer).subject for change in there)
        lines.append(f"{len(there)} {one if is_one else many} {verb}: {places}")
    return lines


def _subject(change: Change) -> str:
    return _member(change) if is_masked_name(change) else place_name(change.pointer).subject


def _member(change: Change) -> str:
    name = change.property or ""
    if change.kind.startswith(("definition-", "pattern-property-")):
        within = place_name(change.pointer)
        is_whole = change.kind.startswith("definition-") or not (within.path or within.part)
        return quoted_name(name) if is_whole else f"{quoted_name(name)} in {within.subject}"
    return place_name(change.pointer).member(name)


def _filled(text: str, subjects: Sequence[str]) -> str:
    """`text` about one place, or about each of several."""
    if len(subjects) == 1 or SUBJECT not in text:
        return text.replace(SUBJECT, subjects[0], 1)
    return f"{text.replace(SUBJECT, f'each of these {len(subjects)}', 1)}: {', '.join(subjects)}"
