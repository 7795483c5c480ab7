"""One request over HTTP/2 inside a tunnel: for what HTTP/1.1 has no room for."""

from __future__ import annotations

import http.client
import socket
import ssl
from email.message import Message

import h2.config
import h2.connection
import h2.events

from scripts.story.stage import Stage
from tests.end_to_end.wire import PATIENCE_SECONDS, Headers, Reply, bearer


def send(
    stage: Stage, credential: tuple[str, str], method: str, path: str, headers: Headers, body: bytes, trailers: Headers
) -> Reply:
    """Open a tunnel to the stage's service, send one request that ends with `trailers`, and read the answer."""
    return _send(stage, stage.service.port, credential, method, path, headers, body, trailers)


def send_to(
    stage: Stage,
    port: int,
    credential: tuple[str, str],
    method: str,
    path: str,
    headers: Headers,
    body: bytes,
    trailers: Headers = (),
) -> Reply:
    """The same, to another service of the stage's."""
    return _send(stage, port, credential, method, path, headers, body, trailers)


def get(stage: Stage, port: int, path: str) -> Reply:
    """Read something of another service of the stage's, as its pipeline; trailers are told as headers."""
    return _send(stage, port, bearer(stage.pipeline_token()), "GET", path, [], b"", [])


def _send(
    stage: Stage,
    port: int,
    credential: tuple[str, str],
    method: str,
    path: str,
    headers: Headers,
    body: bytes,
    trailers: Headers,
) -> Reply:
    host = f"localhost:{port}"
    context = ssl.create_default_context(cafile=str(stage.gateway_ca))
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", stage.port), timeout=PATIENCE_SECONDS) as plain:
        plain.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{credential[0]}: {credential[1]}\r\n\r\n".encode())
        assert b" 200 " in plain.recv(65_536)
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() == "h2"
            connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            connection.initiate_connection()
            pseudo = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
            ends = list(trailers)
            connection.send_headers(1, [*pseudo, *((name.lower(), value) for name, value in headers)])
            early = _send_body(secure, connection, body)
            if ends:
                connection.send_headers(1, ends, end_stream=True)
            else:
                connection.end_stream(1)
            return _read(secure, connection, early)


def _send_body(secure: ssl.SSLSocket, connection: h2.connection.H2Connection, body: bytes) -> list[h2.events.Event]:
    """As the windows allow; what came meanwhile."""
    early: list[h2.events.Event] = []
    while body:
        size = min(len(body), connection.max_outbound_frame_size, connection.local_flow_control_window(1))
        if size == 0:
            early += _receive(secure, connection)
            continue
        connection.send_data(1, body[:size])
        body = body[size:]
    return early


def _receive(secure: ssl.SSLSocket, connection: h2.connection.H2Connection) -> list[h2.events.Event]:
    secure.sendall(connection.data_to_send())
    data = secure.recv(65_536)
    assert data, "the gateway hung up"
    return connection.receive_data(data)


def _read(secure: ssl.SSLSocket, connection: h2.connection.H2Connection, early: list[h2.events.Event]) -> Reply:
    status, fields, body = 0, http.client.HTTPMessage(), b""
    while True:
        events = early or _receive(secure, connection)
        early = []
        for event in events:
            match event:
                case h2.events.ResponseReceived(headers=answered):
                    status = _fill(fields, answered)
                case h2.events.TrailersReceived(headers=more):
                    _fill(fields, more)
                case h2.events.DataReceived(data=piece):
                    body += piece
                case h2.events.StreamEnded():
                    return Reply(status, "", fields, body)
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    raise http.client.HTTPException("the gateway reset the stream")


def _fill(fields: Message, answered: object) -> int:
    assert isinstance(answered, list)
    status = 0
    for name, value in answered:
        if name == ":status":
            status = int(value)
        else:
            fields[name] = value
    return status
