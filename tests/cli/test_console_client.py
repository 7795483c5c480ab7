"""The way to a console: its answers, its refusals, and what is no console."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from countersign.cli.console_client import ConsoleClient, Refused, Unreachable, checked_id
from tests.cli.command import run
from tests.console.stage import Stage


def client(url: str, token: str = "token-bob") -> ConsoleClient:
    return ConsoleClient(url, token, ssl.create_default_context())


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that says the same to everybody: its address, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def said(status: str, body: bytes) -> bytes:
    return f"{status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


async def test_approvals_come_with_their_revision(stage: Stage) -> None:
    """And with it the next list comes as soon as there is another one, not before."""
    asked = client(stage.console.url)
    held = await stage.hold(1)
    revision, documents = await asyncio.to_thread(asked.approvals)
    assert [document["id"] for document in documents] == [held.request.id]
    waiting = asyncio.ensure_future(asyncio.to_thread(asked.approvals, revision))
    assert not (await asyncio.wait({waiting}, timeout=0.2))[0]
    await stage.hold(2)
    later, documents = await asyncio.wait_for(waiting, 10)
    assert later != revision
    assert len(documents) == 2


async def test_a_step_answers_how_it_stands(stage: Stage) -> None:
    """In the name of the token's person."""
    held = await stage.hold()
    asked = client(stage.console.url)
    assert (await asyncio.to_thread(asked.approval, held.request.id))["state"] == "pending"
    answer = await asyncio.to_thread(asked.take, held.request.id, "approve", "fine")
    assert (answer["state"], answer["signatures"][0]["person"]) == ("approved", "bob")


@pytest.mark.parametrize(("token", "status"), [("token-of-nobody", 401), ("token-dave", 404)])
async def test_a_refusal_has_its_status_and_its_words(stage: Stage, token: str, status: int) -> None:
    """So that a command can tell a token that is over from anything else."""
    held = await stage.hold()
    with pytest.raises(Refused) as refused:
        await asyncio.to_thread(client(stage.console.url, token).approval, held.request.id)
    assert refused.value.status == status
    assert f"({status})" in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        said("200 OK", b"hello"),
        said("200 OK", b"[]"),
        said("200 OK", b'{"approvals": []}'),
        said("200 OK", b'{"revision": 1, "approvals": [7]}'),
        said("404 Not Found", b"<html>"),
        said("502 Bad Gateway", b"{}"),
        b"nonsense",
        b"",
    ],
)
async def test_what_is_no_console_is_said_to_be_none(answer: bytes) -> None:
    """Whatever it answers; an empty list of a console is one."""
    async with answering(answer) as (url, _):
        with pytest.raises(Unreachable):
            await asyncio.to_thread(client(url).approvals)
    async with answering(said("200 OK", b'{"revision": 1, "approvals": []}')) as (url, _):
        assert await asyncio.to_thread(client(url).approvals) == (1, [])


async def test_one_approval_is_an_object() -> None:
    """A list is no approval."""
    async with answering(said("200 OK", b"[]")) as (url, _):
        with pytest.raises(Unreachable):
            await asyncio.to_thread(client(url).approval, "1")


async def test_a_redirect_is_not_followed() -> None:
    """The token goes to the console and nowhere else: what answers with a redirect is not a console."""
    async with answering(said("302 Found\r\nLocation: /elsewhere", b"")) as (url, asked):
        result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert len(asked) == 1


@pytest.mark.parametrize("approval_id", ["../approvals", "a/b", "", "A", "1" * 65, "1\n"])
def test_a_path_is_no_id(approval_id: str) -> None:
    """It would reach another part of the API."""
    with pytest.raises(ValueError, match="hexadecimal"):
        checked_id(approval_id)
    assert checked_id("0-f") == "0-f"
