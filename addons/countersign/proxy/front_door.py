"""Which hosts: a registered connection is opened, a listed tunnel passes blind, everything else is refused.

Puts the deny stamp on every request: only an explicit clearance takes it off again. Does not ask who is calling.
"""

from __future__ import annotations

import ipaddress

from mitmproxy import connection, http
from mitmproxy.proxy import mode_specs, server_hooks

from countersign.proxy.exchange import Exchange, Via, begin, exchange_of, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.refusal import NOTHING_ALLOWED, Refusal
from countersign.proxy.runtime import Runtime, new_id, now


class FrontDoor(FailClosed):
    name = "countersign_front_door"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._inside: dict[str, tuple[str, int]] = {}  # client connection -> what its CONNECT was allowed for

    # -- CONNECT ------------------------------------------------------------------------------------------------------

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        exchange = Exchange(new_id(), now(), "tunnel")
        begin(flow, exchange)
        parts = self._runtime.parts
        host, port = flow.request.host.lower(), flow.request.port
        exchange.connection = parts.connections.get((host, port))
        if flow.request.is_http2 or flow.request.is_http3:
            refuse(flow, Refusal(403, "connect-over-http2", "CONNECT is read over HTTP/1.1 only"))
        elif flow.client_conn.id in self._inside:
            refuse(flow, Refusal(403, "nested-connect", "this connection is a tunnel already; open another one"))
        elif exchange.connection is None and (host, port) not in parts.tunnels:
            refuse(flow, _unknown_host(host, port))
        elif exchange.connection is not None and exchange.connection.scheme != "https":
            refuse(flow, Refusal(403, "wrong-scheme", f"{host}:{port} is registered for plain HTTP; send it plainly"))
        else:
            self._inside[flow.client_conn.id] = (host, port)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        if exchange is None or exchange.refusal is None or exchange.refusal.code != "nested-connect":
            self._inside.pop(flow.client_conn.id, None)

    def client_disconnected(self, client: connection.Client) -> None:
        self._inside.pop(client.id, None)

    # -- requests -----------------------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        exchange = Exchange(new_id(), now(), self._via(flow))
        begin(flow, exchange)
        flow.response = NOTHING_ALLOWED.response(exchange.id)
        flow.request.stream = False
        if flow.is_replay:  # a copy of its client's connection, with the token of its tunnel, but no client
            return refuse(flow, Refusal(403, "replayed", "mitmproxy sends nothing again here; its client may"))
        parts = self._runtime.parts
        request = flow.request
        host, port = request.host.lower(), request.port
        known = parts.connections.get((host, port))
        if known is None:
            return refuse(flow, _unknown_host(host, port))
        exchange.connection = known
        exchange.dialect = parts.rules.dialects[known.dialect]
        if request.scheme != known.scheme:
            return refuse(flow, Refusal(403, "wrong-scheme", f"{host}:{port} is registered for {known.scheme} only"))
        if exchange.via == "tunnel" and self._inside.get(flow.client_conn.id) != (host, port):
            return refuse(flow, Refusal(403, "wrong-host", "the request leads elsewhere than its CONNECT"))
        if exchange.via == "tunnel" and flow.client_conn.sni not in (None, "", host):
            return refuse(flow, Refusal(403, "wrong-host", "the TLS server name is not the host of the CONNECT"))
        if exchange.via != "plain" and request.authority and not (request.is_http2 or request.is_http3):
            return refuse(flow, Refusal(403, "absolute-target", "send the path alone as the request target"))
        if exchange.via != "reverse" and not _names(request, host, port):
            return refuse(flow, Refusal(403, "wrong-host", "the Host header names another host than the request"))
        return None

    def _via(self, flow: http.HTTPFlow) -> Via:
        if isinstance(flow.client_conn.proxy_mode, mode_specs.ReverseMode):
            return "reverse"
        return "tunnel" if flow.client_conn.id in self._inside else "plain"

    # -- the choke point ----------------------------------------------------------------------------------------------

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        parts = self._runtime.parts
        address = data.server.address
        target = (address[0].lower(), address[1]) if address else None
        if data.server.via is not None or target is None:
            data.server.error = "refused: not a registered connection"
        elif target not in parts.connections and target not in parts.tunnels:
            data.server.error = "refused: not a registered connection"


def _unknown_host(host: str, port: int) -> Refusal:
    return Refusal(
        403,
        "unknown-host",
        f"{host if len(host) <= 255 else '(a long name)'}:{port} is neither a registered connection nor a listed tunnel; "
        "ask the gateway's operators to add it to rules/connections",
    )


def _names(request: http.Request, host: str, port: int) -> bool:
    """Whether every name the request gives of its host is the one it is sent to."""
    names = [value.lower() for value in request.headers.get_all("host")]
    if request.authority:
        names.append(request.authority.lower())
    default = {"https": 443, "http": 80}[request.scheme]
    written = f"[{host}]" if _is_ipv6(host) else host
    allowed = {f"{written}:{port}"} | ({written} if port == default else set())
    return len(request.headers.get_all("host")) <= 1 and all(name in allowed for name in names)


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
