"""A way to a console that a test can cut and mend."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Passes bytes on from its own port, once it knows where to."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.to_port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Close everything, and do not listen any more."""
        server, self._server = self._server, None  # first: who was accepted a moment ago looks at it
        if server is not None:
            server.close()
        for writer in self._open:
            writer.transport.abort()
        if server is not None:
            await server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # accepted just before the cut
            writer.transport.abort()
            return
        self._open.add(writer)
        there, back = await asyncio.open_connection("127.0.0.1", self.to_port)
        self._open.add(back)
        if writer.transport.is_closing():  # cut meanwhile
            back.transport.abort()
        await asyncio.gather(_pass(reader, back), _pass(there, writer))
        self._open -= {writer, back}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def on_relay() -> AsyncIterator[Relay]:
    """A relay that is whole at the beginning; say `to_port` before anybody comes. Closed at the end."""
    relay = Relay()
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
