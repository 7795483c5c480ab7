"""The registry's REST API: in memory first, then with Confluent's own client over HTTPS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from scripts.story.certificates import Authority
from scripts.story.registry import MEDIA_TYPE, Registry
from scripts.story.running import RunningService
from scripts.story.service import Request

OPEN = '{"type":"object"}'
CLOSED = '{"type":"object","additionalProperties":false}'


@pytest.fixture
def registry() -> Registry:
    """Holds one version of `order`."""
    registry = Registry()
    assert ask(registry, "POST", "subjects/order/versions", body(OPEN)) == (200, {"id": 1})
    return registry


def body(schema: str, **members: object) -> dict[str, object]:
    return {"schema": schema, "schemaType": "JSON", **members}


def ask(registry: Registry, method: str, path: str, document: Any = None, **query: str) -> tuple[int, Any]:
    content = b"" if document is None else json.dumps(document).encode()
    answer = registry.answer(Request(method, tuple(path.split("/")), query, {}, content))
    assert answer.media_type == MEDIA_TYPE
    return answer.status, json.loads(answer.body)


def refused(registry: Registry, method: str, path: str, document: Any = None, **query: str) -> tuple[int, int]:
    status, answer = ask(registry, method, path, document, **query)
    assert answer["message"]
    return status, answer["error_code"]


def test_a_version_is_shown_whole(registry: Registry) -> None:
    """Subject, version, id, type and text, by number and as the latest."""
    shown = {"subject": "order", "version": 1, "id": 1, "schemaType": "JSON", "schema": OPEN}
    assert ask(registry, "GET", "subjects/order/versions/1") == (200, shown)
    assert ask(registry, "GET", "subjects/order/versions/latest") == (200, shown)
    assert ask(registry, "POST", "subjects/order", body(OPEN)) == (200, shown)
    assert ask(registry, "GET", "subjects/order/versions/1/schema") == (200, {"type": "object"})


def test_a_schema_is_shown_by_id(registry: Registry) -> None:
    """With all that is known of it."""
    assert ask(registry, "GET", "schemas/ids/1") == (200, {"schemaType": "JSON", "schema": OPEN})
    assert ask(registry, "GET", "schemas/ids/1/subjects") == (200, ["order"])
    assert ask(registry, "GET", "schemas/ids/1/versions") == (200, [{"subject": "order", "version": 1}])
    assert refused(registry, "GET", "schemas/ids/9") == (404, 40403)


def test_references_are_kept_and_told(registry: Registry) -> None:
    """In the version, by id, and backwards."""
    reference = {"name": "o.json", "subject": "order", "version": 1}
    status, answer = ask(
        registry, "POST", "subjects/basket/versions", body('{"$ref":"o.json"}', references=[reference])
    )
    assert status == 200
    assert ask(registry, "GET", "subjects/basket/versions/1")[1]["references"] == [reference]
    assert ask(registry, "GET", f"schemas/ids/{answer['id']}")[1]["references"] == [reference]
    assert ask(registry, "GET", "subjects/order/versions/1/referencedby") == (200, [answer["id"]])
    assert refused(registry, "DELETE", "subjects/order") == (422, 42206)


def test_subjects_are_listed(registry: Registry) -> None:
    """By prefix, and the deleted ones on demand."""
    ask(registry, "POST", "subjects/invoice/versions", body(OPEN))
    assert ask(registry, "GET", "subjects") == (200, ["invoice", "order"])
    assert ask(registry, "GET", "subjects", subjectPrefix="in") == (200, ["invoice"])
    assert ask(registry, "DELETE", "subjects/invoice") == (200, [1])
    assert ask(registry, "GET", "subjects") == (200, ["order"])
    assert ask(registry, "GET", "subjects", deleted="true") == (200, ["invoice", "order"])


def test_a_version_is_deleted(registry: Registry) -> None:
    """Its number is the answer."""
    assert ask(registry, "DELETE", "subjects/order/versions/latest") == (200, 1)
    assert refused(registry, "GET", "subjects/order/versions/latest") == (404, 40401)
    assert ask(registry, "DELETE", "subjects/order/versions/1", permanent="true") == (200, 1)


@pytest.mark.parametrize(
    ("kind", "value", "shown", "absent", "invalid"),
    [
        ("config", {"compatibility": "FULL"}, "compatibilityLevel", 40408, 42203),
        ("mode", {"mode": "READONLY"}, "mode", 40409, 42204),
    ],
)
def test_settings(registry: Registry, kind: str, value: dict[str, str], shown: str, absent: int, invalid: int) -> None:
    """A global value, one for each subject, and the way back."""
    (chosen,) = value.values()
    default = ask(registry, "GET", kind)[1][shown]
    assert refused(registry, "GET", f"{kind}/order") == (404, absent)
    assert ask(registry, "GET", f"{kind}/order", defaultToGlobal="true") == (200, {shown: default})
    assert ask(registry, "PUT", f"{kind}/order", value) == (200, value)
    assert ask(registry, "GET", f"{kind}/order") == (200, {shown: chosen})
    assert ask(registry, "DELETE", f"{kind}/order") == (200, {shown: chosen})
    assert ask(registry, "PUT", kind, value) == (200, value)
    assert ask(registry, "GET", kind) == (200, {shown: chosen})
    assert ask(registry, "DELETE", kind) == (200, {shown: chosen})
    assert ask(registry, "GET", kind) == (200, {shown: default})
    assert refused(registry, "PUT", kind, {kind: "SOMETIMES"}) == (422, invalid)


def test_compatibility_is_answered_by_equality(registry: Registry) -> None:
    """Everything at NONE; at another level what is equal, and registering follows the same answer."""
    path = "compatibility/subjects/order/versions/latest"
    assert ask(registry, "POST", path, body(CLOSED)) == (200, {"is_compatible": True})
    ask(registry, "PUT", "config/order", {"compatibility": "BACKWARD"})
    assert ask(registry, "POST", path, body(OPEN)) == (200, {"is_compatible": True})
    assert ask(registry, "POST", path, body(CLOSED))[1]["is_compatible"] is False
    assert ask(registry, "POST", path, body(CLOSED), verbose="true")[1]["messages"]
    assert refused(registry, "POST", "subjects/order/versions", body(CLOSED)) == (409, 409)
    assert refused(registry, "POST", "compatibility/subjects/none/versions/latest", body(OPEN)) == (404, 40401)


@pytest.mark.parametrize("member", ["id", "version", "metadata", "ruleSet"])
def test_what_is_not_kept_is_refused(registry: Registry, member: str) -> None:
    """A registry that ignored it would hide it from a reviewer's test."""
    assert refused(registry, "POST", "subjects/order/versions", body(CLOSED, **{member: 7})) == (422, 42205)
    assert ask(registry, "POST", "subjects/order/versions", body(CLOSED, **{member: None}))[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "associations/resources/-/auto"),
        ("GET", "contexts"),
        ("PATCH", "subjects/order"),
        ("DELETE", "subjects"),
        ("GET", "schemas/ids/x"),
        ("GET", "schemas/ids/1/more"),
        ("GET", "subjects/order/versions/1/more"),
        ("PUT", "config/order/more"),
    ],
)
def test_anything_else_is_not_there(registry: Registry, method: str, path: str) -> None:
    """404, as Confluent's own says it."""
    assert refused(registry, method, path) == (404, 404)


@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"[]", 422)])
def test_a_body_must_be_an_object(registry: Registry, content: bytes, status: int) -> None:
    """Refused before anything is looked at."""
    answer = registry.answer(Request("POST", ("subjects", "order", "versions"), body=content))
    assert answer.status == status


@pytest.fixture
def service(tmp_path: Path, authority: Authority) -> Iterator[RunningService]:
    """The registry as a process, with HTTPS."""
    certificate = authority.issue("localhost")
    with RunningService("registry", tmp_path / "r", credential="gateway:secret", certificate=certificate) as running:
        yield running


def client(service: RunningService, authority: Authority, credential: str) -> SchemaRegistryClient:
    return SchemaRegistryClient(
        {
            "url": f"https://localhost:{service.port}",
            "ssl.ca.location": str(authority.certificate),
            "basic.auth.user.info": credential,
        }
    )


def test_confluents_client_finds_what_it_knows(service: RunningService, authority: Authority) -> None:
    """The round trip of a real client: register, look up, list, settings, compatibility, delete."""
    with client(service, authority, "gateway:secret") as real:
        first = real.register_schema("orders-value", Schema(OPEN, "JSON"))
        second = real.register_schema(
            "baskets-value", Schema('{"$ref":"o.json"}', "JSON", [SchemaReference("o.json", "orders-value", 1)])
        )
        assert first != second
        assert real.get_schema(first).schema_str == OPEN
        assert real.lookup_schema("orders-value", Schema(OPEN, "JSON")).version == 1
        latest = real.get_latest_version("baskets-value")
        assert (latest.schema_id, latest.schema.references[0].subject) == (second, "orders-value")
        assert real.get_subjects() == ["baskets-value", "orders-value"]
        assert real.get_versions("orders-value") == [1]
        assert real.test_compatibility("orders-value", Schema(CLOSED, "JSON"))
        assert real.delete_subject("baskets-value") == [1]
        assert real.delete_subject("baskets-value", permanent=True) == [1]
        assert real.delete_version("orders-value", 1) == 1
    assert {seen.header("Authorization") for seen in service.seen} == {"Basic Z2F0ZXdheTpzZWNyZXQ="}


def test_confluents_client_understands_a_refusal(service: RunningService, authority: Authority) -> None:
    """Code and message arrive where its users see them."""
    with client(service, authority, "gateway:secret") as real, pytest.raises(SchemaRegistryError) as refusal:
        real.get_latest_version("none")
    assert (refusal.value.http_status_code, refusal.value.error_code) == (404, 40401)
    assert "none" in refusal.value.error_message


def test_a_wrong_credential_gets_nothing(service: RunningService, authority: Authority) -> None:
    """401, and nothing was registered; the request is recorded all the same."""
    with client(service, authority, "caller:own") as real, pytest.raises(SchemaRegistryError) as refusal:
        real.register_schema("orders-value", Schema(OPEN, "JSON"))
    assert refusal.value.http_status_code == 401
    assert [seen.authorised for seen in service.seen] == [False]
    with client(service, authority, "gateway:secret") as real:
        assert real.get_subjects() == []
