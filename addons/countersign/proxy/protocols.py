"""What a connection carries: HTTP within bounds, or, where a listed tunnel was opened, blind bytes within an account.

Records a tunnel's opening before its first byte, and its end. Does not decide which hosts: `front_door` did.
"""

from __future__ import annotations

import asyncio
import logging
import time

from mitmproxy import connection, ctx, http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import layer

from countersign.errors import CountersignError
from countersign.proxy.blind_tunnel import BlindTunnel
from countersign.proxy.exchange import exchange_of
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.http_only import http_layers
from countersign.proxy.runtime import Runtime, steady
from countersign.proxy.tunnel_account import TunnelAccount
from countersign.strict_json import Json

logger = logging.getLogger(__name__)

type _Place = tuple[str, int]


class Protocols(FailClosed):
    name = "countersign_protocols"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._open: dict[str, tuple[_Place, TunnelAccount]] = {}  # client connection -> where to, and what passed

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        caller, verify_again = exchange.caller, exchange.verify_again
        if exchange.is_refused or exchange.connection is not None or caller is None or verify_again is None:
            return
        parts, (host, port) = self._runtime.parts, (flow.request.host.lower(), flow.request.port)

        async def record(step: str, **passed: Json) -> None:
            await parts.evidence.tunnel(exchange, step, host, port, **passed)

        await record("opened")
        account = TunnelAccount(
            caller,
            verify_again,
            record,
            _Brake(flow.client_conn),
            lambda: parts.log.is_healthy,
            lambda: steady() / 1_000_000,
            time.time,
        )
        self._open[flow.client_conn.id] = ((host, port), account)

    async def http_connect_error(self, flow: http.HTTPFlow) -> None:
        await self._close(flow.client_conn)

    async def client_disconnected(self, client: connection.Client) -> None:
        await self._close(client)

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        context = next_layer.context
        place, account = self._open.get(context.client.id, (None, None))
        if account is not None and context.server.address is not None:
            host, port = context.server.address[:2]
            assert (host.lower(), port) == place, "a tunnel leads elsewhere than it was opened to"
            next_layer.layer = BlindTunnel(context, account)
        else:
            next_layer.layer = http_layers(context, next_layer.data_client())

    async def _close(self, client: connection.Client) -> None:
        _, account = self._open.pop(client.id, (None, None))
        if account is None:
            return
        try:
            await account.close()
        except CountersignError as error:
            logger.error("the end of a tunnel is not recorded: %s", error)


class _Brake:
    """Stops reading from both sides of a tunnel, and goes on; the sides then wait, as TCP has it."""

    def __init__(self, client: connection.Client) -> None:
        self._client = client
        self._stopped: list[asyncio.ReadTransport] = []

    def __call__(self, stop: bool) -> None:
        if not stop:
            while self._stopped:
                self._stopped.pop().resume_reading()
            return
        server = ctx.master.addons.get("proxyserver")
        handler = server.connections.get(self._client.id) if isinstance(server, Proxyserver) else None
        for side in handler.transports.values() if handler is not None else ():
            if isinstance(side.writer, asyncio.StreamWriter):
                transport = side.writer.transport
                if isinstance(transport, asyncio.ReadTransport) and transport.is_reading():
                    transport.pause_reading()
                    self._stopped.append(transport)
