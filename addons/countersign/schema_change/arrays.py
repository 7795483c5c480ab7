"""The arrays that facts leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING

from countersign import limits
from countersign.schema_change.case import Case, ItemFails
from countersign.schema_change.constraints import Contains, Items, Node, Unique
from countersign.schema_change.json_values import canonical
from countersign.schema_change.keyword_values import values_of
from countersign.schema_change.scalars import sizes
from countersign.strict_json import Json

if TYPE_CHECKING:
    from countersign.schema_change.inclusion import Prover

_EMPTY = "empty"
_USED_PER_STEP = 8  # items that the next one must not repeat

type _Wish = tuple[set[Node], set[Node]]  #: what one item has to match, and what it must not match
type _Wishes = dict[int, _Wish]  #: by index


def arrays(case: Case, prover: Prover) -> Iterable[Json] | None:
    """Arrays worth trying, made up as they are asked for; None where none can have the facts of `case`."""
    shape = _Shape(case, prover)
    if not shape.is_possible():
        return None
    listed = shape.every() if case.excludes("[") else None
    if listed is not None and not case.left_of(listed):
        return None
    if case.choices:
        return ()
    return shape.examples() if listed is None else case.left_of(listed)


class _Shape:
    """What must hold of the item at each index, and of how many items."""

    def __init__(self, case: Case, prover: Prover) -> None:
        self._prover = prover
        self._items = case.all_of(Items)
        self._contains = case.all_of(Contains)
        self._fails = case.all_of(ItemFails)
        self._unique = any(isinstance(fact, Unique) for fact in case.facts)
        self._repeats = any(isinstance(fact, Unique) for fact in case.denied)
        self.low, self.high = sizes(case)
        if "[]" in case.excluded:
            self.low = max(self.low, 1)
        # at this index and after it, every item has the same facts
        self._regular = max(
            [len(fact.prefix) for fact in self._items]
            + [fact.index + 1 for fact in self._fails if not fact.or_later]
            + [fact.index for fact in self._fails if fact.or_later],
            default=0,
        )

    def _at(self, index: int) -> tuple[set[Node], set[Node]]:
        """What the item at `index` matches, and what it does not match."""
        matching = {fact.at(index) for fact in self._items}
        failing = {fact.node for fact in self._fails if not fact.or_later and fact.index == index}
        failing |= {fact.node for fact in self._contains if fact.high == 0}
        return matching, failing

    def _is_empty(self, index: int, matching: set[Node], failing: set[Node]) -> bool:
        base, other = self._at(index)
        return self._prover.find(base | matching, other | failing).state == _EMPTY

    def is_possible(self) -> bool:
        """False only where no array has these facts. May find a lower `high`."""
        needed = [fact.index + 1 for fact in self._fails]
        if self._repeats:
            needed.append(2)
        self.low = max([self.low, *needed, *(fact.low for fact in self._contains)])
        if self._is_too_short():
            return False
        if self._items or any(fact.high == 0 for fact in self._contains):
            for index in range(self._regular + 1):
                if self.high is not None and index >= self.high:
                    break
                if self._is_empty(index, set(), set()):
                    self.high = index
            if self._is_too_short():
                return False
        self._count_what_is_capped()
        if self._is_too_short() or (self._unique and self._is_too_short_without_repeats()):
            return False
        if self._repeats and not self._can_repeat():
            return False
        return (
            all(self._has_room(fact) for fact in self._fails)
            and all(self._can_contain(fact) for fact in self._contains)
            and (self.high is None or self._kept_apart() <= self.high)
        )

    def _is_too_short(self) -> bool:
        return self.high is not None and self.low > self.high

    def _is_too_short_without_repeats(self) -> bool:
        """Whether the items have so few values that they must repeat. May find a lower `high`."""
        domains: list[set[str] | None] = []
        for index in range(self._regular + 1):
            if self.high is not None and index >= self.high:
                break
            values = self._prover.values(*self._at(index))
            domains.append(None if values is None else {canonical(value) for value in values})
        known = [domain for domain in domains if domain is not None]
        if len(known) == len(domains):
            self._lower_high(len(set().union(*known)))
        if len(domains) > self._regular and domains[-1] is not None:
            self._lower_high(self._regular + len(domains[-1]))
        return self._is_too_short() or _is_overbooked([domain for domain in domains[: self.low] if domain is not None])

    def _count_what_is_capped(self) -> None:
        """Where every item is one of those of which there can only be so many, there are no more items than that."""
        capped = [fact for fact in self._contains if fact.high]
        nodes = {fact.node for fact in capped}
        if capped and self._is_empty(self._regular, set(), nodes):
            others = sum(not self._is_empty(index, set(), nodes) for index in range(self._regular))
            self._lower_high(others + sum(fact.high or 0 for fact in capped))

    def _kept_apart(self) -> int:
        """How many items there are at least, where some of those that have to be there cannot be the same."""
        needed = [(fact.low, {fact.node}, set[Node]()) for fact in self._contains if fact.low]
        needed += [(1, set[Node](), {fact.node}) for fact in self._fails]
        apart: list[tuple[int, set[Node], set[Node]]] = []
        for count, matching, failing in sorted(needed, key=lambda each: -each[0]):
            if all(self._prover.find(matching | one, failing | other).state == _EMPTY for _, one, other in apart):
                apart.append((count, matching, failing))
        return sum(count for count, _, _ in apart)

    def _lower_high(self, high: int) -> None:
        self.high = high if self.high is None else min(self.high, high)

    def _can_repeat(self) -> bool:
        """Whether two items can be equal."""
        places = [*self._places(), self._regular + 1]
        if self.high is not None:
            places = [index for index in places if index < self.high]
        for position, first in enumerate(places):
            for second in places[position + 1 :]:
                matching, failing = self._at(first)
                if not self._is_empty(second, matching, failing):
                    return True
        return False

    def _places(self, first: int = 0) -> range:
        """One index of each sort at which an item can be, from `first` on."""
        end = max(self._regular, first) + 1
        return range(first, end if self.high is None else min(end, self.high))

    def _has_room(self, fact: ItemFails) -> bool:
        places = self._places(fact.index) if fact.or_later else (fact.index,)
        return any(not self._is_empty(index, set(), {fact.node}) for index in places)

    def _can_contain(self, fact: Contains) -> bool:
        if fact.low:
            room = 0
            for index in self._places():
                if not self._is_empty(index, {fact.node}, set()):
                    if index >= self._regular:
                        room = fact.low if self.high is None else room + self.high - self._regular
                    else:
                        room += 1
            if room < fact.low or self._is_rare(fact):
                return False
            for other in self._contains:
                if other.high is not None and other.high < fact.low:
                    if self._prover.find((fact.node,), (other.node,)).state == _EMPTY:
                        return False
        if fact.high is not None:
            forced = 0
            for index in range(min(self.low, self._regular + 1)):
                if self._is_empty(index, set(), {fact.node}):
                    forced += self.low - self._regular if index >= self._regular else 1
            if forced > fact.high:
                return False
        return True

    def _is_rare(self, fact: Contains) -> bool:
        """Whether fewer values match than there have to be different ones."""
        if not self._unique or fact.low < 2:
            return False
        values = self._prover.values((fact.node,), ())
        return values is not None and len(values) < fact.low

    def every(self) -> list[Json] | None:
        """All arrays that there can be, or a few more; None where they are many, or not known."""
        if self.high is None or self.high > limits.MAX_LISTED_VALUES:
            return None
        domains: list[list[Json]] = []
        for index in range(self.high):
            values = self._prover.values(*self._at(index))
            if values is None:
                return None
            domains.append(values)
        found: list[Json] = []
        whole = self._prover.reader.node([*self._contains, *([Unique()] if self._unique else [])])
        for length in range(self.low, self.high + 1):
            for count, items in enumerate(product(*domains[:length])):
                if self._prover.matches(list(items), (whole,), ()) is not False:
                    found.append(list(items))
                if max(len(found), count // limits.MAX_LISTED_VALUES) > limits.MAX_LISTED_VALUES:
                    return None
        return found

    def examples(self) -> Iterator[Json]:
        """Arrays of a few lengths, each item an example of what its place allows."""
        longest = self.low + 2 if self.high is None else min(self.high, self.low + 2)
        for length in range(self.low, min(longest, limits.MAX_MADE_UP_ITEMS) + 1):
            example = self._example(length)
            if example is not None:
                yield example

    def _example(self, length: int) -> list[Json] | None:
        self._prover.spend(length // limits.MADE_UP_ITEMS_PER_STEP)
        wishes: _Wishes = {fact.index: (set(), set()) for fact in self._fails if not fact.or_later}
        for fact in self._fails:
            if fact.or_later and not self._wish(wishes, iter(range(fact.index, length)), set(), {fact.node}):
                return None
        for wanted in sorted(self._contains, key=lambda fact: -fact.low):
            there = sum(
                self._is_empty(index, matching, failing | {wanted.node})
                for index, (matching, failing) in wishes.items()
            )
            places = iter(range(length))  # the next wish goes on where the last one ended
            for _ in range(wanted.low - there):
                if not self._wish(wishes, places, {wanted.node}, set()):
                    return None
        free: _Wish = (set(), {fact.node for fact in self._contains if fact.high is not None})
        last = max([self._regular, *(index + 1 for index in wishes)])  # the items after it are like that one
        items: list[Json] = []
        for index in range(length if self._unique else min(length, last + 1)):
            matching, failing = wishes.get(index, free)
            base, other = self._at(index)
            used = self._used(items) if self._unique else set()
            outcome = self._prover.find(base | matching, other | failing | used)
            if outcome.state != "found":
                outcome = self._prover.find(base | matching, other | used)
            if outcome.state != "found":
                return None
            items.append(outcome.value)
        items += items[-1:] * (length - len(items))
        if self._repeats and len(items) > 1 and not self._fails:
            items[-1] = items[-2]
        return items

    def _used(self, items: list[Json]) -> set[Node]:
        if not items:
            return set()
        self._prover.spend(len(items) // _USED_PER_STEP)
        return {self._prover.reader.node((values_of(items),))}

    def _wish(self, wishes: _Wishes, places: Iterator[int], matching: set[Node], failing: set[Node]) -> bool:
        """Ask for an item at the first free index where one is possible, or else of one that is asked for already."""
        for index in places:
            if index not in wishes and not self._is_empty(index, matching, failing):
                wishes[index] = (matching, failing)
                return True
        self._prover.spend(len(wishes) // limits.MADE_UP_ITEMS_PER_STEP)
        for index, (wanted, unwanted) in wishes.items():
            both = (wanted | matching, unwanted | failing)
            if both != (wanted, unwanted) and not self._is_empty(index, *both):
                wishes[index] = both
                return True
        return False


def _is_overbooked(domains: list[set[str]]) -> bool:
    """Whether not every domain can give a value of its own (Hall's condition, by augmenting paths)."""
    owner: dict[str, int] = {}

    def place(index: int, tried: set[str]) -> bool:
        for value in domains[index]:
            if value not in tried:
                tried.add(value)
                if value not in owner or place(owner[value], tried):
                    owner[value] = index
                    return True
        return False

    return not all(place(index, set()) for index in range(len(domains)))
