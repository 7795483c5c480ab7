"""Follows references that stand for the whole schema on their side, and compares what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from countersign.schema_change import keywords
from countersign.schema_change.json_pointers import pointer, target_pointer
from countersign.schema_change.json_values import canonical, is_same
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.schema_change.sensitivity import is_mark
from countersign.schema_change.walk import Pair, Walk, differs
from countersign.strict_json import Json


@dataclass(frozen=True, slots=True)
class _Followed:
    """Where references lead, and the keywords beside them on the way: keyword -> pointer of its schema, and value."""

    place: Place
    pointer: str
    beside: dict[str, tuple[str, Json]]


def follow(walk: Walk, pair: Pair) -> Pair | None:
    """`pair` where it has something of its own to compare; else what its references lead to is looked at later."""
    if "$ref" not in pair.keywords:
        return pair
    sides = ((pair.old, pair.old_schema), (pair.new, pair.new_schema))
    if all("$ref" in schema for _, schema in sides) and any(_has_siblings(place) for place, _ in sides):
        return pair
    old, new = _follow(walk, pair.old, pair.old_pointer), _follow(walk, pair.new, pair.new_pointer)
    if old.place is pair.old and new.place is pair.new:
        return pair
    for keyword in sorted({*old.beside, *new.beside}):
        _compare_beside(walk, pair, keyword, old, new)
    walk.visit(Pair(old.place, new.place, old.pointer, new.pointer, pair.sense))
    return None


def compare_references(walk: Walk, pair: Pair) -> None:
    """References that have other keywords beside them, and references that lead nowhere."""
    places, pointers, is_whole = [], [], True
    for place, schema, where in (
        (pair.old, pair.old_schema, pair.old_pointer),
        (pair.new, pair.new_schema, pair.new_pointer),
    ):
        reference = schema.get("$ref")
        if reference is None:
            is_whole = False
            continue
        try:
            if not isinstance(reference, str):
                raise UnresolvedReference(str(reference))
            places.append(place.follow(reference))
            pointers.append(target_pointer(reference, where))
        except UnresolvedReference:
            walk.unresolved.append(pointer(where, "$ref"))
            is_whole = False
    if is_whole:
        walk.visit(Pair(places[0], places[1], pointers[0], pointers[1], pair.sense))
    elif differs(pair, "$ref"):
        walk.keyword(pair, "$ref", walk.group_effect(pair, ("$ref",)), name="reference")


def compare_definitions(walk: Walk, pair: Pair) -> None:
    """Definitions at the root that differ and that no reference led to: they act on nothing, but are said."""
    sections = keywords.SECTIONED_DEFINITIONS.get(pair.new.dialect.name, "")
    every = {**_map(pair.old_schema.get(sections)), **_map(pair.new_schema.get(sections))}
    for tokens in (("$defs",), ("definitions",), *((sections, section) for section in every)):
        before, after = _at(pair.old_schema, tokens), _at(pair.new_schema, tokens)
        for name in {**before, **after}:
            in_old, in_new = name in before, name in after
            if in_old and in_new:
                if walk.was_visited(before[name], after[name]) or is_same(before[name], after[name]):
                    continue
            how = "changed" if in_old and in_new else "removed" if in_old else "added"
            walk.record(
                f"definition-{how}",
                pair,
                (*tokens, name),
                "none",
                member=name,
                before=before.get(name),
                after=after.get(name),
                in_old=in_old,
                in_new=in_new,
            )


def _at(schema: dict[str, Json], tokens: tuple[str, ...]) -> dict[str, Json]:
    for token in tokens:
        schema = _map(schema.get(token))
    return schema


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _has_siblings(place: Place) -> bool:
    """Whether keywords count that stand beside the `$ref` of this schema."""
    assert isinstance(place.schema, dict)
    beside = place.schema.keys() - {"$ref"} - keywords.NAMES - keywords.ANNOTATIONS
    return bool(beside) and place.dialect.ref_has_siblings


def _follow(walk: Walk, start: Place, where: str) -> _Followed:
    """Where references with nothing beside them that counts lead; `start` itself where they lead nowhere."""
    place, start_pointer, seen = start, where, {id(start.schema)}
    beside: dict[str, tuple[str, Json]] = {}
    while isinstance(place.schema, dict) and isinstance(place.schema.get("$ref"), str) and not _has_siblings(place):
        reference = str(place.schema["$ref"])
        here = place.schema
        try:
            place = place.follow(reference)
        except UnresolvedReference:
            break
        for keyword in here.keys() - {"$ref"} - keywords.NAMES:
            beside.setdefault(keyword, (where, here[keyword]))
        if id(place.schema) in seen:
            walk.unresolved.append(pointer(start_pointer, "$ref"))
            return _Followed(start, start_pointer, {})
        seen.add(id(place.schema))
        where = target_pointer(reference, where)
    return _Followed(place, where, beside)


def _compare_beside(walk: Walk, pair: Pair, keyword: str, old: _Followed, new: _Followed) -> None:
    """Annotations beside `$ref`, or assertions that draft-07 and earlier ignore there."""
    annotates = pair.new.dialect.annotates(keyword)
    before, after = old.beside.get(keyword), new.beside.get(keyword)
    if annotates:  # on a side without a reference it stands in the schema itself
        if old.place is pair.old and keyword in pair.old_schema:
            before = (pair.old_pointer, pair.old_schema[keyword])
        if new.place is pair.new and keyword in pair.new_schema:
            after = (pair.new_pointer, pair.new_schema[keyword])
    values = [side[1] for side in (before, after) if side is not None]
    if len(values) == 2 and canonical(values[0]) == canonical(values[1]):
        return
    is_sensitive = any(is_mark(keyword, value) for value in values)
    name = "sensitivity" if is_sensitive else "annotation" if annotates else "ignored-keyword"
    was, will_be = before is not None and is_mark(keyword, before[1]), after is not None and is_mark(keyword, after[1])
    how = "added" if before is None or (will_be and not was) else "removed" if after is None or was else "changed"
    walk.record(
        f"{name}-{how}",
        replace(
            pair,
            old_pointer=pair.old_pointer if before is None else before[0],
            new_pointer=pair.new_pointer if after is None else after[0],
        ),
        (keyword,),
        "none",
        member=keyword,
        before=None if before is None else before[1],
        after=None if after is None else after[1],
        in_old=before is not None,
        in_new=after is not None,
    )
