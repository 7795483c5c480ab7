"""A service over HTTP/1.1 whose answers a test writes: any head, any body, chunked or not, with conditions (RFC 9110)."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.story.certificates import ServerCertificate
from scripts.story.service import Seen


@dataclass(frozen=True, slots=True)
class Written:
    """One answer. With an ETag among its headers, If-None-Match and Range are honoured."""

    body: bytes
    media_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    chunked: bool = False


class AnsweringService:
    """Listens on loopback with TLS. What follows `orders-` in a target chooses the answer; `seen` is what was asked."""

    def __init__(self, certificate: ServerCertificate, answers: Mapping[str, Written]) -> None:
        self.seen: list[Seen] = []
        service = self
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def setup(self) -> None:
                self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()  # the server closes what it accepted, which is detached from this one

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                sent = tuple((name, value) for name, value in self.headers.items())
                service.seen.append(Seen(self.command, self.path, sent, body, True))
                self.answer(answers[self.path.rpartition("orders-")[2]])

            do_HEAD = do_POST = do_PUT = do_GET

            def answer(self, written: Written) -> None:
                status, body, headers = written.status, written.body, list(written.headers)
                tag = dict(headers).get("ETag")
                if tag is not None and tag in self.headers.get("If-None-Match", ""):
                    status, body = 304, b""
                elif tag is not None and self.headers.get("Range", "").startswith("bytes=0-"):
                    end = int(self.headers["Range"].removeprefix("bytes=0-"))
                    headers.append(("Content-Range", f"bytes 0-{end}/{len(body)}"))
                    status, body = 206, body[: end + 1]
                self.send_response(status)
                if written.media_type is not None:
                    self.send_header("Content-Type", written.media_type)
                for name, value in headers:
                    self.send_header(name, value)
                if written.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                elif status not in (204, 304):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(_chunks(body) if written.chunked else body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _chunks(body: bytes, size: int = 7) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
