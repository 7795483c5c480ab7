"""What an ID token must say beyond any other token."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from countersign.errors import InvalidCredential
from countersign.identity import base64url, id_token
from countersign.identity.jws import UnverifiedToken

ACCESS = "an-access-token"
GOOD: dict[str, Any] = {"aud": "console", "nonce": "n-1"}


def token(algorithm: str = "RS256", **changes: Any) -> UnverifiedToken:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return UnverifiedToken("x.y.z", algorithm, None, claims)


def check(candidate: UnverifiedToken) -> None:
    id_token.check(candidate, "console", "n-1", ACCESS)


def half(name: str) -> str:
    digest = hashlib.new(name, ACCESS.encode()).digest()
    return base64url.encode(digest[: len(digest) // 2])


@pytest.mark.parametrize("changes", [{}, {"aud": ["console"]}, {"azp": "console"}, {"at_hash": half("sha256")}])
def test_the_answer_to_this_log_in_passes(changes: dict[str, Any]) -> None:
    """In every spelling that OpenID Connect allows."""
    check(token(**changes))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "another"}, "`aud`"),
        ({"aud": ["console", "another"]}, "`aud`"),
        ({"aud": ["console", "another"], "azp": "console"}, "`aud`"),
        ({"aud": []}, "`aud`"),
        ({"azp": "another"}, "`azp`"),
        ({"azp": None}, "`azp`"),
        ({"nonce": "n-2"}, "`nonce`"),
        ({"nonce": "n-1\u00e9"}, "`nonce`"),
        ({"nonce": ""}, "`nonce`"),
        ({"nonce": ["n-1"]}, "`nonce`"),
        ({"nonce": ...}, "`nonce`"),
        ({"at_hash": half("sha512")}, "`at_hash`"),
        ({"at_hash": None}, "`at_hash`"),
        ({"at_hash": ""}, "`at_hash`"),
    ],
)
def test_any_other_does_not(changes: dict[str, Any], why: str) -> None:
    """Each is the good one with one thing changed."""
    check(token())
    with pytest.raises(InvalidCredential, match=why):
        check(token(**changes))


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [("PS256", "sha256"), ("ES384", "sha384"), ("RS512", "sha512"), ("ES512", "sha512"), ("EdDSA", "sha512")],
)
def test_the_access_token_s_hash_is_the_signature_s(algorithm: str, name: str) -> None:
    """OpenID Connect Core 1.0, 3.1.3.6."""
    check(token(algorithm, at_hash=half(name)))
    with pytest.raises(InvalidCredential):
        check(token(algorithm, at_hash=half("sha256" if name == "sha512" else "sha512")))
