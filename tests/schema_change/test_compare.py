"""Verdicts of whole comparisons, the cases of other projects among them."""

from __future__ import annotations

import fnmatch
import json
import re
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema.validators import validator_for
from referencing import Registry

from countersign import limits, schema_change
from countersign.schema_change import Counterexample, compare, summarise
from countersign.schema_change.dialect import readings
from countersign.schema_change.validators import LIBRARY_VALIDATORS
from countersign.strict_json import Json
from tests.schema_change.oracle_refactorings import rewritten
from tests.schema_change.oracle_runs import judge
from tests.schema_change.oracle_schemas import DIALECTS, Maker

REPOSITORY = Path(__file__).resolve().parents[2]
CASES = REPOSITORY.parent / "shared" / "cases" / "pairs.jsonl"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"

#: Of 1,576 judged verdicts: 1,537 are right as this is written.
_RIGHT_AT_LEAST = 1_530
#: Of 1,248 directions that break: 1,231 have a document to show as this is written; the rest would be too long.
_SHOWN_AT_LEAST = 1_225


def verdicts(old: Json, new: Json) -> tuple[str, str]:
    found = compare(old, new)
    return found.backward, found.forward


def test_no_schema_before() -> None:
    """A new schema is one change; it breaks what was accepted unless it accepts everything."""
    found = compare(None, {"type": "string"})
    assert [(change.kind, change.effect) for change in found.changes] == [("schema-created", "narrows")]
    assert (found.backward, found.forward) == ("breaking", "compatible")
    assert compare(None, {"title": "anything"}).backward == "compatible"
    assert compare(None, {"format": "date"}).backward == "unknown"


def test_verdicts_of_the_two_directions() -> None:
    """Narrowing breaks backward, widening breaks forward, both break both."""
    assert verdicts({"type": "number"}, {"type": "integer"}) == ("breaking", "compatible")
    assert verdicts({"type": "integer"}, {"type": "number"}) == ("compatible", "breaking")
    assert verdicts({"type": "integer"}, {"type": "string"}) == ("breaking", "breaking")
    assert verdicts({"const": 1}, {"enum": [1]}) == ("compatible", "compatible")


def test_another_dialect_is_unknown() -> None:
    """A changed `$schema` changes what keywords mean."""
    found = compare({"$schema": DRAFT_07, "type": "string"}, {"$schema": DRAFT_2020_12, "type": "string"})
    assert [change.kind for change in found.changes] == ["dialect-changed"]
    assert (found.backward, found.forward) == ("unknown", "unknown")
    assert (
        verdicts({"$schema": "https://example.com/x"}, {"$schema": "https://example.com/x", "title": "a"})[0]
        == "unknown"
    )
    assert verdicts({"$schema": DRAFT_07}, {"$schema": DRAFT_07.rstrip("#")}) == ("compatible", "compatible")


def test_default_dialect() -> None:
    """The dialect of documents without `$schema` can be said."""
    old: Json = {"$ref": "#/definitions/a", "definitions": {"a": {"type": "string"}}}
    new: Json = {"$ref": "#/definitions/a", "maxLength": 3, "definitions": {"a": {"type": "string"}}}
    assert verdicts(old, new)[0] == "unknown"
    assert compare(old, new, default_dialect=DRAFT_07).backward == "compatible"
    assert compare(old, new, default_dialect=DRAFT_2020_12).backward == "breaking"


def test_bundles_are_part_of_the_schema() -> None:
    """A reference keeps its name and its schema changes: the change is in the bundle."""
    schema: Json = {"$ref": "address.json"}
    number: dict[str, Json] = {"address.json": {"type": "number"}}
    integer: dict[str, Json] = {"address.json": {"type": "integer"}}
    found = compare(schema, schema, old_bundle=number, new_bundle=integer)
    assert (found.backward, found.forward) == ("breaking", "compatible")
    assert [change.kind for change in found.changes] == ["type-changed"]
    assert not compare(schema, schema, old_bundle=number, new_bundle=number).changes


def test_reasons_name_places_and_no_values() -> None:
    """A reason is a kind, a pointer and an effect."""
    found = compare({"enum": ["hunter2"]}, {"enum": ["hunter3"]})
    assert found.reasons == (
        "backward breaking: enum-value-removed at /enum (narrows)",
        "forward breaking: enum-value-added at /enum (widens)",
    )
    assert "hunter" not in "".join(found.reasons)


def test_unused_definitions_are_neutral() -> None:
    """A definition that nothing leads to is listed and acts on nothing."""
    found = compare({"$defs": {"a": {"type": "string"}}}, {"$defs": {"a": {"type": "null"}}})
    assert [(change.kind, change.effect) for change in found.changes] == [("definition-changed", "none")]
    assert (found.backward, found.forward) == ("compatible", "compatible")


def test_hostile_schemas_end() -> None:
    """Width, depth, alternatives, expressions and shapes that make no sense end in a verdict, and in time."""
    deep: Json = {"type": "string"}
    for _ in range(190):
        deep = {"not": deep}
    chain: dict[str, Json] = {f"d{index}": {"$ref": f"#/$defs/d{index + 1}"} for index in range(1000)}
    forks: list[Json] = [{"anyOf": [{"required": [f"a{i}{j}"]} for j in range(8)]} for i in range(10)]
    pairs: list[tuple[Json, Json]] = [
        (deep, {"not": deep}),
        ({"$ref": "#/$defs/d0", "$defs": chain}, {"type": "string"}),
        ({"allOf": forks}, {"allOf": forks[1:], "required": ["z"]}),
        ({"pattern": "^(a+)+$", "const": "a" * 2000}, {"pattern": "^(a|aa)+$", "maxLength": 9}),
        ({"properties": [], "type": 7, "anyOf": {}, "$ref": 3}, {"properties": {"a": 4}, "if": 3, "$id": "http://["}),
        ({"enum": list(range(limits.MAX_SCHEMA_NODES + 1))}, {}),
    ]
    for old, new in pairs:
        start = time.monotonic()
        found = compare(old, new)
        assert time.monotonic() - start < 20
        assert "compatible" not in (found.backward, found.forward)


def test_many_long_arrays_end_in_time() -> None:
    """What is made up to show an effect takes steps of its own, item by item."""

    def schema(more: int) -> Json:
        return {"properties": {f"p{n}": {"type": "array", "minItems": 40_000 + 2 * n + more} for n in range(200)}}

    start = time.process_time()
    found = compare(schema(0), schema(1))
    assert time.process_time() - start < 5
    assert found.backward != "compatible"


def test_counterexamples_of_verdicts() -> None:
    """One whole document for each direction that breaks, and none for one that does not."""
    found = compare(
        {"type": "object"}, {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    )
    assert found.counterexamples == (Counterexample("backward", {}),)
    found = compare({"const": 1}, {"const": 2})
    assert found.counterexamples == (Counterexample("backward", 1), Counterexample("forward", 2))
    assert compare({"format": "date"}, {"format": "time"}).counterexamples == ()
    assert compare({"type": "string"}, {"type": "string", "title": "a"}).counterexamples == ()
    assert compare(None, {"type": "string"}).counterexamples == (Counterexample("backward", None),)
    assert compare(None, {"type": "string"}).changes[0].counterexample == Counterexample("backward", None)


def test_counterexamples_use_the_bundle() -> None:
    """A document is checked with the schemas that references name on its own side."""
    schema: Json = {"$id": "http://a.example/b", "properties": {"to": {"$ref": "address.json"}}}
    old: dict[str, Json] = {"address.json": {"required": ["zip"]}}
    new: dict[str, Json] = {"address.json": {"required": ["zip", "city"], "properties": {"zip": {}}}}
    found = compare(schema, schema, old_bundle=old, new_bundle=new)
    assert [each.direction for each in found.counterexamples] == ["backward"]
    assert found.counterexamples[0].value == {"to": {"zip": None}}
    (change,) = (change for change in found.changes if change.kind == "required-added")
    assert change.counterexample == Counterexample("backward", {"zip": None})


def test_counterexamples_hold_in_the_first_reading() -> None:
    """Where a document can be read in two ways, what is shown holds in one of them, and the verdict in both."""
    found = compare({"items": [{"type": "string"}]}, {"items": [{"type": "integer"}]})
    assert found.backward == "breaking"
    assert [each.value for each in found.counterexamples] == [["a"], [0]]


def test_every_kind_is_documented() -> None:
    """README.md names each kind that the tables of the rules' tests produce."""
    text = (Path(schema_change.__file__).parent / "README.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    globs = set(named) | {f"*{name}" for name in named if name.startswith("-")}
    old: dict[str, Json] = {
        "title": "a",
        "properties": {"a": {"minimum": 1}},
        "required": ["a"],
        "contains": {},
        "not": {"const": 1},
    }
    new: dict[str, Json] = {
        "items": {"type": "string"},
        "anyOf": [{}],
        "enum": [1],
        "foo": 1,
        "$defs": {"a": {}},
        "format": "x",
    }
    kinds = {change.kind for pair in ((old, new), (new, old)) for change in compare(*pair).changes}
    assert len(kinds) > 15
    assert not [kind for kind in kinds if not any(fnmatch.fnmatch(kind, glob) for glob in globs)]


_SCHEMAS: st.SearchStrategy[Json] = st.recursive(
    st.sampled_from(
        [True, False, {"type": "string"}, {"minimum": 1}, {"title": "x"}, {"format": "date"}, {"$ref": "#"}]
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "required": st.lists(st.sampled_from("ab"), unique=True),
            "unknown": st.booleans(),
        },
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_SCHEMAS)
def test_reflexive(schema: Json) -> None:
    """A schema has no changes against itself and is compatible both ways."""
    found = compare(schema, json.loads(json.dumps(schema)))
    assert (found.changes, found.backward, found.forward) == ((), "compatible", "compatible")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_SCHEMAS, _SCHEMAS)
def test_backward_is_forward_the_other_way_round(old: Json, new: Json) -> None:
    """Exchanging the schemas exchanges the verdicts, and no verdict but compatible is without a change."""
    found, turned = compare(old, new), compare(new, old)
    assert (found.backward, found.forward) == (turned.forward, turned.backward)
    if (found.backward, found.forward) != ("compatible", "compatible"):
        assert [change for change in found.changes if change.effect != "none"]
        assert found.reasons
        assert summarise(found.changes)


def test_compatible_is_not_refuted() -> None:
    """Some hundred made-up pairs, each with the instances at its boundaries, by two validators; faults/ has the rest."""
    report = judge("short", 300)
    assert not report.refuted, report.refuted[0]
    assert not report.unconfirmed, report.unconfirmed[0]
    assert min(report.counts[name] for name in ("compatible", "confirmed")) > 100


def test_the_same_put_differently_is_compatible() -> None:
    """Another order, and an `allOf` of one, change nothing, and every change that is listed does nothing."""
    for number in range(60):
        maker = Maker(Random(number), list(DIALECTS)[number % len(DIALECTS)])
        old = maker.document()
        found = compare(old, rewritten(maker, old))
        assert (found.backward, found.forward) == ("compatible", "compatible"), json.dumps(old)
        if '"$ref"' not in json.dumps(old):  # recursive schemas that stand apart are equal by proof, not piece by piece
            assert not [change for change in found.changes if change.effect != "none"], json.dumps(old)


@pytest.mark.skipif(
    not CASES.exists(), reason="the shared cases are not beside the checkout: ../shared/cases/pairs.jsonl"
)
def test_cases_of_other_projects() -> None:
    """No verdict is unsafe, none raises, and nearly all are right."""
    counts: Counter[str] = Counter()
    unsafe: list[str] = []
    for line in CASES.read_text().splitlines():
        pair = json.loads(line)
        found = compare(pair["old"], pair["new"])
        for example in found.counterexamples:
            counts["shown"] += 1
            assert _is_shown(pair["old"], pair["new"], example), pair["name"]
        for direction, said in (("backward", found.backward), ("forward", found.forward)):
            expected = pair[direction]
            if expected is None:
                continue
            counts["right" if said == ("compatible" if expected else "breaking") else "other"] += 1
            if said == "compatible" and expected is False:
                # two suites call it breaking that a dependent schema goes from one that no object matches to another
                # such: there is no witness, as both refuse the same objects
                if pair[f"{direction}_source"] == "witness" or "dependencies schemas" not in pair["name"]:
                    unsafe.append(pair["name"])
    assert not unsafe
    assert counts["right"] >= _RIGHT_AT_LEAST
    assert counts["shown"] >= _SHOWN_AT_LEAST


def _is_shown(old: Any, new: Any, example: Counterexample) -> bool:
    """Whether the library as it comes agrees, in one of the dialects that the pair can be read in."""
    valid, refused = (old, new) if example.direction == "backward" else (new, old)
    for dialect in readings(old, new):
        validators: list[Any] = [
            validator_for(schema, default=LIBRARY_VALIDATORS[dialect.name])(schema, registry=Registry())
            for schema in (valid, refused)
        ]
        if validators[0].is_valid(example.value) and not validators[1].is_valid(example.value):
            return True
    return False
