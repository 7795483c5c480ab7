"""The objects that facts leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING

from countersign import limits
from countersign.schema_change.case import Case, MemberFails, SomeMemberFails, SomeNameFails
from countersign.schema_change.constraints import Members, Names, Node, Pattern, Required
from countersign.schema_change.keyword_values import values_of
from countersign.schema_change.patterns import matches
from countersign.schema_change.scalars import sizes
from countersign.strict_json import Json

if TYPE_CHECKING:
    from countersign.schema_change.inclusion import Outcome, Prover

_EMPTY = "empty"
_MEMBERS_PER_STEP = 32  # constraints that are asked for what they say of one name
_READABLE = ("other", "a", "b", "c", "1", "x-other")


@dataclass(frozen=True, slots=True)
class _Sort:
    """Names that match the same patterns, and are mentioned nowhere."""

    matching: frozenset[Node]  #: what the values under such a name match
    wanted: frozenset[Node]  #: what such a name matches
    unwanted: frozenset[Node]  #: what it does not match
    name: Outcome  #: one of them


def objects(case: Case, prover: Prover) -> Sequence[Json] | None:
    """Objects worth trying; None where none can have the facts of `case`."""
    shape = _Shape(case, prover)
    if not shape.is_possible():
        return None
    listed = shape.every() if case.excludes("{") else None
    if listed is not None and not case.left_of(listed):
        return None
    if case.choices:
        return ()
    return shape.examples() if listed is None else case.left_of(listed)


class _Shape:
    """What must hold of the member of each name: names that the facts mention, and all the others."""

    def __init__(self, case: Case, prover: Prover) -> None:
        self._prover = prover
        self._members = case.all_of(Members)
        self._names = frozenset(fact.node for fact in case.all_of(Names))
        self._fails = case.all_of(MemberFails)
        self._some_fail = case.all_of(SomeMemberFails)
        self._name_fails = case.all_of(SomeNameFails)
        self.low, self.high = sizes(case)
        if "{}" in case.excluded:
            self.low = max(self.low, 1)
        self._required = {fact.name: None for fact in case.all_of(Required)}
        self._absent = {fact.name for fact in case.denied if isinstance(fact, Required)}

    # worked out only where they are needed: a wide schema has one case for each of its members

    @cached_property
    def _every(self) -> list[Members]:
        return [*self._members, *(fact.members for fact in self._some_fail)]

    @cached_property
    def _listed_names(self) -> list[str] | None:
        """The only names that `propertyNames` leaves, where they are few."""
        names = self._prover.values(self._names, (), ("string",)) if self._names else None
        return None if names is None else [name for name in names if isinstance(name, str)]

    @cached_property
    def _mentioned(self) -> dict[str, None]:
        """Every name that a fact gives."""
        declared = {name: None for fact in self._every for name, _ in fact.properties}
        return {**self._required, **declared, **dict.fromkeys(self._listed_names or ())}

    @cached_property
    def _patterns(self) -> list[str]:
        return list({expression: None for fact in self._every for expression, _ in fact.patterns})

    # -- one name ------------------------------------------------------------------------------------------------------

    def _at(self, name: str) -> tuple[set[Node], set[Node]]:
        """What the member `name` matches for certain, and what it does not match."""
        self._prover.spend(len(self._members) // _MEMBERS_PER_STEP)
        matching = {members.named(name) or members.rest for members in self._members if not members.patterns}
        for members in [each for each in self._members if each.patterns]:
            named = members.named(name)
            hits = [(matches(expression, name, self._prover.spend), node) for expression, node in members.patterns]
            matching.update(node for hit, node in hits if hit)
            if named is not None or all(hit is False for hit, _ in hits):
                matching.add(named or members.rest)
        return matching, {fact.node for fact in self._fails if fact.name == name}

    def _value(self, name: str, *, failing: Node | None = None) -> Outcome:
        base, other = self._at(name)
        return self._prover.find(base, other if failing is None else other | {failing})

    def _name_is_refused(self, name: str) -> bool:
        return name in self._absent or self._prover.matches(name, self._names, ()) is False

    def _can_be_there(self, name: str) -> bool:
        return not self._name_is_refused(name) and self._value(name).state != _EMPTY

    # -- any other name ------------------------------------------------------------------------------------------------

    def _others(self, expression: str | None, members: Members | None, refused: Sequence[Node] = ()) -> Iterator[_Sort]:
        """The sorts of names that no fact mentions.

        `expression` has to match the name; with `members` and no `expression`, none of its patterns does. None of
        `refused` matches it.
        """
        if self._listed_names is not None:
            return
        if len(self._patterns) > limits.MAX_PATTERNS_TOGETHER:
            yield _Sort(frozenset(), frozenset(), frozenset(), self._prover.find((), (), ("string",)))
            return
        reader = self._prover.reader
        for hits in product((False, True), repeat=len(self._patterns)):
            hit = dict(zip(self._patterns, hits, strict=True))
            if expression is not None and not hit[expression]:
                continue
            if expression is None and members is not None and any(hit[each] for each, _ in members.patterns):
                continue
            wanted = self._names.union(reader.node((Pattern(each),)) for each in hit if hit[each])
            unwanted = frozenset(refused).union(reader.node((Pattern(each),)) for each in hit if not hit[each])
            name = self._prover.find(wanted, unwanted, ("string",))
            if name.state == _EMPTY:
                continue
            matching: set[Node] = set()
            for fact in self._members:
                applied = {node for each, node in fact.patterns if hit[each]}
                matching |= applied or {fact.rest}
            yield _Sort(frozenset(matching), wanted, unwanted, name)

    def _other_can_be_there(self, refused: Sequence[Node] = ()) -> bool:
        return any(self._prover.find(sort.matching).state != _EMPTY for sort in self._others(None, None, refused))

    # -- all together --------------------------------------------------------------------------------------------------

    def is_possible(self) -> bool:
        """False only where no object has these facts."""
        if any(not self._can_be_there(name) for name in self._required):
            return False
        self.low = max(self.low, len(self._required), 1 if self._some_fail or self._name_fails else 0)
        if self.high is not None and self.low > self.high:
            return False
        if self.low > len(self._required) and not self._other_can_be_there():
            possible = [name for name in self._mentioned if name in self._required or self._can_be_there(name)]
            if self.low > len(possible):
                return False
        facts: list[SomeMemberFails | SomeNameFails] = [*self._some_fail, *self._name_fails]
        if not all(any(True for _ in self._possible_names(fact)) for fact in facts):
            return False
        return self.high is None or len(self._required) + self._kept_apart(facts) <= self.high

    def _kept_apart(self, facts: Sequence[SomeMemberFails | SomeNameFails]) -> int:
        """How many members `facts` need at least beside the required ones: no name will do for two of those counted."""
        apart: list[set[str | None]] = []
        for names in (set(self._possible_names(fact)) for fact in facts):
            if names.isdisjoint(self._required) and all(map(names.isdisjoint, apart)):
                apart.append(names)
        return len(apart)

    def _possible_names(self, fact: SomeMemberFails | SomeNameFails) -> Iterator[str | None]:
        """Names that the member can have of which `fact` speaks; None: any that no fact mentions."""
        if isinstance(fact, SomeMemberFails):
            yield from self._named_failures(fact)
        else:
            yield from (name for name in self._mentioned if self._is_failure(name, fact) and self._has_place(name))
        if not self._is_full() and self._has_other(fact):
            yield None

    def _named_failures(self, fact: SomeMemberFails) -> Iterator[str]:
        """Mentioned names under which the member that `fact` speaks of can be."""
        for name in self._mentioned:
            if fact.expression is not None:
                fits = matches(fact.expression, name, self._prover.spend) is not False
            else:
                patterns = fact.members.patterns
                fits = fact.members.named(name) is None and not any(
                    matches(each, name, self._prover.spend) for each, _ in patterns
                )
            if fits and not self._name_is_refused(name) and self._value(name, failing=fact.node).state != _EMPTY:
                if self._has_place(name):
                    yield name

    def _has_place(self, name: str) -> bool:
        return name in self._required or not self._is_full()

    def _is_full(self) -> bool:
        return self.high is not None and self.high <= len(self._required)

    def _has_other(self, fact: SomeMemberFails | SomeNameFails) -> bool:
        if isinstance(fact, SomeNameFails):
            return self._other_can_be_there((fact.node,))
        sorts = self._others(fact.expression, fact.members)
        return any(self._prover.find(sort.matching, (fact.node,)).state != _EMPTY for sort in sorts)

    def _is_failure(self, name: str, fact: SomeNameFails) -> bool:
        return self._prover.matches(name, (), (fact.node,)) is not False and self._can_be_there(name)

    def every(self) -> list[Json] | None:
        """All objects that there can be, or a few more; None where they are many, or not known."""
        if (self.high is None or self.high) and self._other_can_be_there():
            return None
        found: list[dict[str, Json]] = [{}]
        for name in self._mentioned:
            if not self._can_be_there(name):
                continue
            values = self._prover.values(*self._at(name))
            if values is None:
                return None
            present = [{**each, name: value} for each in found for value in values]
            found = present if name in self._required else [*found, *present]
            found = [each for each in found if self.high is None or len(each) <= self.high]
            if len(found) > limits.MAX_LISTED_VALUES:
                return None
        return [each for each in found if len(each) >= self.low]

    # -- examples ------------------------------------------------------------------------------------------------------

    def examples(self) -> list[Json]:
        """One object with what has to be there, and the same with members up to the fewest that are allowed."""
        example: dict[str, Json] = {}
        added = chain(
            (self._put(example, name) for name in self._required),
            (self._add_failure(example, fact) for fact in self._some_fail),
            (self._add_name(example, fact) for fact in self._name_fails),
        )
        if not all(added):
            return []
        self._fill(example)
        return [example]

    def _add_failure(self, example: dict[str, Json], fact: SomeMemberFails) -> bool:
        for name in self._named_failures(fact):
            outcome = self._value(name, failing=fact.node)
            if outcome.state == "found":
                example[name] = outcome.value
                return True
        for sort in self._others(fact.expression, fact.members):
            outcome = self._prover.find(sort.matching, (fact.node,))
            if outcome.state == "found" and (fresh := self._fresh(example, sort)) is not None:
                example[fresh] = outcome.value
                return True
        return False

    def _fresh(self, example: dict[str, Json], sort: _Sort) -> str | None:
        """A name of this sort that nothing mentions, one that people can read where there is one; None: none found."""
        taken = {**self._mentioned, **dict.fromkeys(example)}
        for name in _READABLE:
            if name not in taken and self._prover.matches(name, sort.wanted, sort.unwanted):
                return name
        found = sort.name
        if found.value in taken:
            used = self._prover.reader.node((values_of(taken),))
            found = self._prover.find(sort.wanted, sort.unwanted | {used}, ("string",))
        return found.value if found.state == "found" and isinstance(found.value, str) else None

    def _add_name(self, example: dict[str, Json], fact: SomeNameFails) -> bool:
        for name in (*example, *self._mentioned):
            if self._prover.matches(name, self._names, (fact.node,)) and name not in self._absent:
                if self._put(example, name):
                    return True
        for sort in self._others(None, None, (fact.node,)):
            if (fresh := self._fresh(example, sort)) is not None and self._put(example, fresh):
                return True
        return False

    def _put(self, example: dict[str, Json], name: str) -> bool:
        outcome = self._value(name)
        if outcome.state == "found":
            example.setdefault(name, outcome.value)
        return outcome.state == "found"

    def _fill(self, example: dict[str, Json]) -> None:
        """Add members until there are as many as are needed."""
        made_up = (f"k{index}" for index in range(limits.MAX_TRIED_VALUES))
        for name in chain(self._mentioned, made_up, self._fresh_names(example)):
            if len(example) >= self.low:
                return
            if name not in example and not self._name_is_refused(name):
                self._put(example, name)

    def _fresh_names(self, example: dict[str, Json]) -> Iterator[str]:
        """Names of every sort, each until one more does not make it into `example`."""
        for sort in self._others(None, None):
            last = None
            while (name := self._fresh(example, sort)) is not None and name != last:
                yield name
                last = name
