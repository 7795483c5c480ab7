"""Tokens that must not pass, and the verifier they are sent to."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from countersign import limits
from countersign.errors import InvalidCredential
from countersign.identity import Caller, TokenVerifier, base64url
from countersign.rulebook.values import IdentityRules, Issuer, PersonMark
from tests.identity.issuing import NOW, Clock, KeyServer, SigningKey, claims_of, fetch, issuer_at, rsa_key

FIRST = rsa_key()


class Gate:
    """A verifier with everything a test turns."""

    def __init__(self, provider: KeyServer, *more: Issuer, **changes: Any) -> None:
        self.provider = provider
        self.clock = Clock()
        self.monotonic = Clock(1000.0)
        marks = (PersonMark(provider.url, "user_login", "anna-k", "anna"),)
        rules = IdentityRules((issuer_at(provider.url, **changes), *more), marks)
        self.verifier = TokenVerifier(rules, fetch, self.clock, self.monotonic)

    def claims(self, **changes: Any) -> dict[str, Any]:
        return claims_of(self.provider.url, **changes)

    async def caller(self, token: str) -> Caller:
        return await self.verifier.verify(token)

    async def refusal(self, token: str) -> str:
        with pytest.raises(InvalidCredential) as caught:
            await self.verifier.verify(token)
        assert not any(part and part in str(caught.value) for part in token.split("."))
        return str(caught.value)


def hmac_with_public_key(gate: Gate, **header: Any) -> str:
    """The classic confusion: HS256 with the published PEM as the secret."""
    head = base64url.encode(json.dumps({"alg": "HS256", "kid": "first", **header}).encode())
    signed = f"{head}.{base64url.encode(json.dumps(gate.claims()).encode())}"
    return f"{signed}.{base64url.encode(hmac.digest(FIRST.pem, signed.encode(), 'sha256'))}"


def unsigned(gate: Gate, algorithm: str, signature: str) -> str:
    head = base64url.encode(json.dumps({"alg": algorithm, "kid": "first"}).encode())
    return f"{head}.{base64url.encode(json.dumps(gate.claims()).encode())}.{signature}"


def doubled(gate: Gate) -> str:
    """A genuine signature over a payload with `sub` twice."""
    payload = json.dumps(gate.claims()).replace('"sub": "ci-42"', '"sub": "ci-42", "sub": "root"')
    return FIRST.sign(b'{"alg":"RS256","kid":"first"}', payload.encode())


FORGERIES: dict[str, tuple[Callable[[Gate], str], str]] = {
    # name: (how it is made, what the refusal says); each is the good token with one thing changed
    "alg none": (lambda gate: unsigned(gate, "none", ""), "not signed"),
    "alg none, with a signature": (lambda gate: unsigned(gate, "none", "AAAA"), "`alg`"),
    "alg None": (lambda gate: unsigned(gate, "None", "AAAA"), "`alg`"),
    "HS256 with the public key": (hmac_with_public_key, "`alg`"),
    "alg in the wrong case": (lambda gate: FIRST.token(gate.claims(), alg="rs256"), "`alg`"),
    "alg not in the rule": (lambda gate: SigningKey(FIRST.private, "RS512").token(gate.claims()), "`alg`"),
    "alg of another key type": (lambda gate: FIRST.token(gate.claims(), alg="ES256"), "no key"),
    "another key": (lambda gate: rsa_key(2).token(gate.claims()), "signature"),
    "another key that it brings along": (lambda gate: rsa_key(2).token(gate.claims(), jwk=rsa_key(2).jwk), "`jwk`"),
    "jku": (lambda gate: FIRST.token(gate.claims(), jku=gate.provider.url + "/jwks"), "`jku`"),
    "x5u": (lambda gate: FIRST.token(gate.claims(), x5u=gate.provider.url), "`x5u`"),
    "crit": (lambda gate: FIRST.token(gate.claims(), crit=["exp"]), "`crit`"),
    "nested": (lambda gate: FIRST.token(gate.claims(), cty="JWT"), "`cty`"),
    "logout token": (lambda gate: FIRST.token(gate.claims(), typ="logout+jwt"), "`typ`"),
    "kid with a path": (lambda gate: FIRST.token(gate.claims(), kid="../../first"), "no key"),
    "kid with a null": (lambda gate: FIRST.token(gate.claims(), kid="first\0"), "no key"),
    "kid empty": (lambda gate: FIRST.token(gate.claims(), kid=""), "no key"),
    "kid a list": (lambda gate: FIRST.token(gate.claims(), kid=["first"]), "`kid`"),
    "kid null": (lambda gate: FIRST.token(gate.claims(), kid=None), "`kid`"),
    "truncated": (lambda gate: FIRST.token(gate.claims())[:-10], "signature"),
    "without signature": (lambda gate: FIRST.token(gate.claims()).rpartition(".")[0] + ".", "not signed"),
    "two parts": (lambda gate: FIRST.token(gate.claims()).rpartition(".")[0], "three parts"),
    "encrypted": (lambda gate: FIRST.token(gate.claims()) + ".AAAA.AAAA", "JWE"),
    "huge": (lambda gate: FIRST.token(gate.claims(pad="x" * limits.MAX_TOKEN_CHARACTERS)), "longer than"),
    "sub twice": (doubled, "exactly one way"),
    "no issuer": (lambda gate: FIRST.token(gate.claims(iss=...)), "`iss`"),
    "unknown issuer": (lambda gate: FIRST.token(gate.claims(iss="https://evil.example")), "`iss`"),
    "issuer with a slash": (lambda gate: FIRST.token(gate.claims(iss=gate.provider.url + "/")), "`iss`"),
    "issuer a list": (lambda gate: FIRST.token(gate.claims(iss=[gate.provider.url])), "`iss`"),
    "other audience": (lambda gate: FIRST.token(gate.claims(aud="other")), "`aud`"),
    "no audience": (lambda gate: FIRST.token(gate.claims(aud=...)), "`aud`"),
    "no subject": (lambda gate: FIRST.token(gate.claims(sub=...)), "`sub`"),
    "no exp": (lambda gate: FIRST.token(gate.claims(exp=...)), "`exp`"),
    "expired": (lambda gate: FIRST.token(gate.claims(exp=int(NOW) - 31, iat=int(NOW) - 90)), "expired"),
    "issued in the future": (lambda gate: FIRST.token(gate.claims(iat=int(NOW) + 60)), "future"),
    "not yet valid": (lambda gate: FIRST.token(gate.claims(nbf=int(NOW) + 60)), "not valid yet"),
    "too long a life": (lambda gate: FIRST.token(gate.claims(exp=int(NOW) + 10**6)), "longer than"),
    "bound to a key": (lambda gate: FIRST.token(gate.claims(cnf={"jkt": "x"})), "`cnf`"),
    "not a token": (lambda gate: "secret-password-1", "not a JWT"),
}
