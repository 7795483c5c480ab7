"""Changes of the keywords that speak of an object's members."""

from __future__ import annotations

from countersign.schema_change.constraints import Node, Required
from countersign.schema_change.counterexamples import Effect
from countersign.schema_change.json_values import canonical
from countersign.schema_change.kubernetes import PRESERVE, declared, is_filled_in, undeclared
from countersign.schema_change.walk import Pair, Walk, differs
from countersign.strict_json import Json

type _Nodes = dict[str, Node]

_DEPENDENCIES = {
    "dependentRequired": "dependent-required",
    "dependentSchemas": "dependent-schema",
    "dependencies": "dependency",
}


def compare_members(walk: Walk, pair: Pair) -> None:
    """`properties`, `patternProperties`, `additionalProperties`, `required` and dependencies."""
    if "required" in pair.keywords:
        _required(walk, pair)
    _maps(walk, pair)
    _rest(walk, pair)
    for keyword in _DEPENDENCIES:
        if keyword in pair.keywords and keyword in pair.new.dialect.assertions:
            _dependencies(walk, pair, keyword)


def _required(walk: Walk, pair: Pair) -> None:
    old, new = pair.old_schema.get("required"), pair.new_schema.get("required")
    if not _is_names(old) or not _is_names(new):
        if canonical(old) != canonical(new):
            walk.keyword(pair, "required", "unknown")
        return
    before, after = dict.fromkeys(_texts(old)), dict.fromkeys(_texts(new))
    in_old, in_new = "required" in pair.old_schema, "required" in pair.new_schema
    free = walk.reader.anything
    for name in before:
        if name not in after:
            walk.record(
                "required-removed",
                pair,
                ("required",),
                "none" if is_filled_in(pair.old, name) else Effect("widens", walk.reader.node([Required(name)]), free),
                member=name,
                before=name,
                in_old=in_old,
                in_new=in_new,
            )
    for name in after:
        if name not in before:
            walk.record(
                "required-added",
                pair,
                ("required",),
                "none" if is_filled_in(pair.new, name) else Effect("narrows", free, walk.reader.node([Required(name)])),
                member=name,
                after=name,
                in_old=in_old,
                in_new=in_new,
            )


def _maps(walk: Walk, pair: Pair) -> None:
    """Members and patterns that are new or gone, against what holds for undeclared members beside them."""
    for keyword, kind in (("properties", "property"), ("patternProperties", "pattern-property")):
        old, new = _map(pair.old_schema.get(keyword)), _map(pair.new_schema.get(keyword))
        for name in old:
            if name in new:
                walk.child(pair, keyword, name)
            else:
                effect = _declaration_effect(walk, pair, keyword, name, added=False)
                walk.record(
                    f"{kind}-removed", pair, (keyword, name), effect, member=name, before=old[name], in_new=False
                )
        for name in new:
            if name not in old:
                effect = _declaration_effect(walk, pair, keyword, name, added=True)
                walk.record(f"{kind}-added", pair, (keyword, name), effect, member=name, after=new[name], in_old=False)


def _declaration_effect(walk: Walk, pair: Pair, keyword: str, name: str, *, added: bool) -> Effect:
    """What declaring `name` does in the surroundings of the side that did not declare it."""
    full = pair.new if added else pair.old
    properties, patterns, rest = _nodes(walk, pair, old=added)
    node = walk.reader.read(full.inside(_map(_object(full.schema).get(keyword))[name]))
    without = walk.reader.node(walk.reader.members(_sorted(properties), _sorted(patterns), rest))
    if keyword == "properties":
        properties = {**properties, name: node}
    else:
        patterns = {**patterns, name: node}
    declared = walk.reader.node(walk.reader.members(_sorted(properties), _sorted(patterns), rest))
    sides = (without, declared, rest, node) if added else (declared, without, node, rest)
    return walk.effect(*sides[:2]) if patterns else walk.effect_of_part(*sides)


def _nodes(walk: Walk, pair: Pair, *, old: bool) -> tuple[_Nodes, _Nodes, Node]:
    place = pair.old if old else pair.new
    schema = _object(place.schema)
    properties, patterns = (
        {name: walk.reader.read(place.inside(each)) for name, each in _map(members).items()}
        for members in (declared(place, schema), schema.get("patternProperties"))
    )
    return properties, patterns, walk.reader.read(place.inside(undeclared(place, schema)))


def _rest(walk: Walk, pair: Pair) -> None:
    """What holds for members that are not declared."""
    keyword = "additionalProperties"
    old, new = undeclared(pair.old, pair.old_schema), undeclared(pair.new, pair.new_schema)
    if isinstance(old, dict) and isinstance(new, dict):
        walk.child(pair, keyword)
        return
    if old is new:
        return
    if keyword not in pair.old_schema and keyword not in pair.new_schema:
        keyword = PRESERVE if differs(pair, PRESERVE) else "type"
    properties, patterns, before = _nodes(walk, pair, old=True)
    after = walk.reader.read(pair.new.inside(new))
    names, expressions = _sorted(properties), _sorted(patterns)
    open_before = walk.reader.node(walk.reader.members(names, expressions, before))
    open_after = walk.reader.node(walk.reader.members(names, expressions, after))
    sides = (open_before, open_after, before, after)
    effect = walk.effect(*sides[:2]) if patterns else walk.effect_of_part(*sides)
    how = "closed" if new is False else "opened" if new is True else "changed"
    walk.record(
        f"additional-properties-{how}",
        pair,
        (keyword,),
        effect,
        before=pair.old_schema.get(keyword),
        after=pair.new_schema.get(keyword),
        in_old=keyword in pair.old_schema,
        in_new=keyword in pair.new_schema,
    )


def _dependencies(walk: Walk, pair: Pair, keyword: str) -> None:
    old, new = _map(pair.old_schema.get(keyword)), _map(pair.new_schema.get(keyword))
    kind = _DEPENDENCIES[keyword]
    for name in {**old, **new}:
        if name in old and name in new:
            before, after = old[name], new[name]
            if not isinstance(before, list) and not isinstance(after, list):
                walk.child(pair, keyword, name)
                continue
            if canonical(before) == canonical(after):
                continue
        how = "added" if name not in old else "removed" if name not in new else "changed"
        effect = walk.effect(_dependency(walk, pair, keyword, name, old=True), _dependency(walk, pair, keyword, name))
        walk.record(
            f"{kind}-{how}",
            pair,
            (keyword, name),
            effect,
            member=name,
            before=old.get(name),
            after=new.get(name),
            in_old=name in old,
            in_new=name in new,
        )


def _dependency(walk: Walk, pair: Pair, keyword: str, name: str, *, old: bool = False) -> Node:
    place = pair.old if old else pair.new
    needed = _map(_object(place.schema).get(keyword))
    return walk.fragment(place, {keyword: {name: needed[name]}} if name in needed else {})


def _sorted(nodes: _Nodes) -> list[tuple[str, Node]]:
    return sorted(nodes.items())


def _object(schema: Json) -> dict[str, Json]:
    return schema if isinstance(schema, dict) else {}


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _is_names(value: Json) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _texts(value: Json) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
