"""Made-up schemas put in other words that mean the same. Each change says where, so that something can be added there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.schema_change.oracle_schemas import Maker
from tests.schema_change.oracle_targets import Side, Targets, places, subschemas

#: Say the same alone and inside an `allOf`: nothing beside them changes what they mean.
_ALONE = (
    *("type", "enum", "const", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties"),
    *("maxProperties", "pattern", "uniqueItems", "required", "propertyNames", "not", "dependencies"),
)


@dataclass
class Spot:
    """Where a schema stands: what holds it, and its name or index there."""

    holder: Any
    key: Any

    @property
    def schema(self) -> Any:
        return self.holder[self.key]

    @schema.setter
    def schema(self, schema: Any) -> None:
        self.holder[self.key] = schema


#: Changes a document, and says where; raises NotHere where there is nothing of the kind in it.
type Refactoring = Callable[[Maker, dict[str, Any]], Spot]


class NotHere(Exception):
    """The schema has nothing that could be put in these other words."""


def inline(maker: Maker, document: dict[str, Any]) -> Spot:
    """The schema that a reference leads to, in the place of the reference."""
    spot = _some(maker, document, lambda spot: "$ref" in spot.schema)
    (target,) = Targets(Side(document)).of(spot.schema)
    if target is document:
        target = {name: each for name, each in target.items() if name not in ("$schema", maker.definitions)}
    beside = {name: each for name, each in spot.schema.items() if name != "$ref" and maker.is_new}
    copied = copy.deepcopy(target)
    spot.schema = {**beside, "allOf": [*beside.get("allOf", []), copied]} if beside else copied
    return spot


def extract(maker: Maker, document: dict[str, Any]) -> Spot:
    """A subschema becomes a definition, and a reference to it."""
    spot = _some(maker, document, lambda spot: spot.holder is not document[maker.definitions])
    document[maker.definitions]["part"] = spot.schema
    spot.schema = {"$ref": f"#/{maker.definitions}/part"}
    return Spot(document[maker.definitions], "part")


def wrap(maker: Maker, document: dict[str, Any]) -> Spot:
    """An `allOf` of one around a schema."""
    spot = _some(maker, document, lambda spot: True)
    spot.schema = {"allOf": [spot.schema]}
    return Spot(spot.schema["allOf"], 0)


def wrap_partly(maker: Maker, document: dict[str, Any]) -> Spot:
    """An `allOf` of one around keywords that nothing beside them depends on."""

    def is_one(spot: Spot) -> bool:
        schema = spot.schema
        counts = maker.is_new or "$ref" not in schema
        return counts and "allOf" not in schema and any(each in schema for each in _ALONE)

    spot = _some(maker, document, is_one)
    moved = [each for each in spot.schema if each in _ALONE]
    chosen = maker.random.sample(moved, maker.random.randint(1, len(moved)))
    spot.schema["allOf"] = [{each: spot.schema.pop(each) for each in chosen}]
    return Spot(spot.schema["allOf"], 0)


def rename(maker: Maker, document: dict[str, Any]) -> Spot:
    """Another name for a definition."""
    where = f"#/{maker.definitions}/"
    for each in subschemas(document):
        if each.get("$ref") == f"{where}r":
            each["$ref"] = f"{where}renamed"
    document[maker.definitions]["renamed"] = document[maker.definitions].pop("r")
    return Spot(document[maker.definitions], "renamed")


def reorder(maker: Maker, document: dict[str, Any]) -> Spot:
    """Keywords, and lists that stand for sets, in another order."""
    shuffled = _shuffled(maker.random, document)
    document.clear()
    document.update(shuffled)
    return _some(maker, document, lambda spot: True)


def annotate(maker: Maker, document: dict[str, Any]) -> Spot:
    """Words beside a reference; before 2019-09 with an `allOf` of one around the reference, as nothing counts beside it."""
    spot = _some(maker, document, lambda spot: "$ref" in spot.schema)
    words = {"title": "t", "description": "d", "deprecated": True, "default": 1}
    name = maker.random.choice(list(words))
    spot.schema = {**(spot.schema if maker.is_new else {"allOf": [spot.schema]}), name: words[name]}
    return spot


def rewritten(maker: Maker, document: dict[str, Any]) -> dict[str, Any]:
    """The same schema in another order, with an `allOf` of one around half of its members."""
    changed: dict[str, Any] = _shuffled(maker.random, document)
    for name, schema in changed.get("properties", {}).items():
        if maker.random.random() < 0.5:
            changed["properties"][name] = {"allOf": [schema]}
    return changed


REFACTORINGS: tuple[Refactoring, ...] = (inline, extract, wrap, wrap_partly, rename, reorder, annotate)


def _some(maker: Maker, document: dict[str, Any], is_one: Callable[[Spot], bool]) -> Spot:
    spots = [spot for spot in all_spots(Side(document)) if is_one(spot)]
    if not spots:
        raise NotHere
    used = {id(each) for each in subschemas({**document, maker.definitions: {}})}  # what surely counts
    preferred = [spot for spot in spots if id(spot.schema) in used]
    return maker.random.choice(preferred if preferred and maker.random.random() < 0.8 else spots)


def all_spots(side: Side) -> list[Spot]:
    return [Spot(holder, key) for root in side.roots for each in subschemas(root) for holder, key, _ in places(each)]


def _shuffled(random: Random, value: Any, keyword: str = "") -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: _shuffled(random, value[name], name) for name in names}
    if isinstance(value, list):
        inner = [_shuffled(random, each) for each in value]
        if keyword in ("enum", "required", "type", "anyOf", "allOf", "oneOf"):
            random.shuffle(inner)
        return inner
    return value
