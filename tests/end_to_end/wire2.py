"""HTTP/2 by hand: streams that do not end, and what no well-behaved client would send."""

from __future__ import annotations

import ssl
from contextlib import suppress

import h2.config
import h2.connection
import h2.events

from scripts.story.stage import Stage
from tests.end_to_end.wire import PATIENCE_SECONDS, Wire, bearer


class Wire2:
    """One HTTP/2 connection to a service, through its tunnel; it sends what it is told to."""

    def __init__(self, stage: Stage, target: str, port: int | None = None) -> None:
        """`target` is asked for where no other is; `port`: of another service than the stage's."""
        self._target = target
        self._host = f"localhost:{port or stage.service.port}"
        self._wire = Wire(stage.port)
        assert self._wire.connect(self._host, bearer(stage.pipeline_token())).status == 200
        context = ssl.create_default_context(cafile=str(stage.gateway_ca))
        context.set_alpn_protocols(["h2"])
        self._stream = context.wrap_socket(self._wire._socket, server_hostname="localhost")
        self._stream.settimeout(PATIENCE_SECONDS)
        settings = h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        self._http = h2.connection.H2Connection(settings)
        self._http.initiate_connection()
        self.replies: dict[int, int] = {}  #: the status of each stream that was answered
        self.is_closed = False

    def begin(self, *headers: tuple[str, str], method: str = "POST", target: str | None = None) -> int:
        """Send the head of a request whose body is to come; the number of its stream."""
        number = self._http.get_next_available_stream_id()
        pseudo = [
            (":method", method),
            (":scheme", "https"),
            (":authority", self._host),
            (":path", target or self._target),
        ]
        self._http.send_headers(number, [*pseudo, *headers])
        self._flush()
        return number

    def send(self, number: int, data: bytes, *, ends: bool = False) -> None:
        """Body of a stream, as far as its window lets it."""
        while not self.is_closed and number not in self.replies and data:
            size = min(len(data), 16_384, self._http.local_flow_control_window(number))
            if size == 0:
                self._read()
                continue
            self._http.send_data(number, data[:size], end_stream=ends and size == len(data))
            data = data[size:]
            self._flush()

    def read_status(self, number: int) -> int | None:
        """The status of a stream; None: it was reset, or the connection closed."""
        while number not in self.replies and not self.is_closed:
            self._read()
        return self.replies.get(number)

    def _flush(self) -> None:
        with suppress(OSError):
            self._stream.sendall(self._http.data_to_send())

    def _read(self) -> None:
        try:
            data = self._stream.recv(65_536)
        except ConnectionError:
            data = b""
        self.is_closed = not data
        for event in self._http.receive_data(data):
            match event:
                case h2.events.ResponseReceived(stream_id=int(number), headers=headers):
                    fields = {str(name): str(value) for name, value in headers or ()}
                    self.replies[number] = int(fields[":status"])
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    self.is_closed = True
        self._flush()

    def close(self) -> None:
        self._stream.close()
