"""A token becomes a Caller, or a refusal that says why; once for every request.

Does not ask the provider whether a token was withdrawn (introspection), does not notice when one is used twice (a bearer
token is for anyone who has it, until it expires), and does not tell an access token from an ID token: the audience that
the rule names must be the gateway's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import MappingProxyType

from countersign import limits
from countersign.errors import BadInput, InvalidCredential, RulesError
from countersign.identity import claims, id_token, jws
from countersign.identity.caller import Caller
from countersign.identity.discovery import LoginEndpoints
from countersign.identity.jws import UnverifiedToken
from countersign.identity.keys import ASYMMETRIC_ALGORITHMS, VerificationKey, signing_key
from countersign.identity.people import may_sign, people
from countersign.identity.provider import Fetch, Provider
from countersign.rulebook.values import IdentityRules, Issuer, LoginClient


class TokenVerifier:
    """Verifies tokens of the issuers in rules/identity.yaml, and of nobody else."""

    def __init__(
        self,
        rules: IdentityRules,
        fetch: Fetch,
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: seconds since the epoch; `monotonic`: seconds that never go back. Raises RulesError."""
        if not rules.issuers:
            raise RulesError("identity.yaml", None, "no issuer is accepted, so nobody could call", "list one")
        self._marks = rules.people
        self._clock = clock
        self._providers: dict[str, Provider] = {}
        for issuer in rules.issuers:
            _check_issuer(issuer)
            if issuer.url in self._providers:
                raise _rules_error(issuer, "this issuer is listed twice", "keep one")
            try:
                self._providers[issuer.url] = Provider(issuer, fetch, monotonic)
            except BadInput as error:
                raise _rules_error(issuer, error.detail, "give an https URL, or http on loopback") from None

    async def verify(self, token: str) -> Caller:
        """The caller who holds `token`, a signed JWT (RFC 7519) of an accepted issuer.

        1. It can be read in one way only, and does not bring its own key.
        2. Its `iss` is exactly an accepted issuer.
        3. Its `alg` is accepted from this issuer, and asymmetric.
        4. A key that the issuer publishes for this algorithm made the signature.
        5. It is for us, and it is valid now.

        Raises InvalidCredential with the reason in words, or ProviderUnavailable where nobody can say.
        """
        unverified = jws.parse(token)
        issuer = unverified.claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self._providers:
            raise InvalidCredential("the token's issuer (`iss`) is not one of those in rules/identity.yaml")
        provider = self._providers[issuer]
        return await self._caller(unverified, provider, provider.issuer.audiences)

    async def verify_login(self, token: str, issuer_url: str, nonce: str, access_token: str) -> Caller:
        """The person who logged in: `token` is the ID token that the issuer's token endpoint gave with `access_token`.

        As `verify`, but for nobody else than the console as the issuer's `login` client, and for this one log-in
        (`nonce`). Raises InvalidCredential or ProviderUnavailable.
        """
        client = self._login_client(issuer_url)
        unverified = jws.parse(token, jws.ID_TOKEN_TYPES)
        caller = await self._caller(unverified, self._providers[issuer_url], (client.client_id,))
        id_token.check(unverified, client.client_id, nonce, access_token)
        return caller

    async def login_endpoints(self, issuer_url: str) -> LoginEndpoints:
        """Where people log in with a browser. Raises ProviderUnavailable, or InvalidCredential where the issuer has no
        `login`."""
        self._login_client(issuer_url)
        return await self._providers[issuer_url].login_endpoints()

    def _login_client(self, issuer_url: str) -> LoginClient:
        provider = self._providers.get(issuer_url)
        if provider is None or provider.issuer.login is None:
            raise InvalidCredential("nobody logs in with this issuer; see `login` in rules/identity.yaml")
        return provider.issuer.login

    async def _caller(self, unverified: UnverifiedToken, provider: Provider, audiences: Sequence[str]) -> Caller:
        issuer = provider.issuer
        if unverified.algorithm not in issuer.algorithms or unverified.algorithm not in ASYMMETRIC_ALGORITHMS:
            raise InvalidCredential(f"the token's `alg` is not accepted; use {', '.join(issuer.algorithms)}")
        key = await _signing_key(provider, unverified)
        registered = claims.check(unverified.claims, issuer, audiences, self._clock())
        return Caller(
            issuer=issuer.url,
            subject=registered.subject,
            audience=registered.audience,
            issued_at=registered.issued_at,
            expires_at=registered.expires_at,
            token_id=registered.token_id,
            key_id=key.key_id,
            key_thumbprint=key.thumbprint,
            people=people(unverified.claims, issuer, self._marks),
            may_sign=may_sign(unverified.claims, issuer, self._marks),
            groups=claims.groups(unverified.claims, issuer),
            claims=MappingProxyType(unverified.claims),
            leeway_seconds=issuer.leeway_seconds,
        )


async def _signing_key(provider: Provider, token: UnverifiedToken) -> VerificationKey:
    """The key that made the signature; nothing of the token may be believed before this returns."""
    known = await provider.keys()
    try:
        return signing_key(known, token.text, token.key_id, token.algorithm)
    except InvalidCredential:
        # a new key, or another key under an old name: ask once more before the token is called forged
        newer = await provider.keys_after(known)
    return signing_key(newer, token.text, token.key_id, token.algorithm)


def _check_issuer(issuer: Issuer) -> None:
    """The rule file was checked before; this holds where a rule was made by other means."""
    if not issuer.audiences:
        raise _rules_error(issuer, "no audience is accepted", "name the gateway's own")
    if issuer.login is not None and issuer.login.client_id in issuer.audiences:
        raise _rules_error(
            issuer, "the log-in's client_id is also an audience", "register the console as its own client"
        )
    if not issuer.algorithms or not set(issuer.algorithms) <= set(ASYMMETRIC_ALGORITHMS):
        raise _rules_error(issuer, "an algorithm that is not accepted", f"use {', '.join(ASYMMETRIC_ALGORITHMS)}")
    if not 0 <= issuer.leeway_seconds <= limits.MAX_LEEWAY_SECONDS:
        raise _rules_error(issuer, "leeway out of range", f"0 to {limits.MAX_LEEWAY_SECONDS} seconds")


def _rules_error(issuer: Issuer, problem: str, remedy: str) -> RulesError:
    return RulesError(issuer.source.file, issuer.source.line, problem, remedy)
