"""Where values of an instance are marked, found on the way down: an automaton whose states are sets of subschemas.

A state holds every subschema that may apply at a place, whatever an instance makes of `anyOf` or `if`. Does not validate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, Protocol

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.schemas.subschemas import FIELD_NAME, Subschema, Subschemas

TOO_COMPLEX: Final = "too-complex"  #: the mark of everything that a schema says too much about


class MarkedPlace(Protocol):
    """A place in an instance, as far as marks are concerned."""

    @property
    def mark(self) -> str | None:
        """The name of the mark that holds here, and for all that is inside; None: none does."""
        ...

    def down(self, key: str | int) -> MarkedPlace:
        """The place of the member or item `key`. Never raises; looked up once it has been asked for."""
        ...


class Uniform:
    """A place that is like all places inside it."""

    __slots__ = ("mark",)

    def __init__(self, mark: str | None) -> None:
        self.mark = mark

    @property
    def content(self) -> Uniform:
        return self

    def down(self, key: str | int) -> Uniform:
        return self


type Place = State | Uniform

UNMARKED: Final = Uniform(None)  #: no mark holds anywhere below
COMPLEX: Final = Uniform(TOO_COMPLEX)


class State:
    """A place at which, or below which, marks may hold."""

    __slots__ = ("_automaton", "_first_of_tail", "_moves", "mark", "subschemas")

    def __init__(self, automaton: Automaton, subschemas: Collection[Subschema], mark: str | None) -> None:
        self._automaton = automaton
        self._first_of_tail = max((len(each.heads) for each in subschemas), default=0)
        self._moves: dict[str | int | None, Place] = {}
        self.subschemas = subschemas
        self.mark = mark

    @property
    def content(self) -> Place:
        """The place of the root of the document inside a string that stands here (`contentSchema`)."""
        return self._move(None, lambda: self._automaton.below(each for one in self.subschemas for each in one.content))

    def down(self, key: str | int) -> Place:
        if self.mark is not None:
            return self
        found = self._moves.get(key)
        if found is not None:
            return found
        if isinstance(key, int):
            key = min(key, self._first_of_tail)  # all items behind are alike
        return self._move(key, lambda: self._automaton.at_key(self.subschemas, key))

    def next_places(self) -> Iterator[Place]:
        """Places that together have all that the places right below this one can have. Raises TooLarge."""
        at, spend = self._automaton, self._automaton.spend
        names: defaultdict[str, list[Subschema]] = defaultdict(list)
        for one in self.subschemas:
            for name in one.members:
                names[name].append(one)
        others = [one for one in self.subschemas if one.rest or one.patterns]
        for name, owners in names.items():
            spend(len(owners) + len(others))
            yield at.at_key([*owners, *(one for one in others if name not in one.members)], name)
        for index in range(self._first_of_tail + 1):
            spend(len(self.subschemas))
            yield at.at_key(self.subschemas, index)
        yield at.below(each for one in self.subschemas for each in one.content)
        yield at.below(each for one in others for each in one.rest)
        patterns = dict.fromkeys(pattern for one in others for pattern, _ in one.patterns)
        for wanted in patterns:
            spend(len(others) + len(patterns))
            yield at.below(each for one in others for each in one.member_like(wanted))

    def _move(self, key: str | int | None, find: Callable[[], Place]) -> Place:
        found = self._moves.get(key)
        if found is None:
            try:
                found = find()
            except TooLarge:
                found = COMPLEX
            if len(self._moves) >= limits.MAX_REMEMBERED_NAMES:
                self._moves.clear()
            self._moves[key] = found
        return found


class Automaton:
    """The states of one graph of subschemas, made when they are first needed."""

    def __init__(
        self,
        graph: Subschemas,
        marking: frozenset[Subschema],
        relevant: frozenset[Subschema],
        *,
        everywhere: Iterable[Subschema] = (),
    ) -> None:
        """`marking`: subschemas that mark something; a place with none of them is UNMARKED. `relevant`: these and others that
        states should hold. `everywhere`: may apply at any place below the first.
        """
        self._graph = graph
        self._marking = marking
        self._relevant = relevant
        self._everywhere = tuple(everywhere)
        self._states: dict[tuple[frozenset[Subschema], str | None], Place] = {}
        self._steps_left = limits.MAX_MARK_STEPS

    def below(self, subschemas: Iterable[Subschema]) -> Place:
        """The place where `subschemas` apply, somewhere below the first one. Raises TooLarge beyond MAX_MARK_STEPS."""
        return self.at((*subschemas, *self._everywhere))

    def at_key(self, above: Collection[Subschema], key: str | int) -> Place:
        """The place of the member or item `key` where `above` apply. Raises TooLarge as `below` does."""
        if isinstance(key, int):
            return self.below(each for one in above for each in one.item(key))
        is_secret = any(key in one.members for one in above) and self._graph.is_secret_name(key)
        subschemas = (*(each for one in above for each in one.member(key)), *self._everywhere)
        return self.at(subschemas, FIELD_NAME if is_secret else None)

    def at(self, subschemas: Iterable[Subschema], name_mark: str | None = None) -> Place:
        """The place where `subschemas` apply; `name_mark` holds there if no mark of theirs does. Raises TooLarge."""
        kernel = frozenset(each for each in subschemas if each in self._relevant)
        if name_mark is None and self._marking.isdisjoint(kernel):
            return UNMARKED
        found = self._states.get((kernel, name_mark))
        if found is None:
            found = self._states[kernel, name_mark] = self._make(kernel, name_mark)
        return found

    def spend(self, steps: int) -> None:
        """Count work. Raises TooLarge beyond MAX_MARK_STEPS."""
        self._steps_left -= steps
        if self._steps_left < 0:
            raise TooLarge(f"more than {limits.MAX_MARK_STEPS} steps to find what a schema marks")

    def _make(self, kernel: frozenset[Subschema], name_mark: str | None) -> State:
        closure = dict.fromkeys(kernel)
        waiting = list(kernel)
        while waiting:
            subschema = waiting.pop()
            self.spend(1 + len(subschema.in_place))
            new = [each for each in subschema.in_place if each not in closure and each in self._relevant]
            closure.update(dict.fromkeys(new))
            waiting.extend(new)
        marks = [each.mark for each in closure if each.mark is not None]
        return State(self, tuple(closure), min(marks, key=self._graph.rank, default=name_mark))
