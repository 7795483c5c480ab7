"""Marks that say that a value is sensitive: where they stand in a part of a schema that comes or goes as a whole.

Does not say whether a mark is right, and knows no masking rules: whoever has some says which names they mask.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from countersign.schema_change import keywords
from countersign.schema_change.json_pointers import pointer, target_pointer
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.strict_json import Json

PASSWORD = "password"  #: the format  # noqa: S105
FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: a keyword, or the name of a member that is masked."""

    pointer: str
    name: str
    value: Json


class Marks:
    """Finds the marks on one side of a comparison; each schema is looked at once, however many references lead to it."""

    def __init__(self, masked_names: Container[str]) -> None:
        self._masked = masked_names
        self._seen: set[int] = set()
        self._kept: list[Json] = []  # keeps what `id` named alive

    def of(self, place: Place, where: str, tokens: tuple[str | int, ...], value: Json) -> Iterator[Mark]:
        """Those of `value`, which stands at `tokens` of the schema at `place`, whose pointer is `where`."""
        if len(tokens) == 1:
            keyword = str(tokens[0])
            if keyword in keywords.SUBSCHEMAS or keyword == "$ref":
                yield from self._schema(place.inside({keyword: value}), where)
        else:
            yield from self._member(place, pointer(where, *tokens), str(tokens[0]), str(tokens[1]), value)

    def _schema(self, start: Place, where: str) -> Iterator[Mark]:
        waiting = [(start, where)]
        while waiting:
            place, where = waiting.pop()
            schema = place.schema
            if not isinstance(schema, dict) or id(schema) in self._seen:
                continue
            self._seen.add(id(schema))
            self._kept.append(schema)
            for keyword, value in schema.items():
                if is_mark(keyword, value):
                    yield Mark(pointer(where, keyword), keyword, value)
                elif keyword == "$ref" and isinstance(value, str):
                    try:
                        waiting.append((place.follow(value), target_pointer(value, where)))
                    except UnresolvedReference:
                        continue
                elif keyword in keywords.SUBSCHEMAS and keyword not in keywords.NAMES:
                    here = pointer(where, keyword)
                    if isinstance(value, list):
                        waiting += [(place.inside(each), pointer(here, index)) for index, each in enumerate(value)]
                    elif isinstance(value, dict) and "map" in keywords.SUBSCHEMAS[keyword]:
                        for name, member in value.items():
                            if keyword == "properties" and name in self._masked:
                                yield Mark(pointer(here, name), name, None)
                            waiting.append((place.inside(member), pointer(here, name)))
                    else:
                        waiting.append((place.inside(value), here))

    def _member(self, place: Place, where: str, keyword: str, name: str, value: Json) -> Iterator[Mark]:
        if keyword == "properties" and name in self._masked:
            yield Mark(where, name, None)
        if keyword in keywords.SUBSCHEMAS:
            yield from self._schema(place.inside(value), where)


def is_mark(keyword: str, value: Json) -> bool:
    """Whether this keyword with this value says that what its schema describes is sensitive."""
    return (keyword in keywords.SENSITIVITY and bool(value)) or (keyword == FORMAT and value == PASSWORD)
