"""Masks data by what its schema marks as sensitive; where that has to be read first, after the intent is durable.

The gateway contacts nobody before the intent: such a body is not in it, and comes with the outcome. The request does not
wait for it. Where the schema cannot be read nothing readable of the data is kept, nor of its answer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mitmproxy import http

from countersign.dialects import CurrentRead, Operation
from countersign.errors import CountersignError
from countersign.masking import MaskedMessage
from countersign.proxy.exchange import Exchange, MaskedLater
from countersign.proxy.fail_closed import place_of
from countersign.proxy.known_schemas import NOTHING_KNOWN, KnownSchemas
from countersign.proxy.message_masking import Message, MessageMasking, request_message, response_message
from countersign.rulebook.values import Connection

logger = logging.getLogger(__name__)

NOT_READ_YET: Final = "the schema that says what is sensitive in it was not read yet"
NOT_READ: Final = "the schema that says what is sensitive in it could not be read"


class DataMasking:
    """Of requests and their answers; what is no data is masked without a schema."""

    def __init__(self, masking: MessageMasking, known: KnownSchemas) -> None:
        self._masking = masking
        self._known = known

    async def request(self, exchange: Exchange, flow: http.HTTPFlow) -> MaskedMessage:
        """What the intent may hold of a request. Contacts nobody."""
        message = request_message(exchange, flow)
        place = _place(exchange)
        if place is None:
            return await self._masking.masked(message)
        exchange.known = await self._known.fresh(*place)
        if exchange.known is None:
            return await self._masking.without_body(message, NOT_READ_YET)
        return await self._masking.masked(message, exchange.known)

    def begin_later(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """Where the schema was not known: read it, and mask the body, beside what else happens to the request.

        The intent must be durable, and the request still as it came.
        """
        place = _place(exchange)
        if place is not None and exchange.known is None:
            exchange.masked_later = asyncio.ensure_future(self._later(request_message(exchange, flow), *place))

    async def response(self, exchange: Exchange, flow: http.HTTPFlow) -> MaskedMessage:
        """What may be kept of the answer."""
        message = response_message(exchange, flow)
        known = exchange.known
        if exchange.masked_later is not None:
            known = (await exchange.masked_later).known
        if known is None and _place(exchange) is not None:
            return await self._masking.without_body(message, NOT_READ)
        return await self._masking.masked(message, known or NOTHING_KNOWN)

    async def _later(
        self, message: Message, connection: Connection, subject: str | None, read: CurrentRead
    ) -> MaskedLater:
        try:
            known = await self._known.look_up(connection, subject, read)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcome must be recorded
            if not isinstance(error, CountersignError):
                logger.error("the schema of some data cannot be read: %s", place_of(error))
            return MaskedLater(await self._masking.without_body(message, NOT_READ), None)
        return MaskedLater(await self._masking.masked(message, known), known)


def _place(exchange: Exchange) -> tuple[Connection, str | None, CurrentRead] | None:
    """Where the schema of the exchange's data is read; None: it has no data, or nobody knows of a schema."""
    connection: Connection | None = exchange.connection
    operation: Operation | None = exchange.operation
    if connection is None or operation is None or operation.data_schema is None:
        return None
    return connection, operation.subject, operation.data_schema
