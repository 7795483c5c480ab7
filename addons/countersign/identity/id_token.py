"""What an ID token must say beyond any other token, so that it ends this log-in and no other.

After OpenID Connect Core 1.0, 3.1.3.7. Does not check what every token must say (signature, issuer, times): `oidc` does.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from countersign.errors import InvalidCredential
from countersign.identity import base64url
from countersign.identity.jws import UnverifiedToken

_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def check(token: UnverifiedToken, client_id: str, nonce: str, access_token: str) -> None:
    """`token`, whose signature was verified, is for `client_id` alone and answers the log-in that sent `nonce`.

    `access_token` came with it; where the token has `at_hash`, it is of that one. Raises InvalidCredential.
    """
    claims = token.claims
    if claims.get("aud") not in (client_id, [client_id]):
        raise InvalidCredential("the ID token is for others too; have the provider name the console alone in `aud`")
    if claims.get("azp", client_id) != client_id:
        raise InvalidCredential("the ID token was issued to another client (`azp`)")
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise InvalidCredential("the ID token is of another log-in (`nonce`)")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, token.algorithm):
        raise InvalidCredential("the ID token came with an access token that is not its own (`at_hash`)")


def _half_hash(access_token: str, algorithm: str) -> str:
    """OpenID Connect Core 1.0, 3.1.3.6; with Ed25519 the hash is the signature's own, SHA-512."""
    digest = _HASHES["512" if algorithm == "EdDSA" else algorithm[-3:]](access_token.encode()).digest()
    return base64url.encode(digest[: len(digest) // 2])
