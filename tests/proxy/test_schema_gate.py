"""What a request would do, and whether it may; and that nothing is read before both are clear."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import PROJECT, write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import SchemaService
from tests.proxy.wire_http2 import Wire2

_TYPE = ("Content-Type", "application/json")
_OBJECT = b'{"type":"object"}'
_ENTITLED = b'{"type":"object","title":"t"}'


# -- what passes ------------------------------------------------------------------------------------------------------


async def test_a_read_passes_with_its_intent_and_decision_on_record(gateway: Gateway) -> None:
    """Access alone decides; the service is asked once, and the answer is the service's."""
    gateway.service.schemas["a"] = _OBJECT
    answer = await gateway.send("GET", "/schemas/a")
    assert (answer.status, answer.body) == (200, _OBJECT)
    assert [record.type for record in gateway.records()][-3:] == ["intent", "decision", "outcome"]
    assert len(gateway.service.received) == 1


async def test_a_change_that_the_rules_let_pass_arrives_byte_for_byte(gateway: Gateway) -> None:
    """What the service gets is what the client sent, after the gateway's own look at the current schema."""
    gateway.service.schemas["a"] = _OBJECT
    body = b'{ "title":"t",\r\n "type" : "object"}'
    answer = await gateway.send("PUT", "/schemas/a", body)
    assert (answer.status, answer.body) == (200, b'{"stored":true}')
    look, change = gateway.service.received
    assert (look.method, look.target) == ("GET", "/schemas/a")
    assert (change.method, change.target, change.body) == ("PUT", "/schemas/a", body)


async def test_an_encoded_body_is_read_decoded_and_sent_as_it_came(gateway: Gateway) -> None:
    """The gateway undoes Content-Encoding for itself only."""
    gateway.service.schemas["a"] = _OBJECT
    body = gzip.compress(_ENTITLED)
    headers = gateway.headers(_TYPE, ("Content-Encoding", "gzip"))
    assert (await gateway.send("PUT", "/schemas/a", body, headers)).status == 200
    assert gateway.service.changes[0].body == body


async def test_the_intent_is_durable_before_the_service_hears_anything(gateway: Gateway) -> None:
    """When the look-up arrives at the service, the intent is in the log and the decision is not."""
    gateway.service.schemas["a"] = _OBJECT
    gateway.service.may_answer.clear()
    sending = gateway.sending("PUT", "/schemas/a", _ENTITLED)
    await gateway.service.wait_for(lambda: bool(gateway.service.received))
    assert [record.type for record in gateway.records()][-1] == "intent"
    gateway.service.may_answer.set()
    assert (await sending).status == 200
    assert [record.type for record in gateway.records()][-3:] == ["intent", "decision", "outcome"]


async def test_a_change_under_way_keeps_others_of_its_subject_waiting(gateway: Gateway) -> None:
    """From the look at the current schema to the outcome the subject is locked; other subjects are not."""
    gateway.service.schemas |= {"a": _OBJECT, "b": _OBJECT}
    gateway.service.may_answer.clear()
    first = gateway.sending("PUT", "/schemas/a", _ENTITLED)
    await gateway.service.wait_for(lambda: len(gateway.service.received) == 1)
    second, other = gateway.sending("PUT", "/schemas/a", _ENTITLED), gateway.sending("PUT", "/schemas/b", _ENTITLED)
    await gateway.service.wait_for(lambda: len(gateway.service.received) == 2)
    await gateway.recorded("intent", 3)
    assert [request.target for request in gateway.service.received] == ["/schemas/a", "/schemas/b"]
    gateway.service.may_answer.set()
    assert [(await sending).status for sending in (first, second, other)] == [200, 200, 200]
    of_a = [request.method for request in gateway.service.received if request.target == "/schemas/a"]
    assert of_a == ["GET", "PUT", "GET", "PUT"]


# -- what does not ----------------------------------------------------------------------------------------------------

_DEEP = b'{"a":' * 10_000 + b"1" + b"}" * 10_000

_BAD: dict[str, tuple[bytes, tuple[tuple[str, str], ...], int, str]] = {
    "not JSON": (b"{", (), 400, "not JSON"),
    "empty": (b"", (), 400, ""),
    "a member twice": (b'{"type":"object","type":"string"}', (), 400, "given twice"),
    "not a schema": (b'{"type":"objekt"}', (), 400, ""),
    "not UTF-8": (b'{"title":"\xff"}', (), 400, "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", (), 400, "byte order mark"),
    "NaN": (b'{"minimum":NaN}', (), 400, "NaN"),
    "too deep": (_DEEP, (), 413, "deeper"),
    "not the encoding it says": (_OBJECT, (("Content-Encoding", "gzip"),), 400, "gzip"),
    "an unknown encoding": (_OBJECT, (("Content-Encoding", "compress"),), 415, "content coding"),
    "a bomb": (gzip.compress(b" " * (limits.MAX_DECODED_BODY_BYTES + 1)), (("Content-Encoding", "gzip"),), 413, ""),
    "a method override": (_OBJECT, (("X-HTTP-Method-Override", "DELETE"),), 400, "another method"),
    "an upgrade": (_OBJECT, (("Upgrade", "websocket"), ("Connection", "upgrade")), 400, "upgrade"),
    "another type": (_OBJECT, (("Content-Type", "text/plain"),), 400, "content-type"),
}


@pytest.mark.parametrize("name", _BAD)
async def test_what_cannot_be_read_goes_nowhere(name: str, gateway: Gateway) -> None:
    """The right status and the reason; the service is not even asked for the current schema; it is on record."""
    body, headers, status, text = _BAD[name]
    answer = await gateway.send("PUT", "/schemas/a", body, gateway.headers(_TYPE, *headers))
    assert (answer.status, answer.code) == (status, "bad-input")
    assert text in str(answer.problem["detail"])
    assert gateway.service.connections == 0
    (record,) = await gateway.recorded("refusal")
    assert record.exchange == answer.problem["exchange"]
    assert not gateway.records("intent")


async def test_trailers_go_nowhere(gateway: Gateway) -> None:
    """The same request without the trailer passes. (HTTP/1.1 trailers are not read by mitmproxy at all.)"""
    gateway.service.schemas["a"] = _OBJECT
    wire = await Wire2.to(gateway)
    place = (":authority", f"127.0.0.1:{gateway.service.port}")
    credential = ("proxy-authorization", f"Bearer {gateway.token()}")
    head = [(":method", "PUT"), (":scheme", "http"), (":path", "/schemas/a"), place, credential]
    type_ = ("content-type", "application/json")
    assert (await wire.send([*head, type_], _ENTITLED, [("x-trailer", "1")]))[0] == 400
    assert gateway.service.connections == 0
    assert (await wire.send([*head, type_], _ENTITLED))[0] == 200
    assert gateway.service.changes[0].body == _ENTITLED  # framed for the service, though HTTP/2 needs no length
    wire.close()


async def test_http1_trailers_stop_in_mitmproxy(gateway: Gateway) -> None:
    """Its parser gives up on them, so nothing of such a request goes anywhere; the next one passes."""
    wire = await gateway.wire()
    headers = gateway.headers(_TYPE, ("Transfer-Encoding", "chunked"))
    wire.write_request("POST", gateway.service.url + "/data/a", headers)
    wire.write(b"2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n")
    await until(lambda: bool(gateway.watch.flows))
    assert (await gateway.send("POST", "/data/b", b"{}")).status == 200
    assert [request.target for request in gateway.service.changes] == ["/data/b"]


async def test_a_body_beyond_the_limit_goes_nowhere(gateway: Gateway) -> None:
    """mitmproxy answers 413 itself before the body is whole; the refusal is on record."""
    wire = await gateway.wire()
    wire.write_request(
        "PUT", gateway.service.url + "/schemas/a", [*gateway.headers(_TYPE), ("Content-Length", "9999999")]
    )
    assert (await wire.read_answer()).status == 413
    (record,) = await gateway.recorded("refusal")
    assert (record.fields["status"], record.fields["code"]) == (413, "too-large")
    assert gateway.service.connections == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/schemas/a"), ("POST", "/other"), ("PUT", "/schemas/a?x=1"), ("PUT", "/schemas/a/b"), ("TRACE", "/")],
)
async def test_an_operation_that_the_dialect_does_not_know_goes_nowhere(
    method: str, path: str, gateway: Gateway
) -> None:
    """Whatever is not a plain read and not described is refused."""
    answer = await gateway.send(method, path, _OBJECT)
    assert answer.status in (400, 403)
    assert answer.code in ("unknown-operation", "bad-input")
    assert gateway.service.connections == 0


async def test_a_caller_without_the_right_is_refused_before_anything_is_read(gateway: Gateway) -> None:
    """The gateway's own credential is not used for somebody who may not do the operation at all."""
    headers = gateway.headers(_TYPE, token=gateway.token("mallory", "guests"))
    answer = await gateway.send("PUT", "/schemas/a", _OBJECT, headers)
    assert (answer.status, answer.code) == (403, "not-allowed")
    assert gateway.service.connections == 0
    assert (await gateway.recorded("refusal"))[0].fields["caller"] == f"mallory at {gateway.provider.url}"


def _write_confluent_rules(rules: Path, provider: KeyServer, service: SchemaService) -> None:
    """The service speaks Confluent's dialect, and nobody may read the subject `secret`."""
    write_rules(rules, issuer=provider.url, url=service.url, dialect="confluent", hold_seconds=0)
    shutil.copy(PROJECT / "rules" / "dialects" / "confluent.yaml", rules / "dialects" / "confluent.yaml")
    access = json.loads((rules / "access.yaml").read_text())
    denied = {"name": "no", "deny": ["read"], "who": {"everyone": True}, "connections": ["*"], "subjects": ["secret"]}
    access["rules"].append(denied)
    (rules / "access.yaml").write_text(json.dumps(access))


@pytest.mark.parametrize("refers_to", ["public", "secret"])
async def test_a_schema_may_refer_only_to_what_its_caller_may_read(
    refers_to: str, folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """The gateway would read the other schema with its own credential, and show what is in it."""
    _write_confluent_rules(folder / "rules", provider, service)
    reference = {"name": "r", "subject": refers_to, "version": 1}
    body = {"schemaType": "JSON", "schema": '{"$ref":"r"}', "references": [reference]}
    async with running_gateway(folder, provider, service) as gateway:
        answer = await gateway.send("POST", "/subjects/a/versions", json.dumps(body).encode())
    if refers_to == "secret":
        assert (answer.status, answer.code) == (403, "not-allowed")
        assert "refers to another subject" in answer.problem["detail"]
        assert service.connections == 0
    else:
        assert [request.target for request in service.received] == ["/subjects/a/versions/latest"]


@pytest.mark.parametrize(("language", "status"), [("json-schema", 503), ("openapi-3.0", 400)])
async def test_a_schema_is_checked_as_its_service_reads_it(
    language: str, status: int, folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """A dialect says what its schemas are written in: what is no schema there is refused; elsewhere it is held."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, hold_seconds=0)
    dialect = folder / "rules" / "dialects" / "rest.yaml"
    dialect.write_text(dialect.read_text().replace("name: rest\n", f"name: rest\nschema_language: {language}\n"))
    service.schemas["a"] = _OBJECT
    async with running_gateway(folder, provider, service) as gateway:
        answer = await gateway.send("PUT", "/schemas/a", b'{"type":"object","nullable":"yes"}')
    assert answer.status == status
    assert ("/nullable" in answer.problem["detail"]) == (status == 400)


async def test_a_change_that_a_rule_denies_is_refused_and_explained(gateway: Gateway) -> None:
    """The intent, the decision with its rule, and the outcome are on record; the change is not forwarded."""
    gateway.service.schemas |= {"frozen-a": _OBJECT, "a": _OBJECT}
    answer = await gateway.send("PUT", "/schemas/frozen-a", _ENTITLED)
    assert (answer.status, answer.code) == (403, "denied")
    assert gateway.service.changes == []
    decision = gateway.records("decision")[0]
    assert decision.fields["verdict"] == "deny"
    assert str(decision.fields["rule"]).startswith("approval.yaml:")
    outcome = gateway.records("outcome")[0]
    assert (outcome.fields["forwarded"], outcome.fields["status"]) == (False, 403)
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200


@pytest.mark.parametrize("held", [b"not JSON", b'{"type":"objekt"}'], ids=repr)
async def test_a_current_schema_that_cannot_be_read_stops_the_change(held: bytes, gateway: Gateway) -> None:
    """Nothing passes that cannot be compared: 503 where the service's answer is no JSON, a hold where it is no schema."""
    gateway.service.schemas["a"] = held
    sending = gateway.sending("PUT", "/schemas/a", _OBJECT)
    if held == b"not JSON":
        answer = await sending
        assert (answer.status, answer.code) == (503, "schema-unavailable")
    else:
        (approval,) = await gateway.pending()
        assert approval.request.backward != "compatible"
        await gateway.decide(approval, "deny", "no")
        assert (await sending).status == 403
    assert gateway.service.changes == []


async def test_a_service_that_is_away_stops_the_change(gateway: Gateway) -> None:
    """503 with Retry-After, and the outcome is on record."""
    gateway.service.may_answer.clear()
    limits_before = limits.OUTBOUND_SECONDS
    limits.OUTBOUND_SECONDS = 0.05
    try:
        answer = await gateway.send("PUT", "/schemas/a", _OBJECT)
    finally:
        limits.OUTBOUND_SECONDS = limits_before
    assert (answer.status, answer.code) == (503, "schema-unavailable")
    assert answer.header("retry-after") == ["5"]
    assert gateway.service.changes == []
    assert [record.type for record in gateway.records()][-2:] == ["intent", "outcome"]


async def test_what_is_kept_is_masked(gateway: Gateway) -> None:
    """A secret in the body and one in a header reach the service, and neither the log nor the answer's record."""
    body = json.dumps({"password": "hunter2", "n": 1}).encode()
    answer = await gateway.send("POST", "/data/a", body, gateway.headers(_TYPE, ("X-Api-Key", "k-4711")))
    assert answer.status == 200
    (request,) = gateway.service.changes
    assert request.body == body
    assert request.header("x-api-key") == ["k-4711"]
    for record in gateway.records():
        kept = str(record.fields).encode() + b"".join(payload.data for payload in record.payloads.values())
        assert b"hunter2" not in kept
        assert b"k-4711" not in kept


# -- data -------------------------------------------------------------------------------------------------------------

_MARKED = b'{"type":"object","properties":{"colour":{"type":"string","x-sensitive":true},"n":{"type":"integer"}}}'
_DATA = b'{"colour":"ultramarine","n":1}'
_MASKED = b'{"colour":"[masked]","n":1}'


async def test_data_is_masked_by_the_schema_that_describes_it(gateway: Gateway) -> None:
    """The first time the schema is read after the intent, and what it lets keep comes with the outcome; then it is known."""
    gateway.service.schemas["a"] = _MARKED
    assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
    intent, _, outcome = gateway.records()[-3:]
    assert "request-body" not in intent.payloads
    assert intent.fields["not_kept"] == "the schema that says what is sensitive in it was not read yet"
    assert intent.fields["look_up"] == "/schemas/a"
    assert outcome.payloads["request-body"].data == _MASKED
    assert "body /colour" in str(outcome.fields["request"])
    assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
    intent, _, outcome = gateway.records()[-3:]
    assert (intent.payloads["request-body"].data, intent.fields["look_up"]) == (_MASKED, None)
    assert "request" not in outcome.fields
    assert [request.target for request in gateway.service.received].count("/schemas/a") == 1
    assert [change.body for change in gateway.service.changes] == [_DATA, _DATA]


async def test_nobody_is_asked_for_a_schema_before_the_intent(gateway: Gateway) -> None:
    """When the look arrives at the service the intent is durable; the data need not wait for its answer."""
    gateway.service.schemas["a"] = _MARKED
    gateway.service.may_answer.clear()
    sending = gateway.sending("POST", "/data/a", _DATA)
    await gateway.service.wait_for(lambda: len(gateway.service.received) == 2)
    assert [record.type for record in gateway.records()][-2:] == ["intent", "decision"]
    gateway.service.may_answer.set()
    assert (await sending).status == 200


async def test_without_an_intent_nobody_is_asked_for_a_schema(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same data, when the intent can be written, is followed by a look."""

    async def fails(*_: object) -> None:
        raise EvidenceUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.parts.evidence, "intent", fails)
        assert (await gateway.send("POST", "/data/a", _DATA)).status == 503
    assert (await gateway.send("POST", "/data/b", _DATA)).status == 200
    assert sorted(request.target for request in gateway.service.received) == ["/data/b", "/schemas/b"]


async def test_a_change_that_passes_describes_the_data_from_then_on(gateway: Gateway) -> None:
    """What it marks is masked, without another look; so it is when the change is undone."""
    gateway.service.schemas["a"] = b'{"type":"object"}'
    for schema, kept in ((_MARKED, _MASKED), (b'{"type":"object"}', _DATA)):
        change = gateway.sending("PUT", "/schemas/a", schema)
        await gateway.decide((await gateway.pending())[0])
        assert (await change).status == 200
        looks = [request.method for request in gateway.service.received].count("GET")
        assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
        intent = gateway.records("intent")[-1]
        assert intent.payloads["request-body"].data == kept
        assert [request.method for request in gateway.service.received].count("GET") == looks


async def test_a_change_whose_answer_is_lost_makes_its_subject_unknown(gateway: Gateway) -> None:
    """It may have been applied: the next data is masked by what the service says now."""
    gateway.service.schemas["a"] = b'{"type":"object"}'
    for _ in range(2):
        assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
    assert gateway.records("intent")[-1].payloads["request-body"].data == _DATA
    gateway.service.breaks_off = "after"
    change = gateway.sending("PUT", "/schemas/a", _MARKED)
    await gateway.decide((await gateway.pending())[0])
    assert (await change).status == 502
    gateway.service.breaks_off = ""
    assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
    assert "request-body" not in gateway.records("intent")[-1].payloads
    assert gateway.records("outcome")[-1].payloads["request-body"].data == _MASKED


async def test_data_passes_where_its_schema_cannot_be_read(gateway: Gateway) -> None:
    """Nothing readable of it is kept; where the service has none, nothing is marked."""
    gateway.service.schemas["a"] = b"not a schema"
    assert (await gateway.send("POST", "/data/a", _DATA)).status == 200
    outcome = gateway.records("outcome")[-1]
    assert not {"request-body", "response-body"} & outcome.payloads.keys()
    assert outcome.fields["not_kept"] == "the schema that says what is sensitive in it could not be read"
    assert (await gateway.send("POST", "/data/b", _DATA)).status == 200
    assert gateway.records("outcome")[-1].payloads["request-body"].data == _DATA


async def test_who_may_not_send_data_makes_nobody_read_its_schema(gateway: Gateway) -> None:
    """Access is decided first: no contact with the service, and nothing readable of what was sent is kept."""
    gateway.service.schemas["a"] = _MARKED
    headers = gateway.headers(_TYPE, token=gateway.token("eve", "strangers"))
    assert (await gateway.send("POST", "/data/a", _DATA, headers)).status == 403
    assert gateway.service.connections == 0
    (record,) = gateway.records("refusal")
    assert "request-body" not in record.payloads


async def test_large_data_is_masked_by_the_masking_process(gateway: Gateway) -> None:
    """And passes as it came; the process is another one than this."""
    gateway.service.schemas["a"] = _MARKED
    body = b'{"colour":"ultramarine","pad":[' + b'"a b",' * 50_000 + b'""]}'
    for _ in range(2):
        assert (await gateway.send("POST", "/data/a", body)).status == 200
    kept = gateway.records("intent")[-1].payloads["request-body"].data
    assert b"ultramarine" not in kept
    assert len(kept) > 50_000
    assert gateway.service.changes[-1].body == body
    assert gateway.parts.masking_process.pid not in (None, os.getpid())
