"""The layers of a connection: TLS and HTTP within bounds, whatever its first bytes are."""

from __future__ import annotations

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import layer, layers, mode_specs
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import tflow

from countersign.proxy.bounded_http import BoundedHttp
from countersign.proxy.fail_closed import Closed
from countersign.proxy.http_only import http_layers

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
GET = b"GET / HTTP/1.1\r\n"
#: what mitmproxy would take for something else
NOISE = (b"\0\1\2", b"SSH-2.0-x\r\n", b"", b"EHLO x\r\n", b"PRI * HTTP/2.0\r\n\r\n")


def context(mode: str, *, inside: bool = False, transport: str = "tcp") -> Context:
    """A connection in its first moment, or inside a CONNECT."""
    client = tflow.tclient_conn()
    client.proxy_mode = mode_specs.ProxyMode.parse(mode)
    client.transport_protocol = transport  # type: ignore[assignment]
    made = Context(client, Options())
    modes.ReverseProxy(made) if mode.startswith("reverse") else modes.HttpProxy(made)
    if inside:
        layers.http.HttpStream(made, 1)
    return made


def stack(chosen: layer.Layer) -> list[type[layer.Layer]]:
    kinds = []
    below: layer.Layer | None = chosen
    while below is not None and not isinstance(below, layer.NextLayer):
        kinds.append(type(below))
        below = getattr(below, "child_layer", None)
    return kinds


CLIENT, SERVER, HTTP = layers.ClientTLSLayer, layers.ServerTLSLayer, BoundedHttp


@pytest.mark.parametrize(
    ("mode", "inside", "data", "kinds"),
    [
        ("regular", False, GET, [HTTP]),
        ("regular", False, HELLO, [CLIENT, HTTP]),
        ("regular", True, HELLO, [SERVER, CLIENT]),
        ("regular", True, GET, [HTTP]),
        ("reverse:http://x", False, GET, [HTTP]),
        ("reverse:http://x", False, HELLO, [CLIENT, HTTP]),
        ("reverse:https://x", False, GET, [SERVER, HTTP]),
        ("reverse:https://x", False, HELLO, [SERVER, CLIENT, HTTP]),
        *(("regular", inside, noise, [HTTP]) for inside in (False, True) for noise in NOISE),
    ],
)
def test_it_is_tls_or_http(mode: str, inside: bool, data: bytes, kinds: list[type[layer.Layer]]) -> None:
    """Each place has its layers, as in mitmproxy; only that what is no TLS is always read as HTTP."""
    assert stack(http_layers(context(mode, inside=inside), data)) == kinds


def test_each_place_has_its_mode() -> None:
    """A proxy is asked for URLs; a service, and what is inside a tunnel, for paths."""
    for mode, inside, http_mode in (
        ("regular", False, HTTPMode.regular),
        ("regular", True, HTTPMode.transparent),
        ("reverse:http://x", False, HTTPMode.transparent),
    ):
        chosen = http_layers(context(mode, inside=inside), GET)
        assert isinstance(chosen, BoundedHttp)
        assert chosen.mode is http_mode


def test_tls_is_not_read_twice() -> None:
    """Inside TLS a second handshake is taken for HTTP, which it is not; the first one is read."""
    place = context("regular", inside=True)
    assert stack(http_layers(place, HELLO)) == [SERVER, CLIENT]
    assert stack(http_layers(place, HELLO)) == [HTTP]


@pytest.mark.parametrize("data", [GET, HELLO, *NOISE])
def test_nothing_is_read_over_udp(data: bytes) -> None:
    """mitmproxy would look for QUIC or DNS; here the connection is closed. Over TCP the same bytes have a layer."""
    assert stack(http_layers(context("reverse:https://x", transport="udp"), data)) == [Closed]
    assert stack(http_layers(context("reverse:https://x"), data))[-1] is HTTP
