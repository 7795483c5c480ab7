"""mitmproxy's HTTP with an end to everything: heads, bodies in a queue, time, and what it has no code for.

mitmproxy itself bounds whole bodies (`body_size_limit`), and nothing else: a head, the line before a chunk or an answer
that drips may go on for ever, and trailers over HTTP/1 leave both sides waiting. Each of these ends here with an answer
or a closed connection, and with the hook that records it. Does not decide what may pass, and leaves tunnels alone.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from mitmproxy.connection import Connection
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events, layer, layers
from mitmproxy.proxy.commands import StartHook
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    ErrorCode,
    Http1Connection,
    Http1Server,
    HTTPMode,
    HttpStream,
    RequestData,
    RequestProtocolError,
    ResponseData,
    ResponseHeaders,
    ResponseProtocolError,
)

from countersign import limits
from countersign.proxy.fail_closed import place_of
from countersign.proxy.quoted_bytes import without_quotes
from countersign.proxy.refusal import Refusal

logger = logging.getLogger(__name__)

#: What `flow.error` says of what ended here.
TOO_SLOW = "the request did not come whole in time"
TOO_MUCH_UNREAD = "a head or the line before a chunk does not end"
TRAILERS = "trailers are not read here; send the request without them"
ANSWER_TOO_SLOW = "the service's answer did not come whole in time"
ANSWER_TOO_MUCH_UNREAD = "the head of the service's answer, or the line before a chunk of it, does not end"
ANSWER_INTERIM = (
    "the service sent an interim answer, or asked for another protocol; neither passes, and it may have acted"
)
ANSWER_TRAILERS = "the service's answer has trailers, which HTTP/1.1 does not pass on here"

type Phase = Literal["request", "answer"]
type Commands = layer.CommandGenerator[None]


class BoundedHttp(layers.HttpLayer):
    """Takes the place of mitmproxy's own; `clock` counts seconds that nobody sets."""

    def __init__(self, context: Context, mode: HTTPMode, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(context, mode)
        self._clock = clock
        self._look: commands.RequestWakeup | None = None
        self._since: dict[int, tuple[Phase, float]] = {}  # stream -> what it is doing
        self._taken: dict[tuple[int, type[events.Event]], int] = {}  # bytes of its bodies so far
        self._ending: dict[int, Connection] = {}  # stream -> the service's connection that ends with it
        self._unheard: set[Connection] = set()  # what still comes there is of no use

    def _handle_event(self, event: events.Event) -> Commands:
        connection = event.connection if isinstance(event, events.ConnectionEvent) else self.context.client
        try:
            if isinstance(event, events.Wakeup) and event.command is self._look:
                self._look = None
                yield from self._end_what_is_overdue()
            elif not isinstance(event, events.DataReceived):
                yield from super()._handle_event(event)
            elif connection not in self._unheard:
                yield from super()._handle_event(event)
                if self._unread(connection) > limits.MAX_UNREAD_BYTES:
                    yield from self._end_all_on(connection, TOO_MUCH_UNREAD, ANSWER_TOO_MUCH_UNREAD)
        except NotImplementedError:
            yield from self._end_all_on(connection, TRAILERS, ANSWER_TRAILERS)
        except Exception as error:  # noqa: BLE001 - mitmproxy would log it, and leave everybody waiting
            logger.error("an exchange ends, because of %s", place_of(error))
            yield commands.CloseConnection(connection)
        yield from self._look_again()

    def event_to_child(self, child: layer.Layer | HttpStream, event: events.Event) -> Commands:
        """A body is dropped beyond the limit at which mitmproxy refuses it, also while a hook keeps it in a queue; and no
        answer begins that is not the last one. Nor does the text of an error quote one to the client, and an answer to HEAD
        has no body: mitmproxy would send that of a refusal, which the client takes for the next answer."""
        if isinstance(event, ResponseProtocolError):
            event = replace(event, message=without_quotes(event.message))
        if isinstance(child, HttpStream) and not _is_tunnel(child):
            if isinstance(event, RequestData | ResponseData):
                key = child.stream_id, type(event)
                if self._taken.get(key, 0) > limits.MAX_BODY_BYTES:
                    return
                self._taken[key] = self._taken.get(key, 0) + len(event.data)
            elif isinstance(event, ResponseHeaders) and event.response.status_code < 200:
                yield from self._end_answer(child, ANSWER_INTERIM)  # mitmproxy would take it for the whole answer
                return
        elif isinstance(event, ResponseData) and self._answers_head(event.stream_id):
            return
        elif isinstance(event, ResponseProtocolError) and event.stream_id in self._ending:
            server = self.connections.get(self._ending.pop(event.stream_id))
            if server is not None:
                told = RequestProtocolError(event.stream_id, event.message, ErrorCode.CANCEL)
                yield from super().event_to_child(server, told)
        yield from super().event_to_child(child, event)

    # -- time ---------------------------------------------------------------------------------------------------------

    def _look_again(self) -> Commands:
        """A wake-up is asked for only while something is under way: each one counts as activity of the connection."""
        for key in [key for key in self._taken if key[0] not in self.streams]:
            del self._taken[key]
        if self._look is None and self._doing():
            self._look = commands.RequestWakeup(limits.LOOK_SECONDS)
            yield self._look

    def _end_what_is_overdue(self) -> Commands:
        now, known = self._clock(), self._since
        self._since = {
            number: known[number] if known.get(number, ("", 0))[0] == phase else (phase, now)
            for number, phase in self._doing().items()
        }
        for number, (phase, since) in self._since.items():
            if now - since < (limits.ANSWER_SECONDS if phase == "answer" else limits.REQUEST_SECONDS):
                continue
            self._since[number] = (phase, math.inf)  # its end may take until the next look, and is told once
            stream = self.streams.get(number)
            if phase == "request":
                yield from self._end_request(stream, TOO_SLOW)
            elif stream is not None:
                yield from self._end_answer(stream, ANSWER_TOO_SLOW)

    # -- ends ---------------------------------------------------------------------------------------------------------

    def _end_all_on(self, connection: Connection, request: str, answer: str) -> Commands:
        self._unheard.add(connection)
        if connection is self.context.client:
            reader = self._reader(connection)
            is_whole = reader is not None and reader.request_done  # what came too much is behind it
            coming = [] if is_whole else [stream for stream in self.streams.values() if not _is_tunnel(stream)]
            yield from self._end_request(coming[0] if coming else None, request)
        else:
            for stream in [s for s in self.streams.values() if s.flow.server_conn is connection]:
                yield from self._end_answer(stream, answer)

    def _end_request(self, stream: HttpStream | None, why: str) -> Commands:
        """Refuse what a client has not sent whole. Without a stream nobody has seen a request, and nothing records it."""
        code = ErrorCode.REQUEST_TOO_LARGE if why == TOO_MUCH_UNREAD else ErrorCode.REQUEST_VALIDATION_FAILED
        if stream is not None:
            yield from self.event_to_child(stream, ResponseProtocolError(stream.stream_id, why, code))
            return
        client = self.context.client
        if self._coming_head() is not None:  # else another request is being answered: no second answer before it
            refusal = Refusal(431 if why == TOO_MUCH_UNREAD else 408, "not-read", why, (("Connection", "close"),))
            yield commands.SendData(client, http1.assemble_response(refusal.response("-")))
        yield commands.CloseConnection(client)

    def _end_answer(self, stream: HttpStream, why: str) -> Commands:
        """As when the service broke off: recorded, then 502. Only then its connection, or HTTP/2 stream, is closed: where
        mitmproxy closes one while a hook of the same event is on its way, it forgets to."""
        for connection, waiting in self.waiting_for_establishment.items():
            if any(self.command_sources.get(command) is stream for command in waiting):
                yield commands.CloseConnection(connection)  # what waits for it is told by mitmproxy
                return
        self._ending[stream.stream_id] = server = stream.flow.server_conn
        if server.alpn != b"h2":
            self._unheard.add(server)
        yield from self.event_to_child(
            stream, ResponseProtocolError(stream.stream_id, why, ErrorCode.GENERIC_SERVER_ERROR)
        )

    def _answers_head(self, number: int) -> bool:
        stream = self.streams.get(number)
        return stream is not None and stream.flow.request.method.upper() == "HEAD"

    # -- what is there ------------------------------------------------------------------------------------------------

    def _doing(self) -> dict[int, Phase]:
        """What each stream waits for from outside; a head that has begun counts as the request that it will be."""
        doing = {number: phase for number, stream in self.streams.items() if (phase := _phase(stream)) is not None}
        head = self._coming_head()
        return doing if head is None else {head: "request", **doing}

    def _coming_head(self) -> int | None:
        """The stream of a request whose client has begun its head and not ended it."""
        reader = self._reader(self.context.client)
        is_coming = isinstance(reader, Http1Server) and reader.state == reader.read_headers and len(reader.buf) > 0
        return reader.stream_id if is_coming and reader is not None else None

    def _unread(self, connection: Connection) -> int:
        """Bytes that HTTP/1 keeps until it can read them; HTTP/2 has its own bounds."""
        reader = self._reader(connection)
        return 0 if reader is None else len(reader.buf)

    def _reader(self, connection: Connection) -> Http1Connection | None:
        """What reads HTTP/1 there; for a service, TLS is between it and the connection."""
        top = self.connections.get(connection)
        reader = None if top is None else top.context.layers[-1]
        return reader if isinstance(reader, Http1Connection) else None


def _is_tunnel(stream: HttpStream) -> bool:
    return stream.child_layer is not None


def _phase(stream: HttpStream) -> Phase | None:
    """What a stream waits for from outside; None: for nothing, or for the gateway itself, which has its own bounds."""
    if _is_tunnel(stream):
        return None
    if stream.client_state == stream.state_consume_request_body:
        return "request"
    paused = stream._paused
    if paused is not None and isinstance(paused.command, StartHook):
        return None
    if stream.server_state in (stream.state_wait_for_response_headers, stream.state_consume_response_body):
        return "answer" if stream.client_state == stream.state_done else None
    return None
