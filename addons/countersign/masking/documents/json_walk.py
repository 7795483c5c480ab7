"""One walk through one document, and through the documents inside its strings: finds who masks each value, and copies the rest.

Who masks a value, the first that fits: a rule by path, a rule by the field's name, a mark of a schema, a built-in name; then the
documents inside a string, then the detectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.documents.described_values import Description
from countersign.masking.documents.json_documents import document_in, is_nearly_json, write_text
from countersign.masking.documents.json_paths import State
from countersign.masking.documents.named_elements import NOBODY, named_elements
from countersign.masking.documents.trail import Trail
from countersign.masking.documents.walk_rules import CONTAINERS, NO_MORE, More, Name, WalkRules
from countersign.masking.replacements import DROPPED, REDACTED, UNREADABLE_JSON, Dropped, Replacements
from countersign.masking.schemas.schema_notes import Notes, notes_on
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

_LONGEST_KEPT: Final = 64  # characters; a longer text seldom comes again
_KEPT: Final = 8192  # texts of one message, in which the detectors found nothing
_SHORT_NUMBER: Final = 1_000_000  # no detector finds anything in fewer than seven digits
_SHORT_NUMBER_CHARACTERS: Final = 7  # with a point: six digits
_EXACT_FLOAT: Final = 1e21  # written with all its digits below


class Walk:
    """Masks by `rules`, counts in `replacements`; `where` is put before the places. For one document or string."""

    def __init__(self, rules: WalkRules, replacements: Replacements, where: str) -> None:
        self._rules = rules
        self._replacements = replacements
        self._trail = Trail(rules.clean_name, replacements, where)
        self._keys = self._trail.keys
        self._clean = replacements.clean_texts
        self._find = rules.texts.find
        self._suffixes: dict[int, Counter[str]] = {}  # of masked names, by the object that they are in
        self._depth = 0  # arrays and objects around this value, through all strings
        self._levels = 0  # strings around this value
        self._describes = False  # a schema of a secret field, maybe
        self.pointers = self._trail.pointers  #: RFC 6901, into the outermost document, of what was masked

    def document(self, document: Json) -> Json:
        """A masked copy. Raises TooLarge."""
        before = self._replacements.checkpoint()
        masked = self._root(document)
        if self._describes:
            noted = notes_on(document, self._rules.marks, self._rules.fields)
            if noted is not None:
                self._replacements.back_to(before)
                self.pointers.clear()
                masked = self._root(document, noted)
        return masked

    def string(self, text: str) -> str:
        """`text` masked as a document where it is one, and by the detectors where it is none. Raises TooLarge."""
        if text in self._clean:
            return text
        if text and not text[0].isalnum():
            inner = document_in(text)
            if inner is not None:
                return self._embedded(text, inner)
            if self._rules.reads_names and is_nearly_json(text):
                return self._replacements.redact(UNREADABLE_JSON, self._trail.note())
        findings = self._find(text)
        if findings:
            return self._rules.texts.replace(text, findings, self._replacements, self._trail.note())
        if len(text) <= _LONGEST_KEPT and len(self._clean) < _KEPT:
            self._clean.add(text)
        return text

    # -- documents ----------------------------------------------------------------------------------------------------

    def _root(self, document: Json, noted: Notes | None = None) -> Json:
        rules = self._rules
        place = rules.paths.start
        more: More | None = More.at_root(rules.paths.found_in(document), noted, rules.known.root())
        rule = rules.masking(document, more or NO_MORE, place)
        masked = self._value(document, place, more) if rule is None else self._by(rule, document)
        return REDACTED if masked is DROPPED else masked

    def _embedded(self, text: str, document: Json) -> str:
        if self._levels == limits.MAX_EMBEDDED_JSON_LEVELS:
            raise TooLarge(f"JSON in a string in JSON, deeper than {limits.MAX_EMBEDDED_JSON_LEVELS} levels")
        before = self._replacements.total
        entered = self._trail.enter_string()
        self._levels += 1
        noted = notes_on(document, self._rules.marks, self._rules.fields) if self._rules.finds_schemas else None
        masked = self._root(document, noted)
        self._levels -= 1
        if entered:
            self._trail.leave_string()
        return text if self._replacements.total == before else write_text(masked)

    # -- values -------------------------------------------------------------------------------------------------------

    def _value(self, value: Json, place: State, more: More | None) -> Json | Dropped:
        """What nothing masks whole."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, dict):
            return self._object(value, place, more)
        if isinstance(value, list):
            return self._array(value, place, more)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if -_SHORT_NUMBER < value < _SHORT_NUMBER else self._number(value, str(value))
        is_whole = value.is_integer() and -_EXACT_FLOAT < value < _EXACT_FLOAT
        return self._number(value, str(int(value)) if is_whole else repr(value))

    def _number(self, number: float, text: str) -> Json | Dropped:
        findings = self._find(text) if len(text) > _SHORT_NUMBER_CHARACTERS else ()
        return self._by(self._rules.texts.rule_of(findings[0]), number) if findings else number

    def _array(self, items: list[Json], state: State, more: More | None) -> Json:
        self._deeper()
        state.moves()
        place = state.element
        keys, clean = self._keys, self._clean
        named = NOBODY
        if items and type(items[0]) is str:
            named = named_elements(items, self._rules.fields, is_element=bool(keys) and type(keys[-1]) is int)
        is_plain = more is None and place.rank is None and not named
        masked: list[Json] = []
        for index, item in enumerate(items):
            if is_plain and type(item) is str and item in clean:
                masked.append(item)
                continue
            keys.append(index)
            if is_plain:
                shown = self._value(item, place, None)
            else:
                below = NO_MORE if more is None else more.below(index, more.owner) or NO_MORE
                rule = self._rules.masking(item, below, place) or named.get(index)
                shown = self._by(rule, item) if rule else self._value(item, place, None if below is NO_MORE else below)
            keys.pop()
            if shown is not DROPPED:
                masked.append(shown)
        self._depth -= 1
        return masked

    def _object(self, members: dict[str, Json], state: State, more: More | None) -> Json:
        self._deeper()
        state.moves()
        if more is None and state.other.rank is None and self._rules.plain_names.issuperset(members):
            masked = self._plain_object(members, state.other)
        else:
            masked = self._other_object(members, state, more or NO_MORE)
        self._depth -= 1
        return masked

    def _plain_object(self, members: dict[str, Json], place: State) -> Json:
        """Nothing is to be known of the names: what is masked is inside the values. By far most objects are like this."""
        keys, clean = self._keys, self._clean
        masked: dict[str, Json] = {}
        for name, item in members.items():
            kind = type(item)
            if kind is str:
                if item not in clean:
                    keys.append(name)
                    item = self.string(item)  # type: ignore[arg-type]
                    keys.pop()
                masked[name] = item
            elif kind is bool or item is None:
                masked[name] = item
            else:
                keys.append(name)
                shown = self._value(item, place, None)
                keys.pop()
                if shown is not DROPPED:
                    masked[name] = shown
        return masked

    def _other_object(self, members: dict[str, Json], state: State, more: More) -> Json:
        """Its members may be masked by their names, a schema, or what the object describes."""
        named, other = state.moves(), state.other
        names = self._names_of(members)
        described = None
        if any([known is not None and known.tells for known in names]):
            self._describes = self._describes or any(known is not None and known.marks for known in names)
            described = self._rules.descriptions.of(members, is_schema=self._rules.keeps_definitions)
        is_plain = more is NO_MORE and described is None
        keys, clean = self._keys, self._clean
        masked: dict[str, Json] = {}
        for (name, item), known in zip(members.items(), names, strict=True):
            place = named.get(name, other)
            if is_plain and place.rank is None and (known is None or known.is_plain):
                if type(item) is str and item in clean:
                    masked[name] = item
                    continue
                keys.append(name)
                shown = self._value(item, place, None)
            else:
                keys.append(name)
                shown = self._member(name, item, members, place, known, more, described)
                if known is not None and not known.is_clean and shown is not DROPPED:
                    name = self._shown_name(name, known, members, masked)
            keys.pop()
            if shown is not DROPPED:
                masked[name] = shown
        return masked

    def _names_of(self, members: Mapping[str, Json]) -> list[Name | None]:
        """What is to be known of each name; None: nothing."""
        names = self._rules.names
        try:
            return [names[name] for name in members]
        except KeyError:
            look_at = self._rules.look_at
            return [names[name] if name in names else look_at(name) for name in members]

    def _member(
        self,
        name: str,
        item: Json,
        members: Mapping[str, Json],
        place: State,
        known: Name | None,
        more: More,
        described: Description | None,
    ) -> Json | Dropped:
        """The masked value of a member that may be masked by its name, its schema, or what its object describes."""
        rules = self._rules
        by_name = None if known is None else known.field
        holder = owner = definitions = None
        if more.definitions is not None:  # `name` is a property's or a type's
            owner = more.owner
            if by_name is not None:
                self._describes = True
                if rules.keeps_definitions and _is_definition(item, more.definitions):
                    owner = Description(by_name.rule, by_name.is_explicit, is_subschema=True)
                    by_name = None
                    if isinstance(item, list):  # names of properties
                        more, owner = NO_MORE, None
        elif described is not None or more.owner is not None or known is not None:
            holder, owner = self._owners(name, item, described, more.owner)
            if rules.finds_schemas and name in CONTAINERS:
                beside = members.get("properties")
                definitions = beside if isinstance(beside, dict) else ()
        below = more.below(name, owner, definitions)
        rule = rules.masking(item, below or NO_MORE, place, holder, by_name)
        return self._value(item, place, below) if rule is None else self._by(rule, item)

    def _owners(
        self, name: str, item: Json, described: Description | None, inherited: Description | None
    ) -> tuple[Description | None, Description | None]:
        """Who masks the member `name` of an object that describes a value, and who has what is in it."""
        holder = owner = None
        for each in (described, inherited):
            if each is None:
                continue
            if each.is_definition and self._rules.keeps_definitions and isinstance(item, dict) and each.holds(name):
                owner = owner or each._replace(is_subschema=True, is_definition=False)
            elif each.masks(name, item) and not self._rules.descriptions.is_mark(name):
                holder = holder or each
            elif each.is_subschema:
                owner = owner or each
        return holder, owner

    # -- what stands there --------------------------------------------------------------------------------------------

    def _by(self, rule: MaskingRule, value: Json) -> str | Dropped:
        return self._replacements.by(rule, value, self._trail.note())

    def _shown_name(self, name: str, known: Name, members: Mapping[str, Json], masked: Mapping[str, Json]) -> str:
        """A member's name without what the detectors find in it, and unlike all others in its object."""
        if is_nearly_json(name):
            text = self._replacements.redact(UNREADABLE_JSON, self._trail.note())
        else:
            text = self._rules.texts.replace(name, known.findings, self._replacements, self._trail.note())
        used = self._suffixes.setdefault(id(masked), Counter())
        shown = text
        while shown in members or shown in masked:
            used[text] += 1
            shown = f"{text} ({used[text] + 1})"
        return shown

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > limits.MAX_JSON_DEPTH:
            raise TooLarge(f"nested deeper than {limits.MAX_JSON_DEPTH} levels")


def _is_definition(item: Json, beside: Collection[str]) -> bool:
    """Whether this is what a property or type is, and no value of it; `beside`: the names of the properties around."""
    if isinstance(item, list):
        return bool(item) and all(isinstance(name, str) and name in beside for name in item)
    return isinstance(item, dict | bool)
