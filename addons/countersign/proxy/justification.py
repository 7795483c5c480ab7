"""What the caller says to the gateway beside the request: why it is needed, and why it cannot wait.

Taken off the request: the service never sees it, and no approval is bound to it. Does not judge what is said.
"""

from __future__ import annotations

from mitmproxy import http

from countersign import limits
from countersign.errors import BadInput
from countersign.proxy.exchange import Exchange
from countersign.proxy.header_names import BREAK_GLASS, JUSTIFICATION
from countersign.visible_text import visible_line


def take_justifications(exchange: Exchange, request: http.Request) -> None:
    """Move both headers from `request` into `exchange`. None is left, whatever is wrong with them.

    Raises BadInput, with the remedy.
    """
    found = {name: request.headers.get_all(name) for name in (JUSTIFICATION, BREAK_GLASS)}
    for name in found:
        request.headers.pop(name, None)
    exchange.justification = _text("Countersign-Justification", found[JUSTIFICATION])
    exchange.break_glass = _text("Countersign-Break-Glass", found[BREAK_GLASS])


def kept_headers(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """The same as header fields, for what is kept of a request: masking rules can name them."""
    said = ((JUSTIFICATION, exchange.justification), (BREAK_GLASS, exchange.break_glass))
    return tuple((name, text) for name, text in said if text is not None)


def said(exchange: Exchange, name: str) -> str:
    """What the caller said in the header `name`, as it may be kept and shown; empty where it was not given."""
    assert exchange.masked is not None
    return next((value for header, value in exchange.masked.headers if header == name), "")


def _text(name: str, values: list[str]) -> str | None:
    if not values:
        return None
    if len(values) > 1:
        raise BadInput(f"{name} is given {len(values)} times; send it once")
    (text,) = values
    try:
        text.encode()  # what is not UTF-8 comes out of mitmproxy as lone surrogates
    except UnicodeEncodeError:
        raise BadInput(f"{name} is not UTF-8; send its text encoded as UTF-8") from None
    text = visible_line(text)
    if len(text) > limits.MAX_REASON_CHARACTERS:
        raise BadInput(f"{name} has more than {limits.MAX_REASON_CHARACTERS} characters; link to the rest")
    if not any(character.isalnum() for character in text):
        raise BadInput(f"{name} says nothing; write why in a few words, or leave it out")
    return text.strip()
