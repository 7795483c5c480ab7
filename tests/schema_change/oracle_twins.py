"""Made-up schemas beside the same in other words, and beside those words with one thing more that is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from countersign.schema_change import SchemaDiff
from tests.schema_change.oracle_instances import instances
from tests.schema_change.oracle_refactorings import NotHere, Refactoring, Spot, all_spots, rename
from tests.schema_change.oracle_runs import compared
from tests.schema_change.oracle_schemas import DIALECTS, Maker
from tests.schema_change.oracle_spellings import Spelling, anchored, bundled, nested
from tests.schema_change.oracle_targets import Side, leads_back, subschemas
from tests.schema_change.oracle_validators import Judge

#: The definitions have names, or are elsewhere.
RENAMINGS: tuple[Spelling, ...] = (anchored, nested, bundled)
_REFUSALS: tuple[dict[str, Any], ...] = (
    *({"type": "string"}, {"enum": ["zz", 1]}, {"maxLength": 0}, {"required": ["zz"]}),
    *({"maxItems": 0}, {"maximum": 0}, {"maxProperties": 0}, {"type": ["null", "object", "array"]}),
)


@dataclass
class Twins:
    """A schema, the same in other words, and those words with one thing more that is refused."""

    dialect: str
    old: Side
    new: Side
    stricter: list[Side]  #: in the order in which they are worth trying

    def compared(self, new: Side, *, turned: bool = False) -> SchemaDiff:
        return compared(new, self.old) if turned else compared(self.old, new)

    def text(self) -> str:
        return json.dumps([[side.document, side.bundle] for side in (self.old, self.new, *self.stricter)])

    def told_apart(self) -> tuple[Side, str] | None:
        """A stricter one, and the verdict that it must not have as both validators say; None where nothing shows it."""
        first = Judge(self.old, self.dialect)
        for side in self.stricter:
            judges = first, Judge(side, self.dialect)
            for value in instances(self.old, side):
                for direction, (small, large) in (("backward", judges), ("forward", judges[::-1])):
                    if small.rust.is_valid(value) and not large.rust.is_valid(value):
                        if small.python(value) and large.python(value) is False:
                            return side, direction
        return None


def twins(maker: Maker, change: Refactoring | Spelling) -> Twins:
    """A made-up schema and what `change` makes of it. Raises NotHere where there is nothing to change so."""
    old = Side(maker.document())
    counted = any({"contains", "unevaluatedItems"} <= each.keys() for each in subschemas(old.document))
    if counted and maker.dialect == "2019-09":
        raise NotHere  # whether `contains` evaluates there, validators do not agree: nothing is compatible but the same
    used = list(subschemas({**old.document, maker.definitions: {}}))
    of_names = change is rename or change in RENAMINGS
    if leads_back(old) or (of_names and not any(each.get("$ref", "#") != "#" for each in used)):
        raise NotHere
    made = change(maker, document := copy.deepcopy(old.document))
    new = made if isinstance(made, Side) else Side(document)
    spots = [made] if isinstance(made, Spot) else all_spots(new)
    if not spots:
        raise NotHere
    refusals = ({"not": {}}, *maker.random.sample(_REFUSALS, 3))
    stricter = [_refusing(new, maker.random.choice(spots), refusal) for refusal in refusals]
    return Twins(maker.dialect, old, new, stricter)


def _refusing(side: Side, spot: Spot, refusal: dict[str, Any]) -> Side:
    copied, touched = copy.deepcopy((side, spot))
    touched.schema = {"allOf": [touched.schema, refusal]}
    return copied


def all_twins(change: Refactoring | Spelling, count: int) -> Iterator[Twins]:
    """So many, of all dialects, the same for the same change."""
    number = found = 0
    while found < count:
        number += 1
        try:
            each = twins(Maker(Random(f"{change.__name__}/{number}"), list(DIALECTS)[number % len(DIALECTS)]), change)
        except NotHere:
            continue
        found += 1
        yield each
