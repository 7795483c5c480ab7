"""The provider: its tokens are what a gateway must accept, and some that it must not."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from scripts.story.provider import CONSOLE_CLIENT, Client, Person, Provider

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """One provider with one person and one pipeline."""
    people = [Person("ada", "a-password", ("schema-owners", "platform"), "ada@example.com")]
    clients = [Client("orders-pipeline", "a-secret"), Client("console", redirect_uris=("http://127.0.0.1:1/back",))]
    with Provider(tmp_path_factory.mktemp("provider"), people=people, clients=clients, lifetime_minutes=5) as running:
        yield running


def document(provider: Provider, path: str) -> Any:
    with OPENER.open(provider.issuer + path, timeout=10) as answer:
        return json.load(answer)


def verified(provider: Provider, token: str) -> dict[str, Any]:
    """The claims, checked with another implementation against the provider's published keys."""
    keys = jwt.PyJWKSet.from_dict(document(provider, "/.well-known/jwks.json"))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, ["RS256"], audience="countersign", issuer=provider.issuer)


def test_a_pipelines_token_names_the_pipeline_and_who_started_it(provider: Provider) -> None:
    """`sub` is the client, and the claims that the CI system adds are beside it."""
    claims = verified(provider, provider.token_for_client("orders-pipeline", claims={"user_login": "ben"}))
    assert (claims["sub"], claims["client_id"], claims["user_login"]) == ("orders-pipeline", "orders-pipeline", "ben")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["jti"]


def test_a_persons_token_names_the_person_and_the_groups(provider: Provider) -> None:
    """`sub` is the user name."""
    claims = verified(provider, provider.token_for_person("ada"))
    assert (claims["sub"], claims["groups"]) == ("ada", ["schema-owners", "platform"])


def test_two_tokens_are_two(provider: Provider) -> None:
    """Each has an id of its own."""
    tokens = {provider.token_for_client("orders-pipeline") for _ in range(2)}
    assert len({verified(provider, token)["jti"] for token in tokens}) == 2


def test_a_pipeline_cannot_add_what_the_provider_decides(provider: Provider) -> None:
    """Nobody becomes somebody else by asking for it."""
    with pytest.raises(urllib.error.HTTPError, match="400"):
        provider.token_for_client("orders-pipeline", claims={"sub": "ada"})


def test_tokens_for_a_few_seconds_are_properly_signed(provider: Provider) -> None:
    """For tests of expiry: like the others, but short; a negative life is over before it starts."""
    person = verified(provider, provider.short_token_for_person("ada", seconds=30))
    pipeline = verified(
        provider, provider.short_token_for_client("orders-pipeline", seconds=30, claims={"actor": "ben"})
    )
    assert (person["sub"], person["exp"] - person["iat"]) == ("ada", 30)
    assert (pipeline["sub"], pipeline["actor"]) == ("orders-pipeline", "ben")
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(provider, provider.short_token_for_person("ada", seconds=-1))


def test_any_claims_can_be_signed(provider: Provider) -> None:
    """For tests of tokens that are meant for somebody else."""
    with pytest.raises(jwt.InvalidAudienceError):
        verified(provider, provider.sign({"sub": "ada", "aud": "another-service"}, 60))


def test_the_discovery_document_names_the_issuer(provider: Provider) -> None:
    """Exactly the `iss` of the tokens, and where the keys and the login are."""
    found = document(provider, "/.well-known/openid-configuration")
    assert found["issuer"] == provider.issuer
    assert found["jwks_uri"].startswith(provider.issuer)
    assert "S256" in found["code_challenge_methods_supported"]


def test_a_rotated_key_signs_at_once_and_the_old_one_stays_known(provider: Provider) -> None:
    """Tokens of before and after are both valid against the new key set, `sign` included."""
    before = provider.token_for_person("ada")
    kid = provider.rotate()
    after = provider.token_for_person("ada")
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"] == kid
    assert verified(provider, before)["sub"] == verified(provider, after)["sub"] == "ada"
    assert jwt.get_unverified_header(provider.short_token_for_person("ada", seconds=30))["kid"] == kid
    assert verified(provider, provider.short_token_for_person("ada", seconds=30))


def test_the_console_logs_people_in_with_pkce(provider: Provider) -> None:
    """It is a public client; a person's form leads back to any port of loopback, with a code for who has the verifier."""
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = "http://127.0.0.1:54321/login/callback"
    asked = {
        "response_type": "code",
        "client_id": CONSOLE_CLIENT,
        "redirect_uri": back,
        "scope": "openid",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "claims": json.dumps({"id_token": {"groups": None}}),
    }
    address = provider.log_in_with_browser(f"{provider.issuer}/authorize?{urllib.parse.urlencode(asked)}", "ada")
    assert address.startswith(back + "?")
    answer = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    assert answer["state"] == ["the-state"]
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": back}
    form |= {"client_id": CONSOLE_CLIENT, "code_verifier": verifier}
    with OPENER.open(provider.issuer + "/token", urllib.parse.urlencode(form).encode(), timeout=10) as got:
        claims = jwt.decode(json.load(got)["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"], claims["nonce"]) == ("ada", CONSOLE_CLIENT, "the-nonce")
    assert claims["groups"] == ["schema-owners", "platform"]
