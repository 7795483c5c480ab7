"""A service that speaks HTTP/2 and answers each stream as its target says: whole, endless, dripping, or with trailers."""

from __future__ import annotations

import socketserver
import ssl
import threading
from contextlib import suppress

import h2.config
import h2.connection
import h2.events

from scripts.story.certificates import ServerCertificate

_BEGINNING = [(":status", "200"), ("content-type", "application/json")]
PIECE = b"x" * 16_384


class Http2Service:
    """Listens on loopback with TLS and ALPN; what follows /schemas/orders- in a target chooses the answer."""

    def __init__(self, certificate: ServerCertificate) -> None:
        self.cases: list[str] = []  #: of the requests that reached it
        self.sent = 0  #: bytes of endless bodies
        self.resets: list[str] = []  #: cases whose stream the gateway reset
        self.news = threading.Condition()
        service = self
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
        context.set_alpn_protocols(["h2"])

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), context.wrap_socket(self.request, server_side=True) as stream:
                    _Conversation(service, stream).run()

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for_reset(self, case: str, *, seconds: float = 30) -> bool:
        """Whether the gateway gave up on the stream of `case`."""
        with self.news:
            return self.news.wait_for(lambda: case in self.resets, seconds)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Conversation:
    """One connection; between two looks at what comes in, each body that does not end gets one piece."""

    def __init__(self, service: Http2Service, stream: ssl.SSLSocket) -> None:
        self._service = service
        self._stream = stream
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._open: dict[int, str] = {}

    def run(self) -> None:
        self._http.initiate_connection()
        while True:
            self._stream.settimeout(30)
            self._stream.sendall(self._http.data_to_send())
            self._stream.settimeout(0.001 if "endless" in self._open.values() else 0.1)
            try:
                data = self._stream.recv(65_536)
            except TimeoutError:
                data = None
            if data == b"":
                self._gone(*self._open)
                return
            for event in self._http.receive_data(data) if data else ():
                self._handle(event)
            for number, case in [*self._open.items()]:
                self._go_on(number, case)

    def _handle(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived(stream_id=int(number), headers=headers) if headers is not None:
                fields = {str(name): str(value) for name, value in headers}
                self._begin(number, fields[":path"].rpartition("orders-")[2])
            case h2.events.StreamReset(stream_id=int(number)):
                self._gone(number)
            case h2.events.ConnectionTerminated():
                self._gone(*self._open)

    def _begin(self, number: int, case: str) -> None:
        self._service.cases.append(case)
        if case == "interim":
            self._http.send_headers(number, [(":status", "103")])
        self._http.send_headers(number, _BEGINNING)
        if case in ("endless", "drip"):
            self._open[number] = case
            return
        self._http.send_data(number, b"{}", end_stream=case != "trailers")
        if case == "trailers":
            self._http.send_headers(number, [("x-late", "said afterwards")], end_stream=True)

    def _go_on(self, number: int, case: str) -> None:
        if case == "drip":
            self._http.send_data(number, b"x")
        elif self._http.local_flow_control_window(number) >= len(PIECE):
            self._http.send_data(number, PIECE)
            self._service.sent += len(PIECE)

    def _gone(self, *numbers: int) -> None:
        with self._service.news:
            self._service.resets += [self._open.pop(number) for number in numbers if number in self._open]
            self._service.news.notify_all()
