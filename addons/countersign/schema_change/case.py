"""One case of a proof: everything that must hold of one value of one kind, and the choices still open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from countersign.schema_change.constraints import (
    AllOf,
    AnyOf,
    Bound,
    Conditional,
    Constraint,
    Contains,
    Dependent,
    Items,
    Members,
    MultipleOf,
    Names,
    Node,
    Not,
    OneOf,
    Opaque,
    Pattern,
    Reference,
    Required,
    Size,
    Unique,
    Values,
)
from countersign.schema_change.json_values import canonical, kind_of
from countersign.schema_change.steps import Spend, unlimited
from countersign.strict_json import Json


@dataclass(slots=True, unsafe_hash=True)
class ItemFails:
    """An item at `index`, or with `or_later` at `index` or after it, is there and does not match `node`."""

    index: int
    or_later: bool
    node: Node


@dataclass(slots=True, unsafe_hash=True)
class MemberFails:
    """The member `name` is there and does not match `node`."""

    name: str
    node: Node


@dataclass(slots=True, unsafe_hash=True)
class SomeMemberFails:
    """A member whose name matches `expression` (None: one that `members` leaves to its `rest`) does not match `node`."""

    members: Members
    expression: str | None
    node: Node


@dataclass(slots=True, unsafe_hash=True)
class SomeNameFails:
    """A member is there whose name does not match `node`."""

    node: Node


type Fact = Constraint | ItemFails | MemberFails | SomeMemberFails | SomeNameFails
type Literal = tuple[bool, Node | Fact]
type Alternative = tuple[Literal, ...]


#: Say no more than what they are, as long as they hold.
_LEAVES = frozenset(
    {
        *(ItemFails, MemberFails, SomeMemberFails, SomeNameFails, Bound, MultipleOf, Size, Pattern, Items, Contains),
        *(Unique, Members, Names, Required, Opaque),
    }
)
_LITERALS_PER_STEP = 16  # taken note of; alternatives of a wide `oneOf` are many times as many as its branches


class Case:
    """Facts about one value of kind `kind`, each of which can fail for it. `is_closed` says that they contradict each other."""

    def __init__(self, kind: str, float_integers: bool, spend: Spend = unlimited) -> None:
        self._spend = spend
        self.kind = kind
        self.float_integers = float_integers
        self.is_closed = False
        self.facts: dict[Fact, None] = {}
        self.denied: dict[Fact, None] = {}
        self.excluded: set[str] = set()  #: canonical texts of values that it is not
        self.domain: dict[str, Json] | None = None  #: the only values that it can be
        self.choices: list[tuple[Alternative, ...]] = []
        self._nodes: dict[Node, bool] = {}

    def copy(self) -> Case:
        twin = Case(self.kind, self.float_integers, self._spend)
        twin.is_closed = self.is_closed
        twin.facts, twin.denied = dict(self.facts), dict(self.denied)
        twin.excluded = set(self.excluded)
        twin.domain = None if self.domain is None else dict(self.domain)
        twin.choices = list(self.choices)
        twin._nodes = dict(self._nodes)
        return twin

    def all_of[T](self, what: type[T]) -> list[T]:
        """The facts of one type, in the order in which they were added."""
        return [fact for fact in self.facts if isinstance(fact, what)]

    def size(self) -> int:
        """How much a step that looks at all of it has to look at."""
        return len(self.facts) + len(self.denied) + len(self.choices) + sum(map(len, self.choices))

    def excludes(self, opening: str) -> bool:
        """Whether some array ("[") or object ("{") is one of the values that it is not."""
        return any(text.startswith(opening) for text in self.excluded)

    def left_of(self, values: Iterable[Json]) -> list[Json]:
        """Those of `values` that it can still be."""
        return [value for value in values if canonical(value) not in self.excluded]

    def add(self, holds: bool, what: Node | Fact) -> None:
        """Take `what`, or its opposite, as true; simple consequences are drawn at once, alternatives are kept."""
        waiting: list[Literal] = [(holds, what)]
        count = 0
        while waiting and not self.is_closed:
            count += 1
            if count % _LITERALS_PER_STEP == 0:
                self._spend(1)
            holds, what = waiting.pop()
            if isinstance(what, Node):
                known = self._nodes.get(what)
                if known is None:
                    self._nodes[what] = holds
                    waiting.extend(self._node(holds, what))
                elif known is not holds:
                    self.is_closed = True
            elif self._is_among(not holds, what):
                self.is_closed = True
            elif not self._is_among(holds, what):
                waiting.extend(self._fact(holds, what))

    def _node(self, holds: bool, node: Node) -> Iterable[Literal]:
        if self.kind in node.refused:
            self.is_closed = self.is_closed or holds
            return ()
        constraints = node.by_kind.get(self.kind, ())
        if holds or len(constraints) == 1:
            return [(holds, each) for each in constraints]
        return self._choose(((False, each),) for each in constraints)

    def _choose(self, alternatives: Iterable[Alternative]) -> Iterable[Literal]:
        """One of `alternatives` holds: none is a contradiction, a single one is a fact."""
        found = tuple(each for each in alternatives if not self._contradicts(each))
        if len(found) == 1:
            return found[0]
        if found:
            self.choices.append(found)
        else:
            self.is_closed = True
        return ()

    def _contradicts(self, alternative: Alternative) -> bool:
        """Whether the opposite of a part of it is known already."""
        for holds, what in alternative:
            if isinstance(what, Node):
                if self._nodes.get(what) is (not holds) or (holds and self.kind in what.refused):
                    return True
            elif self._is_among(not holds, what):
                return True
        return False

    def _is_among(self, holds: bool, fact: Fact) -> bool:
        """Whether `fact` is known to hold, or not to hold."""
        known = self.facts if holds else self.denied
        return bool(known) and fact in known  # most often there is none, and hashing takes time

    def _fact(self, holds: bool, fact: Fact) -> Iterable[Literal]:
        (self.facts if holds else self.denied)[fact] = None
        if holds and type(fact) in _LEAVES:
            return ()
        match fact:
            case Values():
                self._values(holds, fact)
            case AllOf(nodes=nodes):
                return [(True, each) for each in nodes] if holds else self._choose(((False, each),) for each in nodes)
            case AnyOf(nodes=nodes):
                return self._choose(((True, each),) for each in nodes) if holds else [(False, each) for each in nodes]
            case OneOf(nodes=nodes):
                self._spend(len(nodes) ** 2 // _LITERALS_PER_STEP)
                return self._choose(_exactly_one(nodes) if holds else _none_or_two(nodes))
            case Not(node=node):
                return [(not holds, node)]
            case Conditional(condition=condition, then=then, otherwise=otherwise):
                return self._choose((((True, condition), (holds, then)), ((False, condition), (holds, otherwise))))
            case Reference(target=target):
                return [(holds, target())]
            case Dependent(name=name, node=node):
                present = Required(name)
                if not holds:
                    return [(True, present), (False, node)]
                return self._choose((((False, present),), ((True, present), (True, node))))
            case Bound(end=end, value=value, is_open=is_open) if not holds:
                return [(True, Bound("upper" if end == "lower" else "lower", value, not is_open))]
            case Size(kind=kind, end=end, value=value) if not holds:
                if end == "lower":
                    return [(True, Size(kind, "upper", value - 1))] if value else self._choose(())
                return [(True, Size(kind, "lower", value + 1))]
            case Contains(node=node, low=low, high=high) if not holds:
                fewer: list[Alternative] = [((True, Contains(node, 0, low - 1)),)] if low else []
                more: list[Alternative] = [((True, Contains(node, high + 1, None)),)] if high is not None else []
                return self._choose(fewer + more)
            case Items() if not holds:
                return self._choose(_item_failures(fact, self.all_of(Items)))
            case Members() if not holds:
                return self._choose(_member_failures(fact, self.all_of(Members)))
            case Names(node=node) if not holds:
                return [(True, SomeNameFails(node))]
        return ()

    def _values(self, holds: bool, values: Values) -> None:
        if not holds:
            self.excluded.update(values.key)
            return
        of_kind: dict[str, Json] = {}
        for key, value in zip(values.key, values.values, strict=True):
            kind = kind_of(value)
            if kind == self.kind:
                of_kind[key] = int(value) if isinstance(value, float) and value.is_integer() else value
            elif kind == "integer" and self.kind == "whole" and isinstance(value, int | float):
                of_kind[key] = float(value)
        old = self.domain
        self.domain = of_kind if old is None else {key: value for key, value in of_kind.items() if key in old}
        self.is_closed = self.is_closed or not self.domain


def _item_failures(items: Items, held: Sequence[Items]) -> Iterable[Alternative]:
    """How `items` can fail: not where anything passes, nor where one of those that hold says the same."""
    for index, node in enumerate(items.prefix):
        if node.constraints and not any(other.at(index) is node for other in held):
            yield ((True, ItemFails(index, False, node)),)
    end, rest = len(items.prefix), items.rest
    if rest.constraints and not any(all(each is rest for each in (*other.prefix[end:], other.rest)) for other in held):
        yield ((True, ItemFails(end, True, rest)),)


def _member_failures(members: Members, held: Sequence[Members]) -> Iterable[Alternative]:
    """How `members` can fail: not where anything passes, nor where one of those that hold says the same."""
    for name, node in members.properties:
        if node.constraints and not any(other.named(name) is node for other in held):
            yield ((True, Required(name)), (True, MemberFails(name, node)))
    said = {pattern for other in held for pattern in other.patterns}
    for expression, node in members.patterns:
        if node.constraints and (expression, node) not in said:
            yield ((True, SomeMemberFails(members, expression, node)),)
    if members.rest.constraints and not any(_leaves_the_same(other, members) for other in held):
        yield ((True, SomeMemberFails(members, None, members.rest)),)


def _leaves_the_same(one: Members, other: Members) -> bool:
    """Whether what `other` leaves to its `rest` matches the same in `one`."""
    if one.rest is not other.rest or one.patterns != other.patterns:
        return False
    return all(node is one.rest or other.named(name) is not None for name, node in one.properties)


def _exactly_one(nodes: tuple[Node, ...]) -> Iterable[Alternative]:
    for index, node in enumerate(nodes):
        others = (*nodes[:index], *nodes[index + 1 :])
        yield ((True, node), *((False, other) for other in others))


def _none_or_two(nodes: tuple[Node, ...]) -> Iterable[Alternative]:
    yield tuple((False, node) for node in nodes)
    for index, node in enumerate(nodes):
        for other in nodes[index + 1 :]:
            yield ((True, node), (True, other))
