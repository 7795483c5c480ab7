"""Many pairs: no verdict `compatible` is refuted, verdicts agree with each other, and no hostile schema takes long."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from countersign.schema_change import SchemaDiff, compare
from countersign.strict_json import Json
from tests.schema_change.oracle_runs import compared, judge, pairs
from tests.schema_change.oracle_services import SERVICES, service_pair
from tests.schema_change.oracle_targets import Side

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "pairs.jsonl"
_SECONDS = 40  # of processor time; most need less than two, and a slow machine is given its room


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_compatible_is_never_refuted() -> None:
    """20,000 pairs, and the instances at their boundaries, by two validators."""
    report = judge("long", 20_000)
    assert not report.refuted, report.refuted[0]
    assert not report.unconfirmed, report.unconfirmed[0]
    assert min(report.counts[name] for name in ("compatible", "confirmed")) > 8_000
    assert min(report.counts[name] for name in ("plain", "anchored", "nested", "bundled", "dynamic")) > 2_000
    assert report.counts["unknown"] - report.counts["dynamic: unknown"] < 600  # where references move, little is known


def is_turned(found: SchemaDiff, turned: SchemaDiff) -> bool:
    """Whether two comparisons say the same with the sides exchanged, of the whole and of the changes."""
    reversed_effects = {"narrows": "widens", "widens": "narrows"}
    effects = Counter(reversed_effects.get(change.effect, change.effect) for change in found.changes)
    said = (found.backward, found.forward, effects)
    return said == (turned.forward, turned.backward, Counter(change.effect for change in turned.changes))


def test_a_made_up_schema_is_itself() -> None:
    """No change against a copy, and against one with another description that change alone, in every dialect."""
    sides: list[tuple[Side, str | None]] = [
        (pair.old, None) for pair in pairs("reflexive", 200) if pair.spelling != "dynamic"
    ]
    sides += [(Side(service_pair(Random(number), name)[0]), name) for number in range(60) for name in SERVICES]
    for side, dialect in sides:
        for description in ({}, {"description": "z"}):
            old, new = side.document, copy.deepcopy({**side.document, **description})
            bundles = {"old_bundle": side.bundle, "new_bundle": copy.deepcopy(side.bundle)}
            found = compare(old, new, **bundles, default_dialect=dialect)
            assert (found.backward, found.forward) == ("compatible", "compatible"), json.dumps(old)
            assert [change.kind.split("-")[0] for change in found.changes] == ["annotation"] * len(description)


def test_exchanging_the_sides_exchanges_the_verdicts() -> None:
    """Of made-up pairs, in every dialect: backward is forward the other way round, and narrows is widens."""
    for pair in pairs("turned", 300):
        assert is_turned(compared(pair.old, pair.new), compared(pair.new, pair.old)), pair.text()
    for number in range(150):
        for dialect in SERVICES:
            old, new = service_pair(Random(number), dialect)
            found = [compare(*each, default_dialect=dialect) for each in ((old, new), (new, old))]
            assert is_turned(*found), json.dumps([old, new])


@pytest.mark.skipif(
    not CASES.exists(), reason="the shared cases are not beside the checkout: ../shared/cases/pairs.jsonl"
)
def test_exchanging_the_sides_of_the_cases_exchanges_the_verdicts() -> None:
    """Of the pairs that other projects test themselves with."""
    for line in CASES.read_text().splitlines():
        pair = json.loads(line)
        found, turned = compare(pair["old"], pair["new"]), compare(pair["new"], pair["old"])
        assert is_turned(found, turned), pair["name"]


def branches(keyword: str, count: int, branch: Callable[[int], Json]) -> Json:
    return {keyword: [branch(index) for index in range(count)]}


def nested(levels: int, inner: str) -> Json:
    found: Json = json.loads('{"items":' * levels + inner + "}" * levels)
    return found


HOSTILE: dict[str, tuple[Json, Json]] = {
    "5 MB": (
        {"enum": ["x" * 100 + str(n) for n in range(48_000)]},
        {"enum": ["x" * 100 + str(n + 1) for n in range(48_000)]},
    ),
    "one expression of 5 MB": ({"pattern": "a" * 5_000_000}, {"pattern": "a" * 4_999_999 + "b"}),
    "200 levels": (nested(199, '{"type":"string"}'), nested(199, '{"type":"integer"}')),
    "99,000 required members": (
        {"required": [f"m{n}" for n in range(99_000)]},
        {"required": [f"m{n}" for n in range(98_999)]},
    ),
    "an enum of 99,000": ({"enum": list(range(99_000))}, {"type": "integer", "minimum": 0, "maximum": 98_999}),
    "anyOf of 1,000": (
        branches("anyOf", 1000, lambda n: {"required": [f"a{n}"]}),
        branches("anyOf", 1000, lambda n: {"required": [f"b{n}"]}),
    ),
    "oneOf of 1,000": (
        branches("oneOf", 1000, lambda n: {"properties": {"k": {"const": n}}}),
        branches("oneOf", 1000, lambda n: {"properties": {"k": {"const": n + 1}}}),
    ),
    "oneOf of 1,000 expressions": (
        branches("oneOf", 1000, lambda n: {"pattern": f"^a{n}$"}),
        branches("oneOf", 1000, lambda n: {"pattern": f"^b{n}$"}),
    ),
    "5,000 objects that must not repeat": (
        {"items": {"enum": [{"a": n} for n in range(5000)]}, "uniqueItems": True},
        {"items": {"enum": [{"a": n} for n in range(5000)]}, "maxItems": 4999},
    ),
    "5,000 dependencies": (
        {"dependencies": {f"a{n}": [f"a{n + 1}"] for n in range(5000)}},
        {"dependencies": {f"a{n}": [f"a{n + 2}"] for n in range(5000)}},
    ),
    "counts of counts": ({"pattern": "^((a{1,90}){1,90}){1,90}$"}, {"pattern": "^(a|b)*c$"}),
    "much look-ahead": (
        {"pattern": "^" + "".join(f"(?=.*{c}.*{c})" for c in "abcdefghijklmnop")},
        {"pattern": "^" + "".join(f"(?=.*{c}.*{c})" for c in "abcdefghijklmnoq")},
    ),
    "huge numbers": ({"maximum": 10**4000, "multipleOf": 0.1}, {"maximum": 1e308, "multipleOf": 5e-324}),
    "a count of 400 digits": ({"minItems": 10**400, "uniqueItems": True}, {"minLength": 10**400}),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_end(name: str) -> None:
    """What is past a limit is unknown; the work is counted in steps, and ends whatever the schemas hold."""
    start = time.process_time()
    found = compare(*HOSTILE[name])
    assert time.process_time() - start < _SECONDS
    assert (found.backward, found.forward) != ("compatible", "compatible")
