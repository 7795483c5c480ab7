"""People log in with a browser at their own provider: to the provider, and from its answer to a Caller.

Does not remember who is on the way, and does not see the browser: the console does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from countersign.errors import CountersignError, ProviderUnavailable
from countersign.identity import authorization_code
from countersign.identity.authorization_code import LoginMisconfigured, LoginRefused, LoginRequest
from countersign.identity.caller import Caller
from countersign.identity.oidc import TokenVerifier
from countersign.rulebook.values import IdentityRules, Issuer, LoginClient, SecretPlace

#: Every ID token has these, or they are no business of the person's.
_NEVER_ASKED_FOR: Final = frozenset({"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "at_hash"})


class PostAnswer(Protocol):
    """What a server answered."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


type Post = Callable[[str, Mapping[str, str], Mapping[str, str]], Awaitable[PostAnswer]]
"""POST a form to a URL with headers, bounded in size and time, following no redirect. Raises OSError when it fails."""


class BrowserLogin:
    """The issuers with a `login` in rules/identity.yaml, in their order; the place in it is an issuer's number."""

    def __init__(
        self,
        rules: IdentityRules,
        verifier: TokenVerifier,
        post: Post,
        read_secret: Callable[[SecretPlace], str],
        randomness: Callable[[], str],
    ) -> None:
        """`randomness` gives 43 characters of base64url, 256 bits; `read_secret` raises CountersignError."""
        self._verifier = verifier
        self._post = post
        self._read_secret = read_secret
        self._randomness = randomness
        self._clients = {issuer.url: issuer.login for issuer in rules.issuers if issuer.login is not None}
        self._claims: dict[str, frozenset[str]] = {issuer.url: _claims_of(issuer, rules) for issuer in rules.issuers}

    @property
    def labels(self) -> tuple[str, ...]:
        """What people know the issuers by: the host, and more of the URL where two have the same."""
        hosts = [urlsplit(url).netloc for url in self._clients]
        return tuple(
            host if hosts.count(host) == 1 else url.partition("://")[2]
            for host, url in zip(hosts, self._clients, strict=True)
        )

    async def begin(self, number: int, redirect_uri: str) -> tuple[LoginRequest, str]:
        """A log-in with the issuer `number`, and where to send the browser.

        Where there are several issuers, each has a `redirect_uri` of its own: what is given, and the issuer's URL
        without the scheme. The caller refuses an answer that comes on another one, or a bad issuer that sends its
        visitors on to a good one would be handed that one's codes (RFC 9700, 4.4).

        Raises LoginRefused where there is no such issuer, ProviderUnavailable where it cannot be reached.
        """
        if not 0 <= number < len(self._clients):
            raise LoginRefused("there is no such provider to log in with; choose one of the page")
        issuer, client = [*self._clients.items()][number]
        endpoints = await self._verifier.login_endpoints(issuer)
        if len(self._clients) > 1:
            redirect_uri += "/" + quote(issuer.partition("://")[2], safe="/:")
        request = authorization_code.new_request(issuer, endpoints, redirect_uri, self._randomness)
        return request, authorization_code.authorization_url(request, client, self._claims[issuer])

    async def finish(self, request: LoginRequest, answer: Mapping[str, Sequence[str]]) -> Caller:
        """Who logged in, by the query of the redirect that answers `request`. Call it once for each request.

        The caller has found `request` by the `state` in the answer and by the browser that began it. The tokens are
        gone afterwards. Raises InvalidCredential (LoginRefused among it), ProviderUnavailable or LoginMisconfigured.
        """
        client = self._clients[request.issuer]
        code = authorization_code.code_of(answer, request)
        sent = authorization_code.token_request(request, client, self._secret(client, request.issuer), code)
        try:
            got = await self._post(request.endpoints.token, sent.form, sent.headers)
        except OSError as error:
            raise ProviderUnavailable(f"the log-in with {request.issuer} cannot be ended: {error}") from None
        tokens = authorization_code.read_tokens(got.status, got.body, request)
        return await self._verifier.verify_login(tokens.id_token, request.issuer, request.nonce, tokens.access_token)

    def _secret(self, client: LoginClient, issuer: str) -> str | None:
        if client.secret is None:
            return None
        try:
            return self._read_secret(client.secret)
        except CountersignError as error:
            raise LoginMisconfigured(f"the secret of the log-in with {issuer}: {error}") from None


def _claims_of(issuer: Issuer, rules: IdentityRules) -> frozenset[str]:
    """What the rules want to know of a person; many providers put it into an ID token only when asked."""
    named = {
        issuer.groups_claim,
        issuer.person_claim,
        *(mark.claim for mark in rules.people if mark.issuer == issuer.url),
    }
    return frozenset(name for name in named if name is not None) - _NEVER_ASKED_FOR
