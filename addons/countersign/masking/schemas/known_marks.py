"""The marks of schemas that are known to describe the data of a message, as the walk through its body meets them.

Does not find out which schema describes what: it may be any of those that are known, so each of them is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.schema_marks import UNMARKED, MarkedPlace, SchemaMarks
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import MaskingRule


@dataclass(frozen=True, slots=True)
class KnownMarks:
    """Compiled schemas; none where nothing is marked in them."""

    schemas: Sequence[SchemaMarks] = ()
    names: Mapping[str, MaskingRule] = field(default_factory=dict)  #: of marked properties, for other forms of the data

    @classmethod
    def of(cls, known: Sequence[KnownSchema], marks: MarkRules, is_secret: Callable[[str], bool]) -> KnownMarks:
        """What is marked in the `known` schemas. `is_secret` tells names whose values are masked anyway."""
        compiled = [SchemaMarks.of(schema.document, schema.bundle, marks.marks, is_secret) for schema in known]
        schemas = [schema for schema in compiled if not schema.is_empty]
        names = {name: mark for schema in schemas for name, mark in schema.names.items() if not is_secret(name)}
        return cls(schemas, {name: marks.rule_of(mark) for name, mark in names.items()})

    def root(self) -> MarkedPlace | None:
        """The place of a document that has instances of the schemas in it, or is one; None: nothing is marked in it."""
        place: MarkedPlace = UNMARKED
        for schema in self.schemas:
            place = _both(place, schema.wrapped)
        return None if place is UNMARKED else place


class _Both:
    """Two places of one value."""

    __slots__ = ("_one", "_other", "mark")

    def __init__(self, one: MarkedPlace, other: MarkedPlace) -> None:
        self._one, self._other = one, other
        self.mark = one.mark or other.mark

    def down(self, key: str | int) -> MarkedPlace:
        return _both(self._one.down(key), self._other.down(key))


def _both(one: MarkedPlace, other: MarkedPlace) -> MarkedPlace:
    """A place at which marks hold that hold at either of two."""
    if one is UNMARKED or one is other:
        return other
    return one if other is UNMARKED else _Both(one, other)
