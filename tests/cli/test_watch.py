"""approvals watch in a pipe: one line for each change, until it is interrupted; a terminal gets the screen."""

from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.cli.command import run
from tests.cli.terminal import COMMAND, PATIENCE_SECONDS, environment, on_terminal
from tests.console.stage import CALLERS, Stage


@asynccontextmanager
async def in_a_pipe(stage: Stage, *arguments: str) -> AsyncIterator[Process]:
    """`countersign approvals watch` with its output in a pipe; ended at the end."""
    env = environment(stage.console.url, "token-bob")
    command = [*COMMAND, "approvals", "watch", *arguments]
    process = await asyncio.create_subprocess_exec(*command, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode()


async def end(process: Process) -> tuple[int | None, str]:
    """The exit code, and what was said to people."""
    _, errors = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return process.returncode, errors.decode()


@pytest.mark.parametrize("signal_number", [signal.SIGINT])
async def test_each_change_is_a_line_until_it_is_interrupted(stage: Stage, signal_number: signal.Signals) -> None:
    """At once, not when a buffer is full; being interrupted is no failure."""
    held = await stage.hold(1)
    async with in_a_pipe(stage) as process:
        assert held.request.id in await line(process)
        later = await stage.hold(2, subject="\x1b[2Jorders")
        assert f'{later.request.id}  1 missing  high risk  register of "\\u001b[2Jorders"' in await line(process)
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "approve", "")
        assert "pending -> granted" in await line(process)
        process.send_signal(signal_number)
        assert await end(process) == (0, "")


async def test_json_lines(stage: Stage) -> None:
    """One object a line, for other programs."""
    held = await stage.hold()
    async with in_a_pipe(stage, "--json") as process:
        assert json.loads(await line(process))["approval"]["id"] == held.request.id


async def test_a_token_that_is_over_ends_it_with_1(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a line that says so."""
    held = await stage.hold()
    async with in_a_pipe(stage) as process:
        assert held.request.id in await line(process)
        monkeypatch.delitem(CALLERS, "token-bob")
        await stage.hold(2)
        code, errors = await end(process)
    assert code == 1
    assert "refused: nobody issued this token (401)" in errors


async def test_without_a_console_it_ends_with_2() -> None:
    """As every other command does."""
    assert (await run("http://127.0.0.1:1", "token-bob", "watch")).exit_code == 2


@pytest.mark.parametrize(("arguments", "more"), [(["--json"], {}), ([], {"TERM": "dumb"})])
async def test_lines_on_a_terminal_where_they_are_asked_for(
    stage: Stage, arguments: list[str], more: dict[str, str]
) -> None:
    """--json is for programs, and a dumb terminal has no screen; Ctrl-C ends it."""
    await stage.hold()
    env = environment(stage.console.url, "token-bob", **more)
    async with on_terminal(env, "approvals", "watch", *arguments) as terminal:
        await terminal.shows("0001" if not arguments else "exchange-1")
        assert b"\x1b" not in terminal.raw
        terminal.press("\x03")
        assert await terminal.ends() == 0
