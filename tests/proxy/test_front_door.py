"""Which hosts: registered, tunnelled or refused; and that nothing inside a connection leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.net.server_spec import ServerSpec
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tflow

from countersign.proxy.exchange import exchange_of
from countersign.proxy.front_door import _names
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import EchoServer, SchemaService
from tests.proxy.wire_http2 import Wire2

# -- CONNECT ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["unknown.example:443", "127.0.0.1:9", "169.254.169.254:80", "[::1]:443", "localhost:443"]
)
async def test_a_tunnel_to_an_unknown_host_is_refused(host: str, gateway: Gateway) -> None:
    """Refused is the default; the reason phrase says why, and it is on record."""
    _, answer = await gateway.tunnel(host)
    assert answer.status == 403
    assert "neither a registered connection nor a listed tunnel" in answer.reason
    (record,) = await gateway.recorded("refusal")
    assert record.fields["code"] == "unknown-host"
    assert str(record.fields["host"]).endswith(host.rpartition(":")[2])


async def test_a_listed_tunnel_passes_blind_bytes(gateway: Gateway, echo: EchoServer) -> None:
    """Whatever it is, HTTP or not, it goes through unread; opening and closing are on record."""
    wire, answer = await gateway.tunnel(f"127.0.0.1:{echo.port}")
    assert answer.status == 200
    for data in (
        b"\x00\xff not HTTP \r\n\r\n",
        b"CONNECT unknown.example:443 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        wire.write(data)
        assert await wire.read(len(data)) == data
    wire.close()
    opened, closed = await gateway.recorded("tunnel", 2)
    assert (opened.fields["step"], closed.fields["step"]) == ("opened", "closed")
    assert opened.exchange == closed.exchange
    assert opened.fields["port"] == echo.port
    assert str(opened.fields["caller"]).startswith("alice at ")
    assert not gateway.watch.flows


async def test_a_registered_connection_is_opened(secure_gateway: Gateway) -> None:
    """Inside the tunnel requests are read and decided on, one after the other."""
    gateway = secure_gateway
    gateway.service.schemas["a"] = b'{"type":"object"}'
    wire = await gateway.inside()
    host = [("Host", f"127.0.0.1:{gateway.service.port}")]
    assert (await wire.send("GET", "/schemas/a", host)).body == b'{"type":"object"}'
    assert (await wire.send("GET", "/schemas/b", host)).status == 404
    refused = await wire.send("DELETE", "/unknown", host)
    assert (refused.status, refused.code) == (403, "unknown-operation")


async def test_a_connection_for_plain_http_takes_no_tunnel(gateway: Gateway) -> None:
    """What is registered for plain HTTP is not reached through CONNECT."""
    _, answer = await gateway.tunnel(f"127.0.0.1:{gateway.service.port}")
    assert answer.status == 403
    assert "registered for plain HTTP" in answer.reason


async def test_plain_http_inside_a_tunnel_is_refused(secure_gateway: Gateway) -> None:
    """A tunnel to an HTTPS service carries TLS; plain requests in it would reach the service unencrypted."""
    wire, answer = await secure_gateway.tunnel(f"127.0.0.1:{secure_gateway.service.port}")
    assert answer.status == 200
    refused = await wire.send("GET", "/schemas/a", [("Host", f"127.0.0.1:{secure_gateway.service.port}")])
    assert (refused.status, refused.code) == (403, "wrong-scheme")
    assert secure_gateway.service.connections == 0


async def test_bytes_that_are_not_http_stop_inside_a_registered_tunnel(secure_gateway: Gateway) -> None:
    """mitmproxy would pass them on as raw TCP; `rawtcp` is off, so they go nowhere."""
    wire, _ = await secure_gateway.tunnel(f"127.0.0.1:{secure_gateway.service.port}")
    wire.write(b"\x00\x01\x02 not HTTP\r\n\r\n")
    await wire.read_end()
    assert secure_gateway.service.connections == 0


@pytest.mark.parametrize("target", ["unknown.example:443", "127.0.0.1:{port}"])
async def test_a_tunnel_in_a_tunnel_is_refused(target: str, secure_gateway: Gateway) -> None:
    """mitmproxy answers 400 to the second CONNECT itself; nothing is sent anywhere."""
    wire = await secure_gateway.inside()
    target = target.format(port=secure_gateway.service.port)
    answer = await wire.send(
        "CONNECT", target, [("Host", target), ("Proxy-Authorization", f"Bearer {secure_gateway.token()}")]
    )
    assert answer.status == 400
    assert secure_gateway.service.connections == 0


async def test_a_second_connect_of_one_connection_is_refused(gateway: Gateway, echo: EchoServer) -> None:
    """Should mitmproxy ever pass one on, the door refuses it, and the first tunnel stays what it is."""
    first, second = tflow.tflow(), tflow.tflow()
    second.client_conn = first.client_conn
    for flow in (first, second):
        flow.request = http.Request.make("CONNECT", f"http://127.0.0.1:{echo.port}/")
        await gateway.addon("front_door").http_connect(flow)
    assert first.response is None
    assert second.response is not None
    assert b"nested-connect" in (second.response.content or b"")
    gateway.addon("front_door").http_connect_error(second)
    third = tflow.tflow()
    third.client_conn, third.request = first.client_conn, second.request.copy()
    await gateway.addon("front_door").http_connect(third)
    assert third.response is not None


async def test_connect_over_http2_is_refused(gateway: Gateway, echo: EchoServer) -> None:
    """There one client connection carries many callers' tunnels; plain requests and CONNECT over HTTP/1.1 are fine."""
    credential = ("proxy-authorization", f"Bearer {gateway.token()}")
    wire = await Wire2.to(gateway)
    authority = f"127.0.0.1:{echo.port}"
    connect = [(":method", "CONNECT"), (":scheme", "https"), (":path", "/"), (":authority", authority), credential]
    status, body = await wire.send(connect)
    assert (status, b"connect-over-http2" in body) == (403, True)
    place = (":authority", f"127.0.0.1:{gateway.service.port}")
    read = [(":method", "GET"), (":scheme", "http"), (":path", "/schemas/a"), place, credential]
    assert (await wire.send(read))[0] == 404
    wire.close()
    assert (await gateway.tunnel(authority))[1].status == 200


# -- where a request leads --------------------------------------------------------------------------------------------


async def test_another_host_inside_a_tunnel_is_refused(secure_gateway: Gateway) -> None:
    """The Host header must name the host of the CONNECT."""
    wire = await secure_gateway.inside()
    refused = await wire.send("GET", "/schemas/a", [("Host", "other.example")])
    assert (refused.status, refused.code) == (403, "wrong-host")
    assert secure_gateway.service.connections == 0


async def test_another_tls_server_name_is_refused(secure_gateway: Gateway) -> None:
    """The name in the TLS handshake must be the host of the CONNECT."""
    wire, _ = await secure_gateway.tunnel(f"127.0.0.1:{secure_gateway.service.port}")
    await wire.start_tls(secure_gateway.trust(), "localhost")
    refused = await wire.send("GET", "/schemas/a", [("Host", f"127.0.0.1:{secure_gateway.service.port}")])
    assert (refused.status, refused.code) == (403, "wrong-host")
    assert secure_gateway.service.connections == 0


async def test_an_unknown_host_is_refused_for_plain_requests(gateway: Gateway) -> None:
    """Refused is the default here too, and no connection is made."""
    wire = await gateway.wire()
    headers = [("Host", "unknown.example"), ("Proxy-Authorization", f"Bearer {gateway.token()}")]
    answer = await wire.send("GET", "http://unknown.example/", headers)
    assert (answer.status, answer.code) == (403, "unknown-host")


@pytest.mark.parametrize("names", [("other.example",), ("127.0.0.1:{port}", "other.example"), ("127.0.0.1",)])
async def test_a_host_header_that_says_otherwise_is_refused(names: tuple[str, ...], gateway: Gateway) -> None:
    """The service must not be told another name than the one that was checked."""
    wire = await gateway.wire()
    hosts = [("Host", name.format(port=gateway.service.port)) for name in names]
    headers = [*hosts, ("Proxy-Authorization", f"Bearer {gateway.token()}")]
    answer = await wire.send("GET", gateway.service.url + "/schemas/a", headers)
    assert answer.status in (400, 403)
    assert gateway.service.connections == 0
    assert (await gateway.send("GET", "/schemas/a")).status == 404


async def test_the_gateways_own_listeners_are_not_reached_through_it(gateway: Gateway) -> None:
    """Neither the console nor the proxy itself is a registered host (CVE-2025-23217 of mitmproxy)."""
    assert gateway.runtime._console is not None
    console = int(gateway.runtime._console.url.rpartition(":")[2])
    for port in (console, gateway.port):
        wire = await gateway.wire()
        headers = [("Host", f"127.0.0.1:{port}"), ("Proxy-Authorization", f"Bearer {gateway.token()}")]
        assert (await wire.send("GET", f"http://127.0.0.1:{port}/", headers)).code == "unknown-host"
        assert (await gateway.tunnel(f"127.0.0.1:{port}"))[1].status == 403


async def test_a_request_without_a_host_is_refused(gateway: Gateway) -> None:
    """Origin-form to the proxy's port, and no Host: there is nowhere to lead to."""
    wire = await gateway.wire()
    answer = await wire.send("GET", "/schemas/a", [("Proxy-Authorization", f"Bearer {gateway.token()}")])
    assert answer.status >= 400
    assert gateway.service.connections == 0


async def test_what_leads_elsewhere_than_its_tunnel_is_refused(secure_gateway: Gateway) -> None:
    """Should mitmproxy ever give a request in a tunnel another host than its CONNECT named."""
    door = secure_gateway.addon("front_door")
    for inside, code in ((("other.example", 443), "wrong-host"), (("127.0.0.1", secure_gateway.service.port), None)):
        flow = tflow.tflow()
        flow.request = http.Request.make("GET", secure_gateway.service.url)
        flow.request.headers["Host"] = f"127.0.0.1:{secure_gateway.service.port}"
        flow.client_conn.sni = None
        door._inside[flow.client_conn.id] = inside
        door.requestheaders(flow)
        exchange = exchange_of(flow)
        assert exchange is not None
        assert (exchange.refusal.code if exchange.refusal else None) == code


@pytest.mark.parametrize(
    ("host", "port", "header", "is_named"),
    [
        ("schemas.example", 443, "schemas.example", True),
        ("schemas.example", 443, "SCHEMAS.example:443", True),
        ("schemas.example", 8443, "schemas.example", False),
        ("schemas.example", 443, "schemas.example.", False),
        ("2001:db8::1", 443, "[2001:db8::1]", True),
        ("2001:db8::1", 8443, "[2001:db8::1]:8443", True),
        ("2001:db8::1", 443, "2001:db8::1", False),
    ],
)
def test_a_host_is_named_in_one_way(host: str, port: int, header: str, is_named: bool) -> None:
    """As RFC 9110 writes it: an IPv6 address in brackets, the port left out only where it is the scheme's."""
    request = http.Request.make("GET", "https://x/")
    request.headers["Host"] = header
    assert _names(request, host, port) == is_named


# -- reverse mode -----------------------------------------------------------------------------------------------------


async def test_reverse_mode_takes_the_path_alone(folder: Path, provider: KeyServer, service: SchemaService) -> None:
    """An absolute target would reach the service as it is, while the gateway looks at its path only."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    async with running_gateway(folder, provider, service, mode=[f"reverse:{service.url}"]) as gateway:
        headers = [("Host", f"127.0.0.1:{gateway.port}"), ("Countersign-Authorization", f"Bearer {gateway.token()}")]
        refused = await (await gateway.wire()).send("GET", f"{service.url}/schemas/a", headers)
        assert (refused.status, refused.code) == (403, "absolute-target")
        assert service.connections == 0
        assert (await (await gateway.wire()).send("GET", "/schemas/a", headers)).status == 404
        assert service.connections == 1


# -- the choke point --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "via", "is_refused"),
    [
        (("127.0.0.1", 0), None, False),
        (("127.0.0.1", 9), None, True),
        (("unknown.example", 443), None, True),
        (("127.0.0.1", 0), ("http", ("127.0.0.1", 3128)), True),
        (None, None, True),
    ],
)
def test_no_connection_leads_elsewhere(
    address: tuple[str, int] | None, via: ServerSpec | None, is_refused: bool, gateway: Gateway
) -> None:
    """Whoever asks for it, a connection is opened to registered hosts only, and directly; port 0 stands for theirs."""
    data = server_hooks.ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.address = (address[0], address[1] or gateway.service.port) if address else None
    data.server.via = via
    gateway.addon("front_door").server_connect(data)
    assert (data.server.error is not None) == is_refused
