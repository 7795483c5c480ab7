"""countersign approvals against a real console: what it prints, and with which exit code it ends."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli.approvals import approvals
from tests.console.stage import Stage, on_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running console whose desk is empty."""
    async with on_stage() as running:
        yield running


async def run(stage: Stage | str, token: str, *arguments: str, environment: dict[str, str] | None = None) -> Result:
    """The command in a thread of its own, because the console lives on this loop."""
    url = stage if isinstance(stage, str) else stage.console.url
    env = {"COUNTERSIGN_CONSOLE": url, "COUNTERSIGN_TOKEN": token, **(environment or {})}
    return await asyncio.to_thread(CliRunner().invoke, approvals, [*arguments], env=env)


async def test_list_shows_what_is_held(stage: Stage) -> None:
    """Every held change is listed with who asks and what it does."""
    held = await stage.hold()
    result = await run(stage, "token-bob", "list")
    assert result.exit_code == 0
    for text in (held.request.id, "customer-value", "alice", "taxId becomes required", "age is at most 120 now"):
        assert text in result.output


async def test_list_says_when_there_is_nothing(stage: Stage) -> None:
    """An empty list is said in words, so that it is no mistake of the command."""
    assert "Nothing is held" in (await run(stage, "token-bob", "list")).output


async def test_show_prints_all_of_one(stage: Stage) -> None:
    """Nothing is cut: the changes, both schemas, and the request's body are there."""
    held = await stage.hold(message={"method": "POST", "url": "/x", "headers": [], "body": "y" * 20_000})
    result = await run(stage, "token-bob", "show", held.request.id)
    assert result.exit_code == 0
    assert '"maximum": 120' in result.output
    assert "y" * 20_000 in result.output


async def test_hostile_text_is_escaped(stage: Stage) -> None:
    """No escape sequence and no direction mark of a requester reaches the terminal, as text or as JSON."""
    held = await stage.hold(summary=("\x1b[2Jgone\u202eslow",))
    for arguments in (["list"], ["show", held.request.id], ["show", held.request.id, "--json"]):
        output = (await run(stage, "token-bob", *arguments)).output
        assert "\x1b" not in output
        assert "\u202e" not in output
        assert "\\u001b[2Jgone\\u202eslow" in output


async def test_json_is_the_answer(stage: Stage) -> None:
    """--json prints what the API said, for other programs."""
    held = await stage.hold()
    output = (await run(stage, "token-bob", "list", "--json")).output
    assert [approval["id"] for approval in json.loads(output)["approvals"]] == [held.request.id]


async def test_approve_is_recorded_for_the_token_s_person(stage: Stage) -> None:
    """The desk knows who approved and why."""
    held = await stage.hold()
    result = await run(stage, "token-bob", "approve", held.request.id, "--reason", "fine")
    assert (result.exit_code, result.output) == (0, "Recorded; the approval is approved now.\n")
    (signature,) = stage.desk.get(held.request.id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", "approve", "fine")


async def test_the_first_of_two_signatures_is_not_called_done(stage: Stage) -> None:
    """Who signs first is told that others must."""
    held = await stage.hold(quorum=2)
    assert "1 more needed" in (await run(stage, "token-bob", "approve", held.request.id)).output


async def test_deny_needs_a_reason(stage: Stage) -> None:
    """Without a reason nothing is sent; with one the change is denied."""
    held = await stage.hold()
    assert (await run(stage, "token-bob", "deny", held.request.id)).exit_code == 2
    assert stage.desk.get(held.request.id).state == "pending"
    assert (await run(stage, "token-bob", "deny", held.request.id, "--reason", "no")).exit_code == 0
    assert stage.desk.get(held.request.id).why == "no"


async def test_a_refusal_ends_with_1_and_its_detail(stage: Stage) -> None:
    """Alice cannot approve her own change, and is told so."""
    held = await stage.hold()
    result = await run(stage, "token-alice", "approve", held.request.id)
    assert result.exit_code == 1
    assert "alice stands behind this request" in result.output
    assert stage.desk.get(held.request.id).state == "pending"


async def test_an_unknown_token_ends_with_1(stage: Stage) -> None:
    """A token that nobody issued is refused by the console, not by the command."""
    result = await run(stage, "token-of-nobody", "list")
    assert result.exit_code == 1
    assert "nobody issued this token" in result.output


async def test_no_console_ends_with_2() -> None:
    """Nobody listens there: said with the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert url in result.output


async def test_a_redirect_is_not_followed() -> None:
    """The token goes to the console and nowhere else: what answers with a redirect is not a console."""
    asked: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert len(asked) == 1


async def test_a_proxy_of_the_environment_is_not_used(stage: Stage) -> None:
    """HTTP_PROXY and HTTPS_PROXY name the gateway itself on these machines."""
    environment = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "no_proxy": "",
    }
    assert (await run(stage, "token-bob", "list", environment=environment)).exit_code == 0


async def test_the_token_can_come_from_a_file(stage: Stage, tmp_path: Path) -> None:
    """The file is used rather than the variable; a line feed at its end is no part of the token."""
    file = tmp_path / "token"
    file.write_text("token-bob\n")
    assert (await run(stage, "token-of-nobody", "list", "--token-file", str(file))).exit_code == 0


@pytest.mark.parametrize("content", ["", "two tokens", "a\nb", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_a_file_without_one_token_is_refused(stage: Stage, tmp_path: Path, content: str) -> None:
    """Nothing is sent where it is not clear what the token is."""
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    assert (await run(stage, "token-bob", "list", "--token-file", str(file))).exit_code == 2


@pytest.mark.parametrize("url", ["http://gateway.example:8082", "gateway.example", "ftp://127.0.0.1"])
async def test_a_console_that_would_expose_the_token_is_refused(url: str) -> None:
    """Plain HTTP is for loopback only."""
    result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert "--console" in result.output or "unencrypted" in result.output


async def test_a_path_is_no_id(stage: Stage) -> None:
    """An id with a slash would reach another part of the API."""
    assert (await run(stage, "token-bob", "show", "../approvals")).exit_code == 2


async def test_help_needs_no_token() -> None:
    """Reading about the command works before one has a token."""
    result = await asyncio.to_thread(CliRunner().invoke, approvals, ["approve", "--help"])
    assert result.exit_code == 0
    assert "--token-file" in result.output
