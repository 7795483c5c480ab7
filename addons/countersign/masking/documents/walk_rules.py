"""What a walk of a document goes by: everything that the rules say of documents in one kind of message, compiled together.

Does not walk.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from countersign.masking.detectors import Finding
from countersign.masking.documents.described_values import Description, Descriptions
from countersign.masking.documents.json_documents import is_nearly_json
from countersign.masking.documents.json_paths import Found, Key, PathSet, State
from countersign.masking.fields.field_rules import FieldRule, FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.replacements import REDACTED
from countersign.masking.schemas.known_marks import KnownMarks
from countersign.masking.schemas.schema_keywords import DEFINITIONS, NAMES_BY_NAME
from countersign.masking.schemas.schema_marks import FIELD_NAME, UNMARKED, MarkedPlace
from countersign.masking.schemas.schema_notes import Notes
from countersign.masking.texts import Texts
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

CONTAINERS: Final = DEFINITIONS | NAMES_BY_NAME
_LONGEST_KEPT: Final = 64  # characters; a longer name seldom comes again
_KEPT: Final = 4096  # names of one policy


class Name(NamedTuple):
    """What is to be known of a member's name that is not plain."""

    field: FieldRule | None  #: who masks values by it
    findings: Sequence[Finding]  #: what the detectors find in it
    is_clean: bool  #: it may be kept
    tells: bool  #: its object may describe a value
    marks: bool  #: it can be a mark, where its object is a schema
    is_plain: bool  #: by itself it masks nothing, and no definitions are behind it


@dataclass(frozen=True, slots=True)
class WalkRules:
    """What holds for the documents of one kind of message."""

    paths: PathSet
    path_rules: Sequence[MaskingRule]  #: by the ranks of `paths`
    fields: FieldRules
    marks: MarkRules
    descriptions: Descriptions
    texts: Texts
    known: KnownMarks
    reads_names: bool  #: a text that only looks like a document may hold what a path or a name masks
    keeps_definitions: bool  #: the message carries schemas: members of `properties` are definitions, and stay readable
    finds_schemas: bool  #: it carries schemas, or may
    #: Names that were looked at, in which no secret is, and what is to be known of them; None: nothing.
    names: dict[str, Name | None] = field(default_factory=dict)
    plain_names: set[str] = field(default_factory=set)  #: those of which nothing is to be known; in no path, either

    def look_at(self, name: str) -> Name | None:
        """What is to be known of a member's name that is not in `names`; None: nothing."""
        findings = self.texts.find(name)
        is_clean = not findings and not is_nearly_json(name)
        rule = self.fields.of(name)
        tells, marks = self.descriptions.tells(name), self.finds_schemas and self.descriptions.is_mark(name)
        is_plain = is_clean and rule is None and not (self.finds_schemas and name in CONTAINERS)
        is_nothing = is_plain and not tells and name not in self.paths.names
        found = None if is_nothing else Name(rule, findings, is_clean, tells, marks, is_plain)
        if is_clean and len(name) <= _LONGEST_KEPT:
            if len(self.names) >= _KEPT:
                self.plain_names.clear()
                self.names.clear()
            self.names[name] = found
            if found is None:
                self.plain_names.add(name)
        return found

    def clean_name(self, name: str) -> str:
        """A member's name as it may stand in a place that is noted."""
        if name in self.names:
            return name
        return REDACTED if is_nearly_json(name) else self.texts.clean(name)

    def masking(
        self,
        value: Json,
        more: More,
        place: State,
        holder: Description | None = None,
        by_name: FieldRule | None = None,
    ) -> MaskingRule | None:
        """Who masks a value whole; None: nobody does. First of all it is a rule by path.

        `holder`: whose value it is in an object that describes one. `by_name`: who masks values by the member's name.
        """
        rank = place.rank
        if more.found is not None and more.found.rank is not None and (rank is None or more.found.rank < rank):
            rank = more.found.rank
        if rank is not None:
            return self.path_rules[rank]
        if value is None:
            return None
        if by_name is not None and by_name.is_explicit and not _says_nothing(value):
            return by_name.rule
        if holder is not None and holder.is_explicit:
            return holder.rule
        if more.noted is not None and more.noted.rule is not None:
            return more.noted.rule
        mark = None if more.marked is None else more.marked.mark
        if mark is not None and (mark != FIELD_NAME or not _says_nothing(value)):
            return self.marks.rule_of(mark)
        if holder is not None:
            return holder.rule
        return None if by_name is None or _says_nothing(value) else by_name.rule


def _says_nothing(value: Json) -> bool:
    """Of a secret, whatever its field is called."""
    return isinstance(value, bool) or value == "" or value == [] or value == {}


class More:
    """What holds for a value beside the state of the simple paths. Most values of most messages have nothing of it."""

    __slots__ = ("definitions", "found", "marked", "noted", "owner")

    def __init__(
        self,
        found: Found | None = None,
        noted: Notes | None = None,
        marked: MarkedPlace | None = None,
        owner: Description | None = None,
        definitions: Collection[str] | None = None,
    ) -> None:
        self.found = found  # by paths with indexes and filters
        self.noted = noted  # in a schema, by its marks
        self.marked = marked  # by the schema of the instance
        self.owner = owner  # of the values in the subschema that this is, or is in
        self.definitions = definitions  # members are definitions; the names of the properties beside them

    @classmethod
    def at_root(cls, found: Found | None, noted: Notes | None, marked: MarkedPlace | None) -> More | None:
        """None: nothing of it holds in the document."""
        return None if found is None and noted is None and marked is None else cls(found, noted, marked)

    def below(
        self, key: Key, owner: Description | None = None, definitions: Collection[str] | None = None
    ) -> More | None:
        """The same for a member or element; None: nothing of it holds there."""
        found = None if self.found is None else self.found.below.get(key)
        noted = None if self.noted is None else self.noted.below.get(key)
        marked = None if self.marked is None else self.marked.down(key)
        if marked is UNMARKED:
            marked = None
        if found is None and noted is None and marked is None and owner is None and definitions is None:
            return None
        return More(found, noted, marked, owner, definitions)


NO_MORE: Final = More()
