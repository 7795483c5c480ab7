"""Which hosts: registered ones are opened, listed tunnels pass blind, everything else is refused."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from scripts.story.certificates import Authority, ServerCertificate
from scripts.story.process import free_port
from scripts.story.stage import Stage
from tests.end_to_end.records import listed, wait_for
from tests.end_to_end.wire import PATIENCE_SECONDS, Wire, bearer

READ = "/schemas/orders-value"


class Echo(socketserver.BaseRequestHandler):
    """Sends back what it gets; over TLS where the server has a certificate."""

    def handle(self) -> None:
        assert isinstance(self.server, EchoServer)
        stream = self.request
        if self.server.tls is not None:
            stream = self.server.tls.wrap_socket(stream, server_side=True)
        with stream:
            while data := stream.recv(65_536):
                self.server.received.append(data)
                stream.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, certificate: ServerCertificate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.received: list[bytes] = []
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate.certificate, certificate.key)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Of a server that the gateway knows nothing about."""
    return Authority(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module")
def echoes(authority: Authority) -> Iterator[dict[str, EchoServer]]:
    """One that is listed as a tunnel in plain TCP, one over TLS, and one that is not listed."""
    servers = {"plain": EchoServer(), "tls": EchoServer(authority.issue("localhost")), "unlisted": EchoServer()}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, echoes: dict[str, EchoServer]) -> Iterator[Stage]:
    """A stage with two listed tunnels."""
    tunnels = (("127.0.0.1", echoes["plain"].port), ("localhost", echoes["tls"].port))
    with Stage(tmp_path_factory.mktemp("front-door"), "store", tunnels=tunnels) as stage:
        stage.ask_service("PUT", READ, b'{"type": "object"}')
        yield stage


def tunnels(stage: Stage, port: int) -> list[str]:
    """The steps that are recorded of tunnels to this port."""
    return [str(r["fields"]["step"]) for r in listed(stage) if r["type"] == "tunnel" and r["fields"]["port"] == port]


def refusals(stage: Stage) -> list[dict[str, Any]]:
    return [record["fields"] for record in listed(stage) if record["type"] == "refusal"]


def test_an_unknown_host_is_refused_and_a_registered_one_is_opened(store: Stage, echoes: dict[str, EchoServer]) -> None:
    """The reason phrase says what is wrong and who can change it; the registered service answers through its tunnel."""
    target = f"127.0.0.1:{echoes['unlisted'].port}"
    with Wire(store.port) as wire:
        refused = wire.connect(target, bearer(store.pipeline_token()))
    assert refused.status == 403
    assert target in refused.reason
    assert "neither a registered connection nor a listed tunnel" in refused.reason
    assert "operators" in refused.reason
    assert echoes["unlisted"].received == []
    assert any((f["code"], f["host"]) == ("unknown-host", target) for f in refusals(store))
    with Wire(store.port) as wire:
        assert wire.connect(f"localhost:{store.service.port}", bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        reply = wire.send("GET", READ, [("Host", f"localhost:{store.service.port}")])
    assert (reply.status, reply.body) == (200, b'{"type": "object"}')


def test_a_listed_tunnel_passes_whatever_bytes(store: Stage, echoes: dict[str, EchoServer]) -> None:
    """Bytes that are no protocol come back as they were; opening and closing are recorded. Without a token nothing opens."""
    target, noise = f"127.0.0.1:{echoes['plain'].port}", b"\x00\xff GET / HTTP/1.1\r\n\r\n\x16\x03\x01 not TLS"
    with Wire(store.port) as wire:
        assert wire.connect(target).status == 407
    assert tunnels(store, echoes["plain"].port) == []
    with Wire(store.port) as wire:
        assert wire.connect(target, bearer(store.pipeline_token())).status == 200
        wire.write(noise)
        back = b""
        while len(back) < len(noise):
            back += wire.read(65_536)
        assert back == noise
        assert tunnels(store, echoes["plain"].port) == ["opened"]
    wait_for(store, "tunnel", 1, port=echoes["plain"].port, step="closed")
    assert tunnels(store, echoes["plain"].port) == ["opened", "closed"]


def test_a_listed_tunnel_is_not_opened_with_the_gateways_own_certificate(
    store: Stage, echoes: dict[str, EchoServer], authority: Authority
) -> None:
    """The client sees the certificate of the other end, so nobody reads in between; a registered host shows the gateway's."""
    with Wire(store.port) as wire:
        assert wire.connect(f"localhost:{echoes['tls'].port}", bearer(store.pipeline_token())).status == 200
        wire.start_tls(authority.certificate)
        wire.write(b"hidden from the gateway")
        assert wire.read(100) == b"hidden from the gateway"
    wait_for(store, "tunnel", 1, port=echoes["tls"].port, step="closed")
    assert tunnels(store, echoes["tls"].port) == ["opened", "closed"]
    with Wire(store.port) as wire:
        assert wire.connect(f"localhost:{store.service.port}", bearer(store.pipeline_token())).status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            wire.start_tls(authority.certificate)


def test_the_gateways_own_ports_cannot_be_reached_through_it(store: Stage) -> None:
    """Neither the console nor the proxy itself, by CONNECT or as a plain request; the console's own door is open."""
    console = urlsplit(store.console_url)
    assert console.port is not None
    token = store.provider.token_for_person("bob")
    for host in ("127.0.0.1", "localhost"):
        for port in (console.port, store.port):
            with Wire(store.port) as wire:
                assert wire.connect(f"{host}:{port}", bearer(token)).status == 403
            with Wire(store.port) as wire:
                url = f"http://{host}:{port}/api/approvals"
                headers = [("Host", f"{host}:{port}"), bearer(token), bearer(token, "Authorization")]
                reply = wire.send("GET", url, headers)
                assert (reply.status, reply.problem["type"]) == (403, "urn:countersign:problem:unknown-host")
    with Wire(console.port) as wire:
        reply = wire.send("GET", "/api/approvals", [("Host", console.netloc), bearer(token, "Authorization")])
    assert (reply.status, b'"approvals"' in reply.body) == (200, True)


def test_a_plain_request_to_a_host_that_is_registered_for_https_is_refused(store: Stage) -> None:
    """The service would be asked in the clear, or not at all; inside the tunnel the same request passes."""
    before, host = len(store.service.seen), f"localhost:{store.service.port}"
    with Wire(store.port) as wire:
        reply = wire.send("GET", f"http://{host}{READ}", [("Host", host), bearer(store.pipeline_token())])
    assert (reply.status, reply.problem["type"]) == (403, "urn:countersign:problem:wrong-scheme")
    assert len(store.service.seen) == before
    assert any(fields["code"] == "wrong-scheme" for fields in refusals(store))
    with Wire(store.port) as wire:
        assert wire.connect(host, bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        assert wire.send("GET", READ, [("Host", host)]).status == 200
    assert len(store.service.seen) == before + 1


def test_another_host_inside_the_tunnel_is_refused(store: Stage, echoes: dict[str, EchoServer]) -> None:
    """A tunnel leads where its CONNECT said, whatever the Host header inside says."""
    before, host = len(store.service.seen), f"localhost:{store.service.port}"
    with Wire(store.port) as wire:
        assert wire.connect(host, bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        reply = wire.send("GET", READ, [("Host", f"127.0.0.1:{echoes['unlisted'].port}")])
        assert (reply.status, len(store.service.seen)) == (403, before)
    with Wire(store.port) as wire:
        assert wire.connect(host, bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        assert wire.send("GET", READ, [("Host", host)]).status == 200
    assert echoes["unlisted"].received == []


def test_a_tunnel_takes_the_path_alone(store: Stage) -> None:
    """An absolute target would reach the service as it is, while the gateway looks at its path only."""
    before, host = len(store.service.seen), f"localhost:{store.service.port}"
    with Wire(store.port) as wire:
        assert wire.connect(host, bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        refused = wire.send("GET", f"https://{host}{READ}", [("Host", host)])
        assert (refused.status, refused.problem["type"]) == (403, "urn:countersign:problem:absolute-target")
        assert len(store.service.seen) == before
        assert wire.send("GET", READ, [("Host", host)]).status == 200
    assert len(store.service.seen) == before + 1


def test_the_registered_service_is_not_contacted_before_anybody_may(store: Stage) -> None:
    """A CONNECT alone, with a good token, opens nothing at the service: the gateway's log shows no connection to it."""
    port = free_port()  # nothing listens there: a contact would fail and be told
    with Wire(store.port) as wire:
        refused = wire.connect(f"localhost:{port}", bearer(store.pipeline_token()))
    assert refused.status == 403
    assert not re.search(rf"server connect .*:{port}", store.gateway.output)
    before = len(re.findall(rf"server connect .*:{store.service.port}", store.gateway.output))
    with Wire(store.port) as wire:
        assert wire.connect(f"localhost:{store.service.port}", bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        assert len(re.findall(rf"server connect .*:{store.service.port}", store.gateway.output)) == before
        assert wire.send("GET", READ, [("Host", f"localhost:{store.service.port}")]).status == 200
    store.gateway.wait_for_line(rf"server connect .*:{store.service.port}", seconds=PATIENCE_SECONDS)
    assert len(re.findall(rf"server connect .*:{store.service.port}", store.gateway.output)) == before + 1
