from __future__ import annotations

import json
from typing import Any

import pytest

from countersign import limits
from countersign.errors import BadInput, InvalidCredential
from countersign.identity import base64url
from countersign.identity.keys import ASYMMETRIC_ALGORITHMS, KeySet, read_key_set, signing_key
from tests.identity.issuing import SigningKey, ec_key, ed_key, rsa_key

CLAIMS = {"sub": "ci-42"}


def key_set(*entries: object) -> KeySet:
    return read_key_set(json.dumps({"keys": entries}).encode())


def changed(key: SigningKey, **changes: Any) -> dict[str, Any]:
    """The published form of `key`; a change to `...` leaves that member out."""
    return {name: value for name, value in {**key.jwk, **changes}.items() if value is not ...}


def test_algorithms_are_asymmetric() -> None:
    """The constant everything rests on: neither `none` nor an HMAC is in it."""
    assert isinstance(ASYMMETRIC_ALGORITHMS, tuple)
    assert not [name for name in ASYMMETRIC_ALGORITHMS if name.lower() == "none" or name.startswith("HS")]


@pytest.mark.parametrize("key", [rsa_key(), ec_key(), ed_key()], ids=lambda key: key.algorithm)
def test_published_key_verifies(key: SigningKey) -> None:
    """Each kind of key verifies its own signature, and no other."""
    token = key.token(CLAIMS)
    (found,) = key_set(key.jwk)
    assert signing_key((found,), token, "first", key.algorithm) is found
    assert found.verifies(token, key.algorithm)
    assert not found.verifies(
        key.token({"sub": "ci-43"}).rsplit(".", 1)[0] + "." + token.rsplit(".", 1)[1], key.algorithm
    )


def test_thumbprint_is_of_rfc_7638() -> None:
    """The example of RFC 7638, 3.1, with its other members in place."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
        "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"
        "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU"
        "8awapJzKnqDKgw"
    )
    (found,) = key_set({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert found.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_thumbprint_does_not_depend_on_the_spelling() -> None:
    """RFC 7518, 6.3.1.1: with or without a zero octet before the modulus it is the same key."""
    padded = base64url.encode(b"\0" + base64url.decode(rsa_key().jwk["n"]))
    (plain,), (odd,) = key_set(rsa_key().jwk), key_set(changed(rsa_key(), n=padded))
    assert plain.thumbprint == odd.thumbprint
    assert odd.verifies(rsa_key().token(CLAIMS), "RS256")


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "RS256", "use": "sig"},
        rsa_key(bits=1024).jwk,
        changed(rsa_key(), use="enc"),
        changed(rsa_key(), use=None),
        changed(rsa_key(), use=["sig"]),
        changed(rsa_key(), key_ops=["encrypt"]),
        changed(rsa_key(), key_ops=[]),
        changed(rsa_key(), key_ops="verify"),
        changed(rsa_key(), kid=7),
        changed(rsa_key(), kid=["first"]),
        changed(rsa_key(), alg=["RS256"]),
        changed(rsa_key(), d="AQAB"),
        changed(rsa_key(), kty="rsa"),
        changed(rsa_key(), kty=...),
        changed(rsa_key(), n=...),
        changed(rsa_key(), n=""),
        changed(rsa_key(), n=7),
        changed(rsa_key(), e="AQ"),
        changed(rsa_key(), e="AQAB=="),
        changed(ec_key(), crv="P-257"),
        changed(ec_key(), crv="secp256k1"),
        changed(ec_key(), crv=...),
        changed(ec_key(), crv=["P-256"]),
        changed(ec_key(), y=ec_key().jwk["x"]),
        changed(ec_key(), x="AAAA"),
        changed(ed_key(), crv="X25519"),
        changed(ed_key(), x="AAAA"),
        changed(ec_key(), kty="RSA"),
        "first",
        None,
        [],
    ],
)
def test_keys_that_may_not_be_used_are_left_out(entry: object) -> None:
    """Symmetric, weak, private, meant for something else, or malformed: as if it were not there, and the others stay."""
    assert key_set(entry) == ()
    assert len(key_set(entry, ed_key().jwk)) == 1


@pytest.mark.parametrize(
    "entry",
    [
        changed(rsa_key(), use=...),
        changed(rsa_key(), alg=...),
        changed(rsa_key(), kid=...),
        changed(rsa_key(), key_ops=["verify"]),
        changed(rsa_key(), x5c=["MIIB"], x5u="https://evil.example/"),
    ],
)
def test_optional_members_may_be_absent(entry: dict[str, Any]) -> None:
    """`use`, `alg`, `kid` and `key_ops` are optional; certificates beside a key are not looked at."""
    assert len(key_set(entry)) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"[]", b"{}", b'{"keys":null}', b'{"keys":{}}', b'{"keys":[],"keys":[]}'],
)
def test_what_is_no_key_set_is_refused(data: bytes) -> None:
    """An error page does not empty the list of known keys; an empty set does."""
    assert read_key_set(b'{"keys":[]}') == ()
    with pytest.raises(BadInput):
        read_key_set(data)


def test_number_of_keys_is_bounded() -> None:
    """As many as allowed are read, one more is not."""
    assert len(key_set(*[ed_key().jwk] * limits.MAX_KEYS_PER_ISSUER)) == limits.MAX_KEYS_PER_ISSUER
    with pytest.raises(BadInput, match="more than"):
        key_set(*[ed_key().jwk] * (limits.MAX_KEYS_PER_ISSUER + 1))


def test_a_keys_own_algorithm_is_the_only_one() -> None:
    """A key published for RS256 does not verify PS256; one published without `alg` does."""
    pss = SigningKey(rsa_key().private, "PS256")
    (bound,), (free,) = key_set(rsa_key().jwk), key_set(changed(rsa_key(), alg=...))
    assert free.verifies(pss.token(CLAIMS), "PS256")
    assert not bound.verifies(pss.token(CLAIMS), "PS256")
    with pytest.raises(InvalidCredential, match="no key"):
        signing_key((bound,), pss.token(CLAIMS), "first", "PS256")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "ES384", "HS256", "none", "RS1", ""])
def test_type_and_curve_must_fit_the_algorithm(algorithm: str) -> None:
    """An RSA key verifies RSA signatures only, whatever the header says."""
    (key,) = key_set(changed(rsa_key(), alg=...))
    assert key.fits("RS256")
    assert not key.fits(algorithm)
    assert not key.verifies(rsa_key().token(CLAIMS), algorithm)


def test_the_token_names_its_key() -> None:
    """Of several keys the named one counts, and no other is tried."""
    keys = key_set(rsa_key(1).called("a").jwk, rsa_key(2).called("b").jwk)
    token = rsa_key(2).called("b").token(CLAIMS)
    assert signing_key(keys, token, "b", "RS256").key_id == "b"
    with pytest.raises(InvalidCredential, match="signature"):
        signing_key(keys, token, "a", "RS256")
    with pytest.raises(InvalidCredential, match="no key"):
        signing_key(keys, token, "c", "RS256")


def test_without_a_name_exactly_one_key_must_fit() -> None:
    """One key of that type among others will do; two are one too many."""
    token = rsa_key(1).token(CLAIMS)
    keys = key_set(rsa_key(1).jwk, ec_key().jwk)
    assert signing_key(keys, token, None, "RS256").key_type == "RSA"
    with pytest.raises(InvalidCredential, match="several"):
        signing_key(key_set(rsa_key(1).jwk, rsa_key(2).called("b").jwk), token, None, "RS256")
    with pytest.raises(InvalidCredential, match="no key"):
        signing_key((), token, None, "RS256")


def test_two_keys_of_one_name_and_type_are_ambiguous() -> None:
    """Nobody guesses which was meant; of different types the algorithm tells (RFC 7517, 4.5)."""
    token = rsa_key(1).token(CLAIMS)
    assert signing_key(key_set(rsa_key(1).jwk, ec_key().jwk), token, "first", "RS256").key_type == "RSA"
    with pytest.raises(InvalidCredential, match="several"):
        signing_key(key_set(rsa_key(1).jwk, rsa_key(2).jwk), token, "first", "RS256")
