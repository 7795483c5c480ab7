"""What a connection carries: recorded blind tunnels where one was opened, and HTTP everywhere else."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.connection import Server
from mitmproxy.options import Options
from mitmproxy.proxy import layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.test import tflow

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.proxy.blind_tunnel import BlindTunnel
from countersign.proxy.bounded_http import BoundedHttp
from countersign.proxy.fail_closed import Closed
from tests.proxy.stage import Gateway, until
from tests.proxy.upstream import EchoServer
from tests.proxy.wire import Wire


async def _open(gateway: Gateway, echo: EchoServer, **claims: Any) -> Wire:
    wire, answer = await gateway.tunnel(f"127.0.0.1:{echo.port}", token=gateway.token(**claims))
    assert answer.status == 200
    wire.write(b"hello")
    assert await wire.read(5) == b"hello"
    return wire


async def test_a_tunnel_is_on_record_from_its_beginning_to_its_end(gateway: Gateway, echo: EchoServer) -> None:
    """Who, where to, how much each way, how long and why it ended; all under one exchange."""
    wire = await _open(gateway, echo)
    (opened,) = gateway.records("tunnel")
    assert (opened.fields["step"], opened.fields["port"]) == ("opened", echo.port)
    wire.close()
    _, closed = await gateway.recorded("tunnel", 2)
    assert closed.exchange == opened.exchange
    assert closed.fields["caller"] == opened.fields["caller"]
    expected = {"step": "closed", "sent": 5, "received": 5, "seconds": 0, "reason": "one side closed it"}
    assert expected.items() <= closed.fields.items()


async def test_much_is_recorded_while_it_passes(
    gateway: Gateway, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the bytes between two records: both sides wait for one, and every byte arrives."""
    monkeypatch.setattr(limits, "TUNNEL_RECORD_BYTES", 100_000)
    wire = await _open(gateway, echo)
    for _ in range(20):
        wire.write(b"x" * 50_000)
        assert await wire.read(50_000) == b"x" * 50_000
    wire.close()
    await until(lambda: gateway.records("tunnel")[-1].fields["step"] == "closed")
    _, *passing, closed = gateway.records("tunnel")
    assert len(passing) >= 5
    assert closed.fields["sent"] == closed.fields["received"] == 1_000_005


async def test_a_tunnel_does_not_outlive_its_token(
    gateway: Gateway, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its expiry and the leeway both sides are closed; a longer token's tunnel goes on."""
    monkeypatch.setattr(limits, "LOOK_SECONDS", 0.05)
    leeway = gateway.parts.rules.identity.issuers[0].leeway_seconds
    lasting = await _open(gateway, echo)
    wire = await _open(gateway, echo, lives_seconds=1 - leeway, iat=int(time.time()) - 90)
    assert await wire.read_end() == b""
    closed = (await gateway.recorded("tunnel", 3))[-1]
    assert closed.fields["reason"] == "the caller's token has expired"
    lasting.write(b"still")
    assert await lasting.read(5) == b"still"


async def test_without_evidence_a_tunnel_ends(
    gateway: Gateway, echo: EchoServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not one byte more once the log has stopped; before, they passed. That its end is not on record is logged."""
    wire = await _open(gateway, echo)
    gateway.parts.log.close()
    with caplog.at_level(logging.ERROR):
        wire.write(b"more")
        assert await wire.read_end() == b""
        await until(lambda: "the end of a tunnel is not recorded" in caplog.text)
    assert echo.received == b"hello"


async def test_a_tunnel_whose_opening_is_not_recorded_is_refused(
    gateway: Gateway, echo: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, nothing is relayed, and nothing is left of it for the connection's next CONNECT."""
    tunnel = gateway.parts.evidence.tunnel

    async def fails(*_: Any, **__: Any) -> None:
        raise EvidenceUnavailable("full")

    monkeypatch.setattr(gateway.parts.evidence, "tunnel", fails)
    assert (await gateway.tunnel(f"127.0.0.1:{echo.port}"))[1].status == 503
    assert gateway.addon("protocols")._open == {}
    monkeypatch.setattr(gateway.parts.evidence, "tunnel", tunnel)
    await _open(gateway, echo)


async def test_a_connect_that_is_refused_later_leaves_no_tunnel(gateway: Gateway, echo: EchoServer) -> None:
    """Should another step refuse it after its opening was recorded, its end is recorded, and the connection has none."""
    flow = tflow.tflow()
    flow.request = http.Request.make("CONNECT", f"http://127.0.0.1:{echo.port}/")
    flow.request.headers["Proxy-Authorization"] = f"Bearer {gateway.token()}"
    for name in ("front_door", "token_verification", "protocols"):
        await gateway.addon(name).http_connect(flow)
    assert [record.fields["step"] for record in gateway.records("tunnel")] == ["opened"]
    await gateway.addon("protocols").http_connect_error(flow)
    assert [record.fields["step"] for record in gateway.records("tunnel")] == ["opened", "closed"]
    await gateway.addon("protocols").client_disconnected(flow.client_conn)
    assert len(gateway.records("tunnel")) == 2
    assert isinstance(_layer(gateway, flow, ("127.0.0.1", echo.port)), BoundedHttp)


async def test_a_tunnel_leads_where_it_was_opened_to(gateway: Gateway, echo: EchoServer) -> None:
    """Anywhere else the connection is closed, unread; there, bytes are relayed."""
    flow = tflow.tflow()
    flow.request = http.Request.make("CONNECT", f"http://127.0.0.1:{echo.port}/")
    flow.request.headers["Proxy-Authorization"] = f"Bearer {gateway.token()}"
    for name in ("front_door", "token_verification", "protocols"):
        await gateway.addon(name).http_connect(flow)
    assert isinstance(_layer(gateway, flow, ("127.0.0.1", gateway.service.port)), Closed)
    assert isinstance(_layer(gateway, flow, ("127.0.0.1", echo.port)), BlindTunnel)


def _layer(gateway: Gateway, flow: http.HTTPFlow, address: tuple[str, int]) -> layer.Layer | None:
    """What is chosen for the flow's client once it is on its way to `address`."""
    context = Context(flow.client_conn, Options())
    context.server = Server(address=address)
    modes.HttpProxy(context)
    asked = layer.NextLayer(context)
    gateway.addon("protocols").next_layer(asked)
    return asked.layer
