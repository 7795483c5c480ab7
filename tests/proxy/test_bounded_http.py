"""HTTP with an end to everything: through a real gateway, and the layer alone where time must stand still."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layers
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import tflow

from countersign import limits
from countersign.proxy import bounded_http
from countersign.proxy.bounded_http import BoundedHttp
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Wire

OK = b"HTTP/1.1 200 -\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MUCH = b"x" * (limits.MAX_UNREAD_BYTES + 65_536)
SOME = b"x" * 20_000


class Scripted(SchemaService):
    """Answers each request with the pieces that a test has put there, and then waits."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: Iterable[bytes] = (WHOLE,)
        self.current: bytes | None = None  #: answers every GET, whole
        self.lost = 0  #: connections that the gateway closed

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                is_look_up = self.current is not None and head.startswith(b"GET ")
                for piece in (self.current or b"",) if is_look_up else self.pieces:
                    writer.write(piece)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.lost += 1
        finally:
            writer.close()


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    service = Scripted()
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    yield service
    server.close()


@pytest.fixture
async def hasty(
    folder: Path, provider: KeyServer, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    """A gateway that waits a fifth of a second for a request, and for an answer."""
    for name, seconds in (("REQUEST_SECONDS", 0.2), ("ANSWER_SECONDS", 0.2), ("LOOK_SECONDS", 0.05)):
        monkeypatch.setattr(limits, name, seconds)
    write_rules(folder / "rules", issuer=provider.url, url=scripted.url)
    async with running_gateway(folder, provider, scripted) as running:
        yield running


# -- HEAD -------------------------------------------------------------------------------------------------------------


async def test_the_answer_to_head_has_no_body(gateway: Gateway) -> None:
    """A refusal of HEAD ends with its head, which says what the one to GET is like; the connection stays in step."""
    wire = await gateway.wire()
    headers = gateway.headers(token=gateway.token("guest", "guests"))
    wire.write_request("HEAD", gateway.service.url + "/schemas/a", headers)
    wire.write_request("GET", gateway.service.url + "/schemas/a", headers)
    head = await wire.read_head()
    assert head.status == 403
    answer = await wire.read_answer()
    assert answer.code == "not-allowed", answer
    assert head.header("content-length") == [str(len(answer.body))]


# -- answers ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "a head that drips": ([OK, b"X-Drip: "], [OK, b"Content-Length: 2\r\n\r\n{}"], bounded_http.ANSWER_TOO_SLOW),
    "a body that stops": ([WHOLE[:-1]], [WHOLE], bounded_http.ANSWER_TOO_SLOW),
    "an endless head": (
        [OK + b"X-Long: ", MUCH],
        [OK + b"X-Long: ", SOME, b"\r\nContent-Length: 2\r\n\r\n{}"],
        bounded_http.ANSWER_TOO_MUCH_UNREAD,
    ),
    "an endless line before a chunk": (
        [CHUNKED + b"2;", MUCH],
        [CHUNKED + b"2;", SOME, b"\r\n{}\r\n0\r\n\r\n"],
        bounded_http.ANSWER_TOO_MUCH_UNREAD,
    ),
    "trailers": (
        [CHUNKED + b"2\r\n{}\r\n0\r\nX-Late: x\r\n\r\n"],
        [CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"],
        bounded_http.ANSWER_TRAILERS,
    ),
    "another protocol": ([OK.replace(b"200", b"101") + b"\r\n"], [WHOLE], bounded_http.ANSWER_INTERIM),
    "an answer before the answer": ([OK.replace(b"200", b"100") + b"\r\n", WHOLE], [WHOLE], bounded_http.ANSWER_INTERIM),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_an_answer_that_is_none_is_refused_and_recorded(name: str, hasty: Gateway, scripted: Scripted) -> None:
    """502, an unknown outcome with the reason, and the service's connection is closed; its twin passes."""
    pieces, twin, reason = REFUSED[name]
    scripted.pieces = pieces
    wire = await hasty.wire()
    answer = await wire.send("GET", scripted.url + "/schemas/a", hasty.headers())
    assert answer.status == 502
    (record,) = await hasty.recorded("outcome_unknown")
    assert record.fields["reason"] == reason
    assert await wire.read_end() == b""
    await until(lambda: scripted.lost == 1)
    scripted.pieces = twin
    passed = await (await hasty.wire()).send("GET", scripted.url + "/schemas/a", hasty.headers())
    assert passed.status == 200
    assert len(await hasty.recorded("outcome")) == 1


async def test_a_change_that_is_not_answered_gives_its_subject_back(hasty: Gateway, scripted: Scripted) -> None:
    """The next change of the same subject does not wait for a service that never ends its answer, and what became of the
    first is looked up."""
    schema = b'{"type":"object"}'
    scripted.current = OK + b"Content-Length: %d\r\n\r\n%s" % (len(schema), schema)
    scripted.pieces = [WHOLE[:-1]]
    assert (await hasty.send("PUT", "/schemas/a", schema)).status == 502
    (record,) = await hasty.recorded("outcome_unknown")
    assert str(record.fields["observed"]).startswith("applied: ")
    scripted.pieces = [WHOLE]
    assert (await hasty.send("PUT", "/schemas/a", schema)).status == 200


# -- requests ---------------------------------------------------------------------------------------------------------

HEAD = b"POST {url}/data/a HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Bearer {token}\r\n"
IN_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"
CUT = {
    "a head that drips": (b"X-Drip: ", b"X-Drip: x\r\nContent-Length: 2\r\n\r\n{}", 408, None),
    "a body that stops": (b"Content-Length: 2\r\n\r\n{", b"Content-Length: 2\r\n\r\n{}", 400, "too-slow"),
    "an endless head": (
        b"X-Long: " + MUCH,
        b"X-Long: " + SOME + b"\r\nContent-Length: 2\r\n\r\n{}",
        431,
        None,
    ),
    "an endless line before a chunk": (
        IN_CHUNKS + b"2;" + MUCH,
        IN_CHUNKS + b"2;" + SOME + b"\r\n{}\r\n0\r\n\r\n",
        413,
        "too-large",
    ),
    "trailers": (IN_CHUNKS + b"2\r\n{}\r\n0\r\nX: x\r\n\r\n", IN_CHUNKS + b"2\r\n{}\r\n0\r\n\r\n", 400, "trailers"),
}  # fmt: skip


async def _post(gateway: Gateway, rest: bytes) -> Wire:
    wire = await gateway.wire()
    host = f"127.0.0.1:{gateway.service.port}"
    for name, value in (("url", f"http://{host}"), ("host", host), ("token", gateway.token())):
        rest = rest if name != "url" else HEAD + rest
        rest = rest.replace(b"{%s}" % name.encode(), value.encode())
    wire.write(rest)
    return wire


@pytest.mark.parametrize("name", CUT)
async def test_a_request_that_is_none_is_cut(name: str, hasty: Gateway, scripted: Scripted) -> None:
    """Answered and closed; recorded where a request was seen; the service is not contacted. Its twin passes."""
    rest, twin, status, code = CUT[name]
    wire = await _post(hasty, rest)
    assert (await wire.read_answer()).status == status
    if code is not None:
        (record,) = await hasty.recorded("refusal")
        assert (record.fields["code"], record.fields["status"]) == (code, status)
    assert scripted.connections == 0
    assert (await (await _post(hasty, twin)).read_answer()).status == 200
    assert scripted.connections == 2  # and one for the gateway's own look at the schema of the data
    assert len(hasty.records("refusal")) == (code is not None)


async def test_what_comes_behind_a_request_is_bounded(hasty: Gateway, scripted: Scripted) -> None:
    """While a request is held nothing reads what its client sends: beyond the bound it is cut, below it waits its turn."""
    scripted.pieces = [WHOLE[:-1]]  # the first answer does not end for a while
    wire = await _post(hasty, b"Content-Length: 2\r\n\r\n{}")
    await until(lambda: scripted.connections == 1)
    wire.write(MUCH)
    with pytest.raises(asyncio.IncompleteReadError):
        await wire.read_answer()
    scripted.pieces = [WHOLE]
    second = HEAD + b"Content-Length: 2\r\n\r\n{}"
    wire = await _post(hasty, b"Content-Length: 2\r\n\r\n{}" + second)
    assert [(await wire.read_answer()).status for _ in range(2)] == [200, 200]


async def test_a_body_that_comes_while_a_hook_waits_is_not_kept(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider is slow: meanwhile no more than the limit of a body is queued, and the answer is 413 all the same."""
    verify, may_verify = gateway.parts.verifier.verify, asyncio.Event()

    async def slowly(token: str) -> object:
        await may_verify.wait()
        return await verify(token)

    monkeypatch.setattr(gateway.parts.verifier, "verify", slowly)
    kept: list[int] = []
    inner = layers.HttpLayer.event_to_child

    def count(self: layers.HttpLayer, child: object, event: object) -> object:
        if isinstance(event, layers.http.RequestData):
            kept.append(len(event.data))
        return inner(self, child, event)  # type: ignore[arg-type]

    monkeypatch.setattr(layers.HttpLayer, "event_to_child", count)
    piece = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    wire = await _post(gateway, IN_CHUNKS)
    for _ in range(200):
        wire.write(piece)
    await until(lambda: sum(kept) > limits.MAX_BODY_BYTES)
    wire.write(b"0\r\n\r\n")
    may_verify.set()
    assert (await wire.read_answer()).status == 413
    assert sum(kept) <= limits.MAX_BODY_BYTES + 65_536
    assert gateway.service.connections == 0


async def test_what_comes_after_an_end_is_dropped(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line before a chunk does not end while the provider is slow: no more of it is kept, and the answer is 413."""
    verify, may_verify = gateway.parts.verifier.verify, asyncio.Event()

    async def slowly(token: str) -> object:
        await may_verify.wait()
        return await verify(token)

    monkeypatch.setattr(gateway.parts.verifier, "verify", slowly)
    kept: list[int] = []
    inner = layers.HttpLayer._handle_event

    def count(self: layers.HttpLayer, event: events.Event) -> object:
        if isinstance(event, events.DataReceived):
            kept.append(len(event.data))
        return inner(self, event)

    monkeypatch.setattr(layers.HttpLayer, "_handle_event", count)
    wire = await _post(gateway, IN_CHUNKS + b"2;")
    for _ in range(50):
        wire.write(MUCH)
        await wire._writer.drain()
    assert limits.MAX_UNREAD_BYTES < sum(kept) < limits.MAX_UNREAD_BYTES + 3 * 65_536
    may_verify.set()
    assert (await wire.read_answer()).status == 413
    assert gateway.service.connections == 0


# -- the layer alone --------------------------------------------------------------------------------------------------


class Alone:
    """A layer with nobody around it: commands are read, hooks are never completed."""

    def __init__(self) -> None:
        self.now = 0.0
        client = tflow.tclient_conn()
        client.alpn = None
        self.context = Context(client, Options())
        for name, value in (("body_size_limit", None), ("validate_inbound_headers", True)):
            self.context.options.add_option(name, type(value), value, "") if name not in self.context.options else None
        self.layer = BoundedHttp(self.context, HTTPMode.regular, lambda: self.now)
        self.started = self.tell(events.Start())

    def tell(self, event: events.Event) -> list[commands.Command]:
        return [*self.layer.handle_event(event)]

    def send(self, data: bytes) -> list[commands.Command]:
        return self.tell(events.DataReceived(self.context.client, data))


def _wake_up(told: list[commands.Command]) -> commands.RequestWakeup:
    (wake_up,) = [command for command in told if isinstance(command, commands.RequestWakeup)]
    return wake_up


def test_nothing_wakes_an_idle_connection() -> None:
    """A wake-up would count as activity, and mitmproxy would never close it; a head that has begun asks for one."""
    alone = Alone()
    assert alone.started == []
    wake_up = _wake_up(alone.send(b"GET "))
    assert alone.send(b"/") == []  # one at a time
    again = _wake_up(alone.tell(events.Wakeup(wake_up)))
    alone.now = limits.REQUEST_SECONDS - 1
    again = _wake_up(alone.tell(events.Wakeup(again)))
    alone.now = limits.REQUEST_SECONDS
    sent, closed = alone.tell(events.Wakeup(again))[:2]
    assert isinstance(sent, commands.SendData)
    assert sent.data.startswith(b"HTTP/1.1 408 ")
    assert isinstance(closed, commands.CloseConnection)


async def test_a_connect_that_was_refused_wakes_nobody(hasty: Gateway, scripted: Scripted) -> None:
    """mitmproxy keeps its stream for as long as the connection; a request that drips after it is cut all the same."""
    wire, refused = await hasty.tunnel("unknown.example:443")
    assert refused.status == 403
    (client,) = hasty.master.addons.get("proxyserver").connections.values()
    await until(lambda: not client.wakeup_timer)
    wire.write(b"GET http://x/ HTTP/1.1\r\nX-Drip: ")
    assert (await wire.read_answer()).status == 408


def test_an_error_of_mitmproxys_closes_the_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would log it and leave both sides waiting. The log has the place, and nothing of what came."""
    alone = Alone()

    def fails(*_: object) -> object:
        raise ValueError("hunter2-secret")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(layers.HttpLayer, "_handle_event", fails)
        (closed,) = alone.send(b"GET ")
    assert isinstance(closed, commands.CloseConnection)
    assert closed.connection is alone.context.client
    assert "ValueError at" in caplog.text
    assert "hunter2" not in caplog.text
    assert not any(isinstance(command, commands.CloseConnection) for command in Alone().send(b"GET "))
