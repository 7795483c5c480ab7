"""Structural schemas of Kubernetes, and beside them the Schema Object of OpenAPI 3.0."""

from __future__ import annotations

import pytest

from countersign.schema_change import compare
from countersign.schema_change.constraints import Opaque, Unique
from countersign.schema_change.dialect import DRAFT_07, KUBERNETES
from countersign.schema_change.kubernetes import PRESERVE, constraints_of, declared, is_filled_in, is_pruned, undeclared
from countersign.schema_change.references import Bundle, Place
from countersign.strict_json import Json

TEXT: dict[str, Json] = {"type": "string"}


def thing(properties: dict[str, Json], **more: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties, **more}


def resource(spec: Json) -> Json:
    return thing({"spec": spec})


def said(old: Json, new: Json, dialect: str = "kubernetes") -> tuple[list[tuple[str, str]], str, str]:
    found = compare(old, new, default_dialect=dialect)
    return [(change.kind, change.effect) for change in found.changes], found.backward, found.forward


def root(schema: dict[str, Json]) -> Place:
    return Bundle(schema, {}).root(KUBERNETES)


def test_members_that_nobody_declared_are_not_kept() -> None:
    """A member more widens and one less narrows, as nothing but declared members ever was kept."""
    one, two = resource(thing({"a": TEXT})), resource(thing({"a": TEXT, "b": TEXT}))
    assert said(one, two) == ([("property-added", "widens")], "compatible", "breaking")
    assert said(two, one) == ([("property-removed", "narrows")], "breaking", "compatible")
    assert said(one, two, "openapi-3.0") == ([("property-added", "narrows")], "breaking", "compatible")


def test_members_are_kept_where_the_schema_says_so() -> None:
    """Preserving opens an object; the members that are declared keep their rules."""
    closed, opened = resource(thing({"a": TEXT})), resource(thing({"a": TEXT}, **{PRESERVE: True}))
    assert said(closed, opened) == ([("additional-properties-opened", "widens")], "compatible", "breaking")
    assert said(opened, closed) == ([("additional-properties-closed", "narrows")], "breaking", "compatible")
    found = compare(closed, opened, default_dialect="kubernetes")
    assert found.changes[0].pointer == f"/properties/spec/{PRESERVE}"
    assert said({"type": "object"}, thing({"a": TEXT}))[1:] == ("compatible", "breaking")
    assert said({"type": "object", PRESERVE: True}, thing({"a": TEXT}))[1:] == ("breaking", "compatible")


def test_maps_have_a_schema_for_every_member() -> None:
    """`additionalProperties` is kept as it says."""
    integers: Json = {"type": "object", "additionalProperties": {"type": "integer"}}
    numbers: Json = {"type": "object", "additionalProperties": {"type": "number"}}
    assert said(integers, numbers) == ([("type-changed", "widens")], "compatible", "breaking")


def test_every_resource_has_metadata() -> None:
    """At the root and in an embedded resource, declared or not; nowhere else."""
    more: dict[str, Json] = {"metadata": {"type": "object", PRESERVE: True}}
    assert said(thing({}), thing(more)) == ([("property-added", "none")], "compatible", "compatible")
    assert said(resource(thing({})), resource(thing(more)))[1:] == ("compatible", "breaking")
    embedded: dict[str, Json] = {"x-kubernetes-embedded-resource": True}
    place = root(thing({"spec": thing({}, **embedded)}))
    assert set(declared(place, thing({}, **embedded))) == {"apiVersion", "kind", "metadata"}  # type: ignore[arg-type]
    assert declared(place, thing({})) == {}


def test_value_validations_declare_nothing() -> None:
    """What stands in `anyOf` and the like has no type, and drops nothing."""
    schema = thing({"a": TEXT, "b": TEXT}, anyOf=[{"required": ["a"]}, {"properties": {"b": {"maxLength": 1}}}])
    assert said(schema, thing({"a": TEXT, "b": TEXT}, anyOf=[{"required": ["a"]}]))[1:] == ("breaking", "compatible")
    place = root(schema)
    assert is_pruned(place, schema)
    assert not is_pruned(place, {"properties": {"b": {}}})
    assert (undeclared(place, schema), undeclared(place, {"properties": {}})) == (False, True)
    assert not is_pruned(Bundle(schema, {}).root(DRAFT_07), schema)


def test_defaults_are_filled_in_before_anything_is_required() -> None:
    """A required member with a default may be left out; a default that differs makes everything unknown."""
    free, filled = thing({"a": TEXT}), thing({"a": {**TEXT, "default": "x"}})
    assert said(free, {**free, "required": ["a"]}) == ([("required-added", "narrows")], "breaking", "compatible")
    assert said(filled, {**filled, "required": ["a"]}) == ([("required-added", "none")], "compatible", "compatible")
    assert said({**filled, "required": ["a"]}, filled) == ([("required-removed", "none")], "compatible", "compatible")
    assert said({**filled, "required": ["a"]}, {**free, "required": ["a"]}) == (
        [("default-removed", "unknown")],
        "breaking",
        "unknown",
    )
    assert is_filled_in(root(filled), "a")
    assert not is_filled_in(root(free), "a")
    assert not is_filled_in(Bundle(filled, {}).root(DRAFT_07), "a")


def test_integers_or_strings() -> None:
    """`x-kubernetes-int-or-string` stands in the place of a type, and can be null where it says so."""
    mixed: dict[str, Json] = {"x-kubernetes-int-or-string": True}
    kinds, backward, forward = said(thing({"a": TEXT}), thing({"a": mixed}))
    assert set(kinds) == {("type-removed", "widens"), ("x-kubernetes-int-or-string-added", "widens")}
    assert (backward, forward) == ("compatible", "breaking")
    nullable = thing({"a": {**mixed, "nullable": True}})
    assert said(thing({"a": mixed}), nullable) == ([("nullable-added", "widens")], "compatible", "breaking")


@pytest.mark.parametrize("dialect", ["kubernetes", "openapi-3.0"])
def test_nullable_adds_null_to_a_stated_type(dialect: str) -> None:
    """Without `type` it says nothing, and a list of values has to have null itself."""
    assert said(TEXT, {**TEXT, "nullable": True}, dialect) == ([("nullable-added", "widens")], "compatible", "breaking")
    assert said({"maxLength": 1}, {"maxLength": 1, "nullable": True}, dialect)[1:] == ("compatible", "compatible")
    listed: dict[str, Json] = {**TEXT, "enum": ["a"]}
    assert said(listed, {**listed, "nullable": True}, dialect)[1:] == ("compatible", "compatible")
    assert said({**listed, "enum": ["a", None]}, {**listed, "enum": ["a", None], "nullable": True}, dialect)[1:] == (
        "compatible",
        "breaking",
    )


def test_the_kind_of_a_list() -> None:
    """Items of a set differ, keys of a map are not worked out, and how a list is merged is never taken for nothing."""
    listed: dict[str, Json] = {"type": "array", "items": TEXT}
    for kind, backward in (("set", "breaking"), ("map", "unknown"), ("atomic", "unknown")):
        kinds, *verdicts = said(listed, {**listed, "x-kubernetes-list-type": kind})
        assert kinds == [("x-kubernetes-list-type-added", "unknown")]
        assert verdicts == [backward, "unknown"]
    assert Unique() in constraints_of("x-kubernetes-list-type", "set")
    (opaque,) = constraints_of("x-kubernetes-validations", [])
    assert isinstance(opaque, Opaque)
    assert not opaque.annotates


def test_rules_in_cel_leave_open_what_is_refused() -> None:
    """A rule that stays is no obstacle to a proof, and none to what is known to narrow; a value is not made up beside it."""
    rules: dict[str, Json] = {"x-kubernetes-validations": [{"rule": "self.a != 'x'"}]}
    old, new = thing({"a": TEXT}, **rules), thing({"a": {**TEXT, "maxLength": 2}}, **rules)
    assert said(old, new) == ([("max-length-added", "narrows")], "unknown", "compatible")


def test_the_service_says_the_dialect() -> None:
    """A document cannot choose other rules than those its service has."""
    lie: dict[str, Json] = {"$schema": "http://json-schema.org/draft-07/schema#"}
    for dialect in ("kubernetes", "openapi-3.0"):
        _, backward, forward = said({**lie, **TEXT, "nullable": True}, {**lie, **TEXT}, dialect)
        assert (backward, forward) == ("unknown", "compatible")
