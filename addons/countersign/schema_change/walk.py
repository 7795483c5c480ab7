"""Walks OLD and NEW side by side and lists every difference, each once, with pointers on both sides."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from countersign import limits
from countersign.schema_change import keywords
from countersign.schema_change.constraints import Node
from countersign.schema_change.inclusion import Prover
from countersign.schema_change.json_values import canonical
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Place, UnresolvedReference
from countersign.schema_change.values import Change, ChangeEffect
from countersign.strict_json import Json

#: How a change in a subschema acts on the schema around it: as it is, the other way round, or as the whole group does.
type Sense = Literal["same", "reversed"] | tuple[ChangeEffect]

_ANYTHING: dict[str, Json] = {}
_NOTHING: dict[str, Json] = {"not": {}}  # one object, so that it is seen once
_REVERSED: dict[ChangeEffect, ChangeEffect] = {"narrows": "widens", "widens": "narrows"}
_EFFECTS: dict[tuple[str, str], ChangeEffect] = {
    ("proved", "proved"): "none",
    ("proved", "refuted"): "widens",
    ("proved", "unknown"): "widens",
    ("refuted", "proved"): "narrows",
    ("unknown", "proved"): "narrows",
    ("refuted", "refuted"): "narrows-and-widens",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two schemas that stand for each other, and where they stand."""

    old: Place
    new: Place
    old_pointer: str
    new_pointer: str
    sense: Sense = "same"

    @property
    def old_schema(self) -> dict[str, Json]:
        return _members(self.old.schema)

    @property
    def new_schema(self) -> dict[str, Json]:
        return _members(self.new.schema)


class Walk:
    """The changes found so far, the pairs still to be looked at, and the prover that says what a change does."""

    def __init__(self, reader: Reader, prover: Prover) -> None:
        self.reader = reader
        self.prover = prover
        self.changes: list[Change] = []
        self.unresolved: list[str] = []  #: pointers of references that lead nowhere
        self._waiting: deque[Pair] = deque()
        self._seen: set[tuple[int, int]] = set()
        self._kept: list[Place] = []
        self._steps_left = limits.MAX_EFFECT_STEPS_IN_ALL

    def visit(self, pair: Pair) -> None:
        """Look at `pair` later, unless it was seen."""
        key = (id(pair.old.schema), id(pair.new.schema))
        both_objects = isinstance(pair.old.schema, dict) and isinstance(pair.new.schema, dict)
        if both_objects and key in self._seen:
            return
        self._seen.add(key)
        self._kept += (pair.old, pair.new)
        self._waiting.append(pair)

    def next(self) -> Pair | None:
        """The next pair, references followed."""
        return self._waiting.popleft() if self._waiting else None

    def was_visited(self, old: Json, new: Json) -> bool:
        return (id(old), id(new)) in self._seen

    def child(
        self, pair: Pair, *tokens: str | int, sense: Sense | None = None, new_tokens: tuple[str | int, ...] = ()
    ) -> None:
        """Look at the subschemas that stand at the same place in both (at `new_tokens` in NEW, where given) later."""
        new_tokens = new_tokens or tokens
        self.visit(
            Pair(
                pair.old.inside(at(pair.old_schema, tokens)),
                pair.new.inside(at(pair.new_schema, new_tokens)),
                pointer(pair.old_pointer, *tokens),
                pointer(pair.new_pointer, *new_tokens),
                combined(pair.sense, sense or "same"),
            )
        )

    def record(
        self,
        kind: str,
        pair: Pair,
        tokens: tuple[str | int, ...],
        effect: ChangeEffect,
        *,
        member: str | None = None,
        before: Json = None,
        after: Json = None,
        in_old: bool = True,
        in_new: bool = True,
        sense: Sense | None = None,
    ) -> None:
        """Keep one change; `effect` is what it does to the schema of `pair`."""
        old_pointer = pointer(pair.old_pointer, *tokens) if in_old else None
        new_pointer = pointer(pair.new_pointer, *tokens) if in_new else None
        where = new_pointer if new_pointer is not None else old_pointer
        assert where is not None
        effect = seen_from_above(effect, combined(pair.sense, sense or "same"))
        self.changes.append(Change(kind, where, old_pointer, new_pointer, member, before, after, effect))

    def keyword(
        self,
        pair: Pair,
        keyword: str,
        effect: ChangeEffect,
        *,
        name: str | None = None,
        member: str | None = None,
        changed: str = "changed",
    ) -> None:
        """Keep one change of a whole keyword as `<name>-added`, `-removed` or `-<changed>`."""
        old, new = pair.old_schema, pair.new_schema
        how = "added" if keyword not in old else "removed" if keyword not in new else changed
        self.record(
            f"{name or kebab(keyword)}-{how}",
            pair,
            (keyword,),
            effect,
            member=member,
            before=old.get(keyword),
            after=new.get(keyword),
            in_old=keyword in old,
            in_new=keyword in new,
        )

    def group_effect(self, pair: Pair, group: tuple[str, ...]) -> ChangeEffect:
        """What the keywords of `group` alone do in NEW, against what they do in OLD."""
        old, new = pair.old_schema, pair.new_schema
        return self.effect(
            self.fragment(pair.old, {keyword: old[keyword] for keyword in group if keyword in old}),
            self.fragment(pair.new, {keyword: new[keyword] for keyword in group if keyword in new}),
        )

    def effect(self, old: Node, new: Node) -> ChangeEffect:
        """What putting `new` in the place of `old` does."""
        if old is new:
            return "none"
        answers = []
        for small, large in ((old, new), (new, old)):
            steps = min(limits.MAX_EFFECT_STEPS, self._steps_left)
            answers.append(self.prover.included(small, large, steps))
            self._steps_left -= steps - max(self.prover.steps.left, 0)
        return _EFFECTS.get((answers[0], answers[1]), "unknown")

    def fragment(self, place: Place, part: dict[str, Json]) -> Node:
        """The node of some keywords of the schema at `place` alone."""
        here = replace(place, schema=part)
        self._kept.append(here)
        return self.reader.read(here)


def follow(walk: Walk, pair: Pair) -> Pair | None:
    """`pair` where it has something of its own to compare; else what its references lead to is looked at later."""
    old, old_pointer = _follow(walk, pair.old, pair.old_pointer)
    new, new_pointer = _follow(walk, pair.new, pair.new_pointer)
    if old is pair.old and new is pair.new:
        return pair
    if old is not pair.old and new is not pair.new:
        _compare_ignored(walk, pair)
    walk.visit(Pair(old, new, old_pointer, new_pointer, pair.sense))
    return None


def _follow(walk: Walk, start: Place, where: str) -> tuple[Place, str]:
    """Where references with nothing beside them that counts lead; `start` itself where they lead nowhere."""
    place, start_pointer, seen = start, where, {id(start.schema)}
    while isinstance(place.schema, dict) and isinstance(place.schema.get("$ref"), str):
        beside = place.schema.keys() - {"$ref"} - keywords.NAMES - keywords.ANNOTATIONS
        if beside and place.dialect.ref_has_siblings:
            break
        reference = str(place.schema["$ref"])
        try:
            place = place.follow(reference)
        except UnresolvedReference:
            break
        if id(place.schema) in seen:
            walk.unresolved.append(pointer(start_pointer, "$ref"))
            return start, start_pointer
        seen.add(id(place.schema))
        where = target_pointer(reference, where)
    return place, where


def _compare_ignored(walk: Walk, pair: Pair) -> None:
    """Keywords beside `$ref` that differ: annotations, or assertions that draft-07 and earlier ignore there."""
    for keyword in sorted({*pair.old_schema, *pair.new_schema} - {"$ref"} - keywords.NAMES):
        if differs(pair, keyword):
            name = "annotation" if keywords.is_annotation(keyword) else "ignored-keyword"
            walk.keyword(pair, keyword, "none", name=name, member=keyword)


def target_pointer(reference: str, where: str) -> str:
    """The pointer of what `reference` leads to within the document, else of the reference itself."""
    if reference == "#" or reference.startswith("#/"):
        return reference[1:]
    return pointer(where, "$ref")


def seen_from_above(effect: ChangeEffect, sense: Sense) -> ChangeEffect:
    """What a change of this effect in a subschema does to the schema around it."""
    if effect == "none" or sense == "same":
        return effect
    return _REVERSED.get(effect, effect) if sense == "reversed" else sense[0]


def combined(outer: Sense, inner: Sense) -> Sense:
    """The sense of a subschema of a subschema."""
    if isinstance(outer, tuple):
        return outer
    if isinstance(inner, tuple):
        return (seen_from_above(inner[0], outer),)
    return "same" if outer == inner else "reversed"


def pointer(start: str, *tokens: str | int) -> str:
    """`start` extended by reference tokens (RFC 6901)."""
    return start + "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def at(schema: Json, tokens: tuple[str | int, ...]) -> Json:
    """What stands at `tokens` in `schema`."""
    for token in tokens:
        if isinstance(schema, dict):
            schema = schema[str(token)]
        else:
            assert isinstance(schema, list)
            schema = schema[int(token)]
    return schema


def kebab(keyword: str) -> str:
    """`minLength` as `min-length`."""
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in keyword).strip("$")


def differs(pair: Pair, keyword: str) -> bool:
    """Whether `keyword` is not the same on both sides."""
    old, new = pair.old_schema, pair.new_schema
    if (keyword in old) != (keyword in new):
        return True
    return keyword in old and canonical(old[keyword]) != canonical(new[keyword])


def _members(schema: Json) -> dict[str, Json]:
    """A schema as an object; `true` as the empty one, `false` as the negation of it."""
    if isinstance(schema, dict):
        return schema
    return _ANYTHING if schema is True else _NOTHING
