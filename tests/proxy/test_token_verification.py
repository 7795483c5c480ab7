"""Who is calling, on every request; and that no credential for the gateway goes further."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from countersign.errors import InvalidCredential
from countersign.proxy.exchange import Exchange, begin, exchange_of
from tests.identity.issuing import Clock, KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import EchoServer, SchemaService
from tests.proxy.wire import Answer
from tests.proxy.wire_http2 import Wire2


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"ci:{token}".encode()).decode()


def _callers(gateway: Gateway) -> list[str]:
    return [str(record.fields["caller"]).split()[0] for record in gateway.records("intent")]


# -- plain requests ---------------------------------------------------------------------------------------------------


async def _send(gateway: Gateway, *headers: tuple[str, str]) -> Answer:
    return await gateway.send("GET", "/schemas/a", headers=[("Host", f"127.0.0.1:{gateway.service.port}"), *headers])


@pytest.mark.parametrize("form", ["Bearer", "Basic"])
async def test_both_forms_of_a_credential_are_read(form: str, gateway: Gateway) -> None:
    """A bearer token, or the token as the password that tools put into HTTPS_PROXY."""
    token = gateway.token()
    value = f"Bearer {token}" if form == "Bearer" else _basic(token)
    assert (await _send(gateway, ("Proxy-Authorization", value))).status == 404
    assert _callers(gateway) == ["alice"]


def _bad_credentials(gateway: Gateway) -> dict[str, list[tuple[str, str]]]:
    good = f"Bearer {gateway.token()}"
    head, payload, signature = gateway.token().split(".")
    return {
        "none": [],
        "empty": [("Proxy-Authorization", "")],
        "no token": [("Proxy-Authorization", "Bearer not-a-token")],
        "unsigned": [("Proxy-Authorization", f"Bearer {head}.{payload}.")],
        "signature of another": [("Proxy-Authorization", f"Bearer {head}.{payload}.{signature[::-1]}")],
        "expired": [("Proxy-Authorization", f"Bearer {gateway.token(lives_seconds=-100)}")],
        "for somebody else": [("Proxy-Authorization", f"Bearer {gateway.token(aud='other')}")],
        "of another issuer": [("Proxy-Authorization", f"Bearer {gateway.token(iss='https://other.example')}")],
        "twice": [("Proxy-Authorization", good), ("Proxy-Authorization", good)],
        "in Authorization": [("Authorization", good)],
        "in Countersign-Authorization": [("Countersign-Authorization", good)],
    }


async def test_without_a_good_credential_nothing_passes(gateway: Gateway) -> None:
    """407 with both challenges, nothing sent to the service, and on record without the credential."""
    for name, headers in _bad_credentials(gateway).items():
        answer = await _send(gateway, *headers)
        assert (answer.status, answer.code) == (407, "no-identity"), name
        assert [value.split()[0] for value in answer.header("proxy-authenticate")] == ["Bearer", "Basic"]
    assert gateway.service.connections == 0
    records = await gateway.recorded("refusal", len(_bad_credentials(gateway)))
    assert {record.fields["code"] for record in records} == {"no-identity"}
    for record in records:
        kept = b"".join(payload.data for payload in record.payloads.values())
        assert b"eyJ" not in kept
        assert "eyJ" not in str(record.fields)


async def test_an_unreachable_provider_is_not_the_callers_fault(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After where nobody can say whether the token is good; with the keys again, it passes."""
    monkeypatch.setattr(gateway.provider, "status", 500)
    answer = await gateway.send("GET", "/schemas/a")
    assert (answer.status, answer.code) == (503, "identity-provider-unavailable")
    assert answer.header("retry-after")
    assert gateway.service.connections == 0


async def test_one_http2_connection_carries_several_callers(gateway: Gateway) -> None:
    """Each request is its own caller's, though the connection is one."""
    wire = await Wire2.to(gateway)
    place = (":authority", f"127.0.0.1:{gateway.service.port}")
    read = [(":method", "GET"), (":scheme", "http"), (":path", "/schemas/a"), place]
    for person in ("alice", "carol"):
        assert (await wire.send([*read, ("proxy-authorization", f"Bearer {gateway.token(person)}")]))[0] == 404
    assert (await wire.send(read))[0] == 407
    assert _callers(gateway) == ["alice", "carol"]
    wire.close()


# -- tunnels ----------------------------------------------------------------------------------------------------------


async def test_connect_without_a_credential_is_refused(gateway: Gateway, echo: EchoServer) -> None:
    """Blind tunnels too are for known callers only."""
    wire = await gateway.wire()
    target = f"127.0.0.1:{echo.port}"
    answer = await wire.send("CONNECT", target, [("Host", target)])
    assert (answer.status, answer.code) == (407, "no-identity")
    assert (await gateway.tunnel(target, token=gateway.token(lives_seconds=-100)))[1].status == 407
    assert echo.received == b""
    assert (await gateway.tunnel(target))[1].status == 200


async def test_the_token_of_a_tunnel_can_be_verified_again(gateway: Gateway, echo: EchoServer) -> None:
    """For as long as the tunnel is open, by whoever has its exchange, which does not hold the token itself."""
    flow = tflow.tflow()
    flow.request = http.Request.make("CONNECT", f"http://127.0.0.1:{echo.port}/")
    token = gateway.token()
    flow.request.headers["Proxy-Authorization"] = f"Bearer {token}"
    exchange = Exchange("e1", 1, "tunnel")
    begin(flow, exchange)
    await gateway.addon("token_verification").http_connect(flow)
    assert exchange.verify_again is not None
    assert token not in repr(vars(exchange))  # nor does anything that prints it
    assert await exchange.verify_again() == exchange.caller
    gateway.parts.verifier._clock = lambda: time.time() + 10_000
    with pytest.raises(InvalidCredential, match="expired"):
        await exchange.verify_again()


async def test_the_credential_of_connect_counts_inside_its_tunnel_only(secure_gateway: Gateway) -> None:
    """Requests in the tunnel are its caller's, whatever they carry themselves; the next connection is nobody's."""
    gateway = secure_gateway
    host = ("Host", f"127.0.0.1:{gateway.service.port}")
    wire = await gateway.inside()
    assert (await wire.send("GET", "/schemas/a", [host])).status == 404
    carol = ("Proxy-Authorization", f"Bearer {gateway.token('carol')}")
    assert (await wire.send("GET", "/schemas/a", [host, carol])).status == 404
    assert _callers(gateway) == ["alice", "alice"]
    assert all(not request.header("proxy-authorization") for request in gateway.service.received)
    other = await gateway.wire()
    assert (await other.send("CONNECT", host[1], [host])).status == 407


async def test_an_expired_token_ends_an_open_tunnel(secure_gateway: Gateway) -> None:
    """Verified again on every request: 407 inside the tunnel, then the connection is closed."""
    gateway = secure_gateway
    clock = Clock(time.time())
    gateway.parts.verifier._clock = clock
    host = ("Host", f"127.0.0.1:{gateway.service.port}")
    wire = await gateway.inside(token=gateway.token(lives_seconds=60))
    assert (await wire.send("GET", "/schemas/a", [host])).status == 404
    clock.now += 60 + 31  # the leeway is 30 seconds
    answer = await wire.send("GET", "/schemas/a", [host])
    assert (answer.status, answer.code) == (407, "no-identity")
    assert answer.header("connection") == ["close"]
    assert await wire.read_end() == b""
    assert len(gateway.service.received) == 1


async def test_nothing_is_kept_of_a_connection_that_ended(secure_gateway: Gateway) -> None:
    """Tokens live in memory for as long as their tunnel, and no longer."""
    wire = await secure_gateway.inside()
    verification = secure_gateway.addon("token_verification")
    assert len(verification._tokens) == 1
    other = await secure_gateway.inside()
    wire.close()
    await until(lambda: len(verification._tokens) == 1)
    verification._tokens.clear()
    answer = await other.send("GET", "/schemas/a", [("Host", f"127.0.0.1:{secure_gateway.service.port}")])
    assert (answer.status, answer.code) == (407, "no-identity")
    assert secure_gateway.service.connections == 0


# -- what goes upstream -----------------------------------------------------------------------------------------------

_ALL = (
    ("Authorization", "Bearer callers-own"),
    ("Cookie", "session=callers-own"),
    ("Countersign-Authorization", "Bearer somebody"),
)


@pytest.mark.parametrize("passes", [False, True])
async def test_the_callers_own_credentials_pass_only_where_the_rules_say_so(
    passes: bool, folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """Authorization and cookies are dropped by default; what is for the gateway never goes on."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, pass_caller_credentials=passes)
    async with running_gateway(folder, provider, service) as gateway:
        assert (await gateway.send("GET", "/schemas/a", headers=gateway.headers(*_ALL))).status == 404
    (request,) = service.received
    assert request.header("authorization") == (["Bearer callers-own"] if passes else [])
    assert request.header("cookie") == (["session=callers-own"] if passes else [])
    assert request.header("proxy-authorization") == request.header("countersign-authorization") == []


# -- reverse mode -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["caller's own", "injected"])
async def reverse_gateway(
    request: pytest.FixtureRequest, folder: Path, provider: KeyServer, service: SchemaService
) -> AsyncIterator[Gateway]:
    """In reverse mode; with a credential of the gateway's own for the service, or without."""
    (folder / "key").write_text("services-own")
    credential = {"header": "Authorization", "scheme": "Bearer", "from_file": str(folder / "key")}
    entry: dict[str, Any] = {"credential": credential} if request.param else {}
    write_rules(folder / "rules", issuer=provider.url, url=service.url, **entry)
    async with running_gateway(folder, provider, service, mode=[f"reverse:{service.url}"]) as running:
        yield running


async def test_reverse_mode_asks_with_401(reverse_gateway: Gateway) -> None:
    """There the gateway is the server: WWW-Authenticate, and its own header or, where it injects, Authorization."""
    gateway = reverse_gateway
    injects = next(iter(gateway.parts.connections.values())).credential is not None

    async def send(*headers: tuple[str, str]) -> Answer:
        return await (await gateway.wire()).send("GET", "/schemas/a", [("Host", "gateway.example"), *headers])

    answer = await send()
    assert (answer.status, answer.code) == (401, "no-identity")
    assert len(answer.header("www-authenticate")) == 2
    assert (await send(("Proxy-Authorization", f"Bearer {gateway.token()}"))).status == 401
    assert gateway.service.connections == 0
    assert (await send(("Countersign-Authorization", f"Bearer {gateway.token()}"))).status == 404
    expected = 404 if injects else 401
    assert (await send(("Authorization", f"Bearer {gateway.token()}"))).status == expected
    for request in gateway.service.received:
        assert request.header("authorization") == (["Bearer services-own"] if injects else [])
        assert request.header("countersign-authorization") == []


# -- tokens in the clear ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "tls", "unsafe", "is_refused"),
    [
        ("192.0.2.7", False, False, True),
        ("2001:db8::7%eth0", False, False, True),
        ("192.0.2.7", True, False, False),
        ("192.0.2.7", False, True, False),
        ("127.0.0.9", False, False, False),
        ("::1", False, False, False),
    ],
)
async def test_a_token_in_the_clear_from_another_host_is_refused(
    address: str, tls: bool, unsafe: bool, is_refused: bool, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP is for callers on the same machine, or where the switch named unsafe is on."""
    if unsafe:
        monkeypatch.setitem(gateway.master.options._options, "unsafe_plain_credentials", _Switch())
    flow = tflow.tflow()
    flow.client_conn.peername = (address, 4711)
    flow.client_conn.timestamp_tls_setup = 1.0 if tls else None
    flow.request = http.Request.make("GET", gateway.service.url)
    flow.request.headers["Proxy-Authorization"] = f"Bearer {gateway.token()}"
    exchange = Exchange("e1", 1, "plain")
    exchange.connection = next(iter(gateway.parts.connections.values()))
    begin(flow, exchange)
    await gateway.addon("token_verification").requestheaders(flow)
    found = exchange_of(flow)
    assert found is not None
    assert (found.refusal is not None and found.refusal.code == "plain-credentials") == is_refused
    assert (found.caller is None) == is_refused
    assert "proxy-authorization" not in flow.request.headers


class _Switch:
    """An option that is on."""

    def current(self) -> bool:
        return True
