"""What the schema services share: their own credential, a record of all that reached them, and faults on demand.

Does not speak HTTP/2, and keeps everything in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a service sees it; `segments` are the decoded segments of the path."""

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answers."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that reached a service, as its seen file tells it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    authorised: bool

    def header(self, name: str) -> str | None:
        """The first value of the header field `name`, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do wrong, as the faults file says in JSON; it is read again for each request."""

    match: str = ""  #: a regular expression searched for in "METHOD target"; empty: every request
    delay_seconds: float = 0  #: before the request is applied
    status: int = 0  #: answer this at once, applying nothing
    drop_before_apply: bool = False  #: close the connection, applying nothing
    drop_after_apply: bool = False  #: apply, then close the connection without an answer
    drop_within_answer: bool = False  #: apply, send half of the answer's body, then close


def read_seen(file: Path) -> tuple[Seen, ...]:
    """Everything that reached the service so far, in order; each entry was on disk before its answer left."""
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    return tuple(
        Seen(
            entry["method"],
            entry["target"],
            tuple((name, value) for name, value in entry["headers"]),
            base64.b64decode(entry["body_base64"]),
            entry["authorised"],
        )
        for entry in entries
    )


class Server:
    """Serves `answer` on loopback to whoever has the credential, one request after the other being applied at once."""

    def __init__(
        self,
        answer: Callable[[Request], Answer],
        *,
        credential: str,
        seen_file: Path | None = None,
        faults_file: Path | None = None,
    ) -> None:
        """`credential` is `user:password`, demanded as HTTP Basic (RFC 7617)."""
        self._answer = answer
        self._expected = b"Basic " + base64.b64encode(credential.encode())
        self._seen_file = seen_file
        self._faults_file = faults_file
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: HTTPServer | None = None
        if seen_file is not None:
            seen_file.touch()

    def listen(self, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen on 127.0.0.1 and return the port; 0 chooses a free one. Needs a running event loop."""
        sockets = bind_sockets(port, "127.0.0.1")
        self._http = HTTPServer(self._start, ssl_options=tls)
        self._http.add_sockets(sockets)
        chosen: int = sockets[0].getsockname()[1]
        return chosen

    async def close(self) -> None:
        """Stop listening and close what is open."""
        if self._http is not None:
            self._http.stop()
            await self._http.close_all_connections()

    def _start(self, request: HTTPServerRequest) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, request: HTTPServerRequest) -> None:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        authorised = hmac.compare_digest(given, self._expected)
        self._record(request, authorised)
        fault = self._fault(request)
        await asyncio.sleep(fault.delay_seconds)
        connection = request.connection
        assert isinstance(connection, HTTP1Connection)
        if fault.drop_before_apply:
            connection.stream.close()
            return
        if not authorised:
            challenge = {"WWW-Authenticate": 'Basic realm="schemas"'}
            answer = Answer(401, b'{"error_code":40101,"message":"Unauthorized"}', headers=challenge)
        elif fault.status:
            answer = Answer(fault.status, b'{"error_code":50001,"message":"fault on demand"}')
        else:
            answer = self._answer(_read(request))
        if fault.drop_after_apply:
            connection.stream.close()
            return
        body = answer.body[: len(answer.body) // 2] if fault.drop_within_answer else answer.body
        if request.method == "HEAD":
            body = b""
        fields = HTTPHeaders(answer.headers)
        if answer.status != HTTPStatus.NO_CONTENT:  # RFC 9110, 8.6: no length where there can be no content
            fields["Content-Type"] = answer.media_type
            fields["Content-Length"] = str(len(answer.body))
        start_line = ResponseStartLine("HTTP/1.1", answer.status, responses.get(answer.status, ""))
        try:
            await connection.write_headers(start_line, fields, body)
            if fault.drop_within_answer:
                connection.stream.close()
            else:
                connection.finish()
        except StreamClosedError:
            pass  # the client has gone: what was applied stays applied

    def _record(self, request: HTTPServerRequest, authorised: bool) -> None:
        if self._seen_file is None:
            return
        entry = {
            "method": request.method,
            "target": request.uri,
            "headers": list(request.headers.get_all()),
            "body_sha256": hashlib.sha256(request.body).hexdigest(),
            "body_base64": base64.b64encode(request.body).decode(),
            "authorised": authorised,
        }
        with self._seen_file.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def _fault(self, request: HTTPServerRequest) -> Fault:
        if self._faults_file is None or not self._faults_file.exists():
            return Fault()
        fault = Fault(**json.loads(self._faults_file.read_text() or "{}"))
        return fault if re.search(fault.match, f"{request.method} {request.uri}") else Fault()


def json_answer(status: int, value: Any, media_type: str = "application/json", **headers: str) -> Answer:
    """An answer whose body is `value` as JSON; `headers` are given with `_` for `-`."""
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), media_type, fields)


def run(answer: Callable[[Request], Answer], parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Serve until the process is ended. Prints `ready PORT` once it listens; see `add_options`."""
    if (arguments.cert is None) != (arguments.key is None):
        parser.error("--cert and --key are given together or not at all")
    tls = None
    if arguments.cert is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.cert, arguments.key)
    server = Server(
        answer,
        credential=arguments.credential_file.read_text().strip(),
        seen_file=arguments.seen_file,
        faults_file=arguments.faults_file,
    )

    async def serve() -> None:
        port = server.listen(arguments.port, tls)
        print(f"ready {port}", flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every service has."""
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--cert", type=Path, help="PEM certificate chain: HTTPS instead of HTTP")
    parser.add_argument("--key", type=Path, help="PEM private key of --cert")
    parser.add_argument("--credential-file", type=Path, required=True, help="holds user:password")
    parser.add_argument("--seen-file", type=Path, help="JSON lines: every request, written before it is answered")
    parser.add_argument("--faults-file", type=Path, help="JSON members of Fault, read again for each request")


def _read(request: HTTPServerRequest) -> Request:
    assert request.method is not None
    segments = tuple(unquote(segment) for segment in request.path.split("/")[1:])
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(request.method, segments, query, headers, request.body)
