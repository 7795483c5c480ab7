"""Walks OLD and NEW side by side and lists every difference, each once, with pointers on both sides."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from countersign import limits
from countersign.schema_change.constraints import Node
from countersign.schema_change.counterexamples import Effect, Question, question
from countersign.schema_change.inclusion import Prover
from countersign.schema_change.json_pointers import pointer
from countersign.schema_change.json_values import is_same
from countersign.schema_change.kubernetes import PRESERVE
from countersign.schema_change.plain_effects import plain_effect
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Place
from countersign.schema_change.sensitivity import Marks
from countersign.schema_change.values import Change, ChangeEffect
from countersign.strict_json import Json

#: How a change in a subschema acts on the schema around it: as it is, the other way round, or as the whole group does.
type Sense = Literal["same", "reversed"] | tuple[ChangeEffect]

_NO_PARTS = ("definition-", "sensitivity-", "ignored-keyword-")  #: kinds of what acts on nothing, or is a mark itself
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


@dataclass(slots=True)  # not frozen, as `Place`
class Pair:
    """Two schemas that stand for each other, and where they stand."""

    old: Place
    new: Place
    old_pointer: str
    new_pointer: str
    sense: Sense = "same"
    old_schema: dict[str, Json] = field(init=False)
    new_schema: dict[str, Json] = field(init=False)
    keywords: frozenset[str] = field(init=False)  #: of either

    def __post_init__(self) -> None:
        self.old_schema, self.new_schema = _members(self.old.schema), _members(self.new.schema)
        self.keywords = frozenset((*self.old_schema, *self.new_schema))


class Walk:
    """The changes found so far, the pairs still to be looked at, and the prover that says what a change does."""

    def __init__(self, reader: Reader, prover: Prover, masked_names: Container[str] = ()) -> None:
        self.reader = reader
        self.prover = prover
        self.changes: list[Change] = []
        self.questions: dict[int, Question] = {}  #: by position in `changes`: what would show that change
        self.unresolved: list[str] = []  #: pointers of references that lead nowhere
        self._old_marks, self._new_marks = Marks(masked_names), Marks(masked_names)
        self._waiting: deque[Pair] = deque()
        self._seen: set[tuple[int, int]] = set()
        self._kept: list[Place] = []
        self._group_effects: dict[tuple[int, int, tuple[str, ...]], Effect] = {}
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
        old, new = at(pair.old_schema, tokens), at(pair.new_schema, new_tokens)
        if _means_the_same(pair) and is_same(old, new):
            return
        self.visit(
            Pair(
                pair.old.inside(old),
                pair.new.inside(new),
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
        effect: ChangeEffect | Effect,
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
        if effect != "none" and not kind.startswith("dialect-") and self._is_put_differently(pair):
            effect = "none"
        name = effect.name if isinstance(effect, Effect) else effect
        seen = seen_from_above(name, combined(pair.sense, sense or "same"))
        if isinstance(effect, Effect) and pair.sense == "same":  # else what is refused there may be accepted above
            asked = question(effect, seen, pair.old, pair.new)
            if asked is not None:
                self.questions[len(self.changes)] = asked
        self.changes.append(Change(kind, where, old_pointer, new_pointer, member, before, after, seen))
        if kind.startswith(_NO_PARTS):
            return
        # what comes or goes as a whole takes its marks of sensitivity with it
        if in_old and (not in_new or before is not None):
            for mark in self._old_marks.of(pair.old, pair.old_pointer, tokens, before):
                where = mark.pointer
                self.changes.append(
                    Change("sensitivity-removed", where, where, None, mark.name, mark.value, None, "none")
                )
        if in_new and (not in_old or after is not None):
            for mark in self._new_marks.of(pair.new, pair.new_pointer, tokens, after):
                where = mark.pointer
                self.changes.append(
                    Change("sensitivity-added", where, None, where, mark.name, None, mark.value, "none")
                )

    def keyword(
        self,
        pair: Pair,
        keyword: str,
        effect: ChangeEffect | Effect,
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

    def _is_put_differently(self, pair: Pair) -> bool:
        """Whether both schemas say the same (an `allOf` of one, say): then none of their differences does anything."""
        return not pair.old.dialect.prunes and self.reader.read(pair.old) is self.reader.read(pair.new)

    def group_effect(self, pair: Pair, group: tuple[str, ...]) -> Effect:
        """What the keywords of `group` alone do in NEW, against what they do in OLD."""
        key = (id(pair.old_schema), id(pair.new_schema), group)
        known = self._group_effects.get(key)
        if known is None:
            old, new = self._part(pair.old, pair.old_schema, group), self._part(pair.new, pair.new_schema, group)
            known = self._group_effects[key] = self.effect(old, new)
        return known

    def _part(self, place: Place, schema: dict[str, Json], group: tuple[str, ...]) -> Node:
        return self.fragment(place, {keyword: schema[keyword] for keyword in group if keyword in schema})

    def effect(self, old: Node, new: Node) -> Effect:
        """What putting `new` in the place of `old` does."""
        if old is new:
            return Effect("none", old, new)
        plain = plain_effect(old, new, self.prover.kinds)
        if plain is not None:
            return Effect(plain, old, new)
        answers = []
        for small, large in ((old, new), (new, old)):
            steps = min(limits.MAX_EFFECT_STEPS, self._steps_left)
            answers.append(self.prover.included(small, large, steps))
            self._steps_left -= steps - max(self.prover.steps.left, 0)
        return Effect(_EFFECTS.get((answers[0], answers[1]), "unknown"), old, new)

    def effect_of_part(self, old: Node, new: Node, old_part: Node, new_part: Node) -> Effect:
        """As `effect`, where the one part in which both differ is that of a member or an item that can be alone."""
        return Effect(self.effect(old_part, new_part).name, old, new)

    def fragment(self, place: Place, part: dict[str, Json]) -> Node:
        """The node of some keywords of the schema at `place` alone."""
        prunes = place.dialect.prunes
        if part == place.schema and not prunes:
            return self.reader.read(place)
        here = Place({**part, PRESERVE: True} if prunes else part, place.resolver, place.dialect, place.bundle)
        self._kept.append(here)
        return self.reader.read(here)


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


def at(schema: Json, tokens: tuple[str | int, ...]) -> Json:
    """What stands at `tokens` in `schema`."""
    for token in tokens:
        if isinstance(schema, dict):
            schema = schema[str(token)]
        else:
            assert isinstance(schema, list)
            schema = schema[int(token)]
    return schema


@cache
def kebab(keyword: str) -> str:
    """`minLength` as `min-length`; asked of the few keywords that are known here."""
    return "".join("-" + letter.lower() if letter.isupper() else letter for letter in keyword).strip("$")


def differs(pair: Pair, keyword: str) -> bool:
    """Whether `keyword` is not the same on both sides."""
    old, new = pair.old_schema, pair.new_schema
    if (keyword in old) != (keyword in new):
        return True
    return keyword in old and not is_same(old[keyword], new[keyword])


def _means_the_same(pair: Pair) -> bool:
    """Whether what is written alike on both sides means the same: no reference leads to something that differs."""
    old, new = pair.old, pair.new
    return old.dialect is new.dialect and not (old.bundle.has_references or new.bundle.has_references)


def _members(schema: Json) -> dict[str, Json]:
    """A schema as an object; `true` as the empty one, `false` as the negation of it."""
    if isinstance(schema, dict):
        return schema
    return _ANYTHING if schema is True else _NOTHING
