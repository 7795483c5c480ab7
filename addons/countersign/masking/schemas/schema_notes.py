"""What marks and secret names mask in the schemas that a document is, or has in it, also through references.

Does not look inside strings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from countersign.masking.documents.json_paths import Key
from countersign.masking.fields.field_rules import FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.schema_keywords import looks_like_subschema
from countersign.masking.schemas.schema_marks import SchemaMarks
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

_BEGINS_A_SCHEMA: Final = frozenset(("$schema", "$id", "$defs", "definitions"))


@dataclass(slots=True)
class Notes:
    """What is masked at a place of a document, and below."""

    rule: MaskingRule | None = None
    below: dict[Key, Notes] = field(default_factory=dict)


def notes_on(document: Json, marks: MarkRules, fields: FieldRules) -> Notes | None:
    """What `marks` and secret names mask in `document`; None: nothing."""
    notes = Notes()
    for start, schema in _schemas_in(document):
        found = SchemaMarks.of(schema, {}, marks.marks, fields.is_secret)
        for pointer, mark in found.pointers.items():
            place = notes
            for key in (*start, *_location(schema, pointer)):
                place = place.below.setdefault(key, Notes())
            place.rule = marks.rule_of(mark)
    return notes if notes.below or notes.rule is not None else None


def _schemas_in(document: Json) -> Iterator[tuple[tuple[Key, ...], Json]]:
    """The outermost objects that may be schemas: references are relative to them."""
    waiting: list[tuple[tuple[Key, ...], Json]] = [((), document)]
    while waiting:
        location, value = waiting.pop()
        if isinstance(value, dict):
            if not _BEGINS_A_SCHEMA.isdisjoint(value) or looks_like_subschema(value):
                yield location, value
            else:
                waiting += (((*location, name), item) for name, item in value.items() if isinstance(item, dict | list))
        elif isinstance(value, list):
            waiting += (((*location, index), item) for index, item in enumerate(value) if isinstance(item, dict | list))


def _location(document: Json, pointer: str) -> tuple[Key, ...]:
    keys: list[Key] = []
    for token in pointer.split("/")[1:]:
        key: Key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            key = int(key)
            document = document[key]
        elif isinstance(document, dict):
            document = document[str(key)]
        keys.append(key)
    return tuple(keys)
