"""`unevaluatedProperties` and `unevaluatedItems` as constraints that say the same without the results of others.

What is always applied evaluates for certain. What a branch evaluates counts where the branch holds: that a branch holds
never takes anything away, so an object or array passes where some of the branches hold and the rest of it matches.
Does not follow dynamic references, and no more than a few branches whose patterns, or `contains`, evaluate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from countersign import limits
from countersign.schema_change.constraints import AllOf, AnyOf, Constraint, Dependent, Items, Node, Not, Required
from countersign.schema_change.patterns import matches
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.strict_json import Json

if TYPE_CHECKING:
    from countersign.schema_change.reader import Reader

_BY_THE_WAY = frozenset({"$dynamicRef", "$recursiveRef"})  #: lead where the way to them says


class Unclear(Exception):
    """A reference leads nowhere or back, a keyword is of an unknown shape, or a limit is reached."""


@dataclass(slots=True)
class _Evaluated:
    """What one schema evaluates where all of `conditions` hold, as far as its own keywords go."""

    conditions: tuple[Node, ...]
    is_all: bool = False  #: every member, or every item
    names: dict[str, Node] = field(default_factory=dict)  #: with what the member has to match where that is certain
    patterns: dict[str, Node] = field(default_factory=dict)
    first: tuple[Node, ...] = ()  #: items at the start
    contained: tuple[Node, ...] = ()  #: items that match one of these


def unevaluated(reader: Reader, place: Place, schema: dict[str, Json], keyword: str) -> Sequence[Constraint]:
    """The constraints that `keyword` of the schema at `place` stands for. Raises Unclear."""
    rest = reader.read(place.inside(schema[keyword]))
    if rest is reader.anything:
        return ()
    collection = _Collection(reader, keyword == "unevaluatedItems")
    try:
        collection.add(place, (), ())
    except UnresolvedReference:
        raise Unclear from None
    found = collection.found
    certain = _together(reader, [each for each in found if not each.conditions])
    if certain.is_all:
        return ()
    branches = [each for each in found if each.conditions]
    alternatives: Iterator[Node]
    if keyword == "unevaluatedItems":
        alternatives = _items(reader, certain, branches, rest)
    else:
        collection.spend(len(certain.patterns) * sum(len(each.names) for each in branches))
        alternatives = _members(reader, certain, branches, rest)
    nodes = {_all_of(reader, each.conditions) for each in branches if each.is_all} | set(alternatives)
    return [AnyOf(tuple(sorted(nodes, key=lambda node: node.number)))] if len(nodes) > 1 else nodes.pop().constraints


class _Collection:
    """Everything that evaluates, found by following what applies schemas to the same value."""

    def __init__(self, reader: Reader, of_items: bool) -> None:
        self._reader = reader
        self._of_items = of_items
        self.found: list[_Evaluated] = []

    def spend(self, count: int) -> None:
        """Take note of so much work. Raises Unclear where a comparison's share is used up."""
        self._reader.evaluations_left -= count
        if self._reader.evaluations_left < 0:
            raise Unclear

    def add(self, place: Place, conditions: tuple[Node, ...], way: tuple[int, ...]) -> None:
        """Add what the schema at `place` evaluates where `conditions` hold. Raises Unclear, UnresolvedReference."""
        schema = place.schema
        if not isinstance(schema, dict):
            return
        self.spend(1)
        if id(schema) in way or len(way) >= limits.MAX_SCHEMA_DEPTH or _BY_THE_WAY & schema.keys():
            raise Unclear
        own = (self._items if self._of_items else self._members)(place, schema, is_inner=bool(way))
        way = (*way, id(schema))
        own.conditions = conditions
        self.found.append(own)
        if "$ref" in schema:
            self.add(place.follow(str(schema["$ref"])), conditions, way)
        for branch in _list(schema, "allOf"):
            self.add(place.inside(branch), conditions, way)
        for branch in (*_list(schema, "anyOf"), *_list(schema, "oneOf")):
            self._branch(place, branch, conditions, way)
        for name, branch in _map(schema, "dependentSchemas").items():
            self.add(place.inside(branch), (*conditions, self._reader.node([Required(name)])), way)
        if "if" in schema:
            holds = self._branch(place, schema["if"], conditions, way)
            self.add(place.inside(schema.get("then", True)), (*conditions, holds), way)
            fails = self._reader.node([Not(holds)])
            self.add(place.inside(schema.get("else", True)), (*conditions, fails), way)

    def _branch(self, place: Place, branch: Json, conditions: tuple[Node, ...], way: tuple[int, ...]) -> Node:
        node = self._reader.read(place.inside(branch))
        self.add(place.inside(branch), (*conditions, node), way)
        return node

    def _members(self, place: Place, schema: dict[str, Json], *, is_inner: bool) -> _Evaluated:
        names, patterns = _map(schema, "properties"), _map(schema, "patternProperties")
        self.spend(len(names) + len(patterns))
        return _Evaluated(
            (),
            "additionalProperties" in schema or (is_inner and "unevaluatedProperties" in schema),
            {name: self._reader.read(place.inside(each)) for name, each in names.items()},
            {expression: self._reader.read(place.inside(each)) for expression, each in patterns.items()},
        )

    def _items(self, place: Place, schema: dict[str, Json], *, is_inner: bool) -> _Evaluated:
        if place.dialect.tuple_items and "contains" in schema:
            raise Unclear  # whether it evaluates in 2019-09, validators do not agree
        keyword, rest = ("prefixItems", "items")
        if place.dialect.tuple_items:
            keyword, rest = ("items", "additionalItems") if isinstance(schema.get("items"), list) else ("", "items")
        first = _list(schema, keyword)
        self.spend(len(first))
        contained = (self._reader.read(place.inside(schema["contains"])),) if "contains" in schema else ()
        return _Evaluated(
            (),
            rest in schema or (is_inner and "unevaluatedItems" in schema),
            first=tuple(self._reader.read(place.inside(each)) for each in first),
            contained=contained,
        )


def _members(reader: Reader, certain: _Evaluated, branches: list[_Evaluated], rest: Node) -> Iterator[Node]:
    """Schemas of objects one of which matches where no branch evaluates every member."""
    by_name: dict[str, list[Node]] = {}
    for branch in branches:
        for name in branch.names.keys() - certain.names.keys():
            by_name.setdefault(name, []).append(_all_of(reader, branch.conditions))
    for holding in _subsets([each for each in branches if each.patterns]):
        patterns = dict(certain.patterns)
        for branch in holding:
            patterns |= {each: reader.anything for each in branch.patterns.keys() - patterns.keys()}
        names = dict.fromkeys(by_name, reader.anything) | certain.names
        found = reader.members(sorted(names.items()), sorted(patterns.items()), rest)
        for name in sorted(by_name):
            hits = [matches(expression, name) for expression in patterns]
            if True in hits:
                continue
            if None in hits:
                raise Unclear
            refused = reader.node(reader.members([(name, rest)], [], reader.anything))
            found.append(Dependent(name, _any_of(reader, [refused, *by_name[name]])))
        yield reader.node([*found, *_conditions(holding)])


def _items(reader: Reader, certain: _Evaluated, branches: list[_Evaluated], rest: Node) -> Iterator[Node]:
    """Schemas of arrays one of which matches where no branch evaluates every item."""
    longer = [each for each in branches if len(each.first) > len(certain.first)]
    for holding in _subsets([each for each in branches if each.contained]):
        last = _any_of(reader, [rest, *certain.contained, *(each for branch in holding for each in branch.contained)])
        for longest in (None, *longer):
            together = holding if longest is None else (*holding, longest)
            count = max((len(each.first) for each in together), default=0)
            first = certain.first + (reader.anything,) * (count - len(certain.first))
            found = [Items(first, last)] if last is not reader.anything else []
            yield reader.node([*found, *_conditions(together)])


def _together(reader: Reader, parts: Sequence[_Evaluated]) -> _Evaluated:
    """What all of `parts` evaluate; what the first has to match, and of the others only that they evaluate."""
    whole = _Evaluated(())
    for index, part in enumerate(parts):
        free = {} if index == 0 else {each: reader.anything for each in (*part.names, *part.patterns)}
        whole.is_all = whole.is_all or part.is_all
        whole.names = {name: free.get(name, node) for name, node in part.names.items()} | whole.names
        whole.patterns = {each: free.get(each, node) for each, node in part.patterns.items()} | whole.patterns
        first = part.first if index == 0 else (reader.anything,) * len(part.first)
        whole.first += first[len(whole.first) :]
        whole.contained += part.contained
    return whole


def _subsets(branches: Sequence[_Evaluated]) -> Iterator[tuple[_Evaluated, ...]]:
    if len(branches) > limits.MAX_BRANCHES_TOGETHER:
        raise Unclear
    for size in range(len(branches) + 1):
        yield from combinations(branches, size)


def _conditions(holding: Iterable[_Evaluated]) -> list[Constraint]:
    nodes = {node for branch in holding for node in branch.conditions}
    return [AllOf(tuple(sorted(nodes, key=lambda node: node.number)))] if nodes else []


def _all_of(reader: Reader, nodes: Sequence[Node]) -> Node:
    return (
        nodes[0] if len(nodes) == 1 else reader.node([AllOf(tuple(sorted(set(nodes), key=lambda node: node.number)))])
    )


def _any_of(reader: Reader, nodes: Iterable[Node]) -> Node:
    distinct = sorted(set(nodes) - {reader.nothing}, key=lambda node: node.number)
    if len(distinct) < 2:
        return distinct[0] if distinct else reader.nothing
    return reader.anything if reader.anything in distinct else reader.node([AnyOf(tuple(distinct))])


def _list(schema: dict[str, Json], keyword: str) -> list[Json]:
    value = schema.get(keyword, [])
    if not isinstance(value, list):
        raise Unclear
    return value


def _map(schema: dict[str, Json], keyword: str) -> dict[str, Json]:
    value = schema.get(keyword, {})
    if not isinstance(value, dict):
        raise Unclear
    return value
