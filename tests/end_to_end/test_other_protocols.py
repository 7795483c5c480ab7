"""What is not HTTP/1.1 or HTTP/2 from end to end: no upgrade, no tunnel in a tunnel, nothing over UDP."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.story.service import Seen
from scripts.story.stage import Stage
from tests.end_to_end.records import read, wait_for
from tests.end_to_end.wire import Wire, bearer, inside
from tests.end_to_end.wire2 import Wire2

READ = "/schemas/orders-value"
WEBSOCKET = (("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The gateway as a forward proxy."""
    with Stage(tmp_path_factory.mktemp("protocols"), "store") as made:
        made.ask_service("PUT", READ, b'{"type": "object"}')
        yield made


@pytest.mark.parametrize("protocol", ["websocket", "WebSocket", "TLS/1.0", "IRC/6.9, x", "connect-udp", "h2"])
def test_no_upgrade_passes(stage: Stage, protocol: str) -> None:
    """400 and on record, the service sees nothing; the same request without the header is answered."""
    host, before = ("Host", f"localhost:{stage.service.port}"), len(stage.service.seen)
    fields = [host, ("Connection", "Upgrade"), ("Upgrade", protocol), *WEBSOCKET]
    with inside(stage) as wire:
        refused = wire.send("GET", READ, fields)
        assert refused.status == 400
        assert "upgrade" in refused.problem["detail"]
    (record,) = [record for record in read(stage) if record.exchange == refused.problem["exchange"]]
    assert (record.type, record.fields["status"]) == ("refusal", 400)
    assert len(stage.service.seen) == before
    with inside(stage) as wire:
        assert wire.send("GET", READ, [host]).status == 200
    assert len(stage.service.seen) == before + 1


def posted(stage: Stage, before: int) -> list[Seen]:
    """The data that came to the service; its schema may have been looked up for it."""
    return [seen for seen in stage.service.seen[before:] if seen.method == "POST"]


def test_an_upgrade_to_http_2_is_not_taken_up(stage: Stage) -> None:
    """A client that offers h2c gets its answer over HTTP/1.1 (RFC 9110, 7.8), and the service sees no offer."""
    fields = [("Host", f"localhost:{stage.service.port}"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")]
    with inside(stage) as wire:
        reply = wire.send("GET", READ, [*fields, ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c")])
        assert (reply.status, reply.body) == (200, b'{"type": "object"}')
        assert wire.send("GET", READ, fields[:1]).status == 200  # still HTTP/1.1
    offered = stage.service.seen[-2]
    assert [offered.header(name) for name in ("Upgrade", "HTTP2-Settings", "Connection")] == [None, None, None]


@pytest.mark.parametrize("tls", [True, False], ids=["inside a tunnel", "to the proxy"])
def test_http_2_without_being_agreed_on_goes_nowhere(stage: Stage, tls: bool) -> None:
    """The preface of HTTP/2 where HTTP/1.1 is spoken: the connection is closed; agreed on by ALPN it is spoken."""
    before = len(stage.service.seen)
    with inside(stage) if tls else Wire(stage.port) as wire:
        wire.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        answer = b""
        while piece := wire.read(65_536):
            answer += piece
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert len(stage.service.seen) == before
    wire2 = Wire2(stage, "/data/orders-value")
    number = wire2.begin()
    wire2.send(number, b'{"note": "x"}', ends=True)
    assert wire2.read_status(number) == 200
    wire2.close()
    assert len(posted(stage, before)) == 1


def test_a_websocket_over_http_2_goes_nowhere(stage: Stage) -> None:
    """Extended CONNECT (RFC 8441) was not offered, so it is an error of the connection; a plain request is answered."""
    before = len(stage.service.seen)
    for headers, status in (([(":protocol", "websocket"), ("sec-websocket-version", "13")], None), ([], 200)):
        wire2 = Wire2(stage, "/data/orders-value")
        number = wire2.begin(*headers, method="CONNECT" if headers else "POST")
        wire2.send(number, b'{"note": "x"}', ends=True)
        assert wire2.read_status(number) == status
        wire2.close()
    assert len(posted(stage, before)) == 1


def test_a_tunnel_in_a_tunnel_is_refused(stage: Stage) -> None:
    """Inside a tunnel CONNECT is answered 400 and on record, even to the same service; a GET there is answered."""
    host, refused = f"localhost:{stage.service.port}", len(wait_for(stage, "refusal", 0, method="CONNECT"))
    before = len(stage.service.seen)
    with inside(stage) as wire:
        assert wire.send("CONNECT", host, [("Host", host), bearer(stage.pipeline_token())]).status == 400
    assert len(wait_for(stage, "refusal", refused + 1, method="CONNECT")) == refused + 1
    assert len(stage.service.seen) == before
    with inside(stage) as wire:
        assert wire.send("GET", READ, [("Host", host)]).status == 200


def test_tls_in_tls_is_not_read(stage: Stage) -> None:
    """A second TLS handshake inside the first is no HTTP: it fails, and the service is not contacted; HTTP there is read."""
    before = stage.gateway.output.count("server connect")
    with inside(stage) as wire:
        wire.be_patient_for(10)
        hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
        second = ssl.create_default_context(cafile=str(stage.gateway_ca)).wrap_bio(
            answer, hello, server_hostname="localhost"
        )
        with pytest.raises(ssl.SSLWantReadError):
            second.do_handshake()
        wire.write(hello.read() + b"\r\n\r\n")
        assert not wire.read(65_536).startswith(b"\x16")
    assert stage.gateway.output.count("server connect") == before
    with inside(stage) as wire:
        assert wire.send("GET", READ, [("Host", f"localhost:{stage.service.port}")]).status == 200


def test_nothing_is_read_over_udp(tmp_path: Path) -> None:
    """mitmproxy's reverse mode listens there too: a QUIC packet gets no answer and no contact; a request over TCP does."""
    with Stage(tmp_path, "store", mode="reverse:{service}") as stage:
        stage.ask_service("PUT", READ, b'{"type": "object"}')
        initial = b"\xc3\0\0\0\1\x08" + secrets.token_bytes(8) + b"\0\0\x44\x96" + secrets.token_bytes(1174)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.connect(("127.0.0.1", stage.port))
            for _ in range(3):
                client.send(initial)
                with pytest.raises((TimeoutError, ConnectionError)):
                    client.recv(65_536)
        stage.gateway.wait_for_line("client disconnect")
        assert "server connect" not in stage.gateway.output
        with Wire(stage.port) as wire:
            token = bearer(stage.pipeline_token(), "Countersign-Authorization")
            assert wire.send("GET", READ, [("Host", f"127.0.0.1:{stage.port}"), token]).status == 200
