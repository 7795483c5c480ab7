"""After a restart: what became of the changes under way, and which approvals still stand."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.proxy.exchange import Exchange
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, StartFailed, running_gateway, until
from tests.proxy.upstream import EchoServer, SchemaService

_OBJECT = b'{"type":"object"}'
_ENTITLED = b'{"type":"object","title":"t"}'

type Start = tuple[Path, KeyServer, SchemaService]


@pytest.fixture
def start(folder: Path, provider: KeyServer, service: SchemaService) -> Start:
    """What a gateway needs to start; held changes are answered at once."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, hold_seconds=0)
    service.schemas["a"] = _OBJECT
    return folder, provider, service


async def _leave_open(gateway: Gateway, *, before: bytes | None = None) -> None:
    """A change that is forwarded, and whose outcome never gets on record."""

    async def fails(*_: Any) -> None:
        raise EvidenceUnavailable("the disk is full")

    gateway.parts.evidence.outcome = fails  # type: ignore[method-assign, assignment]
    assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 503
    if before is not None:
        gateway.service.schemas["a"] = before


@pytest.mark.parametrize(
    ("held", "observed"),
    [
        (None, "applied: "),
        (_OBJECT, "not applied: "),
        (b'{"type":"array"}', "the service holds another schema"),
        (b"not JSON", "unreadable: "),
    ],
)
async def test_an_open_change_is_looked_up_once(held: bytes | None, observed: str, start: Start) -> None:
    """The next start records it as unknown at once, and then what the service says; the one after that, nothing."""
    async with running_gateway(*start) as gateway:
        await _leave_open(gateway, before=held)
        (intent,) = gateway.records("intent")
    async with running_gateway(*start) as gateway:
        first, second = await gateway.recorded("outcome_unknown", 2)
        assert first.exchange == second.exchange == intent.exchange
        assert first.fields["reason"] == "gateway restarted"
        assert str(second.fields["observed"]).startswith(observed)
        assert second.fields["subject"] == "a"
    async with running_gateway(*start) as gateway:
        assert (await gateway.send("GET", "/schemas/a")).status == 200
        assert len(gateway.records("outcome_unknown")) == 2


async def test_a_tunnel_that_was_open_is_closed_on_record(start: Start, echo: EchoServer) -> None:
    """The next start records its end, once; what was closed in order, and what is open now, stay as they are."""
    write_rules(start[0] / "rules", issuer=start[1].url, url=start[2].url, tunnel_port=echo.port)
    async with running_gateway(*start) as gateway:
        ended = (await gateway.tunnel(f"127.0.0.1:{echo.port}"))[0]
        ended.close()
        await gateway.recorded("tunnel", 2)
        closed = gateway.parts.evidence.tunnel
        gateway.parts.evidence.tunnel = _except_the_end(closed)  # type: ignore[method-assign]
        await gateway.tunnel(f"127.0.0.1:{echo.port}")
        lost = gateway.records("tunnel")[-1]
    async with running_gateway(*start) as gateway:
        await gateway.tunnel(f"127.0.0.1:{echo.port}")
        await gateway.recorded("tunnel", 5)
        (found,) = [r for r in gateway.records("tunnel") if str(r.fields.get("reason")).startswith("the gateway ended")]
        assert (found.exchange, found.fields["step"], found.fields["port"]) == (lost.exchange, "closed", echo.port)
        assert found.fields["caller"] == lost.fields["caller"]
        gateway.parts.evidence.tunnel = _except_the_end(gateway.parts.evidence.tunnel)  # type: ignore[method-assign]
    async with running_gateway(*start) as gateway:
        await gateway.recorded("tunnel", 6)
        ends = [r.exchange for r in gateway.records("tunnel") if str(r.fields.get("reason")).startswith("the gateway")]
        assert len(ends) == len(set(ends)) == 2


def _except_the_end(record: Callable[..., Awaitable[None]]) -> Any:
    """As when the gateway is killed: everything is recorded but the end."""

    async def tunnel(exchange: Exchange, step: str, *place: Any, **passed: Any) -> None:
        if step != "closed":
            await record(exchange, step, *place, **passed)

    return tunnel


@pytest.mark.parametrize(("method", "path"), [("GET", "/schemas/a"), ("POST", "/data/a")])
async def test_what_was_to_change_nothing_is_not_looked_up(method: str, path: str, start: Start) -> None:
    """A read, and data, though a schema describes it: the service is not asked."""
    async with running_gateway(*start) as gateway:
        gateway.parts.evidence.outcome = _fail  # type: ignore[method-assign, assignment]
        await gateway.send(method, path, b"{}" if method == "POST" else None)
        asked = len(gateway.service.received)
    async with running_gateway(*start) as gateway:
        await gateway.recorded("outcome_unknown")
        assert (await gateway.send("GET", "/schemas/a")).status == 200
        assert len(gateway.records("outcome_unknown")) == 1
        assert len(gateway.service.received) == asked + 1


async def _fail(*_: Any) -> None:
    raise EvidenceUnavailable("the disk is full")


async def test_a_recovery_that_cannot_be_recorded_is_said(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is logged while starting: mitmdump ends with 1."""

    async def fails(*_: Any, **__: Any) -> str:
        raise EvidenceUnavailable("the disk is full")

    monkeypatch.setattr("countersign.approvals.Desk.void_outdated", fails)
    with pytest.raises(StartFailed, match="recovery is not complete: the disk is full"):
        async with running_gateway(*start):
            pass


async def test_a_gateway_that_ended_in_order_looks_nothing_up(start: Start) -> None:
    """The twin: with its outcome on record, a change is over."""
    async with running_gateway(*start) as gateway:
        assert (await gateway.send("PUT", "/schemas/a", _ENTITLED)).status == 200
    async with running_gateway(*start) as gateway:
        assert (await gateway.send("GET", "/schemas/a")).status == 200
        assert not gateway.records("outcome_unknown")


async def test_approvals_survive_a_restart(start: Start) -> None:
    """Asked before one restart, granted before the next, used after it: once."""
    narrower = b'{"type":"object","required":["id"]}'
    async with running_gateway(*start) as gateway:
        first = await gateway.send("PUT", "/schemas/a", narrower)
        assert first.status == 503
    async with running_gateway(*start) as gateway:
        (approval,) = await gateway.pending()
        assert approval.request.id == first.problem["approval"]
        await gateway.decide(approval)
    async with running_gateway(*start) as gateway:
        assert (await gateway.send("PUT", "/schemas/a", narrower)).status == 200
        gateway.service.schemas["a"] = _OBJECT
    async with running_gateway(*start) as gateway:
        again = await gateway.send("PUT", "/schemas/a", narrower)
        assert again.status == 503
        assert again.problem["approval"] != first.problem["approval"]


async def test_approvals_do_not_survive_other_rules(start: Start) -> None:
    """What was approved under other rules is void; the same request asks anew."""
    async with running_gateway(*start) as gateway:
        first = await gateway.send("PUT", "/schemas/a", b'{"type":"object","required":["id"]}')
        await gateway.decide((await gateway.pending())[0])
    path = start[0] / "rules" / "access.yaml"
    path.write_text(json.dumps(json.loads(path.read_text())))
    async with running_gateway(*start) as gateway:
        await until(lambda: gateway.parts.desk.get(first.problem["approval"]).state == "void")
        again = await gateway.send("PUT", "/schemas/a", b'{"type":"object","required":["id"]}')
        assert again.problem["approval"] != first.problem["approval"]
        assert gateway.service.changes == []


async def test_approvals_end_in_time_though_nobody_asks(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Now and then all are looked through; a time that fails is logged, and the next one does it."""
    monkeypatch.setattr(limits, "EXPIRY_SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(limits, "CONSOLE_REFRESH_SECONDS", 1000.0)  # the console looks through them too
    async with running_gateway(*start) as gateway:
        await gateway.send("PUT", "/schemas/a", b'{"type":"object","required":["id"]}')
        (approval,) = await gateway.pending()
        with monkeypatch.context() as patch:
            patch.setattr(gateway.parts.desk, "expire_due", _fail)
            await until(lambda: "approvals do not expire: the disk is full" in caplog.text)
        assert gateway.parts.desk.get(approval.request.id).state == "pending"
        gateway.parts.desk._clock = lambda: approval.request.expires_at + 1
        await until(lambda: gateway.parts.desk.get(approval.request.id).state == "expired")
