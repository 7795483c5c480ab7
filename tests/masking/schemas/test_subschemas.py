"""The graph of subschemas: what applies beside one, and to the members and items of a value."""

from __future__ import annotations

from typing import Any

import pytest

from countersign.masking.fields.mark_words import Marks
from countersign.masking.fields.name_patterns import NamePattern
from countersign.masking.schemas.subschemas import FIELD_NAME, UNRESOLVED, Subschema, Subschemas

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def graph(document: Any, bundle: Any = None) -> Subschemas:
    """With two marks, and `pin` as the only secret name."""
    return Subschemas(document, bundle or {}, Marks(["x-a", "x-b"]), lambda name: name == "pin")


def root(document: Any) -> Subschema:
    """The subschema of a whole document."""
    found = graph(document).root
    assert found is not None
    return found


def pointers(subschemas: object) -> set[str]:
    """Where they stand."""
    assert hasattr(subschemas, "__iter__")
    return {each.location.pointer() for each in subschemas}


@pytest.mark.parametrize(
    ("keyword", "value", "found"),
    [
        ("allOf", [{}, {}], {"/allOf/0", "/allOf/1"}),
        ("anyOf", [{}], {"/anyOf/0"}),
        ("oneOf", {}, {"/oneOf"}),
        ("not", {}, {"/not"}),
        ("if", {}, {"/if"}),
        ("then", {}, {"/then"}),
        ("else", {}, {"/else"}),
        ("extends", [{}], {"/extends/0"}),
        ("propertyNames", {}, {"/propertyNames"}),
        ("dependentSchemas", {"a": {}}, {"/dependentSchemas/a"}),
        ("dependencies", {"a": {}, "b": ["a"]}, {"/dependencies/a"}),
        ("$ref", "#/x", {"/x"}),
        ("$dynamicRef", "#/x", {"/x"}),
        ("$recursiveRef", "#", {""}),
        ("x-other", {}, set()),
        ("$defs", {"a": {}}, set()),
        ("contains", {}, set()),
    ],
)
def test_what_applies_in_place(keyword: str, value: Any, found: set[str]) -> None:
    """Branches, conditions, references and what speaks of an object's names; not definitions, and not what is below."""
    assert pointers(root({"x": {}, keyword: value}).in_place) == found


@pytest.mark.parametrize(
    ("schema", "name", "found"),
    [
        ({"properties": {"a": {}}, "additionalProperties": {}}, "a", {"/properties/a"}),
        ({"properties": {"a": True}, "additionalProperties": {}}, "a", set()),
        ({"properties": {"a": {}}, "additionalProperties": {}}, "b", {"/additionalProperties"}),
        ({"patternProperties": {"^a": {}}, "additionalProperties": {}}, "ab", {"/patternProperties/^a"}),
        ({"patternProperties": {"^a": False}, "additionalProperties": {}}, "ab", set()),
        ({"patternProperties": {"^a": {}}, "additionalProperties": {}}, "b", {"/additionalProperties"}),
        (
            {"patternProperties": {"^(a)": {}}, "additionalProperties": {}},
            "b",
            {"/patternProperties/^(a)", "/additionalProperties"},
        ),
        (
            {"properties": {"a": {}}, "patternProperties": {"^a": {}, "^b": {}}},
            "a",
            {"/properties/a", "/patternProperties/^a"},
        ),
        ({"unevaluatedProperties": {}}, "b", {"/unevaluatedProperties"}),
        ({"unevaluatedProperties": {}, "additionalProperties": True}, "b", set()),
        ({"properties": {"b": {}}, "unevaluatedProperties": {}}, "b", {"/properties/b"}),
    ],
)
def test_what_applies_to_a_member(schema: Any, name: str, found: set[str]) -> None:
    """By its name, by patterns that match or that cannot be read, and what is for the rest."""
    assert pointers(root(schema).member(name)) == found


@pytest.mark.parametrize(
    ("schema", "index", "found"),
    [
        ({"items": {}}, 0, {"/items"}),
        ({"items": [{}, {}]}, 1, {"/items/1"}),
        ({"items": [{}], "additionalItems": {}}, 0, {"/items/0"}),
        ({"items": [{}], "additionalItems": {}}, 1, {"/additionalItems"}),
        ({"prefixItems": [{}], "items": {}, "$schema": DRAFT_2020}, 0, {"/prefixItems/0"}),
        ({"prefixItems": [{}], "items": {}, "$schema": DRAFT_2020}, 1, {"/items"}),
        ({"prefixItems": [{}], "items": {}}, 0, {"/prefixItems/0", "/items"}),
        ({"prefixItems": [True, {}], "unevaluatedItems": {}}, 0, set()),
        ({"prefixItems": [{}], "unevaluatedItems": {}}, 1, {"/unevaluatedItems"}),
        ({"prefixItems": [{}, {}], "items": [{}], "additionalItems": {}}, 1, {"/prefixItems/1", "/additionalItems"}),
        ({"contains": {}, "items": [{}]}, 0, {"/contains", "/items/0"}),
        ({"prefixItems": {}}, 5, {"/prefixItems"}),
        ({"additionalItems": {}}, 0, set()),
    ],
)
def test_what_applies_to_an_item(schema: Any, index: int, found: set[str]) -> None:
    """By its index in a list, and behind it; in a dialect that is not known, all that one of them says."""
    assert pointers(root(schema).item(index)) >= found
    if "additionalItems" not in schema or "items" in schema:
        assert pointers(root(schema).item(index)) == found


def test_what_applies_to_a_name_that_matches_a_pattern() -> None:
    """Patterns that may match the same name, too; what is for the rest only where the pattern is not this schema's own."""
    one = root({"patternProperties": {"^a": {}, "^ab": {}, "^b": {}}, "additionalProperties": {}})
    assert pointers(one.member_like(NamePattern("^a"))) == {"/patternProperties/^a", "/patternProperties/^ab"}
    assert pointers(one.member_like(NamePattern("^c"))) == {"/additionalProperties"}
    opaque = root({"patternProperties": {"(a)": {}}, "additionalProperties": {}})
    assert pointers(opaque.member_like(NamePattern("(a)"))) == {"/patternProperties/(a)", "/additionalProperties"}


def test_marks_are_of_the_subschema_or_its_definition() -> None:
    """Its own first; then the name under which it is defined; then that its reference leads nowhere."""
    found = graph(
        {
            "$defs": {"pin": {}, "x": {"x-b": True, "$ref": "nowhere"}, "y": {"$ref": "nowhere"}},
            "definitions": {"pin": {"x-a": True}},
            "properties": {"pin": {}},
            "components": {"pin": {}},
        }
    )
    assert {each.location.pointer(): each.mark for each in found.own if each.mark} == {
        "/$defs/pin": FIELD_NAME, "/$defs/x": "x-b", "/$defs/y": UNRESOLVED, "/definitions/pin": "x-a",
        "/components/pin": FIELD_NAME,
    }  # fmt: skip


def test_values_are_what_instances_have_and_what_nobody_knows() -> None:
    """The words of a schema, its flags and its marks are none."""
    known: Any = {
        "title": "t",
        "pattern": "p",
        "minimum": 1,
        "type": "string",
        "x-a": "m",
        "X_B": "m",
        "required": ["a"],
    }
    unknown: Any = {
        "default": None,
        "enum": [],
        "const": 1,
        "example": 1,
        "examples": [],
        "x-c": "s",
        "x-d": [1],
    }
    flags: Any = {"x-e": True, "x-f": None}
    assert set(root(known | unknown | flags).values) == set(unknown)


def test_loose_objects_are_subschemas_that_nothing_applies() -> None:
    """Definitions in places that only their readers know."""
    found = graph({"components": {"schemas": {"X": {"x-a": True}}}})
    assert {each.location.pointer() for each in found.own} == {
        "",
        "/components",
        "/components/schemas",
        "/components/schemas/X",
    }
    assert found.root is not None
    assert not list(found.root.applied())
    assert pointers(found.root.loose) == {"/components"}


def test_the_bundle_is_read_and_is_not_ones_own() -> None:
    """Its subschemas apply; values in it are in another document."""
    found = graph({"$ref": "other"}, {"other": {"default": 1, "x-other": {"x-a": True}}})
    assert found.root is not None
    assert [each.keywords for each in found.root.in_place] == [{"default": 1, "x-other": {"x-a": True}}]
    assert [each.location.pointer() for each in found.own] == [""]
    assert found.root.in_place[0].values == ()
    assert len(found.all) == 2


def test_reaching_goes_against_the_edges() -> None:
    """Each that leads to a target, with the first such target; cycles end."""
    found = graph({"not": {"$ref": "#", "if": {"x-a": True}}, "else": {"x-b": True}, "then": {}})
    marked = [each for each in found.all if each.mark is not None]
    assert [each.mark for each in marked] == ["x-b", "x-a"]
    reached = found.reaching(marked, Subschema.applied)
    assert {each.location.pointer(): target.mark for each, target in reached.items()} == {
        "": "x-b", "/else": "x-b", "/not": "x-b", "/not/if": "x-a",
    }  # fmt: skip


def test_unnamed_edges_leave_out_properties() -> None:
    """A property has a name to go by; nothing else below has."""
    schema: Any = {
        "properties": {"a": {}}, "patternProperties": {"a": {}}, "additionalProperties": {}, "prefixItems": [{}],
        "items": {}, "contains": {}, "contentSchema": {}, "$schema": DRAFT_2020,
    }  # fmt: skip
    below = {"/patternProperties/a", "/additionalProperties", "/prefixItems/0", "/items", "/contains", "/contentSchema"}
    assert pointers(root(schema).unnamed()) == below
    assert pointers(root(schema).applied()) == below | {"/properties/a"}


def test_a_document_that_is_no_object_has_no_root() -> None:
    """There is nothing that applies to its instances."""
    assert graph([{"x-a": True}]).root is None
    assert pointers(graph([{"x-a": True}, [{}]]).own) == {"/0", "/1/0"}
    assert graph(True).own == []
