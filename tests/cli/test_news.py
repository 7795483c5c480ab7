"""The list again and again: when it comes, what happens when it does not, and when that is for good."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

import pytest

from countersign import limits
from countersign.cli.console_client import ConsoleClient, Refused, Unreachable
from countersign.cli.news import News, Trouble, news
from tests.cli.relay import on_relay
from tests.console.stage import CALLERS, Stage, on_stage


def client(url: str, token: str = "token-bob") -> ConsoleClient:
    return ConsoleClient(url, token, ssl.create_default_context())


async def following(items: Iterator[News | Trouble]) -> News | Trouble:
    return await asyncio.wait_for(asyncio.to_thread(next, items), 10)


def count(item: News | Trouble) -> int:
    assert isinstance(item, News)
    return len(item.approvals)


async def test_news_come_as_they_happen(stage: Stage) -> None:
    """First what is there, then each change."""
    items = news(client(stage.console.url), lambda seconds: None)
    assert count(await following(items)) == 0
    for number in (1, 2):
        await stage.hold(number)
        assert count(await following(items)) == number


async def test_trouble_is_told_and_passes() -> None:
    """Each try waits longer, to a bound; afterwards the list comes at once, and the next wait is short again."""
    pauses: list[float] = []
    async with on_relay() as relay, on_stage(public_url=relay.url) as stage:
        relay.to_port = stage.console.address[1]
        items = news(client(relay.url), pauses.append)
        assert count(await following(items)) == 0
        for _ in range(2):
            pauses.clear()
            await relay.cut()
            for _ in range(7):
                assert isinstance(await following(items), Trouble)
            assert pauses[-6:] == [1, 2, 4, 8, limits.MAX_WATCH_RETRY_SECONDS, limits.MAX_WATCH_RETRY_SECONDS]
            await relay.mend()
            assert isinstance(await following(items), News)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1"])
async def test_a_console_that_was_never_there_is_a_mistake(url: str) -> None:
    """A wrong address is said at once rather than tried for ever."""
    with pytest.raises(Unreachable):
        await following(news(client(url), lambda seconds: None))


async def test_a_token_that_is_over_ends_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again would not help."""
    items = news(client(stage.console.url), lambda seconds: None)
    assert count(await following(items)) == 0
    monkeypatch.delitem(CALLERS, "token-bob")
    await stage.hold()
    with pytest.raises(Refused, match="401"):
        await following(items)


async def test_a_console_that_is_full_is_tried_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 503 passes."""
    items = news(client(stage.console.url), lambda seconds: None)
    assert count(await following(items)) == 0
    monkeypatch.setattr(limits, "MAX_CONSOLE_SOCKETS", 0)
    assert isinstance(await following(items), Trouble)
    assert count(await following(items)) == 0
