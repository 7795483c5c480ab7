from __future__ import annotations

import json
from typing import Any

import pytest

from countersign import limits
from countersign.dialects.current import read_current
from countersign.dialects.operations import CurrentRead, Reference
from countersign.errors import SchemaUnavailable
from countersign.rulebook.values import BundlePlace, LookUp, SchemaPlace

PLACE = SchemaPlace("$.schema", "json-string")
JSON_ONLY = {"schemaType": "JSON"}
BUNDLE = BundlePlace(
    "$.references", "name", LookUp("/subjects/{subject}/versions/{version}", PLACE, (), only_if=JSON_ONLY), nested=True
)
READ = CurrentRead("/subjects/a/versions/latest", PLACE, (404,), BUNDLE, False, JSON_ONLY)
REFERENCE = Reference("b.json", "/subjects/b/versions/1", PLACE, BUNDLE, JSON_ONLY)


def _answer(**members: Any) -> bytes:
    return json.dumps(
        {"subject": "a", "id": 7, "schema": '{"type": "object"}', "schemaType": "JSON"} | members
    ).encode()


def test_the_schema_and_its_references_are_read() -> None:
    """And what a reference's own answer refers to, one level deeper."""
    entries = [{"name": "b.json", "subject": "b", "version": 1}]
    schema, references = read_current(READ, 200, _answer(references=entries))
    assert schema == {"type": "object"}
    assert references == (REFERENCE,)
    schema, references = read_current(REFERENCE, 200, _answer(references=entries))
    assert [reference.depth for reference in references] == [2]


def test_only_the_listed_statuses_say_that_there_is_no_schema() -> None:
    """Every other failure is one: a change must not pass as a first registration."""
    assert read_current(READ, 404, b"whatever") == (None, ())
    for status in (200, 204, 301, 401, 403, 410, 429, 500, 503):
        with pytest.raises(SchemaUnavailable):
            read_current(READ, status, b"whatever")


def test_a_reference_is_never_absent() -> None:
    """A schema that cannot be completed cannot be compared."""
    with pytest.raises(SchemaUnavailable, match="404"):
        read_current(REFERENCE, 404, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", _answer(schema=None), _answer(schema={}), _answer(schema="null"), _answer(schema="[]"),
        _answer(schema='{"a": 1, "a": 2}'), _answer(schemaType="AVRO"), _answer(schemaType=None), _answer(references={}),
        _answer(references=[{"name": "b", "subject": "..", "version": 1}]),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_json_schema_is_refused(body: bytes) -> None:
    """An Avro schema is JSON as well: it must say that it is a JSON Schema."""
    assert read_current(READ, 200, _answer())[0] == {"type": "object"}
    with pytest.raises(SchemaUnavailable):
        read_current(READ, 200, body)


def test_references_end_at_the_limit() -> None:
    """A circle of references stops by depth, whatever the caller does."""
    entries = [{"name": "b.json", "subject": "b", "version": 1}]
    reference = REFERENCE
    for _ in range(limits.MAX_REFERENCE_DEPTH - 1):
        _, (reference,) = read_current(reference, 200, _answer(references=entries))
    assert reference.depth == limits.MAX_REFERENCE_DEPTH
    with pytest.raises(SchemaUnavailable):
        read_current(reference, 200, _answer(references=entries))
    assert read_current(reference, 200, _answer())[1] == ()
