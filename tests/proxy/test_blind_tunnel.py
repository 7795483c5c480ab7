"""The relay of a blind tunnel: asks before every byte, and ends both sides when it must."""

from __future__ import annotations

import pytest
from mitmproxy.connection import ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from countersign.proxy.blind_tunnel import BlindTunnel
from tests.proxy.test_tunnel_account import Surroundings


class Relay:
    """A tunnel whose both sides are connected."""

    def __init__(self) -> None:
        self.around = Surroundings()
        context = Context(tflow.tclient_conn(), Options())
        context.server = tflow.tserver_conn()
        self.client, self.server = context.client, context.server
        self.client.state = self.server.state = ConnectionState.OPEN
        self.layer = BlindTunnel(context, self.around.account)
        self.wake_up = self._only(events.Start(), commands.RequestWakeup)

    def tell(self, event: events.Event) -> list[commands.Command]:
        return [*self.layer.handle_event(event)]

    def wake(self) -> list[commands.Command]:
        return self.tell(events.Wakeup(self.wake_up))

    def _only(self, event: events.Event, kind: type[commands.RequestWakeup]) -> commands.RequestWakeup:
        (command,) = self.tell(event)
        assert isinstance(command, kind)
        return command


@pytest.fixture
async def relay() -> Relay:
    return Relay()


def _ends(relay: Relay, told: list[commands.Command]) -> bool:
    closed = [command.connection for command in told if isinstance(command, commands.CloseConnection)]
    return closed == [relay.server, relay.client] and len(told) == 2


async def test_bytes_pass_as_they_are_and_are_counted(relay: Relay) -> None:
    """To the other side, both ways."""
    for source, target, data in ((relay.client, relay.server, b"\0out"), (relay.server, relay.client, b"back")):
        (command,) = relay.tell(events.DataReceived(source, data))
        assert isinstance(command, commands.SendData)
        assert (command.connection, command.data) == (target, data)
    assert (relay.around.account.sent, relay.around.account.received) == (4, 4)


async def test_it_wakes_until_it_must_end(relay: Relay) -> None:
    """It goes on asking while it may stay open, then closes both sides and is silent."""
    (again,) = relay.wake()
    assert isinstance(again, commands.RequestWakeup)
    relay.around.time_of_day = 5000
    assert _ends(relay, relay.wake())
    assert relay.wake() == []
    assert relay.tell(events.DataReceived(relay.client, b"x")) == []


async def test_bytes_that_may_not_pass_end_it(relay: Relay) -> None:
    """They are not sent; before that, bytes are."""
    assert len(relay.tell(events.DataReceived(relay.client, b"x"))) == 1
    relay.around.is_healthy = False
    assert _ends(relay, relay.tell(events.DataReceived(relay.client, b"x")))
    assert relay.around.account.sent == 1


async def test_a_side_that_has_closed_is_not_closed_again(relay: Relay) -> None:
    """One side's end is passed on; when both have ended there is nothing to close but what is still open."""
    relay.client.state &= ~ConnectionState.CAN_READ
    (half,) = relay.tell(events.ConnectionClosed(relay.client))
    assert isinstance(half, commands.CloseTcpConnection)
    relay.server.state = ConnectionState.CLOSED
    relay.around.is_healthy = False
    (command,) = relay.wake()
    assert isinstance(command, commands.CloseConnection)
    assert command.connection is relay.client
