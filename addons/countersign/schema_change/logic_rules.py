"""Changes of the keywords that combine schemas, and of single subschemas."""

from __future__ import annotations

from countersign.schema_change.counterexamples import Effect
from countersign.schema_change.json_values import canonical
from countersign.schema_change.values import ChangeEffect
from countersign.schema_change.walk import Pair, Sense, Walk, differs, kebab
from countersign.strict_json import Json

_CONDITIONAL = ("if", "then", "else")
_COMPARED = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "not", *_CONDITIONAL, "contains", "propertyNames"),
        *("unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef"),
    }
)
_BRANCH_EFFECTS: dict[str, tuple[ChangeEffect, ChangeEffect]] = {
    # keyword -> what one branch more does, what one branch less does
    "allOf": ("narrows", "widens"),
    "anyOf": ("widens", "narrows"),
}


def compare_logic(walk: Walk, pair: Pair) -> None:
    """`allOf`, `anyOf`, `oneOf`, `not`, `if`, and the keywords that hold one schema."""
    if _COMPARED.isdisjoint(pair.keywords):
        return
    for keyword in ("allOf", "anyOf", "oneOf"):
        _branches(walk, pair, keyword)
    _single(walk, pair, "not", ("not",), "reversed")
    conditional: Sense = (walk.group_effect(pair, _CONDITIONAL).name,) if differs(pair, "if") else "same"
    for keyword in _CONDITIONAL:
        if keyword in pair.new.dialect.assertions:
            _single(walk, pair, keyword, _CONDITIONAL, conditional)
    if "contains" in pair.new.dialect.assertions:
        bounded = any("maxContains" in schema for schema in (pair.old_schema, pair.new_schema))
        group = ("contains", "minContains", "maxContains")
        _single(walk, pair, "contains", group, (walk.group_effect(pair, group).name,) if bounded else "same")
        _single(walk, pair, "propertyNames", ("propertyNames",), "same")
    for keyword in ("unevaluatedItems", "unevaluatedProperties"):
        if keyword in pair.new.dialect.assertions and differs(pair, keyword):
            walk.keyword(pair, keyword, _unevaluated_effect(walk, pair))
    for keyword in ("$dynamicRef", "$recursiveRef"):
        if keyword in pair.new.dialect.assertions and differs(pair, keyword):
            walk.keyword(pair, keyword, "unknown", name="reference")


def _unevaluated_effect(walk: Walk, pair: Pair) -> ChangeEffect | Effect:
    """Of the whole schema, as `unevaluated…` depends on everything beside it; not attributed where more changed."""
    old, new = pair.old_schema, pair.new_schema
    others = ({*old, *new}) - {"unevaluatedItems", "unevaluatedProperties"}
    if any(differs(pair, keyword) for keyword in others):
        return "unknown"
    return walk.effect(walk.reader.read(pair.old), walk.reader.read(pair.new))


def _single(walk: Walk, pair: Pair, keyword: str, group: tuple[str, ...], sense: Sense) -> None:
    old, new = pair.old_schema, pair.new_schema
    if keyword in old and keyword in new:
        walk.child(pair, keyword, sense=sense)
    elif keyword in old or keyword in new:
        walk.keyword(pair, keyword, walk.group_effect(pair, group))


def _branches(walk: Walk, pair: Pair, keyword: str) -> None:
    old, new = _list(pair.old_schema.get(keyword)), _list(pair.new_schema.get(keyword))
    if not old and not new:
        return
    if keyword not in pair.old_schema or keyword not in pair.new_schema:
        walk.keyword(pair, keyword, walk.group_effect(pair, (keyword,)))
        return
    matched = _matched(walk, pair, old, new)
    alone = len(matched) == len(old) == len(new)
    whole: Sense = "same" if keyword in _BRANCH_EFFECTS else (walk.group_effect(pair, (keyword,)).name,)
    for left, right in matched:
        walk.child(pair, keyword, left, new_tokens=(keyword, right), sense=whole)
    if alone:
        return
    group = walk.group_effect(pair, (keyword,))
    lefts, rights = {left for left, _ in matched}, {right for _, right in matched}
    for index, branch in enumerate(old):
        if index not in lefts:
            _branch(walk, pair, keyword, index, "removed", branch, group, whole)
    for index, branch in enumerate(new):
        if index not in rights:
            _branch(walk, pair, keyword, index, "added", branch, group, whole)


def _branch_effect(walk: Walk, pair: Pair, keyword: str, how: str, branch: Json, group: Effect) -> Effect:
    """What one branch more or less does, attributed by the keyword; nothing where the group does nothing."""
    more, less = _BRANCH_EFFECTS.get(keyword, ("unknown", "unknown"))
    name = "none" if group.name == "none" else more if how == "added" else less
    if keyword not in _BRANCH_EFFECTS:
        return Effect(name, group.old, group.new)
    node = walk.reader.read((pair.new if how == "added" else pair.old).inside(branch))
    alone = walk.reader.anything  # what a branch of allOf is compared with; one of anyOf, with the other side's group
    if how == "added":
        return Effect(name, alone if keyword == "allOf" else group.old, node)
    return Effect(name, node, alone if keyword == "allOf" else group.new)


def _branch(
    walk: Walk, pair: Pair, keyword: str, index: int, how: str, branch: Json, group: Effect, sense: Sense
) -> None:
    effect = _branch_effect(walk, pair, keyword, how, branch, group)
    walk.record(
        f"{kebab(keyword)}-branch-{how}",
        pair,
        (keyword, index),
        effect,
        member=str(index),
        before=branch if how == "removed" else None,
        after=branch if how == "added" else None,
        in_old=how == "removed",
        in_new=how == "added",
        sense=sense,
    )


def _matched(walk: Walk, pair: Pair, old: list[Json], new: list[Json]) -> list[tuple[int, int]]:
    """Branches that stand for each other: equal ones, then those of the same type, then, where as many, the others."""
    found: list[tuple[int, int]] = []
    lefts, rights = dict.fromkeys(range(len(old))), dict.fromkeys(range(len(new)))

    def match(old_keys: dict[int, object], new_keys: dict[int, object]) -> None:
        free: dict[object, list[int]] = {}
        for right in rights:
            free.setdefault(new_keys[right], []).append(right)
        for left in list(lefts):
            key = old_keys[left]
            if key is not None and free.get(key):
                right = free[key].pop(0)
                found.append((left, right))
                del lefts[left], rights[right]

    match({i: canonical(each) for i, each in enumerate(old)}, {i: canonical(each) for i, each in enumerate(new)})
    match(
        {i: walk.reader.read(pair.old.inside(each)).number for i, each in enumerate(old)},
        {i: walk.reader.read(pair.new.inside(each)).number for i, each in enumerate(new)},
    )
    for name in ("title", "$ref", "type"):
        match(
            {i: _mark(each, name) for i, each in enumerate(old)}, {i: _mark(each, name) for i, each in enumerate(new)}
        )
    if len(lefts) == len(rights):
        found += zip(lefts, rights, strict=True)
    return sorted(found)


def _mark(branch: Json, name: str) -> str | None:
    return canonical(branch[name]) if isinstance(branch, dict) and name in branch else None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
