"""JSONPath (RFC 9535 and the filters of jsonpath-ng) that tells of every value in a document whether a path selects it.

A path has to name places: one that computes something, or that tries a regular expression on what a caller sent, is
refused. Does not say what happens to a selected value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from jsonpath_ng import Child, DatumInContext, Descendants, Fields, Index, JSONPath, Root, Slice, Wildcard
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.filter import Expression, Filter
from jsonpath_ng.ext.parser import parse

from countersign import limits
from countersign.strict_json import Json

type Key = str | int  #: a member's name or an array's index

_AN_ELEMENT: Final = 0  # of an array, whichever: paths with indexes are left to jsonpath-ng
_ANOTHER_NAME: Final = None  # a member's name that is in no path


@dataclass(frozen=True, slots=True)
class _Step:
    names: frozenset[str] | None  #: members with these names; None: every member and every element
    at_any_depth: bool


@dataclass(frozen=True, slots=True)
class JsonPath:
    """One path: steps that are matched while a document is walked or, with indexes and filters, a query of jsonpath-ng."""

    steps: tuple[_Step, ...] | None
    query: JSONPath

    def locations(self, document: Json) -> Iterator[tuple[Key, ...]]:
        """Where jsonpath-ng finds what the path selects, from the root downwards."""
        for match in self.query.find(document):
            yield _location(match)


def compile_path(text: str) -> JsonPath:
    """Read one JSONPath. Raises ValueError that says what is wrong with it."""
    try:
        query: JSONPath = parse(text)
    except JSONPathError as error:
        raise ValueError(f"not a JSONPath: {error}") from None
    _refuse_other_than_places(query)
    return JsonPath(_steps(query), query)


def _refuse_other_than_places(query: JSONPath, *, leftmost: bool = True) -> None:
    match query:
        case Child() | Descendants():
            _refuse_other_than_places(query.left, leftmost=leftmost)
            _refuse_other_than_places(query.right, leftmost=False)
        case Filter():
            _refuse_regular_expressions(query)
        case Root() if leftmost:
            return
        case Fields() | Wildcard() | Index() | Slice() if not leftmost:
            return
        case _ if leftmost:
            raise ValueError("a path starts with $: write $.name for a member of the root, $..name for any depth")
        case _:
            raise ValueError("a path names places: members, [*], indexes, slices and filters; give each path by itself")


def _refuse_regular_expressions(node: object) -> None:
    """They would run on hostile input, with no bound on their time."""
    if isinstance(node, Expression) and node.op == "=~":
        raise ValueError("a filter with =~ is not supported: name the members, or compare with ==")
    for name in ("expressions", "operands", "target", "value", "left", "right"):
        part = getattr(node, name, None)
        for item in part if isinstance(part, list) else [part]:
            if isinstance(item, JSONPath):
                _refuse_regular_expressions(item)


def _steps(query: JSONPath) -> tuple[_Step, ...] | None:
    match query:
        case Root():
            return ()
        case Wildcard():
            return (_Step(None, at_any_depth=False),)
        case Fields():
            return (_Step(frozenset(query.fields), at_any_depth=False),)
        case Child() | Descendants():
            left, right = _steps(query.left), _steps(query.right)
            if left is None or right is None:
                return None
            if isinstance(query, Descendants):
                right = (_Step(right[0].names, at_any_depth=True), *right[1:])
            return left + right
    return None


def _location(match: DatumInContext) -> tuple[Key, ...]:
    keys: list[Key] = []
    datum: DatumInContext | None = match
    while datum is not None and datum.context is not None:
        match datum.path:
            case Index() as step:
                keys.append(step.indices[0] % len(datum.context.value))  # -1 is kept as it was written
            case Fields() as step:
                keys.append(step.fields[0])
            case _:
                raise AssertionError("only paths that name places were compiled")
        datum = datum.context
    return tuple(reversed(keys))


class PathSet:
    """Some paths, first ones first, to be matched together in one walk of a document.

    Simple paths become one automaton whose states are made when they are first needed. Its alphabet is the names in the
    paths, "another name" and "an element", so a document cannot make it grow beyond what the paths themselves allow.
    """

    def __init__(self, paths: Sequence[JsonPath]) -> None:
        self._queries = [(number, path) for number, path in enumerate(paths) if path.steps is None]
        self._steps = {number: path.steps for number, path in enumerate(paths) if path.steps is not None}
        self._automaton = _Automaton(self._steps)

    @property
    def names(self) -> frozenset[str]:
        """All names in the simple paths."""
        return self._automaton.names

    @property
    def start(self) -> State:
        """The state at the root of any document."""
        if len(self._automaton.states) > limits.MAX_PATH_STATES:
            self._automaton = _Automaton(self._steps)
        return self._automaton.state(frozenset((number, 0) for number in self._steps))

    def found_in(self, document: Json) -> Found | None:
        """What the paths with indexes and filters select in `document`; None: nothing."""
        if not self._queries:
            return None
        found = Found()
        for number, path in self._queries:
            for location in path.locations(document):
                found.add(location, number)
        return found if found.below or found.rank is not None else None


class _Automaton:
    def __init__(self, steps: Mapping[int, tuple[_Step, ...]]) -> None:
        self.steps = steps
        self.names = frozenset(name for path in steps.values() for step in path for name in step.names or ())
        self.states: dict[frozenset[tuple[int, int]], State] = {}

    def state(self, positions: frozenset[tuple[int, int]]) -> State:
        if positions not in self.states:
            self.states[positions] = State(self, positions)
        return self.states[positions]


class State:
    """What may still match below a value: pairs of a path's number and how many of its steps are behind."""

    __slots__ = ("_automaton", "_moves", "_positions", "element", "other", "rank")

    def __init__(self, automaton: _Automaton, positions: frozenset[tuple[int, int]]) -> None:
        self._automaton = automaton
        self._positions = positions
        self._moves: dict[str, State] | None = None
        self.other: State = self  #: below a member whose name is in no path; known once `moves` was asked
        self.element: State = self  #: below any element of an array; the same
        #: The position in the set of the first path that selects this value; None: no path does.
        self.rank = min((path for path, done in positions if done == len(automaton.steps[path])), default=None)

    def moves(self) -> dict[str, State]:
        """The states below the members whose names lead elsewhere than to `other`."""
        if self._moves is None:
            self.other = self._automaton.state(frozenset(self._after(_ANOTHER_NAME)))
            self.element = self._automaton.state(frozenset(self._after(_AN_ELEMENT)))
            below = {name: self._automaton.state(frozenset(self._after(name))) for name in self._automaton.names}
            self._moves = {name: state for name, state in below.items() if state is not self.other}
        return self._moves

    def _after(self, symbol: Key | None) -> Iterator[tuple[int, int]]:
        for path, done in self._positions:
            for step in self._automaton.steps[path][done : done + 1]:
                if step.at_any_depth:
                    yield path, done
                if step.names is None or symbol in step.names:
                    yield path, done + 1


@dataclass(slots=True)
class Found:
    """The locations that jsonpath-ng found, as a tree of keys."""

    rank: int | None = None
    below: dict[Key, Found] = field(default_factory=dict)

    def add(self, location: Iterable[Key], rank: int) -> None:
        """Note that the path of this rank selects what is at `location`, seen from here."""
        place = self
        for key in location:
            place = place.below.setdefault(key, Found())
        place.rank = rank if place.rank is None else min(rank, place.rank)
