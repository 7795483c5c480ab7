from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from countersign import limits
from countersign.errors import BadInput, ProviderUnavailable
from countersign.identity.keys import KeySet
from countersign.identity.provider import Fetch, Provider
from tests.identity.issuing import Clock, KeyServer, ec_key, fetch, issuer_at, rsa_key, serving

WAIT_SECONDS = 5


@pytest.fixture
def monotonic() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def source(provider: KeyServer, monotonic: Clock) -> Provider:
    return Provider(issuer_at(provider.url), fetch, monotonic)


def names(keys: KeySet) -> list[str | None]:
    return [key.key_id for key in keys]


async def test_keys_are_fetched_once_and_kept(source: Provider, provider: KeyServer, monotonic: Clock) -> None:
    """Discovery leads to the keys; while they are fresh nobody is asked again."""
    first = await source.keys()
    assert names(first) == ["first"]
    monotonic.now += limits.KEYS_FRESH_SECONDS - 1
    assert await source.keys() is first
    assert provider.requests == ["/.well-known/openid-configuration", "/jwks"]


async def test_a_withdrawn_key_goes_when_the_fresh_set_lacks_it(
    source: Provider, provider: KeyServer, monotonic: Clock
) -> None:
    """After the freshness the provider's new set replaces the old one, also when it is empty."""
    assert names(await source.keys()) == ["first"]
    provider.publish(rsa_key(2).called("second"))
    monotonic.now += limits.KEYS_FRESH_SECONDS
    assert names(await source.keys()) == ["second"]
    provider.publish()
    monotonic.now += limits.KEYS_FRESH_SECONDS
    assert await source.keys() == ()


async def test_known_keys_serve_for_a_while_when_the_provider_is_down(
    source: Provider, provider: KeyServer, monotonic: Clock
) -> None:
    """An outage does not stop everybody at once; the bound is kept, and the provider's return ends it."""
    known = await source.keys()
    fetched_at = monotonic.now
    provider.status = 500
    monotonic.now = fetched_at + limits.KEYS_STALE_SECONDS - 1
    assert await source.keys() is known
    monotonic.now = fetched_at + limits.KEYS_STALE_SECONDS
    with pytest.raises(ProviderUnavailable, match="status 500"):
        await source.keys()
    provider.status = 200
    monotonic.now += limits.PROVIDER_RETRY_SECONDS
    assert names(await source.keys()) == ["first"]


async def test_without_any_keys_nobody_is_accepted(source: Provider, provider: KeyServer, monotonic: Clock) -> None:
    """A provider that was never reached leaves nothing to verify with; it is tried again after a pause, not before."""
    provider.status = 503
    with pytest.raises(ProviderUnavailable, match=provider.url):
        await source.keys()
    provider.status = 200
    with pytest.raises(ProviderUnavailable):
        await source.keys()
    assert len(provider.requests) == 1
    monotonic.now += limits.PROVIDER_RETRY_SECONDS
    assert names(await source.keys()) == ["first"]


async def test_nothing_listening(monotonic: Clock) -> None:
    """A refused connection is an unavailable provider."""
    async with serving() as server:
        url = server.url
    with pytest.raises(ProviderUnavailable):
        await Provider(issuer_at(url), fetch, monotonic).keys()


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"jwks_uri": "http://keys.example/jwks"},
        {"jwks_uri": None},
        {"jwks_uri": "/jwks"},
    ],
)
async def test_a_configuration_that_may_not_be_followed(
    source: Provider, provider: KeyServer, configuration: dict[str, Any], monotonic: Clock
) -> None:
    """Another issuer's configuration, or keys off https, count as no answer; the right one is followed."""
    provider.configuration = configuration
    with pytest.raises(ProviderUnavailable):
        await source.keys()
    assert provider.fetches == 0
    provider.configuration = {}
    monotonic.now += limits.PROVIDER_RETRY_SECONDS
    assert names(await source.keys()) == ["first"]


async def test_a_hanging_provider_is_bounded(
    source: Provider, provider: KeyServer, monkeypatch: pytest.MonkeyPatch, monotonic: Clock
) -> None:
    """Nobody waits for longer than the limit, whatever `fetch` does."""
    monkeypatch.setattr(limits, "PROVIDER_TIMEOUT_SECONDS", 0.05)
    provider.may_answer.clear()
    with pytest.raises(ProviderUnavailable, match="in time"):
        await asyncio.wait_for(source.keys(), WAIT_SECONDS)
    provider.may_answer.set()
    monkeypatch.undo()
    monotonic.now += limits.PROVIDER_RETRY_SECONDS
    assert names(await source.keys()) == ["first"]


async def test_concurrent_callers_share_one_fetch(source: Provider, provider: KeyServer) -> None:
    """Many requests at start cost the provider one fetch."""
    found = await asyncio.gather(*(source.keys() for _ in range(20)))
    assert provider.fetches == 1
    assert all(keys is found[0] for keys in found)


async def test_a_cancelled_caller_leaves_the_fetch_to_the_others(source: Provider, provider: KeyServer) -> None:
    """The first client hangs up while all wait; the others get their keys from the same fetch."""
    provider.may_answer.clear()
    first, second = asyncio.create_task(source.keys()), asyncio.create_task(source.keys())
    await asyncio.wait_for(provider.was_asked.wait(), WAIT_SECONDS)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    provider.may_answer.set()
    assert names(await asyncio.wait_for(second, WAIT_SECONDS)) == ["first"]
    assert provider.fetches == 1


async def test_asking_again_brings_the_new_keys(source: Provider, provider: KeyServer) -> None:
    """A key that was published a moment ago is found although the known keys are fresh."""
    known = await source.keys()
    provider.publish(rsa_key(), rsa_key(2).called("second"))
    assert names(await source.keys_after(known)) == ["first", "second"]
    assert provider.fetches == 2


async def test_asking_again_is_rate_limited(source: Provider, provider: KeyServer, monotonic: Clock) -> None:
    """Made-up tokens cost the provider one fetch in a while; then it is asked again."""
    known = await source.keys()
    for _ in range(20):
        known = await source.keys_after(known)
    assert provider.fetches == 2
    monotonic.now += limits.KEYS_ASK_AGAIN_SECONDS
    assert await source.keys_after(known) is not known
    assert provider.fetches == 3


async def test_concurrent_doubts_share_one_fetch(source: Provider, provider: KeyServer) -> None:
    """Many tokens of a new key at once: one fetch, and all see the new key."""
    known = await source.keys()
    provider.publish(rsa_key(2).called("second"))
    found = await asyncio.gather(*(source.keys_after(known) for _ in range(20)))
    assert provider.fetches == 2
    assert {tuple(names(keys)) for keys in found} == {("second",)}


async def test_who_comes_late_takes_what_others_fetched(
    source: Provider, provider: KeyServer, monotonic: Clock
) -> None:
    """Keys that changed since they were looked at are used without another fetch."""
    known = await source.keys()
    monotonic.now += limits.KEYS_FRESH_SECONDS
    newer = await source.keys()
    assert newer is not known
    assert await source.keys_after(known) is newer
    assert provider.fetches == 2


async def test_asking_again_in_vain_says_so(source: Provider, provider: KeyServer, monotonic: Clock) -> None:
    """While the provider is down a token that does not fit cannot be called bad; known keys go on."""
    known = await source.keys()
    provider.status = 500
    for _ in range(2):  # the second time without asking
        with pytest.raises(ProviderUnavailable):
            await source.keys_after(known)
    assert len(provider.requests) == 3
    assert await source.keys() is known
    provider.status = 200
    monotonic.now += limits.KEYS_ASK_AGAIN_SECONDS
    assert names(await source.keys_after(known)) == ["first"]


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("odd address"), ConnectionResetError("reset")])
async def test_every_failure_of_fetch_is_an_unavailable_provider(error: Exception, monotonic: Clock) -> None:
    """Its text reaches the operator."""

    async def failing(url: str) -> bytes:
        raise error

    with pytest.raises(ProviderUnavailable, match=str(error)):
        await Provider(issuer_at("https://idp.example"), failing, monotonic).keys()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"keys":{}}', b"\xff"])
async def test_an_error_page_does_not_empty_the_known_keys(body: bytes, provider: KeyServer, monotonic: Clock) -> None:
    """What is no key set is no answer: the known keys go on for their while."""
    bodies: list[Callable[[str], bytes | None]] = [lambda url: None]

    async def sometimes(url: str) -> bytes:
        return bodies[0](url) or await fetch(url)

    fetching: Fetch = sometimes
    source = Provider(issuer_at(provider.url), fetching, monotonic)
    known = await source.keys()
    bodies[0] = lambda url: body + b" " if url.endswith("/jwks") else None
    provider.publish(ec_key())
    monotonic.now += limits.KEYS_FRESH_SECONDS
    assert await source.keys() is known
    bodies[0] = lambda url: None
    monotonic.now += limits.PROVIDER_RETRY_SECONDS
    assert [key.key_type for key in await source.keys()] == ["EC"]


def test_an_issuer_off_https_is_refused(monotonic: Clock) -> None:
    """Nothing is ever fetched over a network in the clear."""
    Provider(issuer_at("https://idp.example"), fetch, monotonic)
    with pytest.raises(BadInput, match="https"):
        Provider(issuer_at("http://idp.example"), fetch, monotonic)


async def test_where_people_log_in_comes_with_the_keys(source: Provider, provider: KeyServer, monotonic: Clock) -> None:
    """Whoever clicks on the log-in a thousand times does not make the gateway ask the provider as often."""
    assert (await source.login_endpoints()).token == f"{provider.url}/token"
    provider.configuration = {"token_endpoint": f"{provider.url}/elsewhere"}
    assert (await source.login_endpoints()).token == f"{provider.url}/token"
    assert provider.fetches == 1
    monotonic.now += limits.KEYS_FRESH_SECONDS
    assert (await source.login_endpoints()).token == f"{provider.url}/elsewhere"


async def test_a_provider_without_a_log_in_is_said(source: Provider, provider: KeyServer) -> None:
    """Its tokens are verified; people are told that nobody can log in with it."""
    provider.configuration = {"authorization_endpoint": "http://idp.example/"}
    assert names(await source.keys()) == ["first"]
    with pytest.raises(ProviderUnavailable, match=r"nobody can log in with .*not https"):
        await source.login_endpoints()
