"""Changes of the keywords that speak of one value, and of annotations."""

from __future__ import annotations

from countersign.schema_change import keywords
from countersign.schema_change.counterexamples import Effect
from countersign.schema_change.json_values import canonical, is_number
from countersign.schema_change.keyword_values import values_of
from countersign.schema_change.sensitivity import PASSWORD
from countersign.schema_change.values import ChangeEffect
from countersign.schema_change.walk import Pair, Walk, differs
from countersign.strict_json import Json

_ORDERED = {
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minContains", "maxContains"),
}
_SINGLE = {"type", "const", "multipleOf", "pattern", *keywords.OPAQUE}
_CONTAINS = ("contains", "minContains", "maxContains")
_ITEMS = frozenset({"items", "prefixItems", "additionalItems"})  #: `item_rules` compares them across dialects
_TYPES = ("type", "nullable", "x-kubernetes-int-or-string")
_SWITCHES = ("uniqueItems", "nullable", "x-kubernetes-int-or-string")  #: absent is false
_SAID_HERE = keywords.SENSITIVITY | keywords.SERVICE_OPAQUE  #: even where a dialect takes them for assertions
_COMPARED = frozenset({*_ORDERED, *_SINGLE, *_SWITCHES, "exclusiveMinimum", "exclusiveMaximum"})


def compare_values(walk: Walk, pair: Pair) -> None:
    """`type`, `enum`, `const`, ranges, sizes, `pattern`, `format` and the like."""
    _enum(walk, pair)
    for keyword in sorted(_COMPARED & pair.keywords):
        if keyword not in pair.new.dialect.assertions or not differs(pair, keyword):
            continue
        if keyword in _SWITCHES and bool(pair.old_schema.get(keyword)) == bool(pair.new_schema.get(keyword)):
            continue
        if keyword == "type" and _names(pair.old_schema.get(keyword)) == _names(pair.new_schema.get(keyword)):
            continue
        if keyword == "format" and PASSWORD in (old := pair.old_schema.get(keyword), pair.new_schema.get(keyword)):
            changed = "removed" if old == PASSWORD else "added"
            walk.keyword(pair, keyword, walk.group_effect(pair, (keyword,)), name="sensitivity", changed=changed)
            continue
        walk.keyword(pair, keyword, walk.group_effect(pair, _group(pair, keyword)), changed=_how(pair, keyword))


def compare_annotations(walk: Walk, pair: Pair) -> None:
    """Keywords that leave validation alone, and keywords that nobody here knows."""
    assertions = pair.new.dialect.assertions
    for keyword in sorted((pair.keywords - assertions) | (pair.keywords & _SAID_HERE)):
        if not differs(pair, keyword):
            continue
        opaque = keyword in keywords.SERVICE_OPAQUE and keyword in assertions
        effect: ChangeEffect = "unknown" if opaque else "none"
        if keyword in keywords.SENSITIVITY:
            walk.keyword(pair, keyword, effect, name="sensitivity", member=keyword, changed=_mark_change(pair, keyword))
        elif opaque:
            walk.keyword(pair, keyword, effect, member=keyword)
        elif pair.new.dialect.annotates(keyword):
            walk.keyword(pair, keyword, effect, name="annotation", member=keyword)
        elif pair.new.names(keyword):
            if keyword not in ("$defs", "definitions", "$schema", "components"):
                walk.keyword(pair, keyword, "none", name="identifier", member=keyword)
        elif keyword not in assertions | (_ITEMS & pair.old.dialect.assertions):
            walk.keyword(pair, keyword, "unknown", name="unknown-keyword", member=keyword)


def _enum(walk: Walk, pair: Pair) -> None:
    old, new = pair.old_schema.get("enum"), pair.new_schema.get("enum")
    if not isinstance(old, list) or not isinstance(new, list):
        if differs(pair, "enum"):
            walk.keyword(pair, "enum", walk.group_effect(pair, ("enum",)))
        return
    before = {canonical(value): value for value in old}
    after = {canonical(value): value for value in new}
    old_node, new_node = walk.reader.node([values_of(old)]), walk.reader.node([values_of(new)])
    for key, value in before.items():
        if key not in after:
            effect = Effect("narrows", walk.reader.node([values_of([value])]), new_node)
            walk.record("enum-value-removed", pair, ("enum",), effect, before=value)
    for key, value in after.items():
        if key not in before:
            effect = Effect("widens", old_node, walk.reader.node([values_of([value])]))
            walk.record("enum-value-added", pair, ("enum",), effect, after=value)


def _group(pair: Pair, keyword: str) -> tuple[str, ...]:
    """The keywords without which `keyword` says nothing."""
    if keyword in _CONTAINS:
        return _CONTAINS
    if keyword in _TYPES and "nullable" in pair.new.dialect.assertions:
        return _TYPES
    if pair.new.dialect.boolean_exclusive and keyword.endswith("imum"):
        end = keyword[-7:].lower()
        return (end, f"exclusive{end.capitalize()}")
    return (keyword,)


def _how(pair: Pair, keyword: str) -> str:
    old, new = pair.old_schema.get(keyword), pair.new_schema.get(keyword)
    if is_number(old) and is_number(new) and keyword != "const" and keyword != "multipleOf":
        return "increased" if new > old else "decreased"  # type: ignore[operator]
    return "changed"


def _names(value: Json) -> set[str]:
    return {canonical(each) for each in value} if isinstance(value, list) else {canonical(value)}


def _mark_change(pair: Pair, keyword: str) -> str:
    """A mark that is taken off, in whole or in part, counts as removed."""
    old, new = pair.old_schema.get(keyword), pair.new_schema.get(keyword)
    if isinstance(old, list) and isinstance(new, list):
        kept = {canonical(each) for each in new}
        return "changed" if all(canonical(each) in kept for each in old) else "removed"
    return "removed" if old and not new else "added" if new and not old else "changed"
