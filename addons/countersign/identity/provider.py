"""One issuer's keys: fetched when needed, kept for a while, fetched again when a token names a key that is not known.

Does not check tokens, and does not bound the size of an answer: `fetch` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from countersign import limits
from countersign.errors import BadInput, ProviderUnavailable
from countersign.identity import discovery
from countersign.identity.discovery import LoginEndpoints
from countersign.identity.keys import KeySet, read_key_set
from countersign.rulebook.values import Issuer

type Fetch = Callable[[str], Awaitable[bytes]]
"""GET a URL, bounded in size and time, following no redirect. Raises OSError with a text when it fails."""


class Provider:
    """The keys of one issuer. Fresh: fetched within KEYS_FRESH_SECONDS. Stale keys are used only while the provider
    cannot be reached, and no longer than KEYS_STALE_SECONDS; then nobody's token is accepted.
    """

    def __init__(self, issuer: Issuer, fetch: Fetch, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds that never go back. Raises BadInput where the issuer's URL may not be fetched."""
        self.issuer = issuer
        self._configuration_url = discovery.configuration_url(issuer.url)
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: KeySet = ()
        self._configuration = b""
        self._fetched_at: float | None = None
        self._failed_at: float | None = None
        self._failure = ""
        self._asked_again_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def keys(self) -> KeySet:
        """The keys to verify with now. Raises ProviderUnavailable where none may be used."""
        if self._age() >= limits.KEYS_FRESH_SECONDS:
            await self._refresh()
        return self._keys

    async def login_endpoints(self) -> LoginEndpoints:
        """Where people log in, by the configuration that the keys came with. Raises ProviderUnavailable."""
        await self.keys()
        try:
            return discovery.read_login_endpoints(self._configuration, self.issuer.url)
        except BadInput as error:
            raise ProviderUnavailable(f"nobody can log in with {self.issuer.url}: {error.detail}") from None

    async def keys_after(self, known: KeySet) -> KeySet:
        """The keys after asking once more, because a token does not fit `known`; the same object where nobody asked.

        Asks at most once in KEYS_ASK_AGAIN_SECONDS, so that made-up tokens cannot make the gateway hammer the provider.
        Raises ProviderUnavailable where the provider does not answer: then nobody can say that the token is bad.
        """
        if self._keys is not known:
            return self._keys
        is_asking = self._is_fetching()
        if not is_asking and self._is_past(self._asked_again_at, limits.KEYS_ASK_AGAIN_SECONDS):
            self._asked_again_at = self._monotonic()
            is_asking = True
        if is_asking:
            await self._refresh()
        if self._failed_at is not None:
            raise ProviderUnavailable(self._failure)
        return self._keys

    async def _refresh(self) -> None:
        """Fetch, or join the fetch that is under way. Raises ProviderUnavailable where no keys may be used after it."""
        may_start = self._is_past(self._failed_at, limits.PROVIDER_RETRY_SECONDS)
        if self._fetching is None or (self._fetching.done() and may_start):
            self._fetching = asyncio.create_task(self._fetch_keys())
        await asyncio.shield(self._fetching)  # one waiter that goes away does not end it for the others
        if self._age() >= limits.KEYS_STALE_SECONDS:
            raise ProviderUnavailable(self._failure)

    async def _fetch_keys(self) -> None:
        try:
            async with asyncio.timeout(limits.PROVIDER_TIMEOUT_SECONDS):
                configuration = await self._fetch(self._configuration_url)
                found = read_key_set(await self._fetch(discovery.read_jwks_uri(configuration, self.issuer.url)))
        except TimeoutError:
            self._fail("it did not answer in time")
        except (OSError, BadInput, ValueError) as error:
            self._fail(str(error))
        else:
            self._keys, self._configuration = found, configuration
            self._fetched_at, self._failed_at = self._monotonic(), None

    def _fail(self, why: str) -> None:
        self._failed_at = self._monotonic()
        self._failure = f"the keys of {self.issuer.url} cannot be had: {why}"

    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _is_past(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._monotonic() - moment >= seconds
