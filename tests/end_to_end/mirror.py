"""A service that keeps each request as its bytes came, and answers with the bytes that a test has put there for it."""

from __future__ import annotations

import socketserver
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from scripts.story.certificates import ServerCertificate
from tests.end_to_end.wire import PATIENCE_SECONDS

CASE = "X-Case"  #: names the request, and the answer that it gets
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came; a chunked body put together."""

    line: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Mirror:
    """Listens on loopback with TLS. A request without a case is the gateway's own: it gets `schemas[target]`, or 404."""

    certificate: ServerCertificate
    answers: dict[str, bytes] = field(default_factory=dict)  #: by the case; else PLAIN
    seen: dict[str, Arrived] = field(default_factory=dict)  #: by the case
    schemas: dict[str, bytes] = field(default_factory=dict)
    hangs_up: set[str] = field(default_factory=set)  #: cases after whose answer the connection is closed

    def __post_init__(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate.certificate, self.certificate.key)
        mirror = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), context.wrap_socket(self.request, server_side=True) as stream:
                    stream.settimeout(PATIENCE_SECONDS)
                    while mirror._serve(_Reader(stream), stream):
                        pass

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 100

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, reader: _Reader, stream: ssl.SSLSocket) -> bool:
        """Answer one request; False: none came, or it was the last."""
        arrived = reader.request()
        if arrived is None:
            return False
        case = next((value for name, value in arrived.headers if name.lower() == CASE.lower()), None)
        if case is None:
            body = self.schemas.get(arrived.line.split(b" ")[1].decode())
            status = b"404 Not Found" if body is None else b"200 OK"
            head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            stream.sendall(head % (status, len(body or b"")) + (body or b""))
            return True
        self.seen[case] = arrived
        stream.sendall(self.answers.get(case, PLAIN))
        return case not in self.hangs_up


class _Reader:
    def __init__(self, stream: ssl.SSLSocket) -> None:
        self._stream = stream
        self._data = b""

    def request(self) -> Arrived | None:
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        line, *lines = head[:-4].split(b"\r\n")
        headers = tuple(
            (name.decode("latin-1"), value.lstrip(b" ").decode("latin-1"))
            for name, _, value in (each.partition(b":") for each in lines)
        )
        fields = {name.lower(): value for name, value in headers}
        if "transfer-encoding" in fields:
            return Arrived(line, headers, b"".join(iter(self._chunk, b"")))
        return Arrived(line, headers, self._take(int(fields.get("content-length", "0"))))

    def _chunk(self) -> bytes:
        head = self._until(b"\r\n")
        data = self._take(int(head or b"0", 16))
        self._until(b"\r\n")
        return data

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._data:
            if not self._more():
                return None
        return self._take(self._data.index(end) + len(end))

    def _take(self, count: int) -> bytes:
        while len(self._data) < count and self._more():
            pass
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def _more(self) -> bool:
        data = self._stream.recv(65_536)
        self._data += data
        return data != b""
