"""What came of it, durable before the client gets its last byte: an answer, a refusal, or that nobody saw the answer.

One of `response` and `error` comes once for every request; a CONNECT has neither and is recorded where it is decided.
Gives the subject's lock back.
"""

from __future__ import annotations

from mitmproxy import http

from countersign import limits
from countersign.errors import CountersignError
from countersign.proxy.bounded_http import TOO_MUCH_UNREAD, TOO_SLOW, TRAILERS
from countersign.proxy.exchange import Exchange, exchange_of, refuse, was_sent
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.quoted_bytes import without_quotes
from countersign.proxy.read_back import observe
from countersign.proxy.refusal import NOTHING_ALLOWED, Refusal, refusal_for
from countersign.proxy.runtime import Runtime
from countersign.proxy.service_reader import CurrentSchema

#: What a service answers that has taken a change; with 202 it may take it later.
_TAKEN = frozenset({200, 201, 204})

#: What `bounded_http` says of a request that it ended.
_ENDED = {
    TOO_SLOW: Refusal(400, "too-slow", TOO_SLOW),
    TOO_MUCH_UNREAD: Refusal(413, "too-large", TOO_MUCH_UNREAD),
    TRAILERS: Refusal(400, "trailers", TRAILERS),
}


class AuditOutcome(FailClosed):
    name = "countersign_audit_outcome"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    # -- CONNECT ------------------------------------------------------------------------------------------------------

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        evidence = self._runtime.parts.evidence
        if exchange.refusal is not None:
            assert flow.response is not None
            flow.response.reason = exchange.refusal.detail.encode("ascii", "replace").decode()[:200]
            await evidence.refusal(exchange, flow, exchange.refusal)
        elif exchange.caller is None:
            refuse(flow, NOTHING_ALLOWED)

    # -- requests -----------------------------------------------------------------------------------------------------

    async def response(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        assert flow.response is not None
        if exchange.closed:
            return
        is_sent = was_sent(exchange, flow)
        try:
            if exchange.forwarded and not is_sent:
                detail = "mitmproxy had a recorded answer, so the service was sent nothing; send the request again"
                refuse(flow, Refusal(503, "not-sent", detail))
            elif is_sent and flow.response.status_code == 101:
                detail = "the service asked for an upgrade to another protocol, which does not pass the gateway"
                refuse(flow, Refusal(502, "upgrade", detail))
            flow.response.trailers = None  # what is not recorded does not pass
            evidence = self._runtime.parts.evidence
            if exchange.intended:
                self._know_what_passed(exchange, flow)
                await evidence.outcome(exchange, flow)
            else:
                await evidence.refusal(exchange, flow, exchange.refusal or NOTHING_ALLOWED)
            exchange.closed = True
        except CountersignError as error:
            if is_sent:
                raise  # the service may have acted: the denial of this hook says so
            flow.response = refusal_for(error).response(exchange.id, exchange.dialect)
        finally:
            exchange.unlock()

    def _know_what_passed(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """A schema that the service took describes the data from here on; `upstream_credential` made the last one unknown."""
        operation, assessment, response = exchange.operation, exchange.assessment, exchange.answered or flow.response
        assert operation is not None
        assert response is not None
        if (
            was_sent(exchange, flow)
            and operation.has_proposed
            and operation.current is not None
            and assessment is not None
            and response.status_code in _TAKEN
        ):
            assert exchange.connection is not None
            schema = CurrentSchema(
                True, operation.proposed, dict(assessment.bundle), None, len(flow.request.raw_content or b"")
            )
            self._runtime.parts.known.learn(exchange.connection, operation.subject, operation.current, schema)

    async def error(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        if exchange is None or exchange.closed:
            return
        try:
            await self._end_without_answer(exchange, flow)
            exchange.closed = True
        finally:
            exchange.unlock()

    async def _end_without_answer(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        parts = self._runtime.parts
        why = without_quotes(flow.error.msg) if flow.error is not None else "the connection was lost"
        if not exchange.intended:
            await parts.evidence.refusal(exchange, flow, exchange.refusal or _never_read(why))
        elif not was_sent(exchange, flow):
            await parts.evidence.outcome_without_answer(exchange, why)
        else:
            assert exchange.connection is not None
            assert exchange.proposed_digest is not None
            operation = exchange.operation
            observed = "not looked at: nothing of the service was to change"
            if operation is not None and operation.current is not None and exchange.assessment is not None:
                try:
                    observed = await observe(
                        parts.reader,
                        parts.assessor,
                        exchange.connection,
                        operation.current,
                        before=exchange.assessment.current_digest,
                        proposed=exchange.proposed_digest,
                        schema_digest=parts.evidence.schema_digest,
                    )
                except CountersignError as error:
                    observed = f"unreadable: {error}"
            await parts.evidence.outcome_unknown(exchange, why, observed)


def _never_read(why: str) -> Refusal:
    """The request ended before it was whole: too large (answered 413), too slow, not valid HTTP, or its client left."""
    if "body_size_limit" in why:
        return Refusal(413, "too-large", f"the body is larger than {limits.MAX_BODY_BYTES} bytes")
    return _ENDED.get(why) or Refusal(400, "not-read", why)
