"""The subschemas of a document and of its references as a graph: what else applies where one applies, and what to its parts.

Takes in more than any one draft of JSON Schema says, never less. Malformed parts are read as far as they hold schemas.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.fields.mark_words import Marks
from countersign.masking.fields.name_patterns import NamePattern
from countersign.masking.schemas.schema_locations import Location, Locations, UnresolvedReference
from countersign.masking.schemas.schema_positions import (
    DEFINITIONS,
    INSTANCE_VALUES,
    KEYWORDS,
    REFERENCES,
    loose_objects,
    outermost_objects,
    subschemas_at,
)
from countersign.strict_json import Json

UNRESOLVED: Final = "unresolved-reference"  #: the mark of a subschema with a reference that leads nowhere
FIELD_NAME: Final = "field-name"  #: the mark of what has the name of a secret


class Subschema:
    """One schema object at one place."""

    __slots__ = (
        "content", "every_item", "heads", "in_place", "keywords", "location", "loose", "mark", "members", "patterns",
        "rest", "tail", "values",
    )  # fmt: skip

    def __init__(self, location: Location, keywords: dict[str, Json], mark: str | None) -> None:
        self.location = location
        self.keywords = keywords
        self.mark = mark
        self.values: tuple[str, ...] = ()  #: keywords whose values are masked where this is marked; none in the bundle
        self.in_place: list[Subschema] = []  #: apply to the same value
        self.members: dict[str, list[Subschema]] = {}
        self.patterns: list[tuple[NamePattern, list[Subschema]]] = []
        self.rest: list[Subschema] = []  #: apply to members that neither a name nor a pattern covers
        self.heads: list[list[Subschema]] = []  #: apply to the first items, each to one
        self.tail: list[Subschema] = []  #: apply to the items behind these
        self.every_item: list[Subschema] = []
        self.content: list[Subschema] = []  #: apply to the document inside a string
        self.loose: list[Subschema] = []  #: look like schemas, and stand where no keyword expects one

    def member(self, name: str) -> Iterator[Subschema]:
        """What applies to the member `name`, as far as is known."""
        is_covered = name in self.members
        yield from self.members.get(name, ())
        for pattern, subschemas in self.patterns:
            found = pattern.matches(name)
            is_covered = is_covered or found is True
            if found is not False:
                yield from subschemas
        if not is_covered:
            yield from self.rest

    def member_like(self, wanted: NamePattern) -> Iterator[Subschema]:
        """What can apply to a member whose name is in no list and matches `wanted`."""
        is_covered = False
        for pattern, subschemas in self.patterns:
            is_covered = is_covered or (pattern == wanted and pattern.is_readable)
            if pattern.may_share_a_name_with(wanted):
                yield from subschemas
        if not is_covered:
            yield from self.rest

    def item(self, index: int) -> Iterator[Subschema]:
        """What applies to the item at `index`."""
        yield from self.every_item
        yield from self.heads[index] if index < len(self.heads) else self.tail

    def unnamed(self) -> Iterator[Subschema]:
        """What applies to the same value, or to parts of it that have no name here."""
        yield from self.in_place
        for _, subschemas in self.patterns:
            yield from subschemas
        yield from self.rest
        for head in self.heads:
            yield from head
        yield from self.tail
        yield from self.every_item
        yield from self.content

    def applied(self) -> Iterator[Subschema]:
        """What applies to the same value or to any part of it."""
        yield from self.unnamed()
        for subschemas in self.members.values():
            yield from subschemas


class Subschemas:
    """All subschemas of one document and its bundle. Raises TooLarge beyond MAX_MARKED_SUBSCHEMAS or MAX_MARK_EDGES."""

    def __init__(
        self, document: Json, bundle: Mapping[str, Json], marks: Marks, is_secret_name: Callable[[str], bool]
    ) -> None:
        self.marks = marks
        self.is_secret_name = is_secret_name
        self._locations = Locations(document, bundle)
        self._at: dict[Location, Subschema] = {}
        self._unlinked: list[Subschema] = []
        self._edges = 0
        for start in (self._locations.document, *self._locations.others):
            for outermost in outermost_objects(start):
                self._add(outermost)
        for subschema in self._unlinked:  # grows meanwhile
            self._know(subschema)
        for subschema in self._unlinked:  # grows meanwhile: what only references lead to, and what is loose
            self._link(subschema)
        self.document = self._locations.document
        self.own = [each for each in self._unlinked if each.location.root is self.document]

    @property
    def all(self) -> Collection[Subschema]:
        """Each subschema, outer ones before those inside."""
        return self._unlinked

    @property
    def root(self) -> Subschema | None:
        """The document itself; None where it is no object."""
        return self._at.get(self.document)

    def rank(self, mark: str | None) -> tuple[int, str]:
        """Orders marks: where several hold, the first gives its name."""
        mark = mark or ""
        return self.marks.rank(mark), mark

    def reaching(
        self, targets: Iterable[Subschema], edges: Callable[[Subschema], Iterable[Subschema]]
    ) -> dict[Subschema, Subschema]:
        """`targets`, and all from which `edges` lead to one of them; with the first target that each leads to."""
        sources: defaultdict[Subschema, list[Subschema]] = defaultdict(list)
        for subschema in self._unlinked:
            for below in edges(subschema):
                sources[below].append(subschema)
        found: dict[Subschema, Subschema] = {}
        for target in targets:
            waiting = [target]
            while waiting:
                subschema = waiting.pop()
                if subschema not in found:
                    found[subschema] = target
                    waiting.extend(sources.get(subschema, ()))
        return found

    def _know(self, subschema: Subschema) -> None:
        """Its identifiers, and what stands in it; references are followed when all identifiers are known."""
        self._locations.know(subschema.location)
        for keyword, key, child in subschemas_at(subschema.location):
            self._add(child, str(key) if keyword in DEFINITIONS else None)

    def _add(self, location: Location, name: str | None = None) -> list[Subschema]:
        """The subschema at `location`, if it is one; `name`: of the definition that it is."""
        if not isinstance(location.value, dict):
            return []
        found = self._at.get(location)
        if found is None:
            if len(self._at) >= limits.MAX_MARKED_SUBSCHEMAS:
                raise TooLarge(f"more than {limits.MAX_MARKED_SUBSCHEMAS} subschemas")
            found = self._at[location] = Subschema(location, location.value, self.marks.of(location.value))
            self._unlinked.append(found)
        if found.mark is None and name is not None and self.is_secret_name(name):
            found.mark = FIELD_NAME
        self._edges += 1
        if self._edges > limits.MAX_MARK_EDGES:
            raise TooLarge(f"more than {limits.MAX_MARK_EDGES} references and nestings of subschemas")
        return [found]

    def _link(self, subschema: Subschema) -> None:
        keywords, location = subschema.keywords, subschema.location
        members = keywords.get("properties")
        if isinstance(members, dict):
            subschema.members = {name: [] for name in members}
        patterns = keywords.get("patternProperties")
        by_pattern: dict[str, tuple[NamePattern, list[Subschema]]] = {}
        if isinstance(patterns, dict):
            by_pattern = {expression: (NamePattern(expression), []) for expression in patterns}
            subschema.patterns = list(by_pattern.values())
        lists = [len(value) for key in ("prefixItems", "items") if isinstance(value := keywords.get(key), list)]
        subschema.heads = [[] for _ in range(max(lists, default=0))]
        for keyword, key, child in subschemas_at(location):
            if keyword in DEFINITIONS:
                self._add(child, key if isinstance(key, str) else None)
            elif keyword == "properties":
                subschema.members[str(key)] += self._add(child)
            elif keyword == "patternProperties":
                by_pattern[str(key)][1].extend(self._add(child))
            else:
                self._role(subschema, keyword, key).extend(self._add(child))
        for keyword in REFERENCES & keywords.keys():
            try:
                for target in self._locations.targets(location, keyword, keywords[keyword]):
                    subschema.in_place += self._add(target)
            except UnresolvedReference:
                subschema.mark = subschema.mark or UNRESOLVED
        if location.root is self._locations.document:
            subschema.values = tuple(each for each, value in keywords.items() if self._is_value(each, value))
            for name, child in loose_objects(location):
                subschema.loose += self._add(child, name)

    def _role(self, subschema: Subschema, keyword: str, key: str | int | None) -> list[Subschema]:
        """Where the subschemas go that stand at `key` of `keyword`, or right behind it."""
        keywords = subschema.keywords
        items = keywords.get("items")
        match keyword:
            case "additionalProperties":
                return subschema.rest
            case "unevaluatedProperties":  # nothing is unevaluated where the other is
                return subschema.rest if "additionalProperties" not in keywords else []
            case "items" | "prefixItems" if isinstance(key, int):
                return subschema.heads[key]
            case "items":  # older drafts do not know prefixItems
                return subschema.tail if subschema.location.draft == "2020-12" else subschema.every_item
            case "additionalItems" if isinstance(items, list) and len(items) == len(subschema.heads):
                return subschema.tail
            case "unevaluatedItems":
                return subschema.tail
            case "contentSchema":
                return subschema.content
            case "prefixItems" | "additionalItems" | "contains":
                return subschema.every_item
        return subschema.in_place

    def _is_value(self, keyword: str, value: Json) -> bool:
        if keyword in INSTANCE_VALUES:
            return True
        is_said = value is None or isinstance(value, bool) or keyword in KEYWORDS
        return not is_said and not self.marks.is_keyword(keyword)
