"""Where references lead."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.errors import TooLarge
from countersign.schema_change import DIALECT_NAMES, compare
from countersign.schema_change.dialect import DRAFT_07, DRAFT_2019_09, DRAFT_2020_12, NAMED
from countersign.schema_change.references import Bundle, UnresolvedReference
from countersign.strict_json import Json, dumps, loads
from tests.schema_change.oracle_spellings import Spelling
from tests.schema_change.oracle_twins import RENAMINGS, all_twins

URI = DRAFT_2020_12.uri
STRING: dict[str, Json] = {"type": "string"}
INTEGER: dict[str, Json] = {"type": "integer"}


def follow(document: Json, reference: str, bundle: dict[str, Json] | None = None) -> Json:
    return Bundle(document, bundle or {}).root(DRAFT_2020_12).follow(reference).schema


def test_pointers_and_anchors() -> None:
    """Within the document: the root, a pointer with escapes, an anchor, an embedded `$id`."""
    document: Json = {
        "$id": "https://example.com/root",
        "$defs": {"a/b": STRING, "c": {"$anchor": "here", "type": "null"}, "d": {"$id": "part", "type": "array"}},
    }
    assert follow(document, "#") is document
    assert follow(document, "#/$defs/a~1b") is STRING
    assert follow(document, "#here") == {"$anchor": "here", "type": "null"}
    assert follow(document, "part") == {"$id": "part", "type": "array"}


def test_bundle_is_reached_by_name() -> None:
    """A name of the bundle leads to its schema, and references inside it stay inside it."""
    bundle: dict[str, Json] = {
        "address.json": {"$ref": "#/$defs/x", "$defs": {"x": STRING}},
        "b": {"$ref": "address.json"},
    }
    place = Bundle({}, bundle).root(DRAFT_2020_12).follow("address.json")
    assert place.schema is bundle["address.json"]
    assert place.follow("#/$defs/x").schema is STRING
    assert follow({}, "address.json#/$defs/x", bundle) is STRING
    assert Bundle({}, bundle).root(DRAFT_2020_12).follow("b").follow("address.json").schema is bundle["address.json"]


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/elsewhere.json",
        "file:///etc/passwd",
        "#/$defs/absent",
        "#/list/x",
        "#/list/7",
        "#/number",
        "#/text/x",
        "#nowhere",
        "http://[",
    ],
)
def test_anything_else_leads_nowhere(reference: str) -> None:
    """Nothing is fetched, and what is no schema is none."""
    document: Json = {"list": [STRING], "number": 1, "text": "x"}
    assert follow(document, "#/list/0") is STRING
    with pytest.raises(UnresolvedReference):
        follow(document, reference)


def test_another_dialect_inside_leads_nowhere() -> None:
    """A bundled schema of another dialect has other rules, which are not worked out here."""
    assert follow({}, "a", {"a": {"$schema": DRAFT_2020_12.uri}})
    with pytest.raises(UnresolvedReference):
        follow({}, "a", {"a": {"$schema": DRAFT_07.uri}})


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_booleans_are_documents_in_every_dialect(dialect: str) -> None:
    """The library cannot ask a boolean for its name in draft 4; a first schema is compared with `true`."""
    assert compare(None, {"type": "string"}, default_dialect=dialect).backward == "breaking"
    assert compare(True, {"type": "string"}, default_dialect=dialect).forward == "compatible"
    place = Bundle({"$ref": "no"}, {"no": False}).root(NAMED[dialect]).follow("no")
    assert place.schema is False


def test_a_document_and_its_bundle_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each for itself; a twin at the limit is read."""
    monkeypatch.setattr(limits, "MAX_SCHEMA_NODES", 3)
    too_large: list[tuple[Json, dict[str, Json]]] = [([1, 2, 3], {}), ({}, {"a": [1, 2]})]
    for document, bundle in too_large:
        with pytest.raises(TooLarge):
            Bundle(document, bundle)
    assert Bundle([1, 2], {"a": [1]}).names == {"a"}


def test_embedded_id_changes_the_base() -> None:
    """Below a subschema with `$id`, `#` is that subschema."""
    inner: Json = {"$id": "inner", "$defs": {"x": STRING}}
    document: Json = {"$id": "https://example.com/root", "properties": {"a": inner}}
    place = Bundle(document, {}).root(DRAFT_2020_12).inside(inner)
    assert place.follow("#/$defs/x").schema is STRING


def test_unreadable_base_does_not_raise() -> None:
    """A hostile `$id` makes references lead nowhere."""
    inner: Json = {"$id": "http://[bad", "$ref": "#x"}
    place = Bundle({"properties": {"a": inner}}, {}).root(DRAFT_2020_12).inside(inner)
    with pytest.raises(UnresolvedReference):
        place.follow("#x")


@pytest.mark.parametrize("document", [{"$id": 5}, {"$id": "http://[", "properties": {"a": {"$id": "x"}}}])
def test_a_hostile_identifier_leads_nowhere(document: dict[str, Json]) -> None:
    """An identifier that is no text, or makes no URI, raises nothing; all that is known without it is still said."""
    root = Bundle(document, {"b": {"$id": 5, "id": "b"}}).root(DRAFT_2020_12)
    for place in (root, root.inside({"$id": "x"}), root.inside({"$id": "x"}).inside({"$id": "y"})):
        with pytest.raises(UnresolvedReference):
            place.follow("x#y")
    new: Json = {"$schema": URI, **document, "type": "object"}
    assert compare({"$schema": URI, **document}, new).backward == "breaking"
    refers: Json = {"$schema": URI, **document, "items": {"$ref": "x"}}
    assert compare(refers, {"$schema": URI, **document, "items": {"$ref": "y"}}).backward == "unknown"


def test_the_name_is_the_base_of_what_the_bundle_holds() -> None:
    """A relative reference in a schema of the bundle is read against that schema's name, then against its `$id`."""
    far = "https://a.test/dir/"
    bundle: dict[str, Json] = {f"{far}r": {"$ref": "s"}, f"{far}s": STRING, f"{far}i": {"$id": "x/i", "$ref": "../s"}}
    for name in ("r", "i"):
        assert (
            Bundle({}, bundle)
            .root(DRAFT_2020_12)
            .follow(f"{far}{name}")
            .follow(
                str(bundle[f"{far}{name}"]["$ref"])  # type: ignore[index, call-overload]
            )
            .schema
            is STRING
        )
    with pytest.raises(UnresolvedReference):
        Bundle({}, bundle).root(DRAFT_2020_12).follow("s")


def test_one_text_below_two_bases_is_two_references() -> None:
    """The same words can lead to two schemas, or nowhere from one place and somewhere from another."""
    uri = DRAFT_2019_09.uri  # whether `contains` evaluates is not worked out there, so that the words are compared

    def either(words: Json, other: Json) -> Json:
        def within(name: str, there: Json) -> Json:
            return {"$id": f"https://{name}.test/", "$defs": {"r": there}, "allOf": [words]}

        both: Json = {"$schema": uri, "anyOf": [within("a", STRING), {"not": within("b", other)}]}
        return loads(dumps(both))  # as it comes: no part of it is one object twice

    anything: Json = {"$schema": uri}
    rest: Json = {"contains": True, "unevaluatedItems": {"$ref": "#/$defs/r"}}
    assert compare(anything, either(rest, INTEGER)).backward != "compatible"
    assert compare(anything, either({"$ref": "q"}, STRING)).backward == "unknown"
    assert compare(anything, either({"$ref": "#/$defs/r"}, INTEGER)).backward == "breaking"
    assert compare(anything, either({"$ref": "#/$defs/r"}, STRING)).backward == "compatible"


def test_a_dynamic_anchor_in_two_documents_is_ambiguous() -> None:
    """Validators take `$ref` to it for a dynamic reference, which the specification does not; in one there is no doubt."""

    def said(anchor: str) -> str:
        there: Json = {"items": {"$ref": "#n"}, "$defs": {"n": {"$dynamicAnchor": "n", **INTEGER}}}
        new: Json = {"$schema": URI, "$ref": "b", "$defs": {"n": {"$dynamicAnchor": anchor, **STRING}}}
        return compare({"$schema": URI, "items": INTEGER}, new, new_bundle={"b": there}).backward

    assert (said("n"), said("other")) == ("unknown", "compatible")


@pytest.mark.parametrize("change", RENAMINGS, ids=lambda change: change.__name__)
def test_other_names_change_nothing(change: Spelling) -> None:
    """Anchors, embedded identifiers beside misleading definitions, and bundles mean what pointers mean."""
    for twins in all_twins(change, 40):
        for found in (twins.compared(twins.new), twins.compared(twins.new, turned=True)):
            assert (found.backward, found.forward) == ("compatible", "compatible"), twins.text()
            assert {change.effect for change in found.changes} <= {"none"}, twins.text()


@pytest.mark.parametrize("change", RENAMINGS, ids=lambda change: change.__name__)
def test_one_refusal_more_is_found_behind_other_names(change: Spelling) -> None:
    """The twin: where both validators tell the two apart, the verdict does."""
    told_apart = [(twins, *told) for twins in all_twins(change, 60) if (told := twins.told_apart())]
    assert len(told_apart) >= 4
    for twins, stricter, direction in told_apart:
        assert getattr(twins.compared(stricter), direction) != "compatible", twins.text()
