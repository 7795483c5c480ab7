"""What the caller says to the gateway beside the request."""

from __future__ import annotations

import pytest
from mitmproxy import http

from countersign import limits
from countersign.errors import BadInput
from countersign.masking import Masker
from countersign.proxy.exchange import Exchange
from countersign.proxy.header_names import BREAK_GLASS, JUSTIFICATION
from countersign.proxy.justification import kept_headers, said, take_justifications
from countersign.rulebook.values import MaskingRule
from tests.proxy.values import DIGEST, SOURCE, flow

_LONGEST = "x" * limits.MAX_REASON_CHARACTERS


def _request(*headers: tuple[bytes, bytes]) -> http.Request:
    made = flow().request
    made.headers = http.Headers([(b"Content-Type", b"application/json"), *headers])
    return made


def _taken(*headers: tuple[bytes, bytes]) -> Exchange:
    exchange, request = Exchange("e1", 1, "plain"), _request(*headers)
    try:
        take_justifications(exchange, request)
    finally:
        assert list(request.headers) == ["Content-Type"]
    return exchange


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"the shop is down", "the shop is down"),
        ("Kasse stürzt ab, 価格".encode(), "Kasse stürzt ab, 価格"),
        (b"7", "7"),
        (b"  see https://tickets/1?token=abc ", "see https://tickets/1?token=abc"),
        ("right\u202eleft".encode(), "right\\u202eleft"),
        (_LONGEST.encode(), _LONGEST),
    ],
)
def test_both_are_taken_off_the_request(value: bytes, text: str) -> None:
    """As text that is safe to show; nothing of it is left for the service."""
    exchange = _taken((b"Countersign-Justification", value), (b"countersign-break-glass", b"fire"))
    assert (exchange.justification, exchange.break_glass) == (text, "fire")
    assert kept_headers(exchange) == ((JUSTIFICATION, text), (BREAK_GLASS, "fire"))


def test_neither_need_be_there() -> None:
    """Most requests say nothing."""
    exchange = _taken()
    assert (exchange.justification, exchange.break_glass, kept_headers(exchange)) == (None, None, ())


@pytest.mark.parametrize("name", [b"Countersign-Justification", b"Countersign-Break-Glass"])
@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ((b"one", b"two"), "given 2 times; send it once"),
        ((b"",), "says nothing"),
        ((b" ... !",), "says nothing"),
        ((b"St\xfcrze",), "send its text encoded as UTF-8"),
        ((_LONGEST.encode() + b"x",), "has more than 2000 characters; link to the rest"),
        ((("a" + "\u200b" * 400).encode(),), "has more than 2000 characters"),
    ],
    ids=["twice", "empty", "no word", "latin-1", "too long", "too long when made visible"],
)
def test_what_cannot_be_kept_is_refused(name: bytes, values: tuple[bytes, ...], problem: str) -> None:
    """With the name of the header and the remedy, and still nothing of it is left on the request."""
    with pytest.raises(BadInput, match=problem) as refused:
        _taken(*((name, value) for value in values))
    assert refused.value.status == 400
    assert name.decode() in refused.value.detail


def test_what_is_shown_of_it_went_through_masking() -> None:
    """A rule can name the header, and queries of URLs in it are masked as everywhere."""
    exchange = _taken((b"Countersign-Justification", b"secret plan"), (b"Countersign-Break-Glass", b"fire"))
    rule = MaskingRule("m", ("*",), ("*",), ("request",), (), ("Countersign-Justification",), (), "redact", 0, SOURCE)
    for rules, shown in (((), "secret plan"), ((rule,), "[masked]")):
        masked = Masker(rules, DIGEST).message(
            connection="c", subject=None, direction="request", target="/", headers=kept_headers(exchange), body=b""
        )
        other = Exchange("e2", 1, "plain")
        other.masked = masked
        assert (said(other, JUSTIFICATION), said(other, BREAK_GLASS)) == (shown, "fire")
    other = Exchange("e3", 1, "plain")
    other.masked = Masker((), DIGEST).message(
        connection="c", subject=None, direction="request", target="/", headers=(), body=b""
    )
    assert said(other, JUSTIFICATION) == ""
