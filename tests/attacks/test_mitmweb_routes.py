"""mitmweb's own table of routes, as everybody: what the console's allow-list does not name is 403 and changes nothing.

A held request carries a secret in two headers and in its body: it is in no answer to anybody.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.tools.web import app
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from countersign.approvals import Approval
from countersign.console.application import ROUTES
from tests.attacks.accounts import accounts_for_everything
from tests.attacks.console import ConsoleClient
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Answer

SECRET = "hunter2-planted"
_BODY = b'{"type":"object","required":["id"],"password":"%b"}' % SECRET.encode()
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")

#: What decides, and is tried on its own.
_DECIDING = re.compile(r"/flows/[^/]+/(resume|kill)|/api/approvals/[^/]+/\w+|/approvals/[^/]+|/log(in|out).*")


def _paths(flow_id: str) -> list[str]:
    """An example of every route in mitmweb's own table, and of what is near to them."""
    values = {"flow_id": flow_id, "message": "request", "content_view": "auto", "cmd": "replay.client"}
    paths = []
    for pattern, *_ in app.handlers:
        path = re.sub(r"\(\?:\\\.json\)\?", "", pattern)
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: values[found[1]], path)
        assert re.fullmatch(pattern, path), f"teach this test an example of {pattern}"
        paths += [path, path + ".json"]
    more = ["response/content.data", "request/content/raw", "request/content/hex", "request/content/json"]
    return [*paths, *(f"/flows/{flow_id}/{part}" for part in more), "/flows/all/resume", "/static/../index.html"]


def _is_listed(method: str, path: str) -> bool:
    return any(route.method == method and route.path.fullmatch(path) for route in ROUTES)


@pytest.fixture
async def gateway(folder: Path, provider: KeyServer, service: SchemaService) -> AsyncIterator[Gateway]:
    """The rules say of schemas too where their secrets are."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    edit_rules(folder / "rules", "masking.yaml", lambda document: document["rules"][0].update({"in": ["schema"]}))
    async with running_gateway(folder, provider, service) as running:
        yield running


@pytest.fixture
async def held(gateway: Gateway) -> AsyncIterator[tuple[Approval, http.HTTPFlow, asyncio.Task[Answer]]]:
    """A paused change with a secret in three places; what came of everything is looked at in the end."""
    gateway.service.schemas["a"] = b'{"type":"object"}'
    headers = gateway.headers(("Content-Type", "application/json"), ("X-Api-Key", SECRET), ("Cookie", SECRET))
    sending = gateway.sending("PUT", "/schemas/a", _BODY, headers)
    (approval,) = await gateway.pending()
    flow = await gateway.paused()
    yield approval, flow, sending
    if not sending.done():
        await gateway.decide(approval, "deny", "over")
        assert (await sending).status == 403
    accounts_for_everything(gateway)


def _state(gateway: Gateway, flow: http.HTTPFlow) -> dict[str, Any]:
    """What nobody may have changed."""
    return {
        "approvals": gateway.parts.desk.live(),
        "revision": gateway.parts.desk.revision,
        "options": {name: getattr(gateway.master.options, name) for name in gateway.master.options.keys()},
        "flow": (flow.intercepted, flow.request.data, flow.response and flow.response.data, flow.error, flow.comment),
        "flows": len(gateway.watch.flows),
        "changes": list(gateway.service.changes),
    }


def _without_secret(answer: HTTPResponse) -> bool:
    return SECRET.encode() not in answer.body + str(list(answer.headers.get_all())).encode()


_CROSS_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)


async def test_an_approver_gets_what_is_listed_and_nothing_else(
    gateway: Gateway, console: ConsoleClient, held: tuple[Approval, http.HTTPFlow, object]
) -> None:
    """Every route, every method: 403 where the list does not name it; no answer holds the secret."""
    approval, flow, _ = held
    before, token = _state(gateway, flow), gateway.token("bob", "approvers")
    listed = 0
    for method, path in itertools.product(_METHODS, _paths(approval.request.id)):
        if _DECIDING.fullmatch(path) and _is_listed(method, path):
            continue
        answer = await console.send(method, path, token)
        assert _without_secret(answer), (method, path)
        if _is_listed(method, path):
            listed += 1
            assert answer.code in (200, 400, 404), (method, path)  # 400: no web socket; 404: no such content view
        else:
            assert answer.code == 403, (method, path)
    assert listed > 5
    assert _state(gateway, flow) == before


async def test_a_stranger_gets_no_flow(
    gateway: Gateway, console: ConsoleClient, held: tuple[Approval, http.HTTPFlow, object]
) -> None:
    """A valid token with no rights: the empty page, and of this flow nothing, whatever the route."""
    approval, flow, _ = held
    before, token = _state(gateway, flow), gateway.token("mallory", "guests")
    for method, path in itertools.product(_METHODS, _paths(approval.request.id)):
        answer = await console.send(method, path, token)
        assert _without_secret(answer), (method, path)
        assert approval.request.id.encode() not in answer.body or answer.code >= 400, (method, path)
        if approval.request.id in path:
            assert answer.code in (403, 404), (method, path)
        elif not _is_listed(method, path):
            assert answer.code == 403, (method, path)
    assert json.loads((await console.send("GET", "/flows", token)).body) == []
    assert len(json.loads((await console.send("GET", "/flows", gateway.token("bob", "approvers"))).body)) == 1
    assert _state(gateway, flow) == before


@pytest.mark.parametrize("password", ["", "?token=x", "?token=y&_xsrf=1"])
async def test_nobody_gets_nothing(
    password: str, gateway: Gateway, console: ConsoleClient, held: tuple[Approval, http.HTTPFlow, object]
) -> None:
    """Without a token: 401 where there is something, 403 everywhere else, and mitmweb's own password is none."""
    approval, flow, _ = held
    before = _state(gateway, flow)
    for method, path in itertools.product(_METHODS, _paths(approval.request.id)):
        answer = await console.send(method, path + password)
        assert _without_secret(answer), (method, path)
        if _is_listed(method, path):
            is_page = method == "GET" and (path == "/" or answer.code == 200)
            assert answer.code in ((303, 200) if is_page else (401, 403)), (method, path)
            assert approval.request.id.encode() not in answer.body
        else:
            assert answer.code == 403, (method, path)
    assert _state(gateway, flow) == before


@pytest.mark.parametrize("headers", _CROSS_SITE, ids=lambda headers: next(iter(headers.values())))
async def test_another_site_gets_nothing(
    headers: dict[str, str],
    gateway: Gateway,
    console: ConsoleClient,
    held: tuple[Approval, http.HTTPFlow, asyncio.Task[Answer]],
) -> None:
    """Also with an approver's own token, and also where it would decide: 403. The twin, from nowhere, does decide."""
    approval, flow, sending = held
    before, token = _state(gateway, flow), gateway.token("bob", "approvers")
    paths = [*_paths(approval.request.id), f"/api/approvals/{approval.request.id}/approve", "/api/approvals"]
    for method, path in itertools.product(("GET", "POST", "PUT", "DELETE"), paths):
        answer = await console.send(method, path, token, headers)
        assert answer.code == 403, (method, path)
        assert _without_secret(answer)
    assert _state(gateway, flow) == before
    assert (await console.act(approval.request.id, "approve", token)).code == 200
    assert (await sending).status == 200


async def test_what_decides_does_it_for_approvers_only(
    gateway: Gateway, console: ConsoleClient, held: tuple[Approval, http.HTTPFlow, asyncio.Task[Answer]]
) -> None:
    """mitmweb's Resume, by nobody, by a stranger, by the caller, and last by an approver: the one twin that releases."""
    approval, flow, sending = held
    before, path = _state(gateway, flow), f"/flows/{approval.request.id}/resume"
    strangers = (None, gateway.token("mallory", "guests"), gateway.token("alice", "approvers"))
    for token, status in zip(strangers, (403, 404, 403), strict=True):
        assert (await console.send("POST", path, token)).code == status
        assert _state(gateway, flow) == before
    assert (await console.send("POST", path, gateway.token("bob", "approvers"))).code == 200
    assert (await sending).status == 200
    assert [change.body for change in gateway.service.changes] == [_BODY]


async def _socket(console: ConsoleClient, token: str | None, **headers: str) -> WebSocketClientConnection:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    return await websocket_connect(HTTPRequest(console.url.replace("http", "ws", 1) + "/updates", headers=sent))


def _messages(flow_id: str) -> Iterator[str | bytes]:
    """mitmweb's own protocol, what a newer one might know, and what is none."""
    kinds = ("flows", "events", "options", "commands", "state", "connections", "view", "backend")
    verbs = ("updateFilter", "add", "update", "remove", "resume", "kill", "set", "clear", "reset", "call", "revert")
    payloads: tuple[Any, ...] = (
        {"name": "search", "expr": "~u (a+)+$"},
        {"name": "highlight", "expr": "~all"},
        {"flow": {"id": flow_id, "intercepted": False}, "id": flow_id, "request": {"method": "DELETE"}},
        {"intercept": "~all", "scripts": ["x.py"], "mode": ["regular@1"]},
        {"command": "flow.resume", "arguments": ["@all"]},
        None,
        [],
    )
    for kind, verb, payload in itertools.product(kinds, verbs, payloads):
        yield json.dumps({"type": f"{kind}/{verb}", "payload": payload})
        if payload is payloads[0]:
            yield json.dumps({"resource": kind, "cmd": verb, "data": payload})
    yield from ("", "null", "[]", "{", "flow.resume @all", "\x00", b"", b"\xff\xfe", b'{"type":"flows/updateFilter"}')


async def test_every_message_of_a_socket_is_ignored(
    gateway: Gateway, console: ConsoleClient, held: tuple[Approval, http.HTTPFlow, object]
) -> None:
    """Nothing changes and nothing is answered; the page still hears of the next change, without its secret."""
    approval, flow, _ = held
    before = _state(gateway, flow)
    socket = await _socket(console, gateway.token("bob", "approvers"))
    for message in _messages(approval.request.id):
        await socket.write_message(message, binary=isinstance(message, bytes))
    pong = await console.send("GET", "/flows", gateway.token("bob", "approvers"))
    assert pong.code == 200
    assert _state(gateway, flow) == before
    second = gateway.sending("PUT", "/schemas/b", _BODY)
    heard = await asyncio.wait_for(socket.read_message(), 10)
    assert isinstance(heard, str)
    assert json.loads(heard)["type"] == "flows/add"
    assert SECRET not in heard
    (_, other) = await gateway.pending(2)
    await gateway.decide(other, "deny", "over")
    assert (await second).status == 403
    socket.close()


@pytest.mark.parametrize(
    ("person", "headers", "status"),
    [
        (None, {}, 401),
        (None, {"Origin": "https://evil.example"}, 403),
        ("bob", {"Origin": "https://evil.example"}, 403),
        ("bob", {"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
async def test_another_site_or_nobody_opens_no_socket(
    person: str | None, headers: dict[str, str], status: int, gateway: Gateway, console: ConsoleClient
) -> None:
    """Web sockets know no same-origin policy of their own; the twin opens one."""
    token = gateway.token(person, "approvers") if person else None
    with pytest.raises(HTTPClientError) as refused:
        await _socket(console, token, **headers)
    assert refused.value.code == status
    (await _socket(console, gateway.token("bob", "approvers"))).close()


async def test_a_stranger_s_socket_hears_nothing(gateway: Gateway, console: ConsoleClient) -> None:
    """Not of a change that is held, nor of its end; the approver's hears both."""
    strangers = await _socket(console, gateway.token("mallory", "guests"))
    approvers = await _socket(console, gateway.token("bob", "approvers"))
    gateway.service.schemas["a"] = b'{"type":"object"}'
    sending = gateway.sending("PUT", "/schemas/a", _BODY)
    (approval,) = await gateway.pending()
    await gateway.decide(approval, "deny", "over", person="carol")
    assert (await sending).status == 403
    for kind in ("flows/add", "flows/update"):
        heard = await asyncio.wait_for(approvers.read_message(), 10)
        assert isinstance(heard, str)
        assert json.loads(heard)["type"] == kind
        assert SECRET not in heard
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(strangers.read_message(), 0.2)
    strangers.close()
    approvers.close()
