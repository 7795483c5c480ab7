"""One line for each change: what came, what changed, how it ended."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any

from countersign.cli.console_client import ConsoleClient
from countersign.cli.news import News, Trouble
from countersign.cli.watch_lines import lines
from tests.cli.listed import NOW, document
from tests.console.stage import CALLERS, Stage

NOWHERE = ConsoleClient("http://127.0.0.1:1", "token-bob", ssl.create_default_context())


def printed(
    *items: News | Trouble, as_json: bool = False, client: ConsoleClient = NOWHERE
) -> tuple[list[str], list[str]]:
    """The lines, and what is told of the connection."""
    told: list[str] = []
    return list(lines(client, items, lambda: NOW, as_json, told.append)), told


def test_each_approval_has_a_line_when_it_comes() -> None:
    """And none while nothing changes."""
    found, _ = printed(News([document(1)]), News([document(1)]), News([document(1), document(2)]))
    assert [line.split("  ")[1] for line in found] == [document(1)["id"], document(2)["id"]]
    assert found[0].startswith("2027-01-15T08:00:00Z  ")
    assert found[0].endswith('1 missing  high risk  register of "customer-value" at registry, asked for by alice')


def test_a_change_says_what_it_was() -> None:
    """State and signatures count."""
    found, _ = printed(News([document()]), News([document(state="approved")]))
    assert "pending -> granted" in found[1]


async def test_an_end_is_looked_up(stage: Stage) -> None:
    """The list only shows that it is gone; how it ended is asked for."""
    held = await stage.hold()
    client = ConsoleClient(stage.console.url, "token-bob", ssl.create_default_context())
    before = (await asyncio.to_thread(client.approvals))[1]
    await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "not now")
    found, _ = await asyncio.to_thread(printed, News(before), News([]), client=client)
    assert "pending -> denied by carol: not now" in found[1]
    as_json, _ = await asyncio.to_thread(printed, News(before), News([]), as_json=True, client=client)
    line = json.loads(as_json[1])
    assert (line["was"], line["approval"]["state"]) == ("pending", "denied")
    assert line["approval"].keys() == before[0].keys()


def test_an_end_that_nobody_can_tell_is_an_end() -> None:
    """The console does not know it any more, or does not answer."""
    found, _ = printed(News([document()]), News([]))
    assert "pending -> ended" in found[1]


def test_json_is_one_object_a_line() -> None:
    """With the approval as the API lists it; what others wrote breaks no line and moves no cursor."""
    hostile: dict[str, Any] = document(subject="a\nb\x1b[2J\u202e\u2028")
    found, _ = printed(News([hostile]), as_json=True)
    (line,) = found
    assert line.isprintable()
    assert json.loads(line) == {"time": "2027-01-15T08:00:00Z", "was": None, "approval": hostile}
    assert all(text.isprintable() for text in printed(News([hostile]))[0])


def test_the_connection_is_told_apart() -> None:
    """Once when it is lost and once when it is back, and not among the lines."""
    found, told = printed(News([]), Trouble("x"), Trouble("x"), News([]), Trouble("y"))
    assert found == []
    assert [text.split(" since")[0] for text in told] == ["no answer", "the console answers again", "no answer"]
