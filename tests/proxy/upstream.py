"""What stands behind the gateway in these tests: a real schema service and a real echo server, both on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

PATIENCE_SECONDS = 10.0  #: no test waits longer for anything


@dataclass(frozen=True)
class Received:
    """One request as it reached the service."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class SchemaService:
    """Speaks rules/dialects/rest.yaml, and keeps every request that reached it."""

    def __init__(self) -> None:
        self.port = 0
        self.scheme = "http"
        self.schemas: dict[str, bytes] = {}
        self.received: list[Received] = []
        self.connections = 0
        self.breaks_off: Literal["", "before", "after"] = ""  #: closes instead of answering, having applied or not
        self.upgrades = False  #: answers a change with 101
        self.answers_long = False  #: answers with more than a gateway passes on
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer_headers: list[str] = []
        self._moved = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def changes(self) -> list[Received]:
        """What reached it, without the look-ups."""
        return [request for request in self.received if request.method != "GET"]

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until `condition` holds after a request has come in."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._moved:
            await self._moved.wait_for(condition)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        request = Received(method, target, headers, await reader.readexactly(length))
        is_change = method != "GET"
        status, body = (0, b"") if is_change and self.breaks_off == "before" else self._apply(request)
        async with self._moved:
            self.received.append(request)
            self._moved.notify_all()
        await self.may_answer.wait()
        if is_change and self.breaks_off:
            raise ConnectionError
        if is_change and self.upgrades:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
            raise ConnectionError
        if self.answers_long:
            writer.write(b"HTTP/1.1 200 -\r\nContent-Length: 99999999\r\n\r\n")
            await writer.drain()
            return
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *self.answer_headers]
        if subject := self._subject(target):
            lines += [f'ETag: "{self._etag(subject)}"'] if subject in self.schemas else []
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    def _apply(self, request: Received) -> tuple[int, bytes]:
        subject = self._subject(request.target)
        if subject is None:
            return 200, b"{}"
        condition = request.header("if-match")
        if condition and subject in self.schemas and condition != [f'"{self._etag(subject)}"']:
            return 412, b"{}"
        match request.method:
            case "GET":
                return (200, self.schemas[subject]) if subject in self.schemas else (404, b"{}")
            case "POST" | "PUT":
                self.schemas[subject] = request.body
                return 200, b'{"stored":true}'
            case "DELETE":
                return (200, b"{}") if self.schemas.pop(subject, None) is not None else (404, b"{}")
            case _:
                return 405, b"{}"

    def _etag(self, subject: str) -> str:
        return hashlib.sha256(self.schemas[subject]).hexdigest()[:16]

    @staticmethod
    def _subject(target: str) -> str | None:
        _, _, subject = target.partition("/schemas/")
        return subject or None


@asynccontextmanager
async def serving_schemas(tls: ssl.SSLContext | None = None) -> AsyncIterator[SchemaService]:
    """A schema service on a free port of 127.0.0.1."""
    service = SchemaService()
    server = await asyncio.start_server(service.answer, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    service.scheme = "https" if tls else "http"
    try:
        yield service
    finally:
        service.may_answer.set()
        server.close()


class EchoServer:
    """Sends back what it is sent, whatever it is."""

    def __init__(self) -> None:
        self.port = 0
        self.received = b""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.received += data
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def echoing() -> AsyncIterator[EchoServer]:
    """An echo server on a free port of 127.0.0.1."""
    echo = EchoServer()
    server = await asyncio.start_server(echo.answer, "127.0.0.1", 0)
    echo.port = server.sockets[0].getsockname()[1]
    try:
        yield echo
    finally:
        server.close()
