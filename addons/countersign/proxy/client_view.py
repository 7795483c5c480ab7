"""What the caller sees of the service's answer: a masked view, where a rule with `in: response-to-client` holds.

Comes after everything else that touches an answer and before its record: from here on the flow holds the view, and the
service's own answer is kept for the record alone. What cannot be masked is not shown. Does not look at answers of the gateway
itself, and touches nothing of an answer to a caller for whom no such rule holds.
"""

from __future__ import annotations

import logging

from mitmproxy import http

from countersign.dialects import Operation
from countersign.masking import MaskedAnswer, NotMaskable
from countersign.proxy.exchange import Exchange, exchange_of, refuse, was_sent
from countersign.proxy.fail_closed import FailClosed, place_of
from countersign.proxy.known_schemas import NOTHING_KNOWN, Known
from countersign.proxy.message_masking import MessageMasking
from countersign.proxy.refusal import Refusal
from countersign.proxy.runtime import Runtime
from countersign.proxy.view_headers import describe_view
from countersign.proxy.views import View, view_of

logger = logging.getLogger(__name__)


class ClientView(FailClosed):
    name = "countersign_client_view"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def response(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        if exchange is None or not was_sent(exchange, flow):
            return
        parts = self._runtime.parts
        view = view_of(exchange, parts)
        if view is None:
            return
        answer = flow.response
        assert answer is not None
        exchange.answered = answer
        try:
            masked = await _masked(view, exchange, answer, parts.masking)
            flow.response = shown = answer.copy()
            shown.headers = http.Headers([(_bytes(name), _bytes(value)) for name, value in masked.headers])
            shown.raw_content = masked.body
            describe_view(shown, flow.request, exchange.via, view.tags)
            exchange.shown = masked.masked
        except NotMaskable as error:
            refuse(flow, _refusal(str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is not shown unmasked
            logger.error("an answer is not shown, because masking it ended with %s", place_of(error))
            refuse(flow, _refusal("masking failed on it"))


async def _masked(view: View, exchange: Exchange, answer: http.Response, masking: MessageMasking) -> MaskedAnswer:
    """Raises NotMaskable."""
    connection, caller, operation, body = exchange.connection, exchange.caller, exchange.operation, answer.raw_content
    assert connection is not None
    assert caller is not None
    assert operation is not None
    if view.rules.masks_bodies and (answer.status_code == 206 or "content-range" in answer.headers):
        raise NotMaskable("it is a part of another answer")
    if body is None or (view.rules.masks_bodies and answer.trailers):
        raise NotMaskable("it did not come whole, or goes on after its end")
    known = await _known(exchange, operation) if view.rules.looks_at_marks else NOTHING_KNOWN
    headers = tuple(answer.headers.items(multi=True))
    whose = {"connection": connection.name, "subject": operation.subject, "groups": caller.groups}
    return await masking.view(view.rules, whose, {"headers": headers, "body": body, "holds": operation.holds}, known)


async def _known(exchange: Exchange, operation: Operation) -> Known:
    """The schemas that say which values of an answer are marked. A schema in an answer says so itself. Raises NotMaskable."""
    if operation.effect != "data":
        return NOTHING_KNOWN
    known = exchange.known if exchange.masked_later is None else (await exchange.masked_later).known
    if known is None:
        raise NotMaskable("which of its values are marked is not known: their schema cannot be read")
    return known


def _refusal(why: str) -> Refusal:
    detail = (
        f"the service has answered, and you may see its answers with masked values only; this one has no masked form: {why}. "
        "Ask the gateway's operators, who find it in the evidence; a change may have been made, so look before you send again"
    )
    return Refusal(502, "answer-not-masked", detail)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
