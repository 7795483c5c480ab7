from __future__ import annotations

import json
from typing import Any

import pytest

from countersign import limits
from countersign.errors import InvalidCredential
from countersign.identity import base64url
from countersign.identity.jws import ID_TOKEN_TYPES, parse

SIGNATURE = base64url.encode(b"not checked here")
HEADER: dict[str, Any] = {"alg": "RS256", "kid": "first", "typ": "JWT"}


def compact(header: object = HEADER, payload: object = None, signature: str = SIGNATURE) -> str:
    """A token of these parts; bytes are taken as they are, everything else as JSON."""
    parts = [header, {"iss": "x"} if payload is None else payload]
    data = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    return ".".join([*(base64url.encode(part) for part in data), signature])


def refusal(token: str) -> str:
    """Why `token` is refused, its twin not being so."""
    parse(compact())
    with pytest.raises(InvalidCredential) as caught:
        parse(token)
    assert token not in str(caught.value)
    return str(caught.value)


def test_the_outside_is_read() -> None:
    """Algorithm, key name and claims, and the text for the signature check; nothing of it is believed."""
    token = parse(compact())
    assert (token.text, token.algorithm, token.key_id) == (compact(), "RS256", "first")
    assert token.claims == {"iss": "x"}
    assert SIGNATURE not in repr(token)


def test_a_token_need_not_name_its_key() -> None:
    """`kid` is optional (RFC 7515, 4.1.4)."""
    assert parse(compact({"alg": "RS256"})).key_id is None


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_credentials_are_read(kind: str) -> None:
    """RFC 7519, 5.1 and RFC 9068, 2.1, in any case."""
    assert parse(compact({**HEADER, "typ": kind})).claims == {"iss": "x"}


@pytest.mark.parametrize("kind", ["logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "", None, ["JWT"]])
def test_types_of_other_things_are_refused(kind: object) -> None:
    """A token made for another purpose is no credential (RFC 8725, 3.11)."""
    assert "`typ`" in refusal(compact({**HEADER, "typ": kind}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jku", "https://evil.example/jwks"),
        ("x5u", "https://evil.example/cert"),
        ("jwk", {"kty": "RSA"}),
        ("crit", ["exp"]),
        ("crit", []),
        ("b64", False),
        ("cty", "JWT"),
        ("enc", "A256GCM"),
        ("zip", "DEF"),
    ],
)
def test_headers_that_change_the_reading_are_refused(name: str, value: object) -> None:
    """A token does not choose its key, its extensions, or to hold another token."""
    assert f"`{name}`" in refusal(compact({**HEADER, name: value}))


def test_certificate_headers_are_ignored() -> None:
    """`x5c` and `x5t` neither help nor hurt: keys come from the issuer only."""
    assert parse(compact({**HEADER, "x5c": ["MIIB"], "x5t": "abc"})).key_id == "first"


@pytest.mark.parametrize("algorithm", [None, 7, ["RS256"], {"alg": "RS256"}, ...])
def test_algorithm_must_be_a_string(algorithm: object) -> None:
    """Which one is another question; there has to be one."""
    header = {**HEADER, "alg": algorithm}
    assert "`alg`" in refusal(compact({name: value for name, value in header.items() if value is not ...}))


@pytest.mark.parametrize("kid", [None, 7, ["first"], {"kid": "first"}, True])
def test_key_name_must_be_a_string(kid: object) -> None:
    """A `kid` of another type names no key; it is not as if there were none."""
    assert "`kid`" in refusal(compact({**HEADER, "kid": kid}))


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("abc", "three parts"),
        ("a.b", "three parts"),
        (compact() + ".x", "three parts"),
        (compact() + ".x.y", "JWE"),
        (compact(signature=""), "not signed"),
        (compact(signature="+/+/"), "signature"),
        (compact(signature="YR"), "signature"),
        (compact(signature=SIGNATURE + "=="), "signature"),
        (compact()[:-1], "signature"),
        ("=" + compact(), "header"),
        (compact(header=b""), "header"),
        (compact(header=b"[]"), "header is not a JSON object"),
        (compact(payload=b"[]"), "payload is not a JSON object"),
        (compact(payload=b'"x"'), "payload is not a JSON object"),
        (compact(payload=b"{"), "exactly one way"),
        (compact(payload=b'{"iss":"x","iss":"y"}'), "exactly one way"),
        (compact(payload=b'{"iss":"x","a":{"b":1,"b":2}}'), "exactly one way"),
        (compact(header=b'{"alg":"RS256","alg":"ES256"}'), "exactly one way"),
        (compact(payload=b'{"iss":"x","exp":NaN}'), "exactly one way"),
        (compact(payload=b'\xef\xbb\xbf{"iss":"x"}'), "exactly one way"),
        (compact(payload=b'{"iss":"\xff"}'), "exactly one way"),
        (compact(payload=b'{"iss":"\\ud800"}'), "exactly one way"),
        (compact(payload=b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"), "exactly one way"),
        (" " + compact(), "header"),
        (compact() + "\n", "signature"),
        (compact().replace("e", "\u0435", 1), "header"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(token: str, why: str) -> None:
    """Truncated, padded, doubled, too deep or not JSON: nobody guesses."""
    assert why in refusal(token)


def test_length_is_bounded() -> None:
    """A token as long as allowed is read; one character more is not even split."""
    room = limits.MAX_TOKEN_CHARACTERS - len(compact(signature=""))
    room -= room % 4 == 1
    assert parse(compact(signature="A" * room)).key_id == "first"
    assert "longer than" in refusal(compact(signature="A" * (room + 4)))


def test_an_access_token_is_no_id_token() -> None:
    """Where one is expected, the type that RFC 9068 gives to the other is refused."""
    access = compact(header=b'{"alg":"RS256","typ":"at+jwt"}')
    assert parse(access).algorithm == "RS256"
    with pytest.raises(InvalidCredential, match="`typ`"):
        parse(access, ID_TOKEN_TYPES)
    assert parse(compact(header=b'{"alg":"RS256","typ":"JWT"}'), ID_TOKEN_TYPES).algorithm == "RS256"
