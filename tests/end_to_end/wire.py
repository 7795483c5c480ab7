"""HTTP/1.1 by hand: what no well-behaved client would send, and one tunnel that stays open."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.story.stage import Stage

PATIENCE_SECONDS = 30

type Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, read whole."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The members of a problem document (RFC 9457)."""
        assert self.headers.get_content_type() == "application/problem+json", (self.status, self.body[:300])
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


class Wire:
    """One connection to the gateway. Use it as a context manager."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self._socket: socket.socket = socket.create_connection((host, port), timeout=PATIENCE_SECONDS)

    def connect(self, target: str, *headers: tuple[str, str]) -> Reply:
        """Send CONNECT and read its answer."""
        return self.send("CONNECT", target, [("Host", target), *headers])

    def start_tls(self, authority: Path, host: str = "localhost") -> None:
        """Speak TLS from here on, as the client inside a tunnel does."""
        context = ssl.create_default_context(cafile=str(authority))
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def send(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Reply:
        """Send one request, with a Content-Length where `headers` do not say how long it is, and read the answer."""
        fields = list(headers)
        if body and not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in fields}:
            fields.append(("Content-Length", str(len(body))))
        head = "".join([f"{method} {target} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in fields), "\r\n"])
        self.write(head.encode("latin-1") + body)
        return self.read_reply(method)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def read(self, count: int) -> bytes:
        """At most `count` bytes; none at the end."""
        return self._socket.recv(count)

    def read_reply(self, method: str = "GET") -> Reply:
        """The next answer. Raises an http.client.HTTPException or an OSError where there is none."""
        answer = http.client.HTTPResponse(self._socket, method=method)
        try:
            answer.begin()
            is_opened = method == "CONNECT" and answer.status == 200  # what follows is the tunnel's
            return Reply(answer.status, answer.reason, answer.msg, b"" if is_opened else answer.read())
        finally:
            answer.close()

    def be_patient_for(self, seconds: float) -> None:
        """Wait so long for anything from here on; then TimeoutError."""
        self._socket.settimeout(seconds)

    def is_ended(self) -> bool:
        """Whether the other side ends the connection, waited for with a bound."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def inside(stage: Stage) -> Wire:
    """A connection of the pipeline, through the gateway, to the service of `stage`."""
    wire = Wire(stage.port)
    assert wire.connect(f"localhost:{stage.service.port}", bearer(stage.pipeline_token())).status == 200
    wire.start_tls(stage.gateway_ca)
    return wire


def bearer(token: str, name: str = "Proxy-Authorization") -> tuple[str, str]:
    """The token as RFC 6750 has it."""
    return name, f"Bearer {token}"


def basic(token: str, name: str = "Proxy-Authorization") -> tuple[str, str]:
    """The token as the password of RFC 7617."""
    return name, "Basic " + base64.b64encode(f"ci:{token}".encode()).decode()
