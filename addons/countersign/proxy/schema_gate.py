"""What the request would do, and whether it may: dialect, access, intent, schema change, decision, in this order.

Leaves one of three: a clearance, a hold for the approval pause (or a broken glass), or a refusal. Nothing of the service is read with the
gateway's credential before access is decided and the intent is durable.
"""

from __future__ import annotations

from mitmproxy import http

from countersign import limits
from countersign.decision import Allow, Deny, Hold, may
from countersign.decision.approval import UNAPPROVED_EFFECTS
from countersign.dialects import RequestView, UnknownOperation, recognise
from countersign.errors import CountersignError
from countersign.proxy.asking import fingerprint_of
from countersign.proxy.breaking_glass import break_the_glass
from countersign.proxy.exchange import Assessment, Clearance, Exchange, exchange_of, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.justification import take_justifications
from countersign.proxy.message_masking import is_encoded
from countersign.proxy.off_loop import aside, off_loop
from countersign.proxy.refusal import Refusal, refusal_for
from countersign.proxy.runtime import Parts, Runtime
from countersign.proxy.sent_request import as_it_came, read_request
from countersign.rulebook.values import Dialect
from countersign.schema_change import check_schema


class SchemaGate(FailClosed):
    name = "countersign_schema_gate"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def request(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        parts = self._runtime.parts
        try:
            access = await self._read(exchange, flow, parts)
            if access is not None:
                await self._gate(exchange, flow, parts, access)
        except CountersignError as error:
            refuse(flow, refusal_for(error))

    async def _read(self, exchange: Exchange, flow: http.HTTPFlow, parts: Parts) -> Allow | None:
        """What the request is, and that its caller may do it; None where it was refused. Contacts nobody."""
        assert exchange.connection is not None
        assert exchange.caller is not None
        assert exchange.dialect is not None
        dialect, size = exchange.dialect, _size(flow)
        try:
            take_justifications(exchange, flow.request)
            exchange.received = await off_loop(size, lambda: as_it_came(flow, parts.digest))
            exchange.operation = operation = await off_loop(size, lambda: recognise(dialect, read_request(flow)))
            exchange.proposed_digest = await off_loop(size, lambda: parts.evidence.schema_digest(operation.proposed))
        except UnknownOperation as error:
            refuse(flow, Refusal(403, "unknown-operation", str(error)))
            return None
        exchange.masked = await parts.data.request(exchange, flow)
        access = may(exchange.caller, exchange.connection.name, exchange.operation, parts.rules.access)
        if isinstance(access, Deny):
            refuse(flow, Refusal(403, "not-allowed", access.reason))
            return None
        hidden = _unreadable_reference(exchange, dialect, parts)
        if hidden is not None:
            refuse(flow, Refusal(403, "not-allowed", f"the schema refers to another subject: {hidden.reason}"))
            return None
        if exchange.operation.has_proposed:
            proposed = exchange.operation.proposed
            language = dialect.schema_language
            await aside(lambda: check_schema(proposed, default_dialect=language))  # also a small one can take its time
        return access

    async def _gate(self, exchange: Exchange, flow: http.HTTPFlow, parts: Parts, access: Allow) -> None:
        assert exchange.connection is not None
        assert exchange.operation is not None
        if exchange.operation.effect in UNAPPROVED_EFFECTS:
            assessment = parts.assessor.by_access(access)
            await parts.evidence.intent(exchange, flow, assessment)
            parts.data.begin_later(exchange, flow)
        else:
            await parts.evidence.intent(exchange, flow)
            exchange.release = await parts.locks.acquire(exchange.connection.name, exchange.operation.subject)
            assessment = await parts.assessor.assess(exchange)
            await parts.evidence.decision(exchange, assessment)
        exchange.assessment = assessment
        hold = assessment.verdict
        if isinstance(hold, Hold) and exchange.break_glass is not None:
            await break_the_glass(exchange, flow, parts, assessment, hold)
        else:
            apply_verdict(exchange, flow, parts, assessment)


def _size(flow: http.HTTPFlow) -> int:
    """Of the body, as the work it makes: with a content coding it may be far larger than it looks."""
    size = len(flow.request.raw_content or b"")
    return max(size, limits.ON_LOOP_BYTES) if is_encoded(flow.request.headers.items(multi=True)) else size


def _unreadable_reference(exchange: Exchange, dialect: Dialect, parts: Parts) -> Deny | None:
    """The gateway reads what a proposed schema refers to; its caller must be allowed to read that as well."""
    assert exchange.connection is not None
    assert exchange.caller is not None
    assert exchange.operation is not None
    for reference in exchange.operation.references:
        reading = recognise(dialect, RequestView("GET", reference.target, b"", None))
        access = may(exchange.caller, exchange.connection.name, reading, parts.rules.access)
        if isinstance(access, Deny):
            return access
    return None


def apply_verdict(exchange: Exchange, flow: http.HTTPFlow, parts: Parts, assessment: Assessment) -> Hold | None:
    """Clear or refuse the request as the rules say; a hold is returned, with the subject given back, to be waited for."""
    match assessment.verdict:
        case Allow(reason=reason):
            bound = fingerprint_of(exchange, flow, assessment, parts.rules.digest, parts.digest)
            exchange.clearance = Clearance(bound, reason, None)
        case Deny(reason=reason):
            refuse(flow, Refusal(403, "denied", reason))
        case Hold() as hold:
            exchange.unlock()
            return hold
    return None
