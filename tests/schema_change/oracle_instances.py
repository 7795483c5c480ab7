"""Instances at the boundaries of two schemas: what each value that they name is, and just is not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.schema_change.oracle_targets import Side, Targets, in_place

_PLAIN: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    1.0,
    0.5,
    1.5,
    3,
    6,
    "",
    "a",
    "b",
    "ab",
    "abc",
    "bc",
    "é",
    "x1",
)
_LONG: tuple[Any, ...] = (
    "c",
    "😀",
    "id",
    "bca",
    "aé",
    4,
    12,
    0.3,
    2**53,
    2**53 + 1,
    10**20,
    1e308,
    -1e308,
    10**400,
    5e-324,
)
_NEAR = (-1, -0.5, 0.5, 1)
_MANY = 40  # of one place
_DEPTH = 3


def instances(old: Side, new: Side) -> list[Any]:
    """Values for both schemas together, each once."""
    both = [(side.document, Targets(side)) for side in (old, new)]
    return _distinct([*_values(_Spot(both), _DEPTH, 4 * _MANY), *_LONG])


@dataclass
class _Spot:
    """Everything that both schemas say of one place of an instance, whichever branch says it."""

    schemas: Iterable[tuple[Any, Targets]]  #: each with where its references lead
    named: list[Any] = field(default_factory=list)
    numbers: list[int | float] = field(default_factory=list)
    lengths: set[int] = field(default_factory=set)
    members: dict[str, list[tuple[Any, Targets]]] = field(default_factory=dict)
    others: list[tuple[Any, Targets]] = field(default_factory=list)
    items: dict[int, list[tuple[Any, Targets]]] = field(default_factory=dict)
    rest: list[tuple[Any, Targets]] = field(default_factory=list)

    def __post_init__(self) -> None:
        seen: set[int] = set()
        for schema, targets in self.schemas:
            self._read(schema, targets, seen)

    def _read(self, schema: Any, targets: Targets, seen: set[int]) -> None:
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen.add(id(schema))
        self.named += [*schema.get("enum", []), *([schema["const"]] if "const" in schema else [])]
        for keyword, value in schema.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                if keyword.startswith(("min", "max")) and keyword not in ("minimum", "maximum"):
                    self.lengths.add(int(value))
                else:
                    self.numbers.append(value)
            elif keyword in ("items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"):
                for index, each in enumerate(value if isinstance(value, list) else []):
                    self.items.setdefault(index, []).append((each, targets))
                if not isinstance(value, list):
                    self.rest.append((value, targets))
            elif keyword in ("properties", "dependencies", "dependentSchemas", "dependentRequired"):
                for name, each in value.items():
                    self.members.setdefault(name, [])
                    if keyword == "properties":
                        self.members[name].append((each, targets))
                    elif isinstance(each, list):
                        self.members.update({needed: self.members.get(needed, []) for needed in each})
            elif keyword == "required":
                self.members.update({name: self.members.get(name, []) for name in value})
            elif keyword == "patternProperties":
                self.others += [(each, targets) for each in value.values()]
            elif keyword in ("additionalProperties", "unevaluatedProperties"):
                self.others.append((value, targets))
        for each in [*in_place(schema), *targets.of(schema)]:
            self._read(each, targets, seen)


def _values(spot: _Spot, depth: int, many: int) -> list[Any]:
    found = [*spot.named, *(near for number in spot.numbers for near in _nearby(number)), *_PLAIN]
    found += ["a" * length for size in sorted(spot.lengths) for length in (size - 1, size, size + 1) if 0 <= length < 9]
    if depth:
        found = [*found, [], {}] if depth == 1 else [*_objects(spot, depth), *_arrays(spot, depth), *found]
    return _distinct(found)[:many]


def _nearby(number: int | float) -> list[int | float]:
    if isinstance(number, int) and abs(number) > 2**50:
        return [number - 1, number, number + 1]
    near = [number, *(number + step for step in _NEAR), number * 2, -number]
    return [each for each in near if math.isfinite(each)]


def _objects(spot: _Spot, depth: int) -> list[Any]:
    choices = {name: _values(_Spot(schemas), depth - 1, 12) for name, schemas in spot.members.items()}
    free = _values(_Spot(spot.others), depth - 1, 12)
    for name in ("a", "ab", "cc", "é", "id", "x1"):
        choices.setdefault(name, free)
    declared = list(spot.members)
    found: list[Any] = [{}, {name: choices[name][0] for name in declared}]
    for value in range(3):
        found += [{name: each[value % len(each)]} for name, each in choices.items()]
        full = {name: choices[name][value % len(choices[name])] for name in declared}
        found += [full, *({name: each for name, each in full.items() if name != left} for left in declared)]
        found += [{**full, name: each[value % len(each)]} for name, each in choices.items()]
    for name, each in choices.items():
        for value in each:
            found += [{name: value}, {**{other: choices[other][0] for other in declared}, name: value}]
    return _distinct(found)[: 3 * _MANY if depth == _DEPTH else _MANY // 2]


def _arrays(spot: _Spot, depth: int) -> list[Any]:
    rest = _values(_Spot(spot.rest), depth - 1, 16)
    first = _values(_Spot(spot.items.get(0, spot.rest)), depth - 1, 16)
    second = _values(_Spot(spot.items.get(1, spot.rest)), depth - 1, 16)
    found: list[Any] = [[], *([each] for each in _distinct([*first, *rest]))]
    for index, value in enumerate(first):
        other = second[index % len(second)]
        found += [[value, other], [value, value], [value, second[0], rest[index % len(rest)]], [value, other, other]]
    found += [[first[0], value, rest[0]] for value in second] + [[first[0], second[0], value, value] for value in rest]
    return _distinct(found)[: 2 * _MANY if depth == _DEPTH else _MANY // 2]


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Each once, as it is written: `1` and `1.0` are two."""
    return list({repr(value): value for value in values}.values())
