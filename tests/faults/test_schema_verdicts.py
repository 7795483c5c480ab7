"""Long runs: no verdict `compatible` is refuted, and no hostile schema takes long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from countersign.schema_change import compare
from countersign.strict_json import Json
from tests.schema_change.oracle_runs import judge

_SECONDS = 40  # of processor time; most need less than two, and a slow machine is given its room


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_compatible_is_never_refuted() -> None:
    """20,000 pairs, and the instances at their boundaries, by two validators."""
    report = judge("long", 20_000)
    assert not report.refuted, report.refuted[0]
    assert not report.unconfirmed, report.unconfirmed[0]
    assert min(report.counts[name] for name in ("compatible", "confirmed")) > 8_000
    assert report.counts["unknown"] < 1_000


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
