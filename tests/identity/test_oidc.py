from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from countersign import limits
from countersign.errors import InvalidCredential, ProviderUnavailable, RulesError
from countersign.identity import Caller, TokenVerifier, base64url
from countersign.identity.keys import ASYMMETRIC_ALGORITHMS
from countersign.rulebook.values import IdentityRules, LoginClient, PersonMark
from tests.identity.forgeries import FIRST, FORGERIES, Gate, hmac_with_public_key
from tests.identity.issuing import (
    AUDIENCE,
    NOW,
    KeyServer,
    SigningKey,
    claims_of,
    ec_key,
    ed_key,
    fetch,
    issuer_at,
    rsa_key,
    serving,
)
from tests.identity.real_provider import NanoIdp


@pytest.fixture
async def gate(provider: KeyServer) -> Gate:
    return Gate(provider)


@pytest.fixture
async def other() -> AsyncIterator[KeyServer]:
    """A second provider, with a key of its own under the same name."""
    async with serving(rsa_key(2)) as server:
        yield server


async def test_a_good_token_is_its_caller(provider: KeyServer) -> None:
    """Everything the token and the rules say, and which key proved it."""
    gate = Gate(provider, groups_claim="groups", person_claim="email")
    claims = gate.claims(groups=["release"], user_login="anna-k", email="carla@x", aud=["other", AUDIENCE])
    caller = await gate.caller(FIRST.token(claims))
    members = json.dumps({name: FIRST.jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    assert caller == Caller(
        issuer=provider.url,
        subject="ci-42",
        audience=("other", AUDIENCE),
        issued_at=int(NOW) - 10,
        expires_at=int(NOW) + 300,
        token_id="j-1",
        key_id="first",
        key_thumbprint=base64url.encode(hashlib.sha256(members.encode()).digest()),
        may_sign=True,
        people=frozenset({"anna", "carla@x"}),
        groups=frozenset({"release"}),
        claims=claims,
        leeway_seconds=30,
    )
    with pytest.raises(TypeError):
        caller.claims["sub"] = "root"  # type: ignore[index]


@pytest.mark.parametrize("key", [rsa_key(), ec_key(), ed_key(), SigningKey(rsa_key().private, "PS384")])
async def test_each_kind_of_signature_is_verified(gate: Gate, key: SigningKey) -> None:
    """RSA, ECDSA and Ed25519, where the issuer's rule allows them."""
    gate = Gate(gate.provider, algorithms=("RS256", "ES256", "EdDSA", "PS384"))
    gate.provider.publish(key)
    assert (await gate.caller(key.token(gate.claims()))).subject == "ci-42"
    forged = key.token(gate.claims(sub="root")).rsplit(".", 1)[0] + "." + key.token(gate.claims()).rsplit(".", 1)[1]
    assert "signature" in await gate.refusal(forged)


@pytest.mark.parametrize(("forge", "why"), FORGERIES.values(), ids=FORGERIES.keys())
async def test_forgeries_are_refused(gate: Gate, forge: Callable[[Gate], str], why: str) -> None:
    """One thing changed, and the token is nobody's; unchanged it is accepted before and after."""
    assert (await gate.caller(FIRST.token(gate.claims()))).subject == "ci-42"
    assert why in await gate.refusal(forge(gate))
    assert (await gate.caller(FIRST.token(gate.claims()))).subject == "ci-42"


async def test_another_issuers_key_proves_nothing_here(provider: KeyServer, other: KeyServer) -> None:
    """Two accepted issuers with keys of one name: each speaks for itself only."""
    gate = Gate(provider, issuer_at(other.url))
    assert (await gate.caller(rsa_key(2).token(claims_of(other.url)))).issuer == other.url
    assert "signature" in await gate.refusal(rsa_key(2).token(gate.claims()))
    assert "signature" in await gate.refusal(FIRST.token(claims_of(other.url)))


async def test_an_issuers_audience_is_its_own(provider: KeyServer, other: KeyServer) -> None:
    """The audience of one issuer's rule does not count for the other."""
    gate = Gate(provider, issuer_at(other.url, audiences=("elsewhere",)))
    await gate.caller(rsa_key(2).token(claims_of(other.url, aud="elsewhere")))
    assert "`aud`" in await gate.refusal(FIRST.token(gate.claims(aud="elsewhere")))
    assert "`aud`" in await gate.refusal(rsa_key(2).token(claims_of(other.url)))


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct", "k": base64url.encode(b"secret"), "n": ..., "e": ...},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"alg": "PS256"},
        {"alg": "HS256"},
    ],
)
async def test_a_published_key_that_may_not_sign_is_not_used(gate: Gate, changes: dict[str, Any]) -> None:
    """The same key with one member changed no longer verifies anything."""
    token = FIRST.token(gate.claims())
    good = gate.provider.keys
    gate.provider.keys = [{name: value for name, value in {**FIRST.jwk, **changes}.items() if value is not ...}]
    assert "no key" in await gate.refusal(token)
    gate.provider.keys = good
    gate.monotonic.now += limits.KEYS_FRESH_SECONDS
    await gate.caller(token)


async def test_a_weak_key_is_not_used(gate: Gate) -> None:
    """RSA below 2048 bits is as if it were not published."""
    weak, strong = rsa_key(bits=1024).called("weak"), rsa_key(2).called("strong")
    gate.provider.publish(weak, strong)
    assert "no key" in await gate.refusal(weak.token(gate.claims()))
    assert (await gate.caller(strong.token(gate.claims()))).key_id == "strong"


async def test_without_a_key_name_one_key_must_fit(gate: Gate) -> None:
    """A token that names no key is accepted as long as there is no choice."""
    token = FIRST.token(gate.claims(), kid=...)
    gate.provider.publish(FIRST, ec_key().called("second"))
    assert (await gate.caller(token)).key_id == "first"
    gate.provider.publish(FIRST, rsa_key(2).called("second"))
    gate.monotonic.now += limits.KEYS_FRESH_SECONDS
    assert "several" in await gate.refusal(token)
    await gate.caller(FIRST.token(gate.claims()))


async def test_a_new_key_is_accepted_at_once(gate: Gate) -> None:
    """Rotation: the unknown `kid` makes the gateway look, the old key serves as long as it is published."""
    second = rsa_key(2).called("second")
    await gate.caller(FIRST.token(gate.claims()))
    gate.provider.publish(FIRST, second)
    assert (await gate.caller(second.token(gate.claims()))).key_id == "second"
    assert (await gate.caller(FIRST.token(gate.claims()))).key_id == "first"
    assert gate.provider.fetches == 2


async def test_a_withdrawn_key_is_refused(gate: Gate) -> None:
    """At the latest when the known keys are no longer fresh, or as soon as anything makes the gateway look."""
    second = rsa_key(2).called("second")
    await gate.caller(FIRST.token(gate.claims()))
    gate.provider.publish(second)
    await gate.caller(second.token(gate.claims()))
    assert "no key" in await gate.refusal(FIRST.token(gate.claims()))


async def test_another_key_under_the_old_name_is_accepted(gate: Gate) -> None:
    """A provider that changes a key and keeps its `kid` does not lock everybody out; the old key is out."""
    await gate.caller(FIRST.token(gate.claims()))
    gate.provider.publish(rsa_key(2))
    await gate.caller(rsa_key(2).token(gate.claims()))
    assert "signature" in await gate.refusal(FIRST.token(gate.claims()))


async def test_made_up_tokens_do_not_hammer_the_provider(gate: Gate) -> None:
    """Whatever is sent, good tokens go on and the provider is asked once in a while."""
    good = FIRST.token(gate.claims())
    await gate.caller(good)
    for number in range(20):
        assert await gate.refusal(FIRST.token(gate.claims(), kid=f"made-up-{number}"))
        assert await gate.refusal(rsa_key(2).token(gate.claims()))
    assert gate.provider.fetches == 2
    await gate.caller(good)


async def test_tokens_of_unknown_issuers_reach_no_network(gate: Gate) -> None:
    """An address in a token is never fetched, and nobody is asked about a token that is refused anyway."""
    await gate.refusal(FIRST.token(gate.claims(iss="https://evil.example")))
    await gate.refusal(FIRST.token(gate.claims(), jku=gate.provider.url + "/evil"))
    await gate.refusal(hmac_with_public_key(gate))
    assert gate.provider.requests == []
    await gate.caller(FIRST.token(gate.claims()))
    assert gate.provider.fetches == 1


async def test_nobody_can_say_while_the_provider_is_down(gate: Gate) -> None:
    """That is told apart from a bad token; when the provider is back the same token passes."""
    gate.provider.status = 500
    with pytest.raises(ProviderUnavailable):
        await gate.caller(FIRST.token(gate.claims()))
    gate.provider.status = 200
    gate.monotonic.now += limits.PROVIDER_RETRY_SECONDS
    await gate.caller(FIRST.token(gate.claims()))


async def test_an_outage_is_outlasted_for_a_while(gate: Gate) -> None:
    """Known keys go on verifying, the expiry of tokens goes on counting, and then it ends."""
    token = FIRST.token(gate.claims())
    await gate.caller(token)
    gate.provider.status = 500
    gate.monotonic.now += limits.KEYS_FRESH_SECONDS
    await gate.caller(token)
    gate.clock.now += 1000
    assert "expired" in await gate.refusal(token)
    gate.monotonic.now += limits.KEYS_STALE_SECONDS
    with pytest.raises(ProviderUnavailable):
        await gate.caller(token)


async def test_time_counts_after_the_wait_for_the_keys(gate: Gate) -> None:
    """A token that expires while the provider is slow has expired."""
    token = FIRST.token(gate.claims())
    gate.provider.may_answer.clear()
    verifying = asyncio.create_task(gate.caller(token))
    await asyncio.wait_for(gate.provider.was_asked.wait(), 5)
    gate.clock.now += 1000
    gate.provider.may_answer.set()
    with pytest.raises(InvalidCredential, match="expired"):
        await asyncio.wait_for(verifying, 5)
    gate.clock.now = NOW
    await gate.caller(token)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "http://idp.example"}, "https"),
        ({"audiences": ()}, "audience"),
        ({"algorithms": ()}, "algorithm"),
        ({"algorithms": ("RS256", "HS256")}, "algorithm"),
        ({"algorithms": ("none",)}, "algorithm"),
        ({"leeway_seconds": -1}, "leeway"),
        ({"leeway_seconds": limits.MAX_LEEWAY_SECONDS + 1}, "leeway"),
    ],
)
def test_rules_that_would_accept_too_much_are_refused(changes: dict[str, Any], why: str) -> None:
    """Also where they did not come through the rulebook; the error names the place."""
    good = issuer_at("https://idp.example", algorithms=ASYMMETRIC_ALGORITHMS)
    TokenVerifier(IdentityRules((good,), ()), fetch, time.time)
    bad = issuer_at(**{"url": "https://idp.example", **changes})
    with pytest.raises(RulesError, match=f"identity.yaml:3.*{why}"):
        TokenVerifier(IdentityRules((bad,), ()), fetch, time.time)


def test_an_issuer_is_needed_and_listed_once() -> None:
    """No issuer would lock everybody out, the same one twice would leave open which rule counts."""
    issuer = issuer_at("https://idp.example")
    with pytest.raises(RulesError, match="no issuer"):
        TokenVerifier(IdentityRules((), ()), fetch, time.time)
    with pytest.raises(RulesError, match="twice"):
        TokenVerifier(IdentityRules((issuer, issuer), ()), fetch, time.time)


@pytest.mark.parametrize("signs", [True, False])
async def test_the_caller_says_whether_the_token_is_a_persons_own(nanoidp: NanoIdp, signs: bool) -> None:
    """By the mark that fits: one that does not sign makes a caller who cannot, and is the same person."""
    issuer = issuer_at(nanoidp.url, audiences=(nanoidp.audience,))
    marks = (PersonMark(nanoidp.url, "sub", "admin", "anna", signs=signs),)
    verifier = TokenVerifier(IdentityRules((issuer,), marks), fetch, time.time)
    caller = await verifier.verify(await asyncio.to_thread(nanoidp.person_token, "admin"))
    assert (caller.people, caller.may_sign) == (frozenset({"anna"}), signs)


async def test_nanoidp_from_end_to_end(nanoidp: NanoIdp) -> None:
    """A real provider: a pipeline's token, a person's token with groups, and a rotation in between."""
    issuer = issuer_at(nanoidp.url, audiences=(nanoidp.audience,), groups_claim="groups")
    marks = (PersonMark(nanoidp.url, "sub", "admin", "anna"),)
    verifier = TokenVerifier(IdentityRules((issuer,), marks), fetch, time.time)

    pipeline = await asyncio.to_thread(nanoidp.client_token)
    before = await verifier.verify(pipeline)
    assert (before.issuer, before.subject, before.people) == (nanoidp.url, "demo-client", frozenset())

    new_kid = await asyncio.to_thread(nanoidp.rotate_keys)
    person = await verifier.verify(await asyncio.to_thread(nanoidp.person_token, "admin"))
    assert person.key_id == new_kid != before.key_id
    assert person.key_thumbprint != before.key_thumbprint
    assert (person.people, person.groups) == (frozenset({"anna"}), frozenset({"ADMINISTRATORS"}))
    assert (await verifier.verify(pipeline)).key_id == before.key_id  # still published

    strangers = issuer_at(nanoidp.url, audiences=("somebody-else",))
    with pytest.raises(InvalidCredential, match="`aud`"):
        await TokenVerifier(IdentityRules((strangers,), ()), fetch, time.time).verify(pipeline)


# -- log-in -----------------------------------------------------------------------------------------------------------

CONSOLE = LoginClient("console", None, ("openid",))


@pytest.fixture
def login_gate(provider: KeyServer) -> Gate:
    return Gate(provider, login=CONSOLE, groups_claim="groups")


def id_claims(gate: Gate, **changes: Any) -> dict[str, Any]:
    return gate.claims(**{"aud": "console", "nonce": "n-1", "user_login": "anna-k", "groups": ["release"], **changes})


async def test_an_id_token_is_the_person_who_logged_in(login_gate: Gate) -> None:
    """As any caller; but nobody calls the gateway with it."""
    token = FIRST.token(id_claims(login_gate))
    caller = await login_gate.verifier.verify_login(token, login_gate.provider.url, "n-1", "access")
    assert (*caller.audience, *caller.people, *caller.groups) == ("console", "anna", "release")
    assert "`aud`" in await login_gate.refusal(token)


ID_FORGERIES: dict[str, tuple[Callable[[Gate], str], str]] = {
    "another key": (lambda gate: rsa_key(2).token(id_claims(gate)), "signature"),
    "HS256 with the public key": (hmac_with_public_key, "`alg`"),
    "an access token": (lambda gate: FIRST.token(id_claims(gate), typ="at+jwt"), "`typ`"),
    "a caller's token": (lambda gate: FIRST.token(id_claims(gate, aud=AUDIENCE)), "`aud`"),
    "for others too": (lambda gate: FIRST.token(id_claims(gate, aud=["console", AUDIENCE])), "`aud`"),
    "another client": (lambda gate: FIRST.token(id_claims(gate, azp="other")), "`azp`"),
    "another log-in": (lambda gate: FIRST.token(id_claims(gate, nonce="n-2")), "`nonce`"),
    "no nonce": (lambda gate: FIRST.token(id_claims(gate, nonce=...)), "`nonce`"),
    "another access token": (lambda gate: FIRST.token(id_claims(gate, at_hash="x")), "`at_hash`"),
    "expired": (lambda gate: FIRST.token(id_claims(gate, iat=int(NOW) - 90, exp=int(NOW) - 31)), "expired"),
    "another issuer": (lambda gate: FIRST.token(id_claims(gate, iss="https://evil.example")), "another issuer"),
    "logout token": (lambda gate: FIRST.token(id_claims(gate, events={})), "`events?`|event"),
}


@pytest.mark.parametrize(("forge", "why"), ID_FORGERIES.values(), ids=ID_FORGERIES.keys())
async def test_a_forged_id_token_logs_nobody_in(login_gate: Gate, forge: Callable[[Gate], str], why: str) -> None:
    """Each is the good one with one thing changed."""
    with pytest.raises(InvalidCredential, match=why):
        await login_gate.verifier.verify_login(forge(login_gate), login_gate.provider.url, "n-1", "access")


async def test_the_answer_of_another_provider_is_refused(provider: KeyServer, other: KeyServer) -> None:
    """Mix-up: both are accepted, but the person was sent to one of them."""
    gate = Gate(provider, issuer_at(other.url, login=CONSOLE), login=CONSOLE)
    theirs = rsa_key(2).token(id_claims(gate, iss=other.url))
    with pytest.raises(InvalidCredential):
        await gate.verifier.verify_login(theirs, provider.url, "n-1", "access")
    assert (await gate.verifier.verify_login(theirs, other.url, "n-1", "access")).issuer == other.url


async def test_an_issuer_without_a_log_in_logs_nobody_in(gate: Gate, login_gate: Gate) -> None:
    """Its keys alone are no invitation."""
    token = FIRST.token(id_claims(gate))
    with pytest.raises(InvalidCredential, match="nobody logs in"):
        await gate.verifier.verify_login(token, gate.provider.url, "n-1", "access")
    with pytest.raises(InvalidCredential, match="nobody logs in"):
        await gate.verifier.login_endpoints(gate.provider.url)
    assert (await login_gate.verifier.login_endpoints(gate.provider.url)).token == f"{gate.provider.url}/token"


def test_the_console_is_no_audience() -> None:
    """Also where a rule was made by other means than a file."""
    issuer = issuer_at("https://idp.example", login=CONSOLE)
    TokenVerifier(IdentityRules((issuer,), ()), fetch, time.time)
    bad = issuer_at("https://idp.example", login=CONSOLE, audiences=(AUDIENCE, "console"))
    with pytest.raises(RulesError, match="also an audience"):
        TokenVerifier(IdentityRules((bad,), ()), fetch, time.time)
