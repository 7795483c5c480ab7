"""What the caller sees: the masked view, on record before it is sent, or nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.addonmanager import traverse

from countersign.errors import EvidenceUnavailable, SchemaUnavailable
from countersign.proxy.exchange import exchange_of
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Answer

_IBAN = "DE02120300000000202051"
_SCHEMA = json.dumps({"type": "object", "title": "t", "properties": {"a": {"default": _IBAN}}}).encode()
_RULES = [
    {
        "name": "accounts",
        "in": ["response-to-client"],
        "paths": ["$..default"],
        "how": "keep-last",
        "keep": 4,
        "except_groups": ["owners"],
    },
    {"name": "team", "in": ["response-to-client"], "headers": ["X-Team"], "how": "redact", "except_groups": ["owners"]},
    {"name": "marked", "in": ["response-to-client"], "marks": ["x-pii"], "how": "redact", "groups": ["marked"]},
]


@pytest.fixture
async def gateway(folder: Path, provider: KeyServer, service: SchemaService) -> AsyncIterator[Gateway]:
    """Its rules mask what all callers but owners see."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    edit_rules(folder / "rules", "masking.yaml", lambda document: document["rules"].extend(_RULES))
    service.schemas["a"] = _SCHEMA
    service.answer_headers = ["Content-Type: application/json", "X-Team: blue", "Content-MD5: abc"]
    async with running_gateway(folder, provider, service) as running:
        yield running


async def send(gateway: Gateway, method: str, path: str, *groups: str, body: bytes | None = None) -> Answer:
    """Of an engineer who is in `groups`, too."""
    token = gateway.token("alice", "engineers", *groups)
    headers = gateway.headers(("Content-Type", "application/json"), ("Range", "bytes=0-3"), token=token)
    return await gateway.send(method, path, body, headers)


async def test_the_caller_sees_the_view_and_the_record_holds_both(gateway: Gateway) -> None:
    """What the service said, as evidence keeps it, and how much of it was masked for the caller, by which rules."""
    answer = await send(gateway, "GET", "/schemas/a")
    assert json.loads(answer.body)["properties"] == {"a": {"default": "…2051"}}
    assert answer.header("X-Team") == ["[masked]"]
    assert answer.header("Content-MD5") == []
    (outcome,) = gateway.records("outcome")
    assert (outcome.fields["status"], outcome.fields["forwarded"], outcome.fields["code"]) == (200, True, None)
    assert outcome.fields["client_view"] == {"status": 200, "masked": {"accounts": 1, "team": 1}}
    assert ["X-Team", "blue"] in json.loads(outcome.payloads["response-headers"].data)
    assert outcome.fields["body"]["length"] == len(_SCHEMA)  # type: ignore[index, call-overload]
    assert gateway.service.received[-1].header("Range") == []


async def test_who_has_no_view_gets_the_answer_untouched(gateway: Gateway) -> None:
    """Header fields, tag and bytes; the record speaks of no view."""
    answer = await send(gateway, "GET", "/schemas/a", "owners")
    assert answer.body == _SCHEMA
    assert answer.headers == (
        ("Content-Length", str(len(_SCHEMA))),
        ("Content-Type", "application/json"),
        ("X-Team", "blue"),
        ("Content-MD5", "abc"),
        ("ETag", f'"{gateway.service._etag("a")}"'),
    )
    assert "client_view" not in gateway.records("outcome")[0].fields
    assert gateway.service.received[-1].header("Range") == ["bytes=0-3"]


async def test_an_approved_change_is_sent_as_approved(gateway: Gateway) -> None:
    """No header field of it is altered for the view of its answer, and the approval holds; the answer is masked."""
    narrowed = json.dumps({"type": "object", "required": ["x"]}).encode()
    sending = gateway.sending(
        "PUT", "/schemas/a", narrowed, gateway.headers(("Content-Type", "application/json"), ("Range", "bytes=0-3"))
    )
    (approval,) = await gateway.pending()
    await gateway.decide(approval)
    answer = await sending
    assert answer.status == 200
    (change,) = gateway.service.changes
    assert (change.body, change.header("Range")) == (narrowed, ["bytes=0-3"])
    assert answer.header("X-Team") == ["[masked]"]
    assert len(answer.header("Countersign-Approval")) == 1


async def test_an_answer_of_the_gateway_itself_is_no_view(gateway: Gateway) -> None:
    """It is not the service's, and says what it has to."""
    answer = await gateway.send("PATCH", "/schemas/a", b"{}")
    assert answer.status == 403
    assert answer.header("Cache-Control") == ["no-store"]
    assert "client_view" not in gateway.records("refusal")[0].fields


@pytest.mark.parametrize("body", [b"not JSON " + _IBAN.encode(), b'{"default":1,"default":2}'])
async def test_what_cannot_be_masked_is_not_shown(body: bytes, gateway: Gateway) -> None:
    """502 with what to do; recorded with the service's own status; an owner sees it."""
    gateway.service.schemas["a"] = body
    answer = await send(gateway, "GET", "/schemas/a")
    assert (answer.status, answer.code) == (502, "answer-not-masked")
    assert "operators" in answer.problem["detail"]
    assert _IBAN.encode() not in answer.body
    (outcome,) = gateway.records("outcome")
    assert (outcome.fields["status"], outcome.fields["code"]) == (200, "answer-not-masked")
    assert outcome.fields["client_view"] == {"status": 502, "masked": {}}
    assert (await send(gateway, "GET", "/schemas/a", "owners")).body == body


async def test_an_exception_inside_masking_shows_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the caller nor the log gets its text; afterwards the same answer is shown."""

    def fails(*_: object) -> None:
        raise RuntimeError(_IBAN)

    with monkeypatch.context() as patch, caplog.at_level(logging.DEBUG):
        patch.setattr("countersign.proxy.client_view.describe_view", fails)
        answer = await send(gateway, "GET", "/schemas/a")
    assert (answer.status, answer.code) == (502, "answer-not-masked")
    assert _IBAN not in caplog.text + repr(answer)
    assert "RuntimeError" in caplog.text
    assert gateway.records("outcome")[0].fields["client_view"] == {"status": 502, "masked": {}}
    assert (await send(gateway, "GET", "/schemas/a")).status == 200


async def test_a_view_that_cannot_be_recorded_is_not_shown(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is durable before the caller gets anything of it."""

    async def fails(*_: Any) -> None:
        raise EvidenceUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(gateway.parts.evidence, "outcome", fails)
        answer = await send(gateway, "GET", "/schemas/a")
    assert (answer.status, answer.code) == (503, "outcome-not-recorded")
    assert b"2051" not in answer.body
    assert (await send(gateway, "GET", "/schemas/a")).status == 200


async def test_marked_data_is_masked_by_its_schema_or_not_shown(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema that is known of the subject says what is marked; where it cannot be read nobody knows."""
    gateway.service.schemas["a"] = b'{"properties":{"pin":{"x-pii":true}}}'
    apply = gateway.service._apply
    echo: Any = lambda request: (200, request.body) if request.method == "POST" else apply(request)  # noqa: E731
    monkeypatch.setattr(gateway.service, "_apply", echo)
    answer = await send(gateway, "POST", "/data/a", "marked", body=b'{"pin":"1234","n":1}')
    assert json.loads(answer.body) == {"pin": "[masked]", "n": 1}
    assert gateway.service.changes[-1].body == b'{"pin":"1234","n":1}'

    async def unreadable(*_: Any) -> None:
        raise SchemaUnavailable("not now")

    monkeypatch.setattr(gateway.parts.known, "look_up", unreadable)
    gateway.service.schemas["b"] = gateway.service.schemas["a"]
    answer = await send(gateway, "POST", "/data/b", "marked", body=b'{"pin":"1234"}')
    assert (answer.status, answer.code) == (502, "answer-not-masked")
    assert "schema" in answer.problem["detail"]
    assert (await send(gateway, "POST", "/data/b", body=b'{"pin":"1234"}')).body == b'{"pin":"1234"}'


async def test_the_view_comes_between_all_that_touches_an_answer_and_its_record(gateway: Gateway) -> None:
    """The order of the addons is what makes the record of the view complete, and the view of everything."""
    names = [getattr(addon, "name", "") for addon in traverse(gateway.master.addons.chain)]
    assert names.index("countersign_upstream_credential") < names.index("countersign_client_view")
    assert names.index("countersign_client_view") + 1 == names.index("countersign_audit_outcome")
    answer = await send(gateway, "GET", "/schemas/a")
    exchange = exchange_of(gateway.watch.flows[-1])
    assert exchange is not None
    assert exchange.answered is not None
    assert exchange.answered.content == _SCHEMA
    assert answer.body != _SCHEMA
