"""mitmproxy's relay of bytes, for a listed tunnel: it asks an account before it passes any, and ends when that says so.

Does not look at the bytes.
"""

from __future__ import annotations

from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events, layer, layers
from mitmproxy.proxy.context import Context

from countersign import limits
from countersign.proxy.tunnel_account import TunnelAccount


class BlindTunnel(layers.TCPLayer):
    def __init__(self, context: Context, account: TunnelAccount) -> None:
        super().__init__(context, ignore=True)
        self._account = account

    def start(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield commands.RequestWakeup(limits.LOOK_SECONDS)
        yield from super().start(event)

    _handle_event = start

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup):
            if self._account.may_go_on():
                yield commands.RequestWakeup(limits.LOOK_SECONDS)
            else:
                yield from self._end()
        elif isinstance(event, events.DataReceived):
            from_client = event.connection is self.context.client
            if self._account.may_pass(len(event.data), from_client=from_client):
                yield from super().relay_messages(event)
            else:
                yield from self._end()
        else:
            yield from super().relay_messages(event)

    def done(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()

    def _end(self) -> layer.CommandGenerator[None]:
        self._handle_event = self.done  # type: ignore[method-assign]
        for connection in (self.context.server, self.context.client):
            if connection.state is not ConnectionState.CLOSED:
                yield commands.CloseConnection(connection)
