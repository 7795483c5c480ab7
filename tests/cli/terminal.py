"""A program on a terminal of its own: a real pty, and what a person would see on its screen."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pexpect
import pyte

PATIENCE_SECONDS = 20
COLUMNS, ROWS = 80, 24
KEYS = {"up": "\x1b[A", "down": "\x1b[B", "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "enter": "\r", "escape": "\x1b"}
_ADDONS = Path(__file__).resolve().parents[2] / "addons"
COMMAND = [sys.executable, "-c", "from countersign.cli import main; main(prog_name='countersign')"]


def environment(url: str, token: str, **more: str) -> dict[str, str]:
    """What the command finds around it: the address, the token, and a terminal that knows colours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    path = os.pathsep.join([str(_ADDONS), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return {
        **kept,
        "COUNTERSIGN_CONSOLE": url,
        "COUNTERSIGN_TOKEN": token,
        "PYTHONPATH": path,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


class Terminal:
    """The screen of one running program; reads it on the loop of the test."""

    def __init__(self, child: pexpect.spawn[Any]) -> None:
        self.child = child
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.raw = b""  #: everything that was ever written to the terminal
        self.has_ended = False
        self._stream = pyte.ByteStream(self.screen)
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(child.child_fd, self._read)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def press(self, *keys: str) -> None:
        """Type; names of keys as in KEYS, anything else as it is."""
        self.child.send("".join(KEYS.get(key, key) for key in keys))

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    async def until(self, condition: Callable[[str], bool]) -> str:
        """The screen as soon as `condition` holds of it."""
        async with self._news:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._news.wait_for(lambda: condition(self.text))
            except TimeoutError:
                raise AssertionError(f"the screen never came to this; it shows:\n{self.text}") from None
            return self.text

    async def shows(self, *texts: str) -> str:
        """The screen as soon as it holds all of `texts`."""
        return await self.until(lambda screen: all(text in screen for text in texts))

    async def hides(self, text: str) -> str:
        """The screen as soon as it does not hold `text`."""
        return await self.until(lambda screen: text not in screen)

    async def ends(self) -> int | None:
        """The exit code, once the program has ended; None where a signal ended it."""
        async with self._news:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._news.wait_for(lambda: self.has_ended)
        await asyncio.to_thread(self.child.wait)
        return self.child.exitstatus

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.child.child_fd)
        self.child.close(force=True)

    def _read(self) -> None:
        try:
            data = os.read(self.child.child_fd, 65536)
        except OSError:  # how Linux says that nobody holds the other end any more
            data = b""
        if data:
            self.raw += data
            self._stream.feed(data)
        else:
            self.has_ended = True
            asyncio.get_running_loop().remove_reader(self.child.child_fd)
        task = asyncio.ensure_future(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def on_terminal(env: Mapping[str, str], *arguments: str) -> AsyncIterator[Terminal]:
    """`countersign ...` on a terminal of 80 by 24; ended at the end."""
    program, *first = COMMAND
    child = pexpect.spawn(program, [*first, *arguments], env=dict(env), dimensions=(ROWS, COLUMNS), timeout=None)
    terminal = Terminal(child)
    try:
        yield terminal
    finally:
        if not terminal.has_ended:
            terminal.press("\x03")  # so that it ends by itself, and its coverage is written
            with suppress(TimeoutError):
                await terminal.ends()
        terminal.close()
