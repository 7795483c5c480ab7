"""JSON Web Tokens in compact form."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.web_tokens import find_web_tokens
from tests.masking.detectors.labelled_secrets import b64

HEADER = b64({"alg": "HS256", "typ": "JWT"})
BODY = b64({"sub": "4711"})


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_web_tokens(text)]


@pytest.mark.parametrize(
    "token",
    [
        f"{HEADER}.{BODY}.c2lnbmF0dXJl",
        f"{HEADER}.{BODY}.",
        f"{HEADER}.{BODY}",
        f"{HEADER}.a.b.c.d",
        b64(b'{ "alg" : "none" }') + ".e30.",
    ],
)
def test_a_token_is_found(token: str) -> None:
    """Signed, unsigned, cut short, encrypted, and with blanks in its header."""
    assert found(f"x={token};") == [token]


def test_what_has_no_header_is_no_token() -> None:
    """The same letters, but a document of another kind or none."""
    assert found(f"{b64({'page': 12, 'limit': 5})}.{BODY}.x") == found("eyJhbGcxxxxxxx.abc.def") == found(HEADER) == []
