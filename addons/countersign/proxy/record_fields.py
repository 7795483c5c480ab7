"""What records say of an exchange and of its messages: masked, and as text that a record can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mitmproxy import http

from countersign import limits
from countersign.evidence import Payload
from countersign.masking import MaskedMessage
from countersign.proxy.exchange import Exchange
from countersign.strict_json import Json, dumps

#: What a masked body is written as, by the format that masking read it in.
_MEDIA_TYPES: Final[Mapping[str | None, str]] = {
    "ndjson": "application/x-ndjson",
    "form": "application/x-www-form-urlencoded",
}


class RecordFields:
    """`mask` takes secrets out of a text."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def text(self, text: str) -> str:
        """`text` without secrets. Bytes that are no text come out of mitmproxy as lone surrogates, which no record can hold."""
        return clean(self._mask(_encodable(text)))  # masked whole: half a secret is not recognised

    def about(self, exchange: Exchange) -> dict[str, Json]:
        """What every record of a request is found by. A caller's name is an identity, and stays as it is."""
        subject = exchange.operation.subject if exchange.operation else None
        return {
            "connection": exchange.connection.name if exchange.connection else None,
            "subject": None if subject is None else self.text(subject),
            "caller": exchange.caller.label if exchange.caller else None,
        }

    def message(self, flow: http.HTTPFlow, masked: MaskedMessage) -> dict[str, Json]:
        """Of a request: what it is, where it leads, what was kept of it and what was masked."""
        return {
            "method": self.text(flow.request.method)[:32],
            "url": self._url(flow, masked),
            **body_fields(masked),
        }

    def _url(self, flow: http.HTTPFlow, masked: MaskedMessage) -> str:
        """Where the request leads; a CONNECT names a host and a port only."""
        host = self.text(flow.request.host)[:255]
        host = f"[{host}]" if ":" in host else host
        if flow.request.method == "CONNECT":
            return f"{host}:{flow.request.port}"
        return clean(f"{flow.request.scheme}://{host}:{flow.request.port}{masked.target or ''}")


def body_fields(masked: MaskedMessage) -> dict[str, Json]:
    """Of a message: its body, why it is not kept where it is not, which rule masked how much, and where."""
    body = masked.body
    return {
        "body": {"length": body.length, "media_type": body.media_type, "digest": body.digest},
        "not_kept": body.why_unreadable,
        **masked_fields(masked),
    }


def masked_fields(masked: MaskedMessage) -> dict[str, Json]:
    """Which rule masked how many values, and where."""
    return {"masked": dict(masked.masked), "masked_at": _places(masked.places)}


def _places(places: Mapping[str, Sequence[str]]) -> dict[str, Json]:
    """As many as a record has room for: names may be long, and in any script."""
    room = limits.MAX_MASKED_PLACES_BYTES
    shown: dict[str, Json] = {}
    for rule, all_of_it in places.items():
        some: list[Json] = []
        for place in all_of_it:
            room -= len(dumps(place)) + 1
            if room < 0:
                break
            some.append(place)
        if some:
            shown[rule] = some
    return shown


def payloads(name: str, masked: MaskedMessage) -> dict[str, Payload]:
    """The headers and the body of a message."""
    headers: Json = [list(header) for header in masked.headers]
    return {f"{name}-headers": Payload("application/json", dumps(headers)), **body_payload(name, masked)}


def body_payload(name: str, masked: MaskedMessage) -> dict[str, Payload]:
    """The body of a message, where it is kept in readable form."""
    if masked.body.text is None:
        return {}
    media_type = _MEDIA_TYPES.get(masked.body.format, "application/json")
    return {f"{name}-body": Payload(media_type, masked.body.text)}


def clean(text: str) -> str:
    """As text that a record can hold."""
    return _encodable(text[: limits.MAX_TARGET_CHARACTERS])


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
