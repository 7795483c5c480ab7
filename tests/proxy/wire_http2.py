"""A client that speaks HTTP/2 to the gateway over TLS, one stream after the other or several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import h2.config
import h2.connection
import h2.events

from tests.proxy.stage import Gateway
from tests.proxy.upstream import PATIENCE_SECONDS

type Pairs = Sequence[tuple[str, str]]


class Wire2:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(validate_outbound_headers=False))
        self._http.initiate_connection()

    @classmethod
    async def to(cls, gateway: Gateway) -> Wire2:
        context = gateway.trust()
        context.set_alpn_protocols(["h2"])
        context.check_hostname = False
        return cls(*await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context))

    def begin(self, headers: Pairs, body: bytes = b"", trailers: Pairs = ()) -> int:
        """Send one request; the stream it is on."""
        stream = self._http.get_next_available_stream_id()
        self._http.send_headers(stream, headers, end_stream=not body)
        if body:
            self._http.send_data(stream, body, end_stream=not trailers)
        if trailers:
            self._http.send_headers(stream, trailers, end_stream=True)
        self._writer.write(self._http.data_to_send())
        return stream

    async def read_answer(self, stream: int) -> tuple[int, bytes]:
        """Status and body of the answer on a stream."""
        status, body, is_done = 0, b"", False
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_done:
                data = await self._reader.read(65_536)
                if not data:
                    raise EOFError
                for event in self._http.receive_data(data):
                    if getattr(event, "stream_id", None) != stream:
                        continue
                    if isinstance(event, h2.events.ResponseReceived):
                        status = int(dict(event.headers)[b":status"])
                    elif isinstance(event, h2.events.DataReceived):
                        body += event.data
                    elif isinstance(event, h2.events.StreamEnded):
                        is_done = True
        return status, body

    async def send(self, headers: Pairs, body: bytes = b"", trailers: Pairs = ()) -> tuple[int, bytes]:
        return await self.read_answer(self.begin(headers, body, trailers))

    def close(self) -> None:
        self._writer.close()
