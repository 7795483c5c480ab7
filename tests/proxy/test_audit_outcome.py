"""What came of it: on record before the client knows, whatever happened."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from mitmproxy import http
from mitmproxy.flow import Error

from countersign.errors import EvidenceUnavailable
from countersign.proxy import bounded_http
from countersign.proxy.exchange import Exchange, begin, exchange_of
from tests.proxy.stage import Gateway, until
from tests.proxy.upstream import EchoServer

_OBJECT = b'{"type":"object"}'
_ENTITLED = b'{"type":"object","title":"t"}'


async def _fails(*_: Any, **__: Any) -> None:
    raise EvidenceUnavailable("the disk is full")


def _kinds(gateway: Gateway) -> list[str]:
    return [record.type for record in gateway.records()]


# -- answered ---------------------------------------------------------------------------------------------------------


async def test_the_outcome_is_on_record_when_the_client_reads_the_answer(gateway: Gateway) -> None:
    """Status, whether it was forwarded, and the masked answer; the intent is closed by exactly one outcome."""
    gateway.service.schemas["a"] = _OBJECT
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200
    assert _kinds(gateway)[-3:] == ["intent", "decision", "outcome"]
    outcome = gateway.records("outcome")[0]
    assert (outcome.fields["status"], outcome.fields["forwarded"], outcome.fields["code"]) == (200, True, None)
    assert outcome.payloads["response-body"].data == b'{"stored":true}'


async def test_an_answer_of_the_services_is_passed_on_whatever_it_says(gateway: Gateway) -> None:
    """A refusal by the service is the service's, and recorded as forwarded."""
    assert (await gateway.send("GET", "/schemas/none")).status == 404
    outcome = gateway.records("outcome")[0]
    assert (outcome.fields["status"], outcome.fields["forwarded"]) == (404, True)


async def test_an_upgrade_is_not_passed_on(gateway: Gateway) -> None:
    """What follows a 101 would pass unseen: 502, and the outcome says so."""
    gateway.service.upgrades = True
    answer = await gateway.send("POST", "/data/a", b"{}")
    assert answer.status == 502
    await until(lambda: bool(gateway.records("outcome", "outcome_unknown")))


async def test_a_101_that_mitmproxy_would_pass_on_is_replaced(gateway: Gateway) -> None:
    """Should one ever come that far: the client gets 502, and that is on record."""
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    flow = gateway.watch.flows[-1]
    exchange = exchange_of(flow)
    assert exchange is not None
    del exchange.__dict__["closed"]
    flow.response = http.Response.make(101)
    await gateway.addon("audit_outcome").response(flow)
    assert flow.response is not None
    assert flow.response.status_code == 502
    assert gateway.records("outcome")[-1].fields["code"] == "upgrade"
    await gateway.addon("audit_outcome").response(flow)
    await gateway.addon("audit_outcome").error(flow)
    assert len(gateway.records("outcome", "outcome_unknown")) == 2  # what is closed is not recorded again


async def test_trailers_of_an_answer_are_left_out(gateway: Gateway) -> None:
    """They are not on record, so nobody gets them; the rest of the answer is as the service sent it."""
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    flow = gateway.watch.flows[-1]
    exchange = exchange_of(flow)
    assert exchange is not None
    del exchange.__dict__["closed"]
    flow.response = http.Response.make(200, b"whole")
    flow.response.trailers = http.Headers([(b"X-Late", b"more")])
    await gateway.addon("audit_outcome").response(flow)
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.content) == (200, b"whole")
    assert not flow.response.trailers


@pytest.mark.parametrize(
    ("why", "status", "code"),
    [
        ("Request body exceeds mitmproxy's body_size_limit.", 413, "too-large"),
        (bounded_http.TOO_MUCH_UNREAD, 413, "too-large"),
        (bounded_http.TOO_SLOW, 400, "too-slow"),
        (bounded_http.TRAILERS, 400, "trailers"),
        ("Client disconnected.", 400, "not-read"),
    ],
)
async def test_why_a_request_was_never_whole_is_on_record(why: str, status: int, code: str, gateway: Gateway) -> None:
    """Each way to end before it is read has its own word."""
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    flow = gateway.watch.flows[-1].copy()
    begin(flow, Exchange("e1", 1, "plain"))
    flow.error = Error(why)
    await gateway.addon("audit_outcome").error(flow)
    (record,) = gateway.records("refusal")
    assert (record.fields["status"], record.fields["code"]) == (status, code)


async def test_an_answer_beyond_the_limit_is_not_passed_on(gateway: Gateway) -> None:
    """502, and nobody knows what the service did."""
    gateway.service.answers_long = True
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 502
    (record,) = await gateway.recorded("outcome_unknown")
    assert record.fields["forwarded"] is True


# -- no evidence, no passage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_", [("GET", "/schemas/a", None), ("PUT", "/schemas/a", _ENTITLED)], ids=["read", "change"]
)
async def test_with_the_log_closed_nothing_passes(request_: tuple[str, str, bytes | None], gateway: Gateway) -> None:
    """503 for reads and changes; the service is not even looked at. Before, the same request passed."""
    gateway.service.schemas["a"] = _OBJECT
    assert (await gateway.send(*request_)).status == 200
    before = len(gateway.service.received)
    gateway.parts.log.close()
    answer = await gateway.send(*request_)
    assert (answer.status, answer.code) == (503, "evidence-unavailable")
    assert "closed" not in answer.problem["detail"]
    assert len(gateway.service.received) == before


async def test_with_the_log_closed_no_tunnel_opens(gateway: Gateway, echo: EchoServer) -> None:
    """A blind tunnel that cannot be recorded is not opened."""
    assert (await gateway.tunnel(f"127.0.0.1:{echo.port}"))[1].status == 200
    gateway.parts.log.close()
    assert (await gateway.tunnel(f"127.0.0.1:{echo.port}"))[1].status == 503


@pytest.mark.parametrize("step", ["intent", "decision"])
async def test_a_step_that_cannot_be_recorded_stops_the_change(
    step: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither without its intent nor without its decision is a change forwarded."""
    gateway.service.schemas["a"] = _OBJECT
    with monkeypatch.context() as patch:
        patch.setattr(gateway.parts.evidence, step, _fails)
        answer = await gateway.send("PUT", "/schemas/a", _ENTITLED)
    assert (answer.status, answer.code) == (503, "evidence-unavailable")
    assert gateway.service.changes == []
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200


async def test_a_refusal_that_cannot_be_recorded_is_still_a_refusal(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client learns that evidence is missing; nothing passes."""
    monkeypatch.setattr(gateway.parts.evidence, "refusal", _fails)
    answer = await gateway.send("PATCH", "/schemas/a", b"{}")
    assert (answer.status, answer.code) == (503, "evidence-unavailable")
    assert gateway.service.connections == 0


async def test_an_outcome_that_cannot_be_recorded_is_not_told_as_success(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has acted, and the client is told to look before it sends again; the intent stays open."""
    gateway.service.schemas["a"] = _OBJECT
    monkeypatch.setattr(gateway.parts.evidence, "outcome", _fails)
    answer = await gateway.send("PUT", "/schemas/a", _ENTITLED)
    assert (answer.status, answer.code) == (503, "outcome-not-recorded")
    assert "may have acted" in answer.problem["detail"]
    assert b"stored" not in answer.body
    assert len(gateway.service.changes) == 1
    assert _kinds(gateway)[-1] == "decision"
    monkeypatch.undo()
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200


# -- nobody saw the answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("breaks", "observed"), [("after", "applied"), ("before", "not applied")])
async def test_a_lost_answer_is_looked_up(breaks: Literal["before", "after"], observed: str, gateway: Gateway) -> None:
    """The service closed the connection instead of answering: it is read again to say what became of the change."""
    gateway.service.schemas["a"] = _OBJECT
    gateway.service.breaks_off = breaks
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 502
    (record,) = await gateway.recorded("outcome_unknown")
    assert str(record.fields["observed"]).startswith(f"{observed}: ")
    assert not gateway.records("outcome")
    gateway.service.breaks_off = ""
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200


async def test_lost_data_is_not_looked_up(gateway: Gateway) -> None:
    """Where no schema was to change there is nothing to read."""
    gateway.service.breaks_off = "after"
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 502
    (record,) = await gateway.recorded("outcome_unknown")
    assert str(record.fields["observed"]).startswith("not looked at")


async def test_a_look_that_fails_is_recorded_as_such(gateway: Gateway) -> None:
    """The service lost the answer and cannot be read either."""
    gateway.service.schemas["a"] = _OBJECT
    gateway.service.breaks_off = "after"
    answer = await gateway.send("PUT", "/schemas/a", b' {"type":"object"}')
    assert answer.status == 502
    gateway.service.schemas["b"] = _OBJECT

    async def unreadable(*_: Any) -> None:
        gateway.service.schemas["b"] = b"not JSON"

    really = gateway.parts.evidence.decision

    async def decision(*parts: Any) -> None:
        await really(*parts)
        gateway.service.breaks_off = "before"
        await unreadable()

    gateway.parts.evidence.decision = decision  # type: ignore[method-assign, assignment]
    assert (await gateway.send("PUT", "/schemas/b", _ENTITLED)).status == 502
    record = (await gateway.recorded("outcome_unknown", 2))[-1]
    assert str(record.fields["observed"]).startswith("unreadable: ")


async def test_a_client_that_hung_up_after_sending_leaves_a_record(gateway: Gateway) -> None:
    """The service may have applied the change: it is read, and the subject is free again."""
    gateway.service.schemas["a"] = _OBJECT
    wire = await gateway.wire()
    gateway.service.may_answer.clear()
    headers = gateway.headers(("Content-Type", "application/json"))
    wire.write_request("PUT", gateway.service.url + "/schemas/a", headers, _ENTITLED)
    await gateway.service.wait_for(lambda: len(gateway.service.received) == 1)
    gateway.service.may_answer.set()
    gateway.service.may_answer = asyncio.Event()
    await gateway.service.wait_for(lambda: len(gateway.service.changes) == 1)
    wire.close()
    await until(lambda: not gateway.watch.flows[-1].client_conn.connected)
    gateway.service.may_answer.set()
    (record,) = await gateway.recorded("outcome_unknown")
    assert str(record.fields["observed"]).startswith("applied: ")
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200


async def test_every_intent_has_one_end(gateway: Gateway) -> None:
    """Whatever happens to requests, the log closes each of them exactly once."""
    gateway.service.schemas |= {"a": _OBJECT, "frozen-a": _OBJECT}
    await gateway.send("GET", "/schemas/a")
    await gateway.send("PUT", "/schemas/frozen-a", _ENTITLED)
    gateway.service.breaks_off = "after"
    await gateway.send("PUT", "/schemas/a", _ENTITLED)
    await gateway.recorded("outcome_unknown")
    intents = [record.exchange for record in gateway.records("intent")]
    ends = [record.exchange for record in gateway.records("outcome", "outcome_unknown")]
    assert len(intents) == 3
    assert sorted(map(str, intents)) == sorted(map(str, ends))
