"""The base of every addon: an exception in a hook becomes that hook's denial.

mitmproxy logs an exception in a hook and lets the flow go on; here it cannot. Three layers hold (mitmproxy's own
behaviour, each with a test): this wrapper, the deny stamp that the front door puts on every request and that only an
explicit clearance takes off, and the service's credential, which only the last step adds.

Does not catch CancelledError: the hook then never completes, and nothing is sent.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

from mitmproxy import http, tcp
from mitmproxy.proxy import commands, events, layer, server_hooks

from countersign.errors import CountersignError
from countersign.proxy.exchange import exchange_of, refuse
from countersign.proxy.refusal import Refusal, refusal_for

logger = logging.getLogger(__name__)

_BROKEN = Refusal(503, "gateway-error", "the gateway failed while it looked at this request, so it does not pass")


def _deny_request(flow: http.HTTPFlow, error: Exception) -> None:
    refuse(flow, refusal_for(error) if isinstance(error, CountersignError) else _BROKEN)


def _deny_response(flow: http.HTTPFlow, error: Exception) -> None:
    exchange = exchange_of(flow)
    if exchange is None or not exchange.forwarded:
        flow.response = _BROKEN.response(exchange.id if exchange else "-")
        return
    detail = "the outcome could not be recorded; the service may have acted: look before you send it again"
    flow.response = Refusal(503, "outcome-not-recorded", detail).response(exchange.id, exchange.dialect)


def _deny_connection(data: server_hooks.ServerConnectionHookData, error: Exception) -> None:
    data.server.error = "refused by the gateway"


def _deny_client(client: Any, error: Exception) -> None:
    client.error = "refused by the gateway"


def _nothing_to_deny(flow: http.HTTPFlow, error: Exception) -> None:
    """The flow is over already; what could not be recorded latches the evidence log, and recovery finds it."""


def _drop_tcp(flow: tcp.TCPFlow, error: Exception) -> None:
    flow.messages[-1].content = b""


def _drop_websocket(flow: http.HTTPFlow, error: Exception) -> None:
    assert flow.websocket is not None
    flow.websocket.messages[-1].drop()


class Closed(layer.Layer):
    """In place of a protocol: nothing is read, and the connection is closed."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


def _close(next_layer: layer.NextLayer, error: Exception) -> None:
    next_layer.layer = Closed(next_layer.context)


#: hook -> what denies there.
DENIALS: dict[str, Callable[[Any, Exception], None]] = {
    "client_connected": _deny_client,
    "http_connect": _deny_request,
    "requestheaders": _deny_request,
    "request": _deny_request,
    "responseheaders": _deny_response,
    "response": _deny_response,
    "error": _nothing_to_deny,
    "next_layer": _close,
    "server_connect": _deny_connection,
    "tcp_message": _drop_tcp,
    "websocket_message": _drop_websocket,
}

#: In these the "already refused?" question comes before the addon's own code, so that nobody can forget it.
_SKIPPED_WHEN_REFUSED = frozenset({"requestheaders", "request"})


class FailClosed:
    """Wraps every decision hook that a subclass defines."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for hook, deny in DENIALS.items():
            if hook in cls.__dict__:
                setattr(cls, hook, _guarded(cls.__dict__[hook], hook, deny))


def _guarded(function: Callable[..., Any], hook: str, deny: Callable[[Any, Exception], None]) -> Callable[..., Any]:
    def skip(data: Any) -> bool:
        if hook not in _SKIPPED_WHEN_REFUSED:
            return False
        exchange = exchange_of(data)
        return exchange is not None and exchange.is_refused

    def denied(data: Any, error: Exception) -> None:
        if not isinstance(error, CountersignError):
            logger.error("%s failed in %s: %s", function.__qualname__, hook, place_of(error))
        deny(data, error)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def guarded_async(self: FailClosed, data: Any) -> None:
            if skip(data):
                return
            try:
                await function(self, data)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not let the flow go on
                denied(data, error)

        return guarded_async

    @functools.wraps(function)
    def guarded(self: FailClosed, data: Any) -> None:
        if skip(data):
            return
        try:
            function(self, data)
        except Exception as error:  # noqa: BLE001 - as above
            denied(data, error)

    return guarded


def place_of(error: Exception) -> str:
    """The class of an error and the line it comes from, for a log: its text may hold what it failed on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
    return type(error).__name__ + where
