from __future__ import annotations

import json
from typing import Any

import pytest

from countersign import limits
from countersign.dialects import bodies
from countersign.errors import BadInput, TooLarge, UnsupportedMedia
from countersign.rulebook.values import BundlePlace, LookUp, SchemaPlace

WHOLE = SchemaPlace("$", "json")
STRING = SchemaPlace("$.schema", "json-string")
BUNDLE = BundlePlace("$.references", "name", LookUp("/subjects/{subject}/versions/{version}", STRING, ()), nested=True)


@pytest.mark.parametrize(
    "media_type",
    [
        None, "application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "text/json",
        "application/vnd.schemaregistry.v1+json", "application/schema+json; x=y", "application/x-amz-json-1.1",
    ],
)  # fmt: skip
def test_json_in_utf8_is_read(media_type: str | None) -> None:
    """Whatever real clients say when they send JSON, and saying nothing."""
    bodies.check_media_type(media_type)


@pytest.mark.parametrize(
    "media_type",
    [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "application/xml",
        "application/json; charset=utf-7", "application/json; charset=utf-16", "application/json; charset=latin-1",
        "application/json; charset*=utf-8''utf-7", "application/json, text/plain", "application/json; charset =utf-7",
    ],
)  # fmt: skip
def test_what_could_be_read_otherwise_is_refused(media_type: str) -> None:
    """The bytes `+ACI-` are text in UTF-8 and a quotation mark in UTF-7."""
    with pytest.raises(UnsupportedMedia):
        bodies.check_media_type(media_type)


def test_a_body_is_strict_json() -> None:
    """Empty, not JSON, a member twice, a number that readers round differently."""
    assert bodies.parse(b'{"a": 1.5}') == {"a": 1.5}
    for body in (b"", b"{", b'{"a": 1, "a": 2}', b'{"a": 0.1000000000000000055}', b"\xff"):
        with pytest.raises(BadInput):
            bodies.parse(body)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"schema": "{}", "schemaType": "AVRO"}, "the member 'schemaType' of the body must be 'JSON'"),
        ({"schema": "{}"}, "the member 'schemaType' of the body must be 'JSON'"),
        ({"schema": "{}", "schemaType": "JSON", "ruleSet": {}}, "the body has the member 'ruleSet'"),
        ([], "the body is not a JSON object"),
        (None, "the body is not a JSON object"),
    ],
)
def test_members_are_what_the_dialect_says(document: Any, problem: str) -> None:
    """A missing schemaType means AVRO to the registry; a rule set would not be reviewed."""
    bodies.check_members({"schema": "{}", "schemaType": "JSON"}, ("schema", "schemaType"), {"schemaType": "JSON"})
    with pytest.raises(BadInput, match=problem):
        bodies.check_members(document, ("schema", "schemaType"), {"schemaType": "JSON"})


def test_without_members_any_body_will_do() -> None:
    """A dialect that lists none says nothing about them."""
    bodies.check_members([], (), {})
    bodies.check_members({"a": 1, "b": "c"}, (), {"b": "c"})


@pytest.mark.parametrize(
    ("place", "document", "schema"),
    [
        (WHOLE, {"type": "object"}, {"type": "object"}),
        (WHOLE, True, True),
        (SchemaPlace("$.a.b", "json"), {"a": {"b": False}}, False),
        (STRING, {"schema": '{"type": "object"}'}, {"type": "object"}),
        (STRING, {"schema": "true"}, True),
    ],
)
def test_a_schema_is_found_at_its_place(place: SchemaPlace, document: Any, schema: Any) -> None:
    """Written out, or as a string that holds JSON."""
    assert bodies.schema_at(place, document) == schema


@pytest.mark.parametrize(
    ("place", "document", "problem"),
    [
        (WHOLE, [], "what stands at $ of the body is not a schema"),
        (WHOLE, None, "is not a schema"),
        (WHOLE, "{}", "is not a schema"),
        (SchemaPlace("$.a.b", "json"), {"a": {}}, "there is no schema at $.a.b of the body"),
        (SchemaPlace("$.a.b", "json"), {"a": [{"b": {}}]}, "there is no schema at $.a.b"),
        (STRING, {}, "there is no schema at $.schema"),
        (STRING, {"schema": {}}, "at $.schema of the body is not a string that holds JSON"),
        (STRING, {"schema": ""}, "the schema at $.schema of the body: not JSON"),
        (STRING, {"schema": '"string"'}, "at $.schema of the body is not a schema"),
        (STRING, {"schema": '{"a": 1, "a": 2}'}, "the member 'a' is given twice"),
        (STRING, {"schema": '{"maximum": 0.1000000000000000055}'}, "cannot be held exactly"),
        (STRING, {"schema": 'syntax = "proto3";'}, "not JSON"),
    ],
)
def test_no_schema_at_its_place_is_refused(place: SchemaPlace, document: Any, problem: str) -> None:
    """The place is named, the value never."""
    with pytest.raises(BadInput) as caught:
        bodies.schema_at(place, document)
    assert problem in caught.value.detail


def test_a_deep_string_is_too_large() -> None:
    """The limit holds inside the string as well, and keeps its status."""
    deep = "[" * (limits.MAX_JSON_DEPTH + 1) + "]" * (limits.MAX_JSON_DEPTH + 1)
    with pytest.raises(TooLarge, match=r"at \$.schema"):
        bodies.schema_at(STRING, {"schema": deep})


def test_references_are_listed_with_their_look_ups() -> None:
    """Members of an entry fill the template, encoded; nested ones are read the same way."""
    entries: Any = [
        {"name": "a.json", "subject": "a b", "version": 3},
        {"name": "b.json", "subject": "b", "version": "-1"},
    ]
    first, second = bodies.references_at(BUNDLE, {"references": entries})
    assert (first.name, first.target, first.depth) == ("a.json", "/subjects/a%20b/versions/3", 1)
    assert second.target == "/subjects/b/versions/-1"
    assert first.references is BUNDLE
    assert first.schema == STRING


@pytest.mark.parametrize("document", [{}, {"references": None}, {"references": []}])
def test_no_list_is_no_reference(document: Any) -> None:
    """Clients leave it out, or send an empty one."""
    assert bodies.references_at(BUNDLE, document) == ()
    assert bodies.references_at(None, document) == ()


@pytest.mark.parametrize(
    "entries",
    [
        {}, "a", ["a"], [{}], [{"subject": "a", "version": 1}], [{"name": "", "subject": "a", "version": 1}],
        [{"name": "a", "subject": "a"}], [{"name": "a", "subject": "a", "version": True}],
        [{"name": "a", "subject": "a", "version": 1.5}], [{"name": "a", "subject": None, "version": 1}],
        [{"name": "a", "subject": "../../config", "version": 1}], [{"name": "a", "subject": "..", "version": 1}],
        [{"name": "a", "subject": "a", "version": 1}, {"name": "a", "subject": "b", "version": 1}],
    ],
)  # fmt: skip
def test_a_reference_that_cannot_be_read_is_refused(entries: Any) -> None:
    """Wrong type, no name, a name twice, a value that would leave its path segment."""
    with pytest.raises(BadInput):
        bodies.references_at(BUNDLE, {"references": entries})


def test_references_are_bounded_in_number_and_depth() -> None:
    """Each costs a read of the service."""
    entries: Any = [{"name": str(n), "subject": "a", "version": n} for n in range(limits.MAX_REFERENCES + 1)]
    assert len(bodies.references_at(BUNDLE, {"references": entries[:-1]})) == limits.MAX_REFERENCES
    with pytest.raises(TooLarge):
        bodies.references_at(BUNDLE, {"references": entries})
    one: Any = {"references": entries[:1]}
    assert bodies.references_at(BUNDLE, one, limits.MAX_REFERENCE_DEPTH)
    with pytest.raises(TooLarge):
        bodies.references_at(BUNDLE, one, limits.MAX_REFERENCE_DEPTH + 1)
    assert bodies.references_at(BUNDLE, {}, limits.MAX_REFERENCE_DEPTH + 1) == ()


def test_no_value_of_a_body_is_in_an_error() -> None:
    """Errors are logged; a secret may stand anywhere in a body."""
    secret = "hunter2"
    bodies_with_it: list[Any] = [{"schema": secret}, {"schema": {"x": secret}}, {"schema": json.dumps(secret)}]
    for body in bodies_with_it:
        with pytest.raises(BadInput) as caught:
            bodies.schema_at(STRING, body)
        assert secret not in str(caught.value)
