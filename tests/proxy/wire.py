"""A client that sends exactly the bytes it is told to, and reads one HTTP/1.1 answer at a time."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tests.proxy.upstream import PATIENCE_SECONDS

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What the client read."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def problem(self) -> dict[str, Any]:
        """The refusal, as problem+json."""
        assert self.header("content-type") == ["application/problem+json"], self
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        return dict(problem)

    @property
    def code(self) -> str:
        """The stable word of the refusal."""
        return str(self.problem["type"]).removeprefix("urn:countersign:problem:")


class Wire:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def start_tls(self, context: ssl.SSLContext, server_name: str | None) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._writer.start_tls(context, server_hostname=server_name)

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def write_request(self, method: str, target: str, headers: Headers = (), body: bytes | None = None) -> None:
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    async def read_answer(self) -> Answer:
        """Raises IncompleteReadError where the connection ends first."""
        head = await self.read_head()
        length = int(next(iter(head.header("content-length")), 0))
        return replace(head, body=await self.read(length))

    async def read_head(self) -> Answer:
        """All of an answer that has no body, as one to HEAD. Raises IncompleteReadError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, status, reason = head[0].split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line))
        return Answer(int(status), reason, headers, b"")

    async def send(self, method: str, target: str, headers: Headers = (), body: bytes | None = None) -> Answer:
        self.write_request(method, target, headers, body)
        return await self.read_answer()

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readexactly(count)

    async def read_end(self) -> bytes:
        """What still comes until the gateway closes the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read(-1)

    def close(self) -> None:
        self._writer.close()
