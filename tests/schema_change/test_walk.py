"""Pointers, senses and references of the walk; the list of changes against another project's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from countersign.schema_change import compare
from countersign.schema_change.json_pointers import pointer
from countersign.schema_change.values import ChangeEffect
from countersign.schema_change.walk import Sense, at, combined, kebab, seen_from_above
from countersign.strict_json import Json
from tests.schema_change.confluent_codes import UNSAID, kinds_of, says

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "pairs.jsonl"
#: Of 309 codes in 263 pairs: what is said by a kind of the same meaning, at any place.
_SAID_BY_A_KIND_AT_LEAST = 275


def test_pointers() -> None:
    """Tokens are escaped (RFC 6901, 3), and lead back to what they name."""
    assert pointer("/a", "b/c", "~", 0) == "/a/b~1c/~0/0"
    assert at({"a": [{"b": 1}]}, ("a", 0, "b")) == 1


@pytest.mark.parametrize(
    ("effect", "sense", "seen"),
    [
        ("narrows", "same", "narrows"),
        ("narrows", "reversed", "widens"),
        ("unknown", "reversed", "unknown"),
        ("none", ("narrows",), "none"),
        ("widens", ("narrows",), "narrows"),
    ],
)
def test_effects_are_seen_from_above(effect: ChangeEffect, sense: Sense, seen: ChangeEffect) -> None:
    """`not` turns an effect round; a group of keywords gives its own."""
    assert seen_from_above(effect, sense) == seen


def test_senses_combine() -> None:
    """Twice turned round is as it was; what is attributed to a group is turned round with it."""
    assert combined("reversed", "reversed") == "same"
    assert combined("reversed", ("narrows",)) == ("widens",)
    assert combined(("unknown",), "reversed") == ("unknown",)


def test_kebab() -> None:
    """Kinds are keywords in kebab case."""
    assert kebab("exclusiveMinimum") == "exclusive-minimum"
    assert kebab("$ref") == "ref"


def kinds(old: Json, new: Json) -> list[tuple[str, str, str | None]]:
    return [(change.kind, change.pointer, change.old_pointer) for change in compare(old, new).changes]


def test_references_are_followed_once() -> None:
    """What two references share is said once, at the definition."""

    def schema(kind: str) -> Json:
        return {
            "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": kind, "items": {"$ref": "#/$defs/x"}}},
        }

    assert kinds(schema("string"), schema("integer")) == [("type-changed", "/$defs/x/type", "/$defs/x/type")]


def test_renamed_definitions_are_neutral() -> None:
    """Equal schemas under another name change nothing; the names are still listed."""
    old: Json = {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}
    new: Json = {"$ref": "#/$defs/y", "$defs": {"y": {"type": "string"}}}
    found = compare(old, new)
    assert {change.kind for change in found.changes} == {"definition-removed", "definition-added"}
    assert {change.effect for change in found.changes} == {"none"}
    assert (found.backward, found.forward) == ("compatible", "compatible")


def test_reference_against_inline() -> None:
    """A reference is compared with what stands in its place; each side has its own pointer."""
    old: Json = {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"maxLength": 5}}}
    new: Json = {"properties": {"a": {"maxLength": 4}}, "$defs": {"x": {"maxLength": 5}}}
    assert kinds(old, new) == [("max-length-decreased", "/properties/a/maxLength", "/$defs/x/maxLength")]


def test_what_is_written_alike_can_differ_all_the_same() -> None:
    """Below it a reference can lead to something else, and another dialect reads it in another way."""
    same: Json = {"properties": {"a": {"items": [{"$ref": "#/definitions/b"}, {"minimum": 1}]}}}
    old: dict[str, Json] = {"allOf": [same], "definitions": {"b": {"type": "string"}}}
    found = kinds(old, {**old, "definitions": {"b": {"type": "integer"}}})
    assert found == [("type-changed", "/definitions/b/type", "/definitions/b/type")]
    uris = [f"https://json-schema.org/draft/{name}/schema" for name in ("2019-09", "2020-12")]
    documents: list[Json] = [{"$schema": uri, "not": {"items": [{"type": "null"}]}} for uri in uris]
    assert [kind for kind, _, _ in kinds(*documents)][1:] == ["tuple-item-removed", "items-added"]


def test_ignored_siblings_are_said() -> None:
    """Beside `$ref` in draft-07 a keyword says nothing, and that it differs is said."""
    base: dict[str, Json] = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/x"}
    base["definitions"] = {"x": {"type": "string"}}
    found = compare(base, {**base, "minLength": 3})
    assert [(change.kind, change.effect) for change in found.changes] == [("ignored-keyword-added", "none")]
    assert (found.backward, found.forward) == ("compatible", "compatible")


def test_endless_references_end() -> None:
    """A reference to itself is compared with nothing and called unknown."""
    found = compare({"$ref": "#"}, {"$ref": "#", "title": "x"})
    assert (found.backward, found.forward) == ("unknown", "unknown")


@pytest.mark.skipif(
    not CASES.exists(), reason="the shared cases are not beside the checkout: ../shared/cases/pairs.jsonl"
)
def test_every_code_of_confluent_is_said() -> None:
    """Each is said by a kind, or by a change at the place that it sums up; what we say beyond them has a reason."""
    counts: Counter[str] = Counter()
    differences: list[str] = []
    for line in CASES.read_text().splitlines():
        pair = json.loads(line)
        if not pair["suite"].startswith("confluent") or pair.get("expected_changes") is None:
            continue
        changes = compare(pair["old"], pair["new"]).changes
        codes = [text.split(" ", 1) for text in pair["expected_changes"]]
        for code, place in codes:
            counts["codes"] += 1
            counts["by a kind"] += any(says(change, code) for change in changes)
            if not any(says(change, code, place) for change in changes):
                differences.append(f"{pair['name']}: {code} at {place} is not said")
        for change in changes:
            if change.effect == "none" or change.kind in UNSAID:
                continue
            if not any(says(change, *code) for code in codes):
                differences.append(f"{pair['name']}: no code for {change.kind} at {change.pointer}")
    assert not differences
    assert counts["codes"] > 300
    assert counts["by a kind"] >= _SAID_BY_A_KIND_AT_LEAST


def test_the_codes_have_kinds() -> None:
    """A code that the table does not have is an error, and each reason is for a kind that we have."""
    assert kinds_of("MAX_LENGTH_INCREASED") == ("max-length-increased",)
    assert kinds_of("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL") == ("property-added",)
    with pytest.raises(KeyError):
        kinds_of("SOMETHING_ELSE")
    assert all(kind == kind.lower() and reason for kind, reason in UNSAID.items())
