"""What may be kept and shown: what is small is masked at once, what is large by the masking process.

Where masking does not come about nothing of a message is kept in readable form; the message itself goes on. A change that
nobody can be shown does not, and neither does an answer whose caller may see a masked view only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from mitmproxy import http

from countersign import limits
from countersign.masking import (
    ClientView,
    ClientViews,
    KeyedDigest,
    MaskedAnswer,
    MaskedBody,
    MaskedMessage,
    MaskedSchema,
    Masker,
    MaskingFailed,
    NotMaskable,
)
from countersign.proxy.exchange import Exchange
from countersign.proxy.justification import kept_headers
from countersign.proxy.known_schemas import NOTHING_KNOWN, Known
from countersign.proxy.masking_child import Masking, Settings
from countersign.proxy.masking_process import MaskingProcess, NotMasked
from countersign.proxy.off_loop import aside, off_loop
from countersign.strict_json import Json

_REDACTED: Final = "[masked]"
_BODY_LABEL: Final = "body"  # as masking/ has it: equal bodies have equal digests, whoever made them

#: What `Masker.message` takes, without `known`.
type Message = dict[str, Any]


class MessageMasking:
    """What is small is masked here, the rest by `process`, which masks by the same settings."""

    def __init__(self, settings: Settings, process: MaskingProcess) -> None:
        """Raises ValueError on a masking rule that cannot be used."""
        self._here = Masking(settings)
        self._settings = settings
        self._process = process
        self._digest = KeyedDigest(settings.digest_key)

    def renew(self, values_key: bytes) -> None:
        """From the next message on there is another key of values that stay comparable. Any thread may call it."""
        settings = replace(self._settings, values_key=values_key)
        self._here = Masking(settings)
        self._process.renew(settings)

    def warm_up(self) -> None:
        """Make the first message as quick as all others."""
        self._here.warm_up()

    @property
    def masker(self) -> Masker:
        """What masks here."""
        return self._here.masker

    @property
    def client_views(self) -> ClientViews:
        """What callers see of answers, by the same settings."""
        return self._here.views

    def text(self, text: str) -> str:
        """`text` as it may be kept and shown; nothing of one that would take long. Never raises."""
        return self.masker.text(text) if len(text) < limits.ON_LOOP_BYTES else _REDACTED

    async def words(self, size: int, values: Sequence[Json]) -> tuple[Json, ...]:
        """`values` as they may be kept and shown: texts, and every string in what else there is. Raises MaskingFailed."""
        if size < limits.ON_LOOP_BYTES:
            return await aside(lambda: self._here.words(values=values))
        try:
            return await self._process.words(size, values)
        except (NotMasked, NotMaskable):
            raise MaskingFailed from None

    async def schemas(
        self, size: int, connection: str, documents: Sequence[tuple[str | None, Json]]
    ) -> tuple[MaskedSchema, ...]:
        """Each of `documents`, which come with their subjects, as it may be kept and shown. Raises MaskingFailed."""
        if size < limits.ON_LOOP_BYTES:
            return await aside(lambda: self._here.schemas(connection=connection, documents=documents))
        try:
            return await self._process.schemas(size, connection, documents)
        except (NotMasked, NotMaskable):
            raise MaskingFailed from None

    async def pointers(self, size: int, connection: str, documents: Sequence[Json]) -> frozenset[str]:
        """Of what is masked in `documents`, whose subjects are not known: every rule holds. Raises MaskingFailed."""
        if not documents:
            return frozenset()
        if size < limits.ON_LOOP_BYTES:
            return await aside(lambda: self._here.pointers(connection=connection, documents=documents))
        try:
            return await self._process.pointers(size, connection, documents)
        except (NotMasked, NotMaskable):
            raise MaskingFailed from None

    async def view(self, view: ClientView, whose: dict[str, Any], answer: dict[str, Any], known: Known) -> MaskedAnswer:
        """An answer as `view` shows it: `answer` is what `ClientViews.mask` takes, without `known`.

        `whose`: what `ClientViews.of` made the view of. Raises NotMaskable.
        """
        body, headers = answer["body"], answer["headers"]
        size = len(body) + sum(len(name) + len(value) for name, value in headers)
        if size + known.size < limits.ON_LOOP_BYTES and not (body and is_encoded(headers)):
            return self.client_views.mask(view, **answer, known=known.schemas)
        try:
            return await self._process.view(size, whose | answer, known.schemas)
        except NotMasked as error:
            raise NotMaskable(str(error)) from None

    async def masked(self, message: Message, known: Known = NOTHING_KNOWN) -> MaskedMessage:
        """What may be kept (and shown) of a message; `known` describes the data in it."""
        body: bytes = message["body"]
        size = len(body) + sum(len(name) + len(value) for name, value in message["headers"])
        if size + known.size < limits.ON_LOOP_BYTES and not (body and is_encoded(message["headers"])):
            return self.masker.message(**message, known=known.schemas)
        try:
            return await self._process.message(size, message, known.schemas)
        except NotMasked as error:
            nothing = ((_REDACTED, _REDACTED),) * len(message["headers"])
            target = None if message["target"] is None else _REDACTED
            return MaskedMessage(target, nothing, await self._unread(body, str(error)), {}, {})

    async def without_body(self, message: Message, why: str) -> MaskedMessage:
        """The same with nothing readable of its body; `why` holds nothing of it."""
        masked = await self.masked(message | {"body": b""})
        return replace(masked, body=await self._unread(message["body"], why))

    async def _unread(self, body: bytes, why: str) -> MaskedBody:
        digest = await off_loop(len(body), lambda: self._digest.of(body, label=_BODY_LABEL))
        return MaskedBody(len(body), "unknown", digest, None, why) if body else MaskedBody(0, None, digest, None, None)


def is_encoded(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether a body has a content coding: it may then be far larger than it looks."""
    return any(name.strip().lower() == "content-encoding" and value.strip() for name, value in headers)


def request_message(exchange: Exchange, flow: http.HTTPFlow) -> Message:
    """The request as it is now, with what its caller said to the gateway."""
    request = flow.request
    return _about(exchange, "request") | {
        "target": request.path,
        "headers": (*request.headers.items(multi=True), *kept_headers(exchange)),
        "body": request.raw_content or b"",
        "path_names": exchange.operation.path_names if exchange.operation else (),
    }


def response_message(exchange: Exchange, flow: http.HTTPFlow) -> Message:
    """The answer as it is now; where its caller sees a masked view: as the service gave it."""
    response = exchange.answered or flow.response
    assert response is not None
    return _about(exchange, "response") | {
        "target": None,
        "headers": tuple(response.headers.items(multi=True)),
        "body": response.raw_content or b"",
    }


def _about(exchange: Exchange, direction: str) -> Message:
    return {
        "connection": exchange.connection.name if exchange.connection else "",
        "subject": exchange.operation.subject if exchange.operation else None,
        "direction": direction,
        "holds": exchange.operation.holds if exchange.operation else "unknown",
    }
