"""A service that answers with whatever bytes a test says: endless, dripping, broken off, or of another protocol."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.story.certificates import ServerCertificate
from scripts.story.rules import Service, write_rules
from scripts.story.stage import Stage
from tests.end_to_end.hurried import hurried_script
from tests.end_to_end.wire import PATIENCE_SECONDS, Reply, Wire, bearer

type Answer = Callable[[], Iterable[bytes]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PIECE = b"x" * 65_536


class RawService:
    """Listens on loopback with TLS. What follows `orders-` in the last segment of a target chooses the answer."""

    def __init__(self, certificate: ServerCertificate, answers: dict[str, Answer]) -> None:
        self.reached: list[str] = []  #: the answers that were asked for
        self.sent: dict[str, int] = {}  #: bytes of each answer so far
        self._answers = answers
        self._over: list[str] = []
        self._news = threading.Condition()
        service = self
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError), context.wrap_socket(self.request, server_side=True) as stream:
                    stream.settimeout(PATIENCE_SECONDS)
                    while service._serve(stream):
                        pass

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_until_over(self, answer: str) -> None:
        """Until an answer was sent whole, or nobody took it any more."""
        with self._news:
            assert self._news.wait_for(lambda: answer in self._over, PATIENCE_SECONDS), f"{answer} is still being sent"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, stream: ssl.SSLSocket) -> bool:
        """Answer one request; False: none came. Bodies of requests are not waited for."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = stream.recv(65_536)
            if not piece:
                return False
            head += piece
        answer = head.split(b" ", 2)[1].decode().rpartition("orders-")[2]
        self.reached.append(answer)
        self.sent[answer] = 0
        try:
            for piece in self._answers[answer]():
                stream.sendall(piece)
                self.sent[answer] += len(piece)
        finally:
            with self._news:
                self._over.append(answer)
                self._news.notify_all()
        return True


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def stage_before(folder: Path, *ports: Callable[[ServerCertificate], int], **limits: float) -> Iterator[Stage]:
    """A stage whose hurried gateway has connections to services of a test's own besides the store; each of `ports`
    starts one, with a certificate for localhost, and says where it listens."""
    with Stage(folder, "store", script=hurried_script(folder / "script", **limits), hold_seconds=20) as stage:
        stage.gateway.stop()
        credential = folder / "service-credential"
        urls = [stage.service_url]
        urls += [f"https://localhost:{start(stage.authority.issue('localhost'))}" for start in ports]
        services = [Service(f"service-{number}", url, "rest", credential, 20) for number, url in enumerate(urls)]
        (stage.rules / "connections" / "orders.yaml").unlink()
        write_rules(stage.rules, issuer=stage.provider.issuer, services=services)
        stage.start_gateway()
        yield stage


def inside(stage: Stage, port: int) -> Wire:
    """A connection to a service of the test's own, through its tunnel."""
    wire = Wire(stage.port)
    assert wire.connect(f"localhost:{port}", bearer(stage.pipeline_token())).status == 200
    wire.start_tls(stage.gateway_ca)
    return wire


def get(wire: Wire, port: int, answer: str) -> Reply:
    """Ask for one of a RawService's answers."""
    return wire.send("GET", f"/schemas/orders-{answer}", [("Host", f"localhost:{port}")])


def forever(start: bytes, piece: bytes) -> Iterator[bytes]:
    """`start`, then `piece` for as long as somebody takes it."""
    yield start
    while True:
        yield piece


def dripping(start: bytes, piece: bytes, *, times: int = 3000) -> Iterator[bytes]:
    """`start`, then `piece` ten times a second, so often."""
    yield start
    pause = threading.Event()
    for _ in range(times):
        pause.wait(0.1)
        yield piece
