"""mitmproxy's own commands while a change is paused: nothing leaves without a decision for exactly those bytes.

Nobody who reaches the gateway can call one: the console has no route to them, and mitmdump no prompt. These tests are
for whoever finds a way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.test.tflow import tflow

from countersign.approvals import Approval
from tests.attacks.accounts import accounts_for_everything
from tests.proxy.stage import Gateway, until
from tests.proxy.upstream import Received
from tests.proxy.wire import Answer

_OBJECT = b'{"type":"object"}'
_NARROWER = b'{"type":"object","required":["id"]}'
_PATH = "/schemas/a"


async def _held(gateway: Gateway) -> tuple[asyncio.Task[Answer], Approval, http.HTTPFlow]:
    """A change that is paused, what it waits for, and its flow as mitmproxy's own commands get it."""
    gateway.service.schemas.setdefault("a", _OBJECT)
    sending = gateway.sending("PUT", _PATH, _NARROWER)
    (approval,) = await gateway.pending()
    return sending, approval, await gateway.paused()


def _call(gateway: Gateway, command: str, *arguments: Any) -> Any:
    return gateway.master.commands.call(command, *arguments)


def _sent(gateway: Gateway) -> list[tuple[str, str, bytes]]:
    return [(change.method, change.target, change.body) for change in gateway.service.changes]


async def test_resume_releases_nothing(gateway: Gateway) -> None:
    """However often it is called; the decision of a person does."""
    sending, approval, flow = await _held(gateway)
    for _ in range(5):
        _call(gateway, "flow.resume", [flow])
        await until(lambda: flow.intercepted)
    assert _sent(gateway) == []
    assert not sending.done()
    await gateway.decide(approval)
    assert (await sending).status == 200
    assert _sent(gateway) == [("PUT", _PATH, _NARROWER)]
    accounts_for_everything(gateway)


async def test_kill_sends_nothing(gateway: Gateway) -> None:
    """Not even once it is approved; what the client sends again does."""
    sending, approval, flow = await _held(gateway)
    _call(gateway, "flow.kill", [flow])
    await gateway.decide(approval)
    with pytest.raises(asyncio.IncompleteReadError):
        await sending
    assert (await gateway.recorded("outcome"))[-1].fields["forwarded"] is False
    assert _sent(gateway) == []
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200
    accounts_for_everything(gateway)


_EDITS: dict[str, Callable[[Gateway, http.HTTPFlow], Any]] = {
    "flow.set method": lambda gateway, flow: _call(gateway, "flow.set", [flow], "method", "POST"),
    "flow.set path": lambda gateway, flow: _call(gateway, "flow.set", [flow], "path", "/schemas/b"),
    "flow.set host": lambda gateway, flow: _call(gateway, "flow.set", [flow], "host", "localhost"),
    "flow.set url": lambda gateway, flow: _call(gateway, "flow.set", [flow], "url", gateway.service.url + "/schemas/b"),
    "flow.encode": lambda gateway, flow: _call(gateway, "flow.encode", [flow], "request", "gzip"),
    "flow.encode.toggle": lambda gateway, flow: _call(gateway, "flow.encode.toggle", [flow], "request"),
    "body": lambda gateway, flow: setattr(flow.request, "text", '{"type":"string"}'),
    "one byte": lambda gateway, flow: setattr(flow.request, "raw_content", _NARROWER + b"\n"),
    "no body": lambda gateway, flow: setattr(flow.request, "raw_content", None),
    "header": lambda gateway, flow: flow.request.headers.update({"X-Force": "1"}),
    "content type": lambda gateway, flow: flow.request.headers.update({"Content-Type": "text/plain"}),
    "no header": lambda gateway, flow: flow.request.headers.clear(),
    "length": lambda gateway, flow: flow.request.headers.update({"Content-Length": "3"}),
    "coding": lambda gateway, flow: flow.request.headers.update({"Transfer-Encoding": "chunked"}),
    "host header": lambda gateway, flow: flow.request.headers.update({"Host": "other.example"}),
    "trailers": lambda gateway, flow: setattr(flow.request, "trailers", http.Headers(x="1")),
    "another request": lambda gateway, flow: setattr(flow, "request", http.Request.make("DELETE", flow.request.url)),
}


@pytest.mark.parametrize("edit", _EDITS.values(), ids=_EDITS.keys())
async def test_an_edit_is_not_sent(edit: Callable[[Gateway, http.HTTPFlow], Any], gateway: Gateway) -> None:
    """Neither as it is now nor as it was: people approved what the client sent, and this is another request."""
    sending, approval, flow = await _held(gateway)
    edit(gateway, flow)
    _call(gateway, "flow.resume", [flow])
    await gateway.decide(approval)
    assert (await sending).status in (403, 503)
    assert _sent(gateway) == []
    assert gateway.parts.desk.live() == ()
    accounts_for_everything(gateway)


async def test_an_edit_that_was_taken_back_is_what_it_was(gateway: Gateway) -> None:
    """The twin: flow.revert restores the client's bytes, and those are the approved ones."""
    sending, approval, flow = await _held(gateway)
    flow.backup()
    flow.request.path = "/schemas/b"
    flow.request.raw_content = b"{}"
    _call(gateway, "flow.revert", [flow])
    await gateway.decide(approval)
    assert (await sending).status == 200
    assert _sent(gateway) == [("PUT", _PATH, _NARROWER)]
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200  # the subject is free again
    accounts_for_everything(gateway)


async def test_a_revert_cannot_undo_a_denial(gateway: Gateway) -> None:
    """A backup from before the denial brings neither the pause back nor the change through."""
    sending, approval, flow = await _held(gateway)
    flow.backup()
    flow.comment = "edited"
    await gateway.decide(approval, "deny", "no")
    _call(gateway, "flow.revert", [flow])
    assert (await sending).status == 403
    assert _sent(gateway) == []
    accounts_for_everything(gateway)


async def _replayed(gateway: Gateway, flow: http.HTTPFlow, refusals: int = 1) -> None:
    before = len(gateway.records("refusal"))
    _call(gateway, "replay.client", [flow])
    await until(lambda: _call(gateway, "replay.client.count") == 0)
    assert len(gateway.records("refusal")) == before + refusals


async def _replay_paused(gateway: Gateway, flow: http.HTTPFlow) -> None:
    await _replayed(gateway, flow, 0)  # mitmproxy itself replays no live flow


async def _replay_a_copy(gateway: Gateway, flow: http.HTTPFlow) -> None:
    copy = flow.copy()
    copy.intercepted = False
    await _replayed(gateway, copy)


async def _replay_an_edited_copy(gateway: Gateway, flow: http.HTTPFlow) -> None:
    copy = flow.copy()
    copy.intercepted = False
    copy.request.raw_content = b'{"type":"string"}'
    await _replayed(gateway, copy)


@pytest.mark.parametrize("replay", [_replay_paused, _replay_a_copy, _replay_an_edited_copy])
async def test_a_replay_of_a_paused_change_has_no_caller(
    replay: Callable[[Gateway, http.HTTPFlow], Awaitable[None]], gateway: Gateway
) -> None:
    """replay.client sends it past the client: it is refused, and the paused one waits on."""
    sending, approval, flow = await _held(gateway)
    await replay(gateway, flow)
    assert _sent(gateway) == []
    assert gateway.parts.desk.get(approval.request.id).state == "pending"
    await gateway.decide(approval)
    assert (await sending).status == 200
    assert _sent(gateway) == [("PUT", _PATH, _NARROWER)]
    accounts_for_everything(gateway)


async def test_a_replay_of_what_was_approved_is_not_sent_again(gateway: Gateway) -> None:
    """Neither its clearance nor its connection counts a second time."""
    sending, approval, flow = await _held(gateway)
    await gateway.decide(approval)
    assert (await sending).status == 200
    await until(lambda: not flow.live)
    await _replayed(gateway, flow)
    assert _sent(gateway) == [("PUT", _PATH, _NARROWER)]
    accounts_for_everything(gateway)


@pytest.mark.parametrize("is_held", [True, False], ids=["approved", "allowed"])
async def test_a_recorded_answer_is_not_the_services(is_held: bool, gateway: Gateway) -> None:
    """replay.server answers what was cleared and never sent: the client is told so, and so is an auditor."""
    gateway.service.schemas["a"] = _OBJECT
    body = _NARROWER if is_held else b'{"type":"object","title":"t"}'
    earlier = tflow(resp=http.Response.make(200, b"recorded", {"Countersign-Approval": "x"}))
    earlier.request = http.Request.make("PUT", gateway.service.url + _PATH, body)
    sending = gateway.sending("PUT", _PATH, body) if is_held else None
    if is_held:
        await gateway.pending()
    _call(gateway, "replay.server", [earlier])
    if is_held:
        await gateway.decide((await gateway.pending())[0])
    answer = await (sending or gateway.sending("PUT", _PATH, body))
    assert (answer.status, answer.code) == (503, "not-sent")
    assert answer.header("countersign-approval") == []
    (outcome,) = await gateway.recorded("outcome")
    assert (outcome.fields["forwarded"], outcome.fields["code"]) == (False, "not-sent")
    assert _sent(gateway) == []
    _call(gateway, "replay.server.stop")
    accounts_for_everything(gateway)


async def test_what_is_marked_as_answered_is_not_sent(gateway: Gateway) -> None:
    """Else it would be sent, and on record as not sent."""
    sending, approval, flow = await _held(gateway)
    flow.is_replay = "response"
    await gateway.decide(approval)
    assert (await sending).status == 403
    assert _sent(gateway) == []
    accounts_for_everything(gateway)


async def test_a_replay_inside_an_open_tunnel_has_no_caller(secure_gateway: Gateway) -> None:
    """The tunnel is its client's: what mitmproxy puts on a copy of its connection is nobody's."""
    secure_gateway.service.schemas["a"] = _OBJECT
    wire = await secure_gateway.inside()
    host = f"127.0.0.1:{secure_gateway.service.port}"
    entitled = b'{"type":"object","title":"t"}'
    answer = await wire.send("PUT", _PATH, [("Host", host), ("Content-Type", "application/json")], entitled)
    assert answer.status == 200
    flow = secure_gateway.watch.flows[-1]
    await until(lambda: not flow.live)
    flow.request.raw_content = b'{"type":"object","title":"another"}'
    await _replayed(secure_gateway, flow)
    assert _sent(secure_gateway) == [("PUT", _PATH, entitled)]
    again = await wire.send("GET", _PATH, [("Host", host)])
    assert (again.status, again.body) == (200, entitled)
    accounts_for_everything(secure_gateway)


@pytest.mark.parametrize(
    "option",
    [
        "modify_headers=/~q/X-Force/1",
        "modify_body=/~q/object/string",
        "map_remote=|/schemas/a|/schemas/b",
        "ssl_insecure=true",
        "stream_large_bodies=1",
        "anticache=true",
        "countersign_rules=/tmp",
    ],
)
async def test_no_option_rewrites_a_paused_change(option: str, gateway: Gateway) -> None:
    """`set` is refused and taken back, and what was approved is what is sent."""
    sending, approval, _ = await _held(gateway)
    name, _, value = option.partition("=")
    before = getattr(gateway.master.options, name)
    with pytest.raises(exceptions.CommandError):
        _call(gateway, "set", name, value)
    assert getattr(gateway.master.options, name) == before
    await gateway.decide(approval)
    assert (await sending).status == 200
    (change,) = gateway.service.changes
    assert (change.method, change.target, change.body) == ("PUT", _PATH, _NARROWER)
    assert _headers(change).isdisjoint({"x-force"})
    accounts_for_everything(gateway)


def _headers(change: Received) -> set[str]:
    return {name.lower() for name, _ in change.headers}
