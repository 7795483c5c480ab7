"""What one schema document marks as sensitive: places in its instances, and values in the document itself.

Whatever may apply to a value marks it; what a reference that leads nowhere would apply to is marked whole. Fetches nothing,
does not validate, and raises nothing whatever JSON the document is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Self

from countersign.errors import TooLarge
from countersign.masking.fields.mark_words import BUILT_IN_MARKS, Marks
from countersign.masking.schemas.marked_places import COMPLEX, TOO_COMPLEX, UNMARKED, Automaton, MarkedPlace
from countersign.masking.schemas.marked_values import marked_values
from countersign.masking.schemas.subschemas import FIELD_NAME, UNRESOLVED, Subschema, Subschemas
from countersign.strict_json import Json

__all__ = [
    "BUILT_IN_MARKS",
    "FIELD_NAME",
    "TOO_COMPLEX",
    "UNMARKED",
    "UNRESOLVED",
    "MarkedPlace",
    "Marks",
    "SchemaMarks",
]


class SchemaMarks:
    """The marks of one document, which must not be changed meanwhile. Made by `of`."""

    def __init__(self, graph: Subschemas | None) -> None:
        """`graph`: None where the document is too large for one; everything is marked then."""
        self._graph = graph
        self._marking = _marking(graph) if graph is not None else frozenset()

    @classmethod
    def of(
        cls, document: Json, bundle: Mapping[str, Json], marks: Marks, is_secret_name: Callable[[str], bool]
    ) -> Self:
        """Read `document`. `bundle`: the schemas that it refers to, by the names or URIs it uses. Never raises.

        Properties and definitions whose names `is_secret_name` are marked, too, as `field-name`; where a reference leads
        nowhere, the mark is `unresolved-reference`; beyond the limits it is `too-complex`.
        """
        try:
            return cls(Subschemas(document, bundle, marks, is_secret_name))
        except TooLarge:
            return cls(None)

    @cached_property
    def data(self) -> MarkedPlace:
        """The place of the root of an instance."""
        return self._start(anywhere=False)

    @cached_property
    def wrapped(self) -> MarkedPlace:
        """The place of the root of a document that has instances somewhere in it, or is one; also of one inside a string."""
        return self._start(anywhere=True)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Names of marked properties, and of those that hold marked values without a name; with a mark of each."""
        return _names(self._graph) if self._graph is not None else {}

    @cached_property
    def pointers(self) -> Mapping[str, str]:
        """RFC 6901 pointers, into the document, of values that are masked when it is shown; with the mark of each."""
        return marked_values(self._graph, self._marking) if self._graph is not None else {"": TOO_COMPLEX}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is marked, in instances or in the document."""
        return self._graph is not None and not self._marking and not self.pointers

    def _start(self, *, anywhere: bool) -> MarkedPlace:
        if self._graph is None:
            return COMPLEX
        roots = [self._graph.root] if self._graph.root is not None else []
        if anywhere:
            roots += [content for each in self._graph.all for content in each.content]
        automaton = Automaton(self._graph, self._marking, self._marking, everywhere=roots if anywhere else ())
        try:
            return automaton.at(roots)
        except TooLarge:
            return COMPLEX


def _marking(graph: Subschemas) -> frozenset[Subschema]:
    """The subschemas that mark a place, or apply something to it that does."""
    marked = (
        each for each in graph.all if each.mark is not None or any(graph.is_secret_name(name) for name in each.members)
    )
    return frozenset(graph.reaching(marked, Subschema.applied))


def _names(graph: Subschemas) -> dict[str, str]:
    """A value without a name of its own (an item, a member that only a pattern names) goes by the name of what it is in."""
    names: dict[str, str] = {}
    marked = sorted((each for each in graph.all if each.mark is not None), key=lambda each: graph.rank(each.mark))
    leading = graph.reaching(marked, Subschema.unnamed)
    for subschema in graph.all:
        for name, members in subschema.members.items():
            words = [word for each in members if each in leading and (word := leading[each].mark) is not None]
            if words:
                names.setdefault(name, words[0])
    for subschema in graph.all:
        for name in subschema.members:
            if name not in names and graph.is_secret_name(name):
                names[name] = FIELD_NAME
    return names
