"""One schema as a set of constraints with the dialects' spellings removed: equal schemas are the same `Node`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from countersign.schema_change.json_values import KINDS, Exact, kind_of
from countersign.strict_json import Json

SizedKind = Literal["string", "array", "object"]


@dataclass(slots=True, eq=False)
class Node:
    """A schema. Nodes of one reader with the same constraints are one object, so identity is equality."""

    number: int
    constraints: tuple[Constraint, ...]  #: all must hold; empty accepts everything
    parts: frozenset[Constraint] = field(repr=False)  #: the same
    refused: frozenset[str] = field(init=False, repr=False)  #: kinds of which no value matches
    by_kind: dict[str, tuple[Constraint, ...]] = field(init=False, repr=False)  #: what decides on values of other kinds
    free: frozenset[str] = field(init=False, repr=False)  #: kinds of which every value matches

    def __post_init__(self) -> None:
        if len(self.constraints) == 1:  # as most have
            self.refused, kinds = _reach(self.constraints[0])
            self.by_kind = dict.fromkeys(kinds, self.constraints)
            self.free = _ALL_KINDS.difference(self.refused, kinds)
            return
        refused: set[str] = set()
        by_kind: dict[str, list[Constraint]] = {}
        for each in self.constraints:
            never, sometimes = _reach(each)
            refused |= never
            for kind in sometimes:
                by_kind.setdefault(kind, []).append(each)
        self.refused = frozenset(refused)
        self.by_kind = {kind: tuple(each) for kind, each in by_kind.items() if kind not in refused}
        self.free = _ALL_KINDS.difference(refused, by_kind)


@dataclass(slots=True, unsafe_hash=True)
class Never:
    """The schema `false`."""


@dataclass(slots=True, unsafe_hash=True)
class Kinds:
    """`type`, with `number` taken apart."""

    kinds: frozenset[str]


@dataclass(slots=True, unsafe_hash=True)
class Values:
    """`enum` and `const`."""

    key: tuple[str, ...]  #: canonical texts, sorted
    values: tuple[Json, ...] = field(compare=False)


@dataclass(slots=True, unsafe_hash=True)
class Bound:
    """One end of a number's range."""

    end: Literal["lower", "upper"]
    value: Exact
    is_open: bool


@dataclass(slots=True, unsafe_hash=True)
class MultipleOf:
    divisor: Fraction


@dataclass(slots=True, unsafe_hash=True)
class Size:
    """Fewest or most characters, items or members."""

    kind: SizedKind
    end: Literal["lower", "upper"]
    value: int


@dataclass(slots=True, unsafe_hash=True)
class Pattern:
    expression: str


@dataclass(slots=True, unsafe_hash=True)
class Items:
    """`prefixItems` and `items`, or `items` and `additionalItems`."""

    prefix: tuple[Node, ...]
    rest: Node

    def at(self, index: int) -> Node:
        return self.prefix[index] if index < len(self.prefix) else self.rest


@dataclass(slots=True, unsafe_hash=True)
class Contains:
    """At least `low` and at most `high` items match."""

    node: Node
    low: int
    high: int | None


@dataclass(slots=True, unsafe_hash=True)
class Unique:
    pass


@dataclass(slots=True, unsafe_hash=True)
class Members:
    """`properties`, `patternProperties` and `additionalProperties`."""

    properties: tuple[tuple[str, Node], ...]
    patterns: tuple[tuple[str, Node], ...]
    rest: Node
    _by_name: dict[str, Node] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._by_name = dict(self.properties)

    def named(self, name: str) -> Node | None:
        return self._by_name.get(name)


@dataclass(slots=True, unsafe_hash=True)
class Names:
    """`propertyNames`."""

    node: Node


@dataclass(slots=True, unsafe_hash=True)
class Required:
    name: str


@dataclass(slots=True, unsafe_hash=True)
class Dependent:
    """Where the member `name` is present, the whole object also matches `node`."""

    name: str
    node: Node


@dataclass(slots=True, unsafe_hash=True)
class AllOf:
    nodes: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class AnyOf:
    nodes: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class OneOf:
    nodes: tuple[Node, ...]


@dataclass(slots=True, unsafe_hash=True)
class Not:
    node: Node


@dataclass(slots=True, unsafe_hash=True)
class Conditional:
    """`if`, `then`, `else`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True, unsafe_hash=True)
class Reference:
    """A reference that is followed only when it is needed, because it leads back to itself."""

    key: tuple[int | str, ...]
    target: Callable[[], Node] = field(compare=False)


@dataclass(slots=True, unsafe_hash=True)
class Opaque:
    """An assertion whose meaning is not known here. Equal is equal; everything else is unknown."""

    keyword: str
    key: str
    kinds: frozenset[str] | None  #: the kinds that it can speak of; None: any
    annotates: bool = False  #: a validator may, or has to, take it for an annotation


type Constraint = (
    Never
    | Kinds
    | Values
    | Bound
    | MultipleOf
    | Size
    | Pattern
    | Items
    | Contains
    | Unique
    | Members
    | Names
    | Required
    | Dependent
    | AllOf
    | AnyOf
    | OneOf
    | Not
    | Conditional
    | Reference
    | Opaque
)

NUMBERS = frozenset({"integer", "whole", "fraction"})

_ALL_KINDS = frozenset(KINDS)
_NO_KINDS: frozenset[str] = frozenset()
_APPLIES: dict[type, frozenset[str]] = {
    Bound: NUMBERS,
    MultipleOf: NUMBERS,
    Pattern: frozenset({"string"}),
    Items: frozenset({"array"}),
    Contains: frozenset({"array"}),
    Unique: frozenset({"array"}),
    Members: frozenset({"object"}),
    Names: frozenset({"object"}),
    Required: frozenset({"object"}),
    Dependent: frozenset({"object"}),
}


def speaks_of(constraint: Constraint, kind: str) -> bool:
    """Whether `constraint` can reject a value of this kind; where not, it accepts every one."""
    never, sometimes = _reach(constraint)
    return kind in never or kind in sometimes


def _reach(constraint: Constraint) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds of which `constraint` rejects every value, and those of which it may reject some."""
    fixed = _APPLIES.get(type(constraint))
    if fixed is not None:
        return _NO_KINDS, fixed
    match constraint:
        case Never():
            return _ALL_KINDS, _NO_KINDS
        case Kinds(kinds=kinds):
            return _ALL_KINDS - kinds, _NO_KINDS
        case Values(values=values):
            named = {kind_of(value) for value in values}
            kinds = frozenset(named | {"whole"} if "integer" in named else named)  # 1 may be named for 1.0
            return _ALL_KINDS - kinds, kinds
        case AllOf(nodes=nodes):
            never = _NO_KINDS.union(*(node.refused for node in nodes))
            return never, _NO_KINDS.union(*(node.by_kind for node in nodes)) - never
        case AnyOf(nodes=nodes):
            never = _ALL_KINDS.intersection(*(node.refused for node in nodes))
            return never, _ALL_KINDS.difference(never, *(node.free for node in nodes))
        case OneOf(nodes=nodes):
            never = _ALL_KINDS.intersection(*(node.refused for node in nodes))
            return never, _ALL_KINDS - never
        case Not(node=node):
            return node.free, frozenset(node.by_kind)
        case Size(kind=kind):
            return _NO_KINDS, frozenset({kind})
        case Opaque(kinds=kinds) if kinds is not None:
            return _NO_KINDS, kinds
    return _NO_KINDS, _ALL_KINDS
