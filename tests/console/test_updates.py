"""The page's web socket: per viewer, read only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from countersign import limits
from countersign.console.updates import Updates
from countersign.rulebook.values import Requirement
from tests.console.stage import CALLERS, Browser, Stage


@asynccontextmanager
async def page(stage: Stage, browser: Browser, **headers: str) -> AsyncIterator[WebSocketClientConnection]:
    """An open page of `browser`."""
    url = stage.console.url.replace("http", "ws", 1) + "/updates"
    sent = {"Cookie": browser.cookie_header(), "Origin": stage.console.url, "Sec-Fetch-Site": "same-origin"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = HTTPRequest(url, headers={name: value for name, value in sent.items() if value})
    connection = await websocket_connect(request)
    try:
        yield connection
    finally:
        connection.close()


async def heard(connection: WebSocketClientConnection) -> Any:
    """The next message; None at the end."""
    message = await asyncio.wait_for(connection.read_message(), 5)
    return None if message is None else json.loads(message)


async def test_a_viewer_hears_of_a_new_approval_and_of_its_end(stage: Stage) -> None:
    """Added when it is held, updated when it is decided."""
    async with page(stage, await stage.browser("token-bob")) as connection:
        held = await stage.hold()
        added = await heard(connection)
        assert added["type"] == "flows/add"
        assert added["payload"]["flow"]["id"] == held.request.id
        assert added["payload"]["flow"]["intercepted"] is True
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "no")
        updated = await heard(connection)
        assert (updated["type"], updated["payload"]["flow"]["intercepted"]) == ("flows/update", False)


async def test_a_removed_twin_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bound on decided ones is reached."""
    monkeypatch.setattr(limits, "MAX_DECIDED_TWINS", 0)
    held = await stage.hold()
    async with page(stage, await stage.browser("token-bob")) as connection:
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "no")
        assert (await heard(connection))["type"] == "flows/update"
        assert await heard(connection) == {"type": "flows/remove", "payload": held.request.id}


async def test_nobody_hears_of_what_they_may_not_see(stage: Stage) -> None:
    """Bob hears of the second approval only: the first is Carol's."""
    async with page(stage, await stage.browser("token-bob")) as connection:
        await stage.hold(1, alternatives=((Requirement(1, ("person:carol",)),),))
        second = await stage.hold(2)
        assert (await heard(connection))["payload"]["flow"]["id"] == second.request.id


async def test_what_the_page_sends_is_ignored(stage: Stage) -> None:
    """A filter expression is a regular expression, and this one would never end; the next message comes at once."""
    async with page(stage, await stage.browser("token-bob")) as connection:
        await stage.hold(1)
        await heard(connection)
        expression = {"name": "search", "expr": "~u (a+)+$"}
        await connection.write_message(json.dumps({"type": "flows/updateFilter", "payload": expression}))
        await connection.write_message("not json")
        second = await stage.hold(2)
        assert (await heard(connection))["payload"]["flow"]["id"] == second.request.id
        assert stage.desk.get(second.request.id).state == "pending"


async def test_a_long_message_closes_the_page(stage: Stage) -> None:
    """It is not read into memory."""
    async with page(stage, await stage.browser("token-bob")) as connection:
        await connection.write_message("x" * (limits.MAX_SOCKET_MESSAGE_BYTES + 1))
        assert await heard(connection) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": ""}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
async def test_another_site_or_nobody_gets_no_socket(stage: Stage, headers: dict[str, str], status: int) -> None:
    """Web sockets know no same-origin policy: Origin and session are checked before the first byte."""
    browser = await stage.browser("token-bob")
    with pytest.raises(HTTPClientError) as refused:
        async with page(stage, browser, **headers):
            pass
    assert refused.value.code == status
    async with page(stage, browser) as connection:
        await stage.hold()
        assert (await heard(connection))["type"] == "flows/add"


async def test_without_an_origin_a_cookie_opens_no_socket(stage: Stage) -> None:
    """A browser always says its origin with one; a tool with a bearer token need not."""
    async with page(stage, await stage.browser("token-bob"), Origin="") as connection:
        assert await heard(connection) is None
    async with page(stage, Browser(stage), Origin="", Authorization="Bearer token-bob") as connection:
        await stage.hold()
        assert (await heard(connection))["type"] == "flows/add"


async def test_logging_out_closes_the_person_s_pages(stage: Stage) -> None:
    """And nobody else's."""
    bob, carol = await stage.browser("token-bob"), await stage.browser("token-carol")
    async with page(stage, bob) as bobs, page(stage, carol) as carols:
        await bob.send("POST", "/logout")
        assert await heard(bobs) is None
        await stage.hold()
        assert (await heard(carols))["type"] == "flows/add"


async def test_a_session_that_is_over_hears_nothing_more(stage: Stage) -> None:
    """The page is closed instead of told."""
    async with page(stage, await stage.browser("token-bob-short")) as connection:
        stage.clock.seconds += 60
        await stage.hold()
        assert await heard(connection) is None


async def test_pages_are_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the limit is refused; the one before was not."""
    monkeypatch.setattr(limits, "MAX_CONSOLE_SOCKETS", 1)
    browser = await stage.browser("token-bob")
    async with page(stage, browser):
        with pytest.raises(HTTPClientError) as refused:
            async with page(stage, browser):
                pass
        assert refused.value.code == 503


async def test_one_caller_does_not_take_every_place(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their second page is one too many, another person's first is not."""
    monkeypatch.setattr(limits, "MAX_WAITING_PER_CALLER", 1)
    dave, bob = await stage.browser("token-dave"), await stage.browser("token-bob")
    async with page(stage, dave):
        with pytest.raises(HTTPClientError) as refused:
            async with page(stage, dave):
                pass
        assert refused.value.code == 503
        async with page(stage, bob) as connection:
            await stage.hold()
            assert (await heard(connection))["type"] == "flows/add"


async def test_a_page_that_does_not_read_is_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its messages do not pile up in memory: one is being sent, one waits, and the third is one too many."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(limits, "MAX_SOCKET_QUEUE_MESSAGES", 1)
    monkeypatch.setattr(Updates, "write_message", never)
    async with page(stage, await stage.browser("token-bob")) as connection:
        await stage.hold(1)
        await stage.hold(2)
        waiting = asyncio.ensure_future(heard(connection))
        await stage.settle()
        assert not waiting.done()
        await stage.hold(3)
        assert await waiting is None
