"""Verdicts on made-up pairs, held against what two validators say of instances of both sides.

Where the validators differ with each other an instance proves nothing and is counted. Seen so far: letters beyond ASCII
under `\\w` (ECMA-262 says no, Python yes), and doubles next to 1e308, which each rounds in its own way. `""` as a name in
`patternProperties` is left out of the schemas: `jsonschema` takes it for no pattern at all beside `additionalProperties`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from countersign.schema_change import SchemaDiff, compare
from tests.schema_change.oracle_edits import edited
from tests.schema_change.oracle_instances import instances
from tests.schema_change.oracle_schemas import DIALECTS, Maker
from tests.schema_change.oracle_spellings import SPELLINGS, dynamic, plain, spelled
from tests.schema_change.oracle_targets import Side, leads_back
from tests.schema_change.oracle_validators import Judge, Refused

#: How the schemas of a document are named, and how often of ten times.
_SPELLINGS = (*3 * [plain], *2 * SPELLINGS[1:], dynamic)


@dataclass
class Report:
    """What a run found; every text names the pair that shows it again."""

    counts: Counter[str] = field(default_factory=Counter)
    refuted: list[str] = field(default_factory=list)  #: called compatible, and both validators say otherwise
    unconfirmed: list[str] = field(default_factory=list)  #: a counterexample that neither validator takes for one


@dataclass
class Pair:
    """A schema and what became of it."""

    old: Side
    new: Side
    spelling: str  #: of the old one; "dynamic" where one of them is
    judges: tuple[Judge, Judge]

    def compared(self, *, turned: bool = False) -> SchemaDiff:
        return compared(self.new, self.old) if turned else compared(self.old, self.new)

    def text(self, *more: Any) -> str:
        sides = [self.old.document, self.new.document, self.old.bundle, self.new.bundle]
        return json.dumps([*more, sides])


def compared(old: Side, new: Side) -> SchemaDiff:
    """What we say of the two, each with its bundle."""
    return compare(old.document, new.document, old_bundle=old.bundle, new_bundle=new.bundle)


def pairs(seed: str, count: int) -> Iterator[Pair]:
    """So many pairs, the same for the same seed, of schemas that both validators take and that end."""
    number = found = 0
    while found < count:
        number += 1
        dialect = list(DIALECTS)[number % len(DIALECTS)]
        maker = Maker(Random(f"{seed}/{number}"), dialect)
        document, spellings = maker.document(), [maker.random.choice(_SPELLINGS)]
        old = spelled(maker, document, spellings[0])
        if maker.random.random() < 0.75:
            new = edited(maker, old)
        else:  # edited, and its schemas named in another way
            spellings.append(maker.random.choice(_SPELLINGS))
            new = spelled(maker, edited(maker, Side(document)).document, spellings[1])
        if leads_back(old) or leads_back(new):
            continue
        try:
            judges = Judge(old, dialect), Judge(new, dialect)
        except Refused:  # an edit made it no schema, or a reference lead nowhere
            continue
        found += 1
        yield Pair(old, new, (dynamic if dynamic in spellings else spellings[0]).__name__, judges)


def judge(seed: str, count: int) -> Report:
    """Compare so many pairs, and hold the verdicts against the instances at their boundaries."""
    report = Report()
    for pair in pairs(seed, count):
        report.counts.update(["pairs", pair.spelling])
        found = pair.compared()
        values = [*instances(pair.old, pair.new), *(each.value for each in found.counterexamples)]
        _direction(report, "backward", found, pair, values)
        _direction(report, "forward", found, pair, values)
    return report


def _direction(report: Report, direction: str, found: SchemaDiff, pair: Pair, values: list[Any]) -> None:
    """`compatible`: no instance that the first accepts and the second refuses. `breaking`: the one shown is such."""
    verdict: str = getattr(found, direction)
    report.counts.update([verdict, f"{pair.spelling}: {verdict}"])
    small, large = pair.judges if direction == "backward" else reversed(pair.judges)
    if verdict == "breaking":
        for each in found.counterexamples:
            if each.direction == direction:
                rust = small.rust.is_valid(each.value) and not large.rust.is_valid(each.value)
                python = small.python(each.value) and large.python(each.value) is False
                report.counts["confirmed" if rust and python else "disputed"] += 1
                if not rust and not python:
                    report.unconfirmed.append(pair.text(direction, each.value))
        return
    for value in values if verdict == "compatible" else []:
        if small.rust.is_valid(value) and not large.rust.is_valid(value):
            if small.python(value) and large.python(value) is False:
                report.refuted.append(pair.text(direction, value))
                return
            report.counts["disputed instances"] += 1
