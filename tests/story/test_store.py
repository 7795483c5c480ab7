"""The plain REST service: schemas, their ETags, and records."""

from __future__ import annotations

import json

import pytest

from scripts.story.service import Request
from scripts.story.store import Store


@pytest.fixture
def store() -> Store:
    """Holds one schema."""
    store = Store()
    assert store.answer(Request("PUT", ("schemas", "order"), body=b'{"type": "object"}')).status == 201
    return store


def etag(store: Store) -> str:
    return store.answer(Request("GET", ("schemas", "order"))).headers["ETag"]


def test_a_schema_comes_back_as_it_was_sent(store: Store) -> None:
    """Byte for byte, and in the list."""
    answer = store.answer(Request("GET", ("schemas", "order")))
    assert (answer.status, answer.body, answer.media_type) == (200, b'{"type": "object"}', "application/schema+json")
    assert json.loads(store.answer(Request("GET", ("schemas",))).body) == ["order"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_schema_is_replaced(store: Store, method: str) -> None:
    """200 where there was one, and a new ETag."""
    before = etag(store)
    assert store.answer(Request(method, ("schemas", "order"), body=b"true")).status == 200
    assert etag(store) != before


def test_a_schema_is_deleted_once(store: Store) -> None:
    """204, then 404."""
    assert store.answer(Request("DELETE", ("schemas", "order"))).status == 204
    assert store.answer(Request("DELETE", ("schemas", "order"))).status == 404
    assert store.answer(Request("GET", ("schemas", "order"))).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_if_match_holds_an_overtaken_change(store: Store, method: str) -> None:
    """412 for the ETag of before; the ETag of now, or a star, passes."""
    old = etag(store)
    store.answer(Request("PUT", ("schemas", "order"), body=b"{}"))
    for tags, status in ((old, 412), (f'"x", {etag(store)}', None), ("*", None)):
        answer = store.answer(Request(method, ("schemas", "order"), headers={"if-match": tags}, body=b"{}"))
        assert answer.status == (status or (204 if method == "DELETE" else 200))
        if method == "DELETE" and answer.status == 204:
            break


def test_if_match_needs_a_schema() -> None:
    """There is nothing that could match."""
    request = Request("PUT", ("schemas", "new"), headers={"if-match": "*"}, body=b"{}")
    assert Store().answer(request).status == 412


def test_if_none_match_only_creates(store: Store) -> None:
    """412 where there is one, 201 where there is none."""
    star = {"if-none-match": "*"}
    assert store.answer(Request("PUT", ("schemas", "order"), headers=star, body=b"{}")).status == 412
    assert store.answer(Request("PUT", ("schemas", "new"), headers=star, body=b"{}")).status == 201


def test_an_etag_never_comes_back(store: Store) -> None:
    """Also not when a schema is deleted and made again."""
    old = etag(store)
    store.answer(Request("DELETE", ("schemas", "order")))
    store.answer(Request("PUT", ("schemas", "order"), body=b'{"type": "object"}'))
    assert etag(store) != old


def test_a_record_is_sent_back(store: Store) -> None:
    """Data passes through as it is."""
    answer = store.answer(Request("POST", ("data", "order"), body=b'{"id": 1}'))
    assert (answer.status, json.loads(answer.body)) == (200, {"subject": "order", "received": {"id": 1}})


@pytest.mark.parametrize("path", [("schemas", "order"), ("data", "order")])
def test_what_is_not_json_is_refused(store: Store, path: tuple[str, ...]) -> None:
    """400, and nothing changed."""
    before = etag(store)
    assert store.answer(Request("POST", path, body=b"{")).status == 400
    assert etag(store) == before


@pytest.mark.parametrize(("method", "path"), [("PATCH", ("schemas", "order")), ("GET", ("",)), ("POST", ("schemas",))])
def test_anything_else_is_not_there(store: Store, method: str, path: tuple[str, ...]) -> None:
    """404."""
    assert store.answer(Request(method, path, body=b"{}")).status == 404
