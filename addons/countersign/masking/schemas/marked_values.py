"""Which values in a schema document are masked: those that instances have at marked places, and what else a marked subschema says.

What a schema says in words (`title`, `description`, `pattern`) stays. Does not look for marks of what no subschema describes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from countersign import strict_json
from countersign.errors import BadInput, TooLarge
from countersign.masking.documents.pointers import pointer_to
from countersign.masking.schemas.marked_places import TOO_COMPLEX, UNMARKED, Automaton, Place, State
from countersign.masking.schemas.schema_positions import INSTANCE_VALUES
from countersign.masking.schemas.subschemas import FIELD_NAME, Subschema, Subschemas
from countersign.strict_json import Json


def marked_values(graph: Subschemas, marking: frozenset[Subschema]) -> dict[str, str]:
    """RFC 6901 pointers into the document, with the mark of each. `marking`: the subschemas that lead to a mark.

    Where the document is too complex to say which of its values are marked, all of them are.
    """
    found = _Values(graph)
    try:
        found.explore(marking)
    except TooLarge:
        found.marked.update((each, TOO_COMPLEX) for each in graph.own if each not in found.marked)
    for subschema, mark in found.marked.items():
        for keyword in subschema.values:
            found.pointers.setdefault(subschema.location.pointer(keyword), mark)
    found.secret_names()
    return found.pointers


class _Values:
    def __init__(self, graph: Subschemas) -> None:
        self._graph = graph
        self.marked: dict[Subschema, str] = {}
        self.pointers: dict[str, str] = {}

    def explore(self, marking: frozenset[Subschema]) -> None:
        """From the root, and from each subschema that nothing else leads to."""
        valued = (each for each in self._graph.own if each.values)
        relevant = marking.union(self._graph.reaching(valued, lambda one: (*one.applied(), *one.loose)))
        automaton = Automaton(self._graph, marking, relevant)
        seen: set[Place] = {UNMARKED}
        reached: set[Subschema] = set()
        for start in self._graph.own:
            if start in reached or start in self.marked:
                continue
            waiting = [automaton.at((start,))]
            while waiting:
                place = waiting.pop()
                if place in seen or not isinstance(place, State):
                    continue
                seen.add(place)
                if place.mark is not None:
                    self._mark(place, place.mark)
                    continue
                reached.update(place.subschemas)
                for subschema in place.subschemas:
                    self._instances(subschema, place, automaton)
                waiting.extend(place.next_places())

    def secret_names(self) -> None:
        """Members with the names of secrets, in values that instances may have and behind unknown keywords."""
        is_secret = self._graph.is_secret_name
        for subschema in self._graph.own:
            for keyword in subschema.values:
                value = subschema.keywords[keyword]
                if keyword in INSTANCE_VALUES:
                    for pointer in _secret_members(value, is_secret):
                        self.pointers.setdefault(subschema.location.pointer(keyword) + pointer, FIELD_NAME)
                elif not isinstance(value, dict) and is_secret(keyword):
                    self.pointers.setdefault(subschema.location.pointer(keyword), FIELD_NAME)

    def _instances(self, subschema: Subschema, place: Place, automaton: Automaton) -> None:
        """What is marked inside the values that instances at `place` may have."""
        if subschema.location.root is not self._graph.document:
            return
        for keyword in INSTANCE_VALUES & subschema.keywords.keys():
            start = subschema.location.pointer(keyword)
            waiting = [
                (value, place, start + below) for below, value in _instances(keyword, subschema.keywords[keyword])
            ]
            while waiting:
                value, here, pointer = waiting.pop()
                automaton.spend(1)
                if here.mark is not None:
                    self.pointers.setdefault(pointer, here.mark)
                elif here is UNMARKED:
                    continue
                elif isinstance(value, str):
                    mark = _mark_inside(value, here.content, automaton)
                    if mark is not None:
                        self.pointers.setdefault(pointer, mark)
                else:
                    waiting.extend((each, here.down(key), pointer + pointer_to((key,))) for key, each in _parts(value))

    def _mark(self, place: State, mark: str) -> None:
        """All that applies at a marked place or inside it."""
        waiting = [each for each in place.subschemas if each not in self.marked]
        while waiting:
            subschema = waiting.pop()
            if subschema not in self.marked:
                self.marked[subschema] = mark
                waiting.extend(each for each in (*subschema.applied(), *subschema.loose) if each not in self.marked)


def _instances(keyword: str, value: Json) -> Iterator[tuple[str, Json]]:
    """The instances that a keyword gives, with their pointers behind it."""
    if keyword not in ("enum", "examples") or not isinstance(value, list):
        yield "", value
    if keyword in ("enum", "examples"):
        for key, each in _parts(value):
            yield pointer_to((key,)), each
            if isinstance(each, dict) and "value" in each:  # examples of OpenAPI have names, and each says more
                yield pointer_to((key, "value")), each["value"]


def _parts(value: Json) -> Iterable[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _mark_inside(text: str, place: Place, automaton: Automaton) -> str | None:
    """The mark of something in the document that `text` is; None: there is none, or it is no document."""
    if place is UNMARKED or place.mark is not None:
        return place.mark
    try:
        waiting = [(strict_json.loads(text.encode()), place)]
    except (BadInput, UnicodeEncodeError):
        return None
    while waiting:
        value, here = waiting.pop()
        automaton.spend(1)
        if here.mark is not None:
            return here.mark
        waiting.extend((each, here.down(key)) for key, each in _parts(value))
    return None


def _secret_members(value: Json, is_secret_name: Callable[[str], bool]) -> Iterator[str]:
    """Pointers to members with the names of secrets, the outermost ones."""
    waiting = [(value, "")]
    while waiting:
        here, pointer = waiting.pop()
        for key, each in _parts(here):
            below = pointer + pointer_to((key,))
            if isinstance(key, str) and is_secret_name(key):
                yield below
            elif isinstance(each, dict | list):
                waiting.append((each, below))
