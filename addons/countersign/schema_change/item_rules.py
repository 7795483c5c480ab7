"""Changes of the keywords that speak of an array's items."""

from __future__ import annotations

from functools import cache

from countersign.schema_change.constraints import Items
from countersign.schema_change.counterexamples import Effect
from countersign.schema_change.references import Place
from countersign.schema_change.walk import Pair, Walk, differs
from countersign.strict_json import Json

type _Token = str | int

_COMPARED = frozenset({"prefixItems", "items", "additionalItems"})


def compare_items(walk: Walk, pair: Pair) -> None:
    """`prefixItems` and `items`, or `items` and `additionalItems`: place by place, then the rest."""
    if _COMPARED.isdisjoint(pair.keywords):
        return
    old_prefix, old_rest = _layout(pair.old)
    new_prefix, new_rest = _layout(pair.new)

    @cache  # a long tuple has one effect, and many items
    def effect() -> Effect:
        before, after = _items(walk, pair.old, old_prefix, old_rest), _items(walk, pair.new, new_prefix, new_rest)
        return _effect(walk, before, after)

    for old, new in zip(old_prefix, new_prefix, strict=False):
        walk.child(pair, *old, new_tokens=new)
    shared = min(len(old_prefix), len(new_prefix))
    for tokens in old_prefix[shared:]:
        walk.record(
            "tuple-item-removed",
            pair,
            tokens,
            effect(),
            member=str(tokens[-1]),
            before=_at(pair.old, tokens),
            in_new=False,
        )
    for tokens in new_prefix[shared:]:
        walk.record(
            "tuple-item-added",
            pair,
            tokens,
            effect(),
            member=str(tokens[-1]),
            after=_at(pair.new, tokens),
            in_old=False,
        )
    before, after = _at(pair.old, old_rest), _at(pair.new, new_rest)
    if isinstance(before, dict) and isinstance(after, dict):
        walk.child(pair, *old_rest, new_tokens=new_rest)
    elif before is not after and not (before in (None, True) and after in (None, True)):
        how = "added" if before is None else "removed" if after is None else "changed"
        walk.record(
            f"items-{how}",
            pair,
            old_rest if after is None else new_rest,
            effect(),
            before=before,
            after=after,
            in_old=before is not None,
            in_new=after is not None,
        )

    _compare_ignored(walk, pair)


def _compare_ignored(walk: Walk, pair: Pair) -> None:
    """`additionalItems` says nothing where `items` is no tuple."""
    rest = "additionalItems"
    tuples = [isinstance(schema.get("items"), list) for schema in (pair.old_schema, pair.new_schema)]
    if pair.new.dialect.tuple_items and differs(pair, rest) and not any(tuples):
        walk.keyword(pair, rest, "none", name="ignored-keyword", member=rest)


def _layout(place: Place) -> tuple[list[tuple[_Token, ...]], tuple[_Token, ...]]:
    """Where the schemas of the first items stand, and where that of the rest stands."""
    schema = place.schema if isinstance(place.schema, dict) else {}
    keyword, rest = ("prefixItems", "items")
    if place.dialect.tuple_items:
        keyword, rest = ("items", "additionalItems") if isinstance(schema.get("items"), list) else ("", "items")
    first = schema.get(keyword)
    return [(keyword, index) for index in range(len(first) if isinstance(first, list) else 0)], (rest,)


def _at(place: Place, tokens: tuple[_Token, ...]) -> Json:
    found: Json = place.schema
    for token in tokens:
        if isinstance(found, dict):
            found = found.get(str(token))
        elif isinstance(found, list):
            found = found[int(token)]
        else:
            return None
    return found


def _effect(walk: Walk, before: Items, after: Items) -> Effect:
    old, new = walk.reader.node([before]), walk.reader.node([after])
    if before.prefix or after.prefix:
        return walk.effect(old, new)
    return walk.effect_of_part(old, new, before.rest, after.rest)


def _items(walk: Walk, place: Place, prefix: list[tuple[_Token, ...]], rest: tuple[_Token, ...]) -> Items:
    last = _at(place, rest)
    nodes = tuple(walk.reader.read(place.inside(_at(place, tokens))) for tokens in prefix)
    return Items(nodes, walk.reader.read(place.inside(True if last is None else last)))
