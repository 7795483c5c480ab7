"""What the claims of a token must say before anybody acts on them (RFC 7519, 4.1; RFC 8725, 3.8 to 3.10).

Does not check the signature, and does not know whether the provider withdrew the token in the meantime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countersign import limits
from countersign.errors import InvalidCredential
from countersign.rulebook.values import Issuer
from countersign.strict_json import Json


@dataclass(frozen=True, slots=True)
class RegisteredClaims:
    """The registered claims every accepted token has; times are seconds since the epoch."""

    subject: str
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    token_id: str | None


def check(claims: Mapping[str, Json], issuer: Issuer, audiences: Sequence[str], now: float) -> RegisteredClaims:
    """Check the registered claims of a token of `issuer` at `now` (seconds since the epoch).

    `iss aud exp iat sub` are required, and `aud` has one of `audiences`. Clocks may differ by `issuer.leeway_seconds`. Raises InvalidCredential.
    """
    if claims.get("iss") != issuer.url:
        raise InvalidCredential("the token is of another issuer")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidCredential("the token has no subject (`sub`), or not as a string")
    audience = _audience(claims)
    if not set(audience) & set(audiences):
        raise InvalidCredential(f"the token is for somebody else: `aud` has none of {', '.join(audiences)}")
    issued_at, expires_at = _check_times(claims, issuer.leeway_seconds, now)
    token_id = claims.get("jti")
    if "jti" in claims and not isinstance(token_id, str):
        raise InvalidCredential("the token's `jti` is not a string")
    if "cnf" in claims:
        # RFC 7800; RFC 9449, 7: without the proof such a token is worth nothing, and may have been stolen
        raise InvalidCredential("the token is bound to a key (`cnf`) whose proof the gateway does not check")
    if "events" in claims:
        raise InvalidCredential("the token reports an event (RFC 8417): it is no credential")
    return RegisteredClaims(subject, audience, issued_at, expires_at, token_id if isinstance(token_id, str) else None)


def groups(claims: Mapping[str, Json], issuer: Issuer) -> frozenset[str]:
    """The groups of the caller by `issuer.groups_claim`; empty where the rule names no claim or the token has none.

    Raises InvalidCredential where the token has groups that cannot be read here: a rule that denies by group must not
    be passed by hiding the groups.
    """
    name = issuer.groups_claim
    if name is None:
        return frozenset()
    elsewhere = claims.get("_claim_names")  # OpenID Connect Core, 5.6.2: too many groups for one token
    if isinstance(elsewhere, dict) and name in elsewhere:
        raise InvalidCredential(f"the provider left `{name}` out of the token; have it send only the groups in use")
    names = claims.get(name, [])
    if not isinstance(names, list):
        raise InvalidCredential(f"the token's `{name}` is not a list")
    found = [group for group in names if isinstance(group, str)]
    if len(found) != len(names):
        raise InvalidCredential(f"the token's `{name}` is not a list of strings")
    return frozenset(found)


def _audience(claims: Mapping[str, Json]) -> tuple[str, ...]:
    audience = claims.get("aud")
    values = audience if isinstance(audience, list) else [audience]
    strings = tuple(value for value in values if isinstance(value, str))
    if not strings or len(strings) != len(values):
        raise InvalidCredential("the token has no audience (`aud`), or not as a string or a list of strings")
    return strings


def _check_times(claims: Mapping[str, Json], leeway_seconds: int, now: float) -> tuple[int, int]:
    issued_at, expires_at = _seconds(claims, "iat"), _seconds(claims, "exp")
    if now >= expires_at + leeway_seconds:
        raise InvalidCredential("the token has expired; get a new one")
    if issued_at > now + leeway_seconds:
        raise InvalidCredential("the token was issued in the future; the clocks differ")
    if "nbf" in claims and _seconds(claims, "nbf") > now + leeway_seconds:
        raise InvalidCredential("the token is not valid yet")
    if expires_at <= issued_at:
        raise InvalidCredential("the token expires before it was issued")
    if expires_at - issued_at > limits.MAX_TOKEN_LIFETIME_SECONDS:
        raise InvalidCredential(
            f"the token is valid for longer than {limits.MAX_TOKEN_LIFETIME_SECONDS} seconds; get a shorter-lived one"
        )
    return issued_at, expires_at


def _seconds(claims: Mapping[str, Json], name: str) -> int:
    """A NumericDate (RFC 7519, 2), rounded down."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCredential(f"the token has no `{name}`, or not as a number of seconds")
    return int(value)
