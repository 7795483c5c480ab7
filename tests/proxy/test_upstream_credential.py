"""The last step: what is sent is what was cleared, and only then the service's credential is on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http

from countersign.proxy.exchange import Clearance, exchange_of
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import SchemaService
from tests.proxy.wire_http2 import Wire2

_OBJECT = b'{"type":"object"}'
_ENTITLED = b'{"type":"object","title":"t"}'


def _write(key: Path, content: str) -> None:
    key.write_text(content)


@pytest.fixture
async def key(folder: Path) -> Path:
    """The file with the service's credential."""
    path = folder / "key"
    path.write_text("services-own\n")
    return path


@pytest.fixture
async def keyed(key: Path, folder: Path, provider: KeyServer, service: SchemaService) -> AsyncIterator[Gateway]:
    """A gateway with a credential of its own for the service."""
    entry = {"header": "Authorization", "scheme": "Bearer", "from_file": str(key)}
    write_rules(folder / "rules", issuer=provider.url, url=service.url, credential=entry)
    service.schemas["a"] = _OBJECT
    async with running_gateway(folder, provider, service) as running:
        yield running


async def test_the_services_credential_is_added_and_kept_nowhere(keyed: Gateway) -> None:
    """The look-up and the change carry it; neither the caller nor the log ever has it."""
    headers = keyed.headers(("Content-Type", "application/json"), ("Authorization", "Bearer callers-own"))
    answer = await keyed.send("PUT", "/schemas/a", _ENTITLED, headers)
    assert answer.status == 200
    assert [request.header("authorization") for request in keyed.service.received] == [["Bearer services-own"]] * 2
    assert b"services-own" not in answer.body
    for record in keyed.records():
        assert "services-own" not in str(record.fields)
        assert all(b"services-own" not in payload.data for payload in record.payloads.values())


async def test_a_rotated_credential_counts_at_once(keyed: Gateway, key: Path) -> None:
    """It is read at use, so nothing has to be restarted."""
    _write(key, "rotated")
    assert (await keyed.send("GET", "/schemas/a")).status == 200
    assert keyed.service.received[0].header("authorization") == ["Bearer rotated"]


async def test_without_the_credential_nothing_is_sent(keyed: Gateway, key: Path) -> None:
    """503 that names the rule file, and neither path nor content of the credential's."""
    _write(key, "")
    answer = await keyed.send("GET", "/schemas/a")
    assert (answer.status, answer.code) == (503, "no-service-credential")
    assert "connections/schemas.yaml" in answer.problem["detail"]
    assert str(key).encode() not in answer.body
    assert keyed.service.connections == 0


# -- what was cleared -------------------------------------------------------------------------------------------------


class _Edits:
    """What another addon, or an operator, could do between the clearance and the sending."""

    name = "edits"

    def __init__(self, gateway: Gateway, edit: Callable[[http.HTTPFlow], Any]) -> None:
        self._last = gateway.addon("upstream_credential")
        self._really = self._last.request
        self._edit = edit

    async def request(self, flow: http.HTTPFlow) -> None:
        self._edit(flow)
        await self._really(flow)


_EDITS: dict[str, Callable[[http.HTTPFlow], Any]] = {
    "body": lambda flow: setattr(flow.request, "raw_content", _ENTITLED + b" "),
    "method": lambda flow: setattr(flow.request, "method", "POST"),
    "path": lambda flow: setattr(flow.request, "path", "/schemas/b"),
    "host": lambda flow: setattr(flow.request, "host", "localhost"),
    "header": lambda flow: flow.request.headers.update({"X-Normalize": "true"}),
    "another clearance": lambda flow: exchange_of(flow).__dict__.update(clearance=None),
    "another fingerprint": lambda flow: exchange_of(flow).__dict__.update(clearance=Clearance("x", "allowed", None)),
    "no intent": lambda flow: exchange_of(flow).__dict__.update(intended=False),
}


@pytest.mark.parametrize("edit", _EDITS)
async def test_what_is_not_what_was_cleared_is_not_sent(
    edit: str, keyed: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thing changed after the decision, and the request is refused; without the edit it passes."""
    with monkeypatch.context() as patch:
        patch.setattr(keyed.addon("upstream_credential"), "request", _Edits(keyed, _EDITS[edit]).request)
        answer = await keyed.send("PUT", "/schemas/a", _ENTITLED)
    assert answer.status == 403
    assert answer.code in ("not-what-was-cleared", "not-approved")
    assert keyed.service.changes == []
    assert (await keyed.send("PUT", "/schemas/a", _ENTITLED)).status == 200


async def test_a_client_that_has_gone_gets_nothing_sent(keyed: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the decision and the sending the client hung up."""

    def gone(flow: http.HTTPFlow) -> None:
        monkeypatch.setattr(type(flow.client_conn), "connected", False)

    with monkeypatch.context() as patch:
        patch.setattr(keyed.addon("upstream_credential"), "request", _Edits(keyed, gone).request)
        sending = keyed.sending("PUT", "/schemas/a", _ENTITLED)
        await keyed.recorded("outcome")
    assert keyed.service.changes == []
    assert keyed.records("outcome")[0].fields["code"] == "client-gone"
    sending.cancel()


# -- overtaking -------------------------------------------------------------------------------------------------------


async def test_a_change_is_sent_on_condition_of_what_was_reviewed(keyed: Gateway) -> None:
    """Where the service has ETags, If-Match carries the one that the look-up saw."""
    assert (await keyed.send("PUT", "/schemas/a", _ENTITLED)).status == 200
    look, change = keyed.service.received
    assert look.header("if-match") == []
    assert len(change.header("if-match")) == 1


async def test_a_change_that_was_overtaken_elsewhere_fails_at_the_service(keyed: Gateway) -> None:
    """Somebody changed the schema past the gateway after it was read: the service answers 412."""
    keyed.service.may_answer.clear()
    sending = keyed.sending("PUT", "/schemas/a", _ENTITLED)
    await keyed.service.wait_for(lambda: len(keyed.service.received) == 1)

    async def overtake(*_: Any) -> None:
        keyed.service.schemas["a"] = b'{"type":"array"}'

    really = keyed.parts.evidence.decision

    async def decision(*parts: Any) -> None:
        await overtake()
        await really(*parts)

    keyed.parts.evidence.decision = decision  # type: ignore[method-assign, assignment]
    keyed.service.may_answer.set()
    assert (await sending).status == 412
    assert keyed.service.schemas["a"] == b'{"type":"array"}'


async def test_a_condition_of_the_callers_own_stays(keyed: Gateway) -> None:
    """The caller's condition is part of what was decided on, and is not replaced; one that bounds nothing is no way out."""
    for name in ("If-Match", "If-None-Match"):
        headers = keyed.headers(("Content-Type", "application/json"), (name, '"callers"'))
        await keyed.send("PUT", "/schemas/a", _ENTITLED, headers)
    first, second = keyed.service.changes
    assert (first.header("If-Match"), first.header("If-None-Match")) == (['"callers"'], [])
    assert (len(second.header("If-Match")), second.header("If-None-Match")) == (1, ['"callers"'])
    assert second.header("If-Match") != ['"callers"']


# -- sessions ---------------------------------------------------------------------------------------------------------


async def test_a_session_of_the_gateways_own_is_nobody_elses(keyed: Gateway) -> None:
    """A cookie that the service sets for the gateway's credential would serve past the gateway; the rest is passed on."""
    keyed.service.answer_headers = ["Set-Cookie: session=as-good-as-the-credential", "X-Region: eu"]
    answer = await keyed.send("GET", "/schemas/a")
    assert (answer.status, answer.body) == (200, _OBJECT)
    assert ("x-region", "eu") in [(name.lower(), value) for name, value in answer.headers]
    assert "set-cookie" not in [name.lower() for name, _ in answer.headers]


async def test_a_session_of_the_callers_own_is_theirs(gateway: Gateway) -> None:
    """Where the gateway adds no credential, the answer is the service's, whole."""
    gateway.service.schemas["a"] = _OBJECT
    gateway.service.answer_headers = ["Set-Cookie: session=the-callers"]
    answer = await gateway.send("GET", "/schemas/a")
    assert ("set-cookie", "session=the-callers") in [(name.lower(), value) for name, value in answer.headers]


# -- framing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_length_without_its_body_is_not_passed_on(method: str, gateway: Gateway) -> None:
    """HTTP/2 can name a length and end without a body: the service would take the caller's next requests, with the
    gateway's credential on them, for that body, and what is hidden in them for a request of its own."""
    host = f"127.0.0.1:{gateway.service.port}"
    wire = await Wire2.to(gateway)
    token = ("proxy-authorization", f"Bearer {gateway.token()}")
    pseudo = [(":method", method), (":scheme", "http"), (":authority", host), (":path", "/schemas/a")]
    status, _ = await wire.send([*pseudo, token, ("content-length", "50")])
    wire.close()
    assert status in (200, 404, 405)
    assert [(request.method, request.header("content-length")) for request in gateway.service.received] == [
        (method, ["0"])
    ]
