"""People log in with a browser: at a real provider, and at one that gives what it should not."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from countersign.errors import CountersignError, InvalidCredential, ProviderUnavailable
from countersign.identity import BrowserLogin, TokenVerifier
from countersign.identity.authorization_code import LoginMisconfigured, LoginRefused, LoginRequest
from countersign.rulebook.values import IdentityRules, LoginClient, PersonMark, SecretPlace
from scripts.story.provider import CONSOLE_CLIENT, Client, Person, Provider
from tests.identity.issuing import NOW, Clock, KeyServer, claims_of, fetch, issuer_at, post, rsa_key, serving

BACK = "http://127.0.0.1:5000/login/callback"
SECRET = SecretPlace("SECRET", None)


def read_secret(place: SecretPlace) -> str:
    if place != SECRET:
        raise CountersignError(f"{place.from_file} cannot be read")
    return "s3cret-1"


def service(*clients: tuple[str, LoginClient | None], clock: Any = time.time, **changes: Any) -> BrowserLogin:
    """Log-ins with issuers (URL and the console as their client); `sub` bob is Bob."""
    issuers = tuple(issuer_at(url, login=client, groups_claim="groups", **changes) for url, client in clients)
    rules = IdentityRules(issuers, tuple(PersonMark(url, "sub", "bob", "bob") for url, _ in clients))
    return BrowserLogin(rules, TokenVerifier(rules, fetch, clock), post, read_secret, secrets.token_urlsafe)


def answer_in(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


# -- a real provider --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """nanoidp with Bob, the console as a public client, and as one with a secret."""
    clients = [
        Client("with-secret", "s3cret-1", (BACK,)),
        Client("another", redirect_uris=(BACK,)),
    ]
    bob = Person("bob", "bob-pw", ("schema-approvers",))
    with Provider(tmp_path_factory.mktemp("provider"), people=[bob], clients=clients) as running:
        yield running


async def back_from(real: Provider, url: str) -> dict[str, list[str]]:
    """The query of the redirect after Bob filled the provider's form."""
    return answer_in(await asyncio.to_thread(real.log_in_with_browser, url, "bob"))


@pytest.mark.parametrize(
    "client",
    [
        LoginClient(CONSOLE_CLIENT, None, ("openid",)),
        LoginClient("with-secret", SECRET, ("openid", "email")),
    ],
    ids=["public", "with a secret"],
)
async def test_a_person_logs_in_at_a_real_provider(real: Provider, client: LoginClient) -> None:
    """With the groups, which this provider puts into an ID token only when asked; a code is good for once."""
    logins = service((real.issuer, client))
    request, url = await logins.begin(0, BACK)
    answer = await back_from(real, url)
    assert answer["state"] == [request.state]
    caller = await logins.finish(request, answer)
    assert (caller.issuer, *caller.people, *caller.groups) == (real.issuer, "bob", "schema-approvers")
    with pytest.raises(LoginRefused, match="does not accept the code"):
        await logins.finish(request, answer)


async def test_a_code_of_another_client_or_log_in_is_worth_nothing(real: Provider) -> None:
    """The provider holds it against the client and the code verifier; its own log-in ends well."""
    ours, other = (service((real.issuer, LoginClient(name, None, ("openid",)))) for name in (CONSOLE_CLIENT, "another"))
    (request, url), (_, others_url), (second, _) = (
        await ours.begin(0, BACK),
        await other.begin(0, BACK),
        await ours.begin(0, BACK),
    )
    for stolen, taker in ((await back_from(real, others_url), request), (await back_from(real, url), second)):
        with pytest.raises(LoginRefused, match="does not accept the code"):
            await ours.finish(taker, stolen)
    again, url = await ours.begin(0, BACK)
    assert (await ours.finish(again, await back_from(real, url))).subject == "bob"


async def test_a_wrong_secret_is_the_operator_s_business(real: Provider) -> None:
    """Nobody could log in, so it is not called the person's mistake."""
    logins = service((real.issuer, LoginClient("another-with-secret", SECRET, ("openid",))))
    request, _ = await logins.begin(0, BACK)
    with pytest.raises(LoginMisconfigured, match="invalid_client"):
        await logins.finish(request, {"code": ["c-1"]})


# -- a provider that gives what a test wants --------------------------------------------------------------------------


@dataclass
class Bench:
    """A log-in that has come back with a code, and the tokens that it will be given."""

    server: KeyServer
    logins: BrowserLogin
    request: LoginRequest

    def give(self, **changes: Any) -> None:
        claims = claims_of(self.server.url, **{"aud": "console", "sub": "bob", "nonce": self.request.nonce, **changes})
        id_token = rsa_key().token(claims)
        self.server.token_answer = {"access_token": "a", "token_type": "Bearer", "id_token": id_token}

    async def finish(self) -> frozenset[str]:
        return (await self.logins.finish(self.request, {"code": ["c-1"]})).people


@pytest.fixture
async def bench(provider: KeyServer) -> Bench:
    logins = service((provider.url, LoginClient("console", None, ("openid",))), clock=Clock())
    request, _ = await logins.begin(0, BACK)
    return Bench(provider, logins, request)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nonce": "of-another-log-in"}, "`nonce`"),
        ({"aud": "countersign"}, "`aud`"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iat": int(NOW) - 90, "exp": int(NOW) - 31}, "expired"),
    ],
)
async def test_tokens_that_are_not_for_this_log_in_log_nobody_in(
    bench: Bench, changes: dict[str, Any], why: str
) -> None:
    """From the very token endpoint; the good ones are Bob's."""
    bench.give(**changes)
    with pytest.raises(InvalidCredential, match=why):
        await bench.finish()
    bench.give()
    assert await bench.finish() == {"bob"}


async def test_nothing_is_sent_for_an_answer_of_somebody_else(bench: Bench) -> None:
    """A mix-up would hand our provider's endpoint the code of another."""
    bench.give()
    with pytest.raises(LoginRefused, match="`iss`"):
        await bench.logins.finish(bench.request, {"code": ["c-1"], "iss": ["https://evil.example"]})
    assert bench.server.token_requests == []
    await bench.logins.finish(bench.request, {"code": ["c-1"], "iss": [bench.server.url]})
    ((authorization, form),) = bench.server.token_requests
    assert (authorization, form["code_verifier"]) == ("", bench.request.code_verifier)


async def test_a_provider_that_is_down_is_said(bench: Bench) -> None:
    """On the way there and on the way back; when it is up again people log in."""
    bench.give()
    bench.server.token_status = 502
    with pytest.raises(ProviderUnavailable, match="answered 502"):
        await bench.finish()
    bench.server.token_status = 200
    assert await bench.finish() == {"bob"}
    async with serving(rsa_key()) as gone:
        logins = service((gone.url, LoginClient("console", None, ("openid",))))
        request, _ = await logins.begin(0, BACK)
        unseen = service((gone.url, LoginClient("console", None, ("openid",))))
    with pytest.raises(ProviderUnavailable, match="cannot be ended"):
        await logins.finish(request, {"code": ["c-1"]})
    with pytest.raises(ProviderUnavailable, match="cannot be had"):
        await unseen.begin(0, BACK)


async def test_the_secret_is_read_at_each_log_in(provider: KeyServer) -> None:
    """From where the rules say; where it is missing the operator is told the place."""
    logins = service((provider.url, LoginClient("console", SECRET, ("openid",))))
    request, _ = await logins.begin(0, BACK)
    with pytest.raises(LoginMisconfigured):
        await logins.finish(request, {"code": ["c-1"]})  # no tokens are given here
    ((authorization, _),) = provider.token_requests
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"console:s3cret-1"
    missing = service((provider.url, LoginClient("console", SecretPlace(None, "/nowhere"), ("openid",))))
    request, _ = await missing.begin(0, BACK)
    with pytest.raises(LoginMisconfigured, match="/nowhere cannot be read"):
        await missing.finish(request, {"code": ["c-1"]})
    assert len(provider.token_requests) == 1


def test_issuers_are_told_apart() -> None:
    """By host; by more of the URL where two share one; those without a log-in are not listed."""
    client = LoginClient("console", None, ("openid",))
    logins = service(
        ("https://a.example/realm", client),
        ("https://ci.example", None),
        ("https://b.example/one", client),
        ("https://b.example/two", client),
    )
    assert logins.labels == ("a.example", "b.example/one", "b.example/two")


@pytest.mark.parametrize("number", [-1, 1, 10**6])
async def test_only_listed_issuers_are_gone_to(bench: Bench, number: int) -> None:
    """A number that is none of them leads nowhere."""
    with pytest.raises(LoginRefused, match="no such provider"):
        await bench.logins.begin(number, BACK)
    assert (await bench.logins.begin(0, BACK))[1].startswith(bench.server.url)


async def test_what_the_rules_want_to_know_is_asked_for(provider: KeyServer) -> None:
    """Groups, the person and the marks; never a claim that every token has."""
    provider.configuration = {"claims_parameter_supported": True}
    url = provider.url
    issuer = issuer_at(url, login=LoginClient("console", None, ("openid",)), groups_claim="groups", person_claim="upn")
    marks = (
        PersonMark(url, "sub", "bob", "bob"),
        PersonMark(url, "email", "b@x", "bob"),
        PersonMark("x", "y", "z", "q"),
    )
    rules = IdentityRules((issuer,), marks)
    logins = BrowserLogin(rules, TokenVerifier(rules, fetch, time.time), post, read_secret, secrets.token_urlsafe)
    _, address = await logins.begin(0, BACK)
    assert answer_in(address)["claims"] == ['{"id_token":{"email":null,"groups":null,"upn":null}}']
