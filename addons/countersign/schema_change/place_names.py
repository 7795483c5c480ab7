"""Where a change is, for a reader who knows the data and not JSON Schema: the way to it in the data, and when it counts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from countersign.schema_change import keywords
from countersign.visible_text import visible_line

DOCUMENT = "the document"
_PLAIN = re.compile(r"[^\s.`\"\[\]*]+")
#: Keyword -> what its schema is about, by what stands around it, and how a way through it is written.
_PARTS = {
    "items": ("each item", "[]"),
    "prefixItems": ("each item", "[]"),
    "additionalItems": ("each further item", "[]"),
    "unevaluatedItems": ("each further item", "[]"),
    "contains": ("an item", "[]"),
    "additionalProperties": ("each undeclared field", "*"),
    "unevaluatedProperties": ("each further field", "*"),
    "patternProperties": ("each field that matches {}", "*"),
    "propertyNames": ("each field name", "*"),
    "contentSchema": ("the content", "*"),
}
_CASES = {
    "not": "in a form that is refused",
    "if": "in a condition",
    "then": "where a condition holds",
    "else": "where a condition does not hold",
    "anyOf": "in form {} of several",
    "oneOf": "in form {} of several",
    "dependentSchemas": "where {} is given",
    "dependencies": "where {} is given",
    "$defs": "in the shared definition {}",
    "definitions": "in the shared definition {}",
}
_WITH_A_NUMBER = frozenset({"anyOf", "oneOf"})


@dataclass(frozen=True, slots=True)
class PlaceName:
    """The schema that a change of one keyword speaks of."""

    path: tuple[str, ...]  #: members from the document, or from the shared definition, on; each ready to be joined
    part: str  #: what of it, where it is no member itself: `each item`
    cases: tuple[str, ...]  #: in which cases it counts, from the outside in
    definition: str = ""  #: the shared definition that it is in, in backticks

    @property
    def subject(self) -> str:
        """As the subject of a sentence."""
        whole = f"`{_joined(self.path)}`" if self.path else self.definition or DOCUMENT
        return f"{self.part} of {whole}" if self.part else whole

    @property
    def when(self) -> str:
        """What goes before a sentence; empty where it counts always."""
        return ", ".join(self.cases) + ": " if self.cases else ""

    def member(self, name: str) -> str:
        """A member there, in backticks: `` `order.id` ``."""
        through = _through(self.path, self.part)
        return f"`{_joined((*through, _step(name)))}`"


def place_name(pointer: str) -> PlaceName:
    """The place of the keyword at `pointer` (RFC 6901), or of the part of a keyword that comes or goes there."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    path: tuple[str, ...] = ()
    part, definition, cases, index = "", "", [], 0
    while index + 1 < len(tokens):  # the last one is the keyword itself, or what belongs to it
        keyword, following = tokens[index], tokens[index + 1]
        shape = keywords.SUBSCHEMAS.get(keyword)
        has_name = shape is not None and "map" in shape
        width = 2 if has_name or (shape is not None and "list" in shape and following.isdecimal()) else 1
        if (shape is None and keyword != "$ref") or index + width >= len(tokens):
            break
        if keyword in _PARTS:
            path = _through(path, part)
            is_tuple = width == 2 and not has_name
            part = f"item {int(following) + 1}" if is_tuple else _PARTS[keyword][0].format(quoted_name(following))
        elif keyword == "properties":
            path, part = (*_through(path, part), _step(following)), ""
        elif keyword in _CASES:
            number = int(following) + 1 if keyword in _WITH_A_NUMBER and width == 2 else None
            cases.append(_CASES[keyword].format(number or quoted_name(following)))
            if keyword in ("$defs", "definitions"):
                path, part, definition, cases = (), "", quoted_name(following), cases[-1:]
        index += width
    return PlaceName(path, part, tuple(dict.fromkeys(cases)), definition)


def quoted_name(name: str) -> str:
    """A name in backticks, with nothing in it that cannot be seen."""
    return f"`{visible_line(name)}`"


def _through(path: tuple[str, ...], part: str) -> tuple[str, ...]:
    """The way on into what `part` names."""
    if not part:
        return path
    return (*path, "[]" if "item" in part else "*")


def _step(name: str) -> str:
    return visible_line(name if _PLAIN.fullmatch(name) else json.dumps([name], ensure_ascii=False))


def _joined(path: tuple[str, ...]) -> str:
    """`order.lines[].id`; a name that could be misread stands as JSON in brackets."""
    text = ""
    for step in path:
        text += step if step.startswith("[") or not text else f".{step}"
    return text
