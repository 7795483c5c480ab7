"""Verdicts on made-up pairs, held against what two validators say of instances of both sides.

Where the validators differ with each other an instance proves nothing and is counted. Seen so far: letters beyond ASCII
under `\\w` (ECMA-262 says no, Python yes), and doubles next to 1e308, which each rounds in its own way. `""` as a name in
`patternProperties` is left out of the schemas: `jsonschema` takes it for no pattern at all beside `additionalProperties`.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from countersign.schema_change import SchemaDiff, compare
from tests.schema_change.oracle_edits import edited, leads_back
from tests.schema_change.oracle_instances import instances
from tests.schema_change.oracle_schemas import DIALECTS, Maker
from tests.schema_change.oracle_validators import Judge, Refused


@dataclass
class Report:
    """What a run found; every text names the pair that shows it again."""

    counts: Counter[str] = field(default_factory=Counter)
    refuted: list[str] = field(default_factory=list)  #: called compatible, and both validators say otherwise
    unconfirmed: list[str] = field(default_factory=list)  #: a counterexample that neither validator takes for one


def judge(seed: str, pairs: int) -> Report:
    """Compare so many pairs, the same for the same seed."""
    report, number = Report(), 0
    while report.counts["pairs"] < pairs:
        number += 1
        dialect = list(DIALECTS)[number % len(DIALECTS)]
        maker = Maker(Random(f"{seed}/{number}"), dialect)
        old = maker.document()
        new = edited(maker, old)
        if leads_back(old) or leads_back(new):
            continue
        try:
            judges = Judge(old, dialect), Judge(new, dialect)
        except Refused:  # an edit made it no schema
            continue
        report.counts["pairs"] += 1
        found = compare(old, new)
        values = [*instances(old, new), *(each.value for each in found.counterexamples)]
        _direction(report, "backward", found, judges, values, [old, new])
        _direction(report, "forward", found, (judges[1], judges[0]), values, [old, new])
    return report


def _direction(
    report: Report, direction: str, found: SchemaDiff, judges: tuple[Judge, Judge], values: list[Any], pair: list[Any]
) -> None:
    """`compatible`: no instance that the first accepts and the second refuses. `breaking`: the one shown is such."""
    verdict: str = getattr(found, direction)
    report.counts[verdict] += 1
    small, large = judges
    if verdict == "breaking":
        for each in found.counterexamples:
            if each.direction == direction:
                rust = small.rust.is_valid(each.value) and not large.rust.is_valid(each.value)
                python = small.python(each.value) and large.python(each.value) is False
                report.counts["confirmed" if rust and python else "disputed"] += 1
                if not rust and not python:
                    report.unconfirmed.append(json.dumps([direction, pair, each.value]))
        return
    for value in values if verdict == "compatible" else []:
        if small.rust.is_valid(value) and not large.rust.is_valid(value):
            if small.python(value) and large.python(value) is False:
                report.refuted.append(json.dumps([direction, pair, value]))
                return
            report.counts["disputed instances"] += 1


def rewritten(maker: Maker, document: dict[str, Any]) -> dict[str, Any]:
    """The same schema, put differently: members and lists in another order, an `allOf` of one around a property."""
    changed: dict[str, Any] = _shuffled(maker.random, copy.deepcopy(document))
    for name, schema in changed.get("properties", {}).items():
        if maker.random.random() < 0.5:
            changed["properties"][name] = {"allOf": [schema]}
    return changed


def _shuffled(random: Random, value: Any, keyword: str = "") -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: _shuffled(random, value[name], name) for name in names}
    if isinstance(value, list):
        inner = [_shuffled(random, each) for each in value]
        if keyword in ("enum", "required", "anyOf", "allOf", "oneOf"):
            random.shuffle(inner)
        return inner
    return value
