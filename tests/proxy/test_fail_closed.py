"""An exception in a hook is that hook's denial. Through mitmproxy's own event handling, which swallows exceptions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.hooks import Hook
from mitmproxy.options import Options
from mitmproxy.proxy import layer, layers, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.test import taddons, tflow

from countersign.errors import SchemaUnavailable
from countersign.proxy.exchange import Exchange, begin, exchange_of
from countersign.proxy.fail_closed import DENIALS, Closed, FailClosed
from tests.proxy.stage import Gateway
from tests.proxy.wire import Answer

SECRET = "hunter2-secret"


class _Raises:
    """Does in each hook what a bug does."""

    name = "raises"

    def client_connected(self, data: Any) -> None:
        raise RuntimeError(SECRET)

    async def request(self, data: Any) -> None:
        raise RuntimeError(SECRET)

    http_connect = requestheaders = responseheaders = response = error = client_connected
    next_layer = server_connect = tcp_message = websocket_message = client_connected


class _Guarded(_Raises, FailClosed):
    client_connected = http_connect = requestheaders = responseheaders = response = error = _Raises.client_connected
    next_layer = server_connect = tcp_message = websocket_message = _Raises.client_connected
    request = _Raises.request


def _http() -> http.HTTPFlow:
    flow = tflow.tflow()
    begin(flow, Exchange("e1", 1, "plain"))
    return flow


def _server() -> server_hooks.ServerConnectionHookData:
    return server_hooks.ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())


_EVENTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Hook], Callable[[Any], bool]]] = {
    "client_connected": (tflow.tclient_conn, server_hooks.ClientConnectedHook, lambda client: client.error is not None),
    "http_connect": (_http, layers.http.HttpConnectHook, lambda flow: flow.response.status_code == 503),
    "requestheaders": (_http, layers.http.HttpRequestHeadersHook, lambda flow: flow.response.status_code == 503),
    "request": (_http, layers.http.HttpRequestHook, lambda flow: flow.response.status_code == 503),
    "responseheaders": (_http, layers.http.HttpResponseHeadersHook, lambda flow: flow.response.status_code == 503),
    "response": (_http, layers.http.HttpResponseHook, lambda flow: flow.response.status_code == 503),
    "next_layer": (
        lambda: layer.NextLayer(Context(tflow.tclient_conn(), Options())),
        layer.NextLayerHook,
        lambda data: isinstance(data.layer, Closed),
    ),
    "server_connect": (_server, server_hooks.ServerConnectHook, lambda data: data.server.error is not None),
    "tcp_message": (tflow.ttcpflow, layers.tcp.TcpMessageHook, lambda flow: flow.messages[-1].content == b""),
    "websocket_message": (
        tflow.twebsocketflow,
        layers.websocket.WebsocketMessageHook,
        lambda flow: flow.websocket.messages[-1].dropped,
    ),
}


@pytest.fixture
async def context() -> AsyncIterator[taddons.context]:
    with taddons.context(loadcore=False) as made:
        yield made


def test_every_hook_that_decides_has_its_denial_and_its_test() -> None:
    """The table of denials and the table of this test name the same hooks; after `error` nothing is left to deny."""
    assert set(DENIALS) - {"error"} == set(_EVENTS)


@pytest.mark.parametrize("hook", _EVENTS)
async def test_an_exception_denies(hook: str, context: taddons.context) -> None:
    """What mitmproxy would log and let go on is refused in the way proper to the hook."""
    make, event, is_denied = _EVENTS[hook]
    context.master.addons.add(_Guarded())
    data = make()
    await context.master.addons.handle_lifecycle(event(data))
    assert is_denied(data)


@pytest.mark.parametrize("hook", ["client_connected", "requestheaders", "request", "http_connect", "server_connect"])
async def test_mitmproxy_itself_lets_the_flow_go_on(hook: str, context: taddons.context) -> None:
    """The twin, and a fact that the gateway relies on to be needed: without the base class nothing is denied."""
    make, event, _ = _EVENTS[hook]
    context.master.addons.add(_Raises())
    data = make()
    await context.master.addons.handle_lifecycle(event(data))
    assert getattr(data, "error", None) is None
    assert getattr(data, "response", None) is None
    if isinstance(data, server_hooks.ServerConnectionHookData):
        assert data.server.error is None


async def test_an_exception_of_ours_keeps_its_reason(context: taddons.context) -> None:
    """What this package raises on purpose is told to the client as what it is."""

    class Reasoned(FailClosed):
        def request(self, flow: http.HTTPFlow) -> None:
            raise SchemaUnavailable("the service is away")

    context.master.addons.add(Reasoned())
    flow = _http()
    await context.master.addons.handle_lifecycle(layers.http.HttpRequestHook(flow))
    exchange = exchange_of(flow)
    assert exchange is not None
    assert exchange.refusal is not None
    assert (exchange.refusal.code, exchange.refusal.detail) == ("schema-unavailable", "the service is away")


async def test_the_text_of_a_foreign_exception_is_not_logged(
    context: taddons.context, caplog: pytest.LogCaptureFixture
) -> None:
    """It may hold what it failed on; the class and the place are enough to find the bug."""
    caplog.set_level(logging.DEBUG)
    context.master.addons.add(_Guarded())
    await context.master.addons.handle_lifecycle(layers.http.HttpRequestHook(_http()))
    assert SECRET not in caplog.text
    assert "RuntimeError at _Raises.request" in caplog.text


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
async def test_a_refused_request_is_not_looked_at_again(hook: str, context: taddons.context) -> None:
    """Whoever comes later neither runs nor changes the refusal; the twin that is not refused is looked at."""
    seen: list[http.HTTPFlow] = []

    class Looks(FailClosed):
        def requestheaders(self, flow: http.HTTPFlow) -> None:
            seen.append(flow)

        async def request(self, flow: http.HTTPFlow) -> None:
            seen.append(flow)

    context.master.addons.add(_Guarded(), Looks())
    _, event, _ = _EVENTS[hook]
    await context.master.addons.handle_lifecycle(event(_http()))
    assert not seen
    context.master.addons.clear()
    context.master.addons.add(Looks())
    await context.master.addons.handle_lifecycle(event(_http()))
    assert len(seen) == 1


# -- in the running gateway -------------------------------------------------------------------------------------------


def _broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError(SECRET)


class _Unreadable(dict[Any, Any]):
    """A table whose look-ups fail."""

    get = _broken


class _Unsearchable(dict[Any, Any]):
    __contains__ = _broken


async def _change(gateway: Gateway) -> Answer:
    gateway.service.schemas["a"] = b'{"type":"object"}'
    return await gateway.send("PUT", "/schemas/a", b'{"type":"object","title":"t"}')


async def _held(gateway: Gateway) -> Answer:
    gateway.service.schemas["b"] = b'{"type":"object"}'
    return await gateway.send("PUT", "/schemas/b", b'{"type":"string"}')


_PLACES: dict[str, tuple[Callable[[Gateway], tuple[Any, str, Any]], Callable[[Gateway], Awaitable[Answer]]]] = {
    "front_door: way": (lambda g: (g.addon("front_door"), "_via", _broken), _change),
    "front_door: hosts": (lambda g: (g.parts, "connections", _Unreadable(g.parts.connections)), _change),
    "token_verification": (lambda g: (g.parts.verifier, "verify", _broken), _change),
    "schema_gate: masking": (lambda g: (g.parts.data, "request", _broken), _change),
    "schema_gate: intent": (lambda g: (g.parts.evidence, "intent", _broken), _change),
    "schema_gate: lock": (lambda g: (g.parts.locks, "acquire", _broken), _change),
    "schema_gate: look": (lambda g: (g.parts.assessor, "assess", _broken), _change),
    "schema_gate: decision": (lambda g: (g.parts.evidence, "decision", _broken), _change),
    "approval_pause: asking": (lambda g: (g.parts.desk, "open_or_join", _broken), _held),
    "approval_pause: waiting": (lambda g: (g.parts.desk, "wait_until_decided", _broken), _held),
}


@pytest.mark.parametrize("place", _PLACES)
async def test_whatever_breaks_on_the_way_nothing_is_changed(
    place: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request that passed before is refused, and its change does not reach the service."""
    what, send = _PLACES[place]
    assert (await _change(gateway)).status == 200
    assert len(gateway.service.changes) == 1
    with monkeypatch.context() as patch:
        patch.setattr(*what(gateway))
        answer = await send(gateway)
    assert (answer.status, answer.code) == (503, "gateway-error")
    assert len(gateway.service.changes) == 1
    assert SECRET not in caplog.text
    assert SECRET.encode() not in answer.body
    assert (await _change(gateway)).status == 200


async def test_a_failing_credential_source_stops_the_request(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step before the service fails closed like all others."""
    monkeypatch.setattr("countersign.proxy.upstream_credential.upstream_credential", _broken)
    answer = await gateway.send("POST", "/data/a", b"{}")
    assert (answer.status, answer.code) == (503, "gateway-error")
    assert gateway.service.changes == []


async def test_a_failure_at_the_choke_point_opens_no_connection(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """server_connect fails closed: not even a TCP connection is made."""
    monkeypatch.setattr(gateway.parts, "connections", _Unsearchable(gateway.parts.connections))
    answer = await gateway.send("GET", "/schemas/a")
    assert answer.status == 502
    assert gateway.service.connections == 0


@pytest.mark.parametrize("broken", ["verifier.verify", "evidence.tunnel"])
async def test_a_failure_opens_no_tunnel(broken: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONNECT fails closed where the token or the record of it does."""
    collaborator, name = broken.split(".")
    port = next(iter(gateway.parts.tunnels))[1]
    monkeypatch.setattr(getattr(gateway.parts, collaborator), name, _broken)
    _, answer = await gateway.tunnel(f"127.0.0.1:{port}")
    assert answer.status == 503
    monkeypatch.undo()
    _, answer = await gateway.tunnel(f"127.0.0.1:{port}")
    assert answer.status == 200


async def test_a_tunnel_for_nobody_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the credential of a CONNECT was never looked at, no tunnel opens."""
    monkeypatch.setattr(gateway.addon("token_verification"), "http_connect", _nothing)
    port = next(iter(gateway.parts.tunnels))[1]
    assert (await gateway.tunnel(f"127.0.0.1:{port}"))[1].status == 403
    monkeypatch.undo()
    assert (await gateway.tunnel(f"127.0.0.1:{port}"))[1].status == 200


async def _nothing(flow: http.HTTPFlow) -> None:
    """A hook that never ran."""


_LATER = ("token_verification", "schema_gate", "approval_pause", "upstream_credential")


@pytest.mark.parametrize("hook", [_nothing, _broken])
@pytest.mark.parametrize("silent", [*((addon,) for addon in _LATER), _LATER], ids=lambda silent: ",".join(silent))
async def test_the_stamp_alone_denies(
    silent: tuple[str, ...], hook: Any, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addons whose hooks never run, or raise where no guard is, leave the denial that stands from the beginning."""
    send = _held if silent == ("approval_pause",) else _change
    for name in ("requestheaders", "request"):
        for addon in silent:
            if hasattr(gateway.addon(addon), name):
                monkeypatch.setattr(gateway.addon(addon), name, hook)
    answer = await send(gateway)
    assert (answer.status, answer.code) in ((403, "not-approved"), (503, "gateway-error"))
    assert gateway.service.changes == []
    monkeypatch.undo()
    assert (await _change(gateway)).status == 200
    assert len(gateway.service.changes) == 1
