"""The masking rules compiled for one kind of message: one connection, one subject, one direction.

A policy answers one question for every carrier: what stands in this value's place? It never decides what can be read: that is
the carriers' business (bodies, forms, header fields, request targets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

from countersign import limits
from countersign.masking.detectors import DETECTOR_NAMES, Detectors
from countersign.masking.documents.described_values import Descriptions
from countersign.masking.documents.json_paths import JsonPath, PathSet, compile_path
from countersign.masking.documents.json_walk import Walk
from countersign.masking.documents.walk_rules import WalkRules
from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.replacements import Dropped, Replacements
from countersign.masking.schemas.known_marks import KnownMarks
from countersign.masking.schemas.schema_marks import FIELD_NAME
from countersign.masking.texts import Texts
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json

type Holds = Literal["schema", "data", "unknown"]
type CompiledRule = tuple[MaskingRule, Sequence[JsonPath]]


class Policy:
    """Who masks what in one kind of message. Shared by all messages of the kind, and by threads; its rules never change.

    `where` is where a value stands, for the record: "body", "header X-Team", "query token", "segment 2", "part avatar". It may
    hold names that a caller chose: `Replacements` runs them through the detectors before it keeps them. Never put a value in.

    Every method that takes Replacements may raise TooLarge (more values to mask than `limits.MAX_MASKED_VALUES`, and what it says
    itself): nothing of the message's carrier may be kept then.
    """

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        built_in: BuiltInMasking | None,
        holds: Holds = "unknown",
        known: Sequence[KnownSchema] = (),
    ) -> None:
        """`rules`: those that hold, first ones first. `built_in`: None: only they do. `known`: the data may follow each of them."""
        self.rules: Final = tuple(rule for rule, _ in rules)
        marks = MarkRules(self.rules, built_in)
        fields = FieldRules(
            self.rules,
            None if built_in is None else built_in_rule(FIELD_NAME),
            () if built_in is None else built_in.names_off,
        )
        known_marks = KnownMarks.of(known, marks, fields.is_secret)
        self._fields = fields.also(known_marks.names)
        self._texts = _texts(self.rules, built_in)
        self._clean_places: set[str] = set()
        self._headers = _first(self.rules, lambda rule: [name.lower() for name in rule.headers])
        self._query = _first(self.rules, lambda rule: [name.casefold() for name in rule.query])
        self._segments = _first(self.rules, lambda rule: rule.segments)
        self._walk = WalkRules(
            paths=PathSet([path for _, paths in rules for path in paths]),
            path_rules=[rule for rule, paths in rules for _ in paths],
            fields=self._fields,
            marks=marks,
            descriptions=Descriptions(self._fields, marks, finds_schemas=holds != "data"),
            texts=self._texts,
            known=known_marks,
            reads_names=built_in is not None or any(rule.paths or rule.names or rule.marks for rule in self.rules),
            keeps_definitions=holds == "schema",
            finds_schemas=holds != "data",
        )

    def document(self, document: Json, replacements: Replacements, where: str = "body") -> tuple[Json, frozenset[str]]:
        """A masked copy of a JSON document, and the RFC 6901 pointers (into `document`) of what was masked in it.

        A masked value is replaced whole, whatever it holds. A document inside a string is masked from its own root and written
        back in its place if that changed it; pointers lead to that string. A string that is nearly such a document is masked
        whole: its reader may be more lenient than we are. `where` is put before the pointer: "body /items/*/card". A form may
        be masked as the object of its fields, too, so that paths hold for it; what a rule drops is not in the copy then.

        Raises TooLarge (documents inside strings deeper than `limits.MAX_EMBEDDED_JSON_LEVELS`, nesting in all deeper than
        `limits.MAX_JSON_DEPTH`).
        """
        walk = Walk(self._walk, replacements, where)
        return walk.document(document), frozenset(walk.pointers)

    def string(self, text: str, replacements: Replacements, where: str) -> str:
        """What a string goes through that may be a document: JSON in it by its own root, nearly-JSON masked whole, else `text`.

        For values of form fields, query parameters, parts and header fields that nothing masks by name.
        """
        return Walk(self._walk, replacements, where).string(text)

    def text(self, text: str, replacements: Replacements, where: str) -> str:
        """The detectors on `text`: each span they find is replaced by the rule that names its detector or the built-in one."""
        return self._texts.mask(text, replacements, where)

    def clean(self, place: str) -> str:
        """A place with what the detectors find redacted, and nothing counted. The same ones come again and again."""
        if place in self._clean_places:
            return place
        shown = self._texts.clean(place)
        if shown == place and len(self._clean_places) < limits.MAX_CLEAN_PLACES:
            self._clean_places.add(place)
        return shown

    def named(self, name: str, value: str, replacements: Replacements, where: str) -> str | Dropped | None:
        """What stands in the place of the value of a field, parameter or part called `name` (decoded); None: no name says so.

        An empty value stays: None.
        """
        found = self._fields.of(name) if value else None
        return None if found is None else replacements.by(found.rule, value, where)

    def described(self, members: Mapping[str, str]) -> Mapping[str, MaskingRule]:
        """Who masks members that others beside them describe: `name=password` and `value=...`; by the names of the members."""
        found = self._walk.descriptions.of(members)
        return {} if found is None else {name: found.rule for name in members if found.masks(name, members[name])}

    def name_rule(self, name: str) -> MaskingRule | None:
        """Who masks values by this field name, in any spelling: the first rule with it in its `names`, else the built-in one."""
        found = self._fields.of(name)
        return None if found is None else found.rule

    def header_rule(self, name: str) -> MaskingRule | None:
        """The first rule that names this header field, in any case; None: no rule does. Built-in header names: header_fields."""
        return self._headers.get(name.lower())

    def query_rule(self, name: str) -> MaskingRule | None:
        """The first rule that names this query parameter (decoded), in any case; None: no rule does. Does not split `a[b]`."""
        return self._query.get(name.casefold())

    def segment_rule(self, name: str) -> MaskingRule | None:
        """The first rule that names this placeholder of a path template, exactly; None: no rule does."""
        return self._segments.get(name)


class Policies:
    """Some rules, compiled, and the policies that were made of them: a bounded number."""

    def __init__(self, rules: Sequence[MaskingRule], built_in: BuiltInMasking | None) -> None:
        """Raises ValueError that names the rule when one of its paths is not a JSONPath that can be used."""
        self._compiled = {id(rule): (rule, _compile(rule)) for rule in rules}
        self._built_in = built_in
        self._policies: dict[tuple[tuple[int, ...], Holds, tuple[str, ...]], Policy] = {}
        Policy(tuple(self._compiled.values()), built_in)  # names and marks are compiled, too

    def of(self, rules: Sequence[MaskingRule], holds: Holds = "unknown", known: Sequence[KnownSchema] = ()) -> Policy:
        """The policy of some of the rules that this was made with, in their order."""
        key = (tuple(map(id, rules)), holds, tuple(schema.key for schema in known))
        policy = self._policies.get(key)
        if policy is None:
            if len(self._policies) >= limits.MAX_KEPT_POLICIES:
                self._policies.clear()
            policy = Policy([self._compiled[each] for each in key[0]], self._built_in, holds, known)
            self._policies[key] = policy
        return policy


def _compile(rule: MaskingRule) -> tuple[JsonPath, ...]:
    paths = []
    for path in rule.paths:
        try:
            paths.append(compile_path(path))
        except ValueError as error:
            raise ValueError(f"{rule.source}: masking rule {rule.name!r}, path {path!r}: {error}") from None
    return tuple(paths)


def _first(rules: Sequence[MaskingRule], names: Callable[[MaskingRule], Iterable[str]]) -> dict[str, MaskingRule]:
    """The first rule for each name."""
    return {name: rule for rule in reversed(rules) for name in names(rule)}


def _texts(rules: Sequence[MaskingRule], built_in: BuiltInMasking | None) -> Texts:
    """A detector that a rule names is on, also where the built-in ones are off."""
    by_detector = _first(rules, lambda rule: rule.detectors)
    if built_in is not None:
        for name in DETECTOR_NAMES - by_detector.keys() - set(built_in.detectors_off):
            by_detector[name] = built_in_rule(name)
    regions = () if built_in is None else built_in.phone_regions
    return Texts(Detectors(by_detector.keys(), phone_regions=regions), by_detector)
