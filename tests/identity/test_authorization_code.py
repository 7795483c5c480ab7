"""The messages of one log-in, as the standards write them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from countersign import limits
from countersign.errors import ProviderUnavailable
from countersign.identity.authorization_code import (
    LoginMisconfigured,
    LoginRefused,
    LoginRequest,
    authorization_url,
    code_of,
    new_request,
    read_tokens,
    token_request,
)
from countersign.identity.discovery import LoginEndpoints
from countersign.rulebook.values import LoginClient

ISSUER = "https://idp.example"
BACK = "https://console.example/login/callback"
ENDPOINTS = LoginEndpoints(
    "https://idp.example/authorize?tenant=1",
    "https://idp.example/token",
    frozenset({"client_secret_basic", "client_secret_post"}),
    names_itself=False,
    takes_claims=True,
)
CLIENT = LoginClient("console", None, ("openid", "email"))


def randomness() -> Iterator[str]:
    return (letter * 43 for letter in "svn")


def request(**changes: Any) -> LoginRequest:
    made = new_request(ISSUER, replace(ENDPOINTS, **changes), BACK, randomness().__next__)
    assert len({made.state, made.nonce, made.code_verifier}) == 3
    return made


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, strict_parsing=True)


def test_the_browser_is_sent_with_everything_that_binds_the_answer() -> None:
    """State, nonce and the hash of the code verifier; the verifier itself does not leave."""
    made = request()
    url = authorization_url(made, CLIENT, {"email", "groups"})
    assert url.startswith("https://idp.example/authorize?")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(made.code_verifier.encode()).digest()).rstrip(b"=").decode()
    assert query(url) == {
        "tenant": ["1"],
        "response_type": ["code"],
        "client_id": ["console"],
        "redirect_uri": [BACK],
        "scope": ["openid email"],
        "state": [made.state],
        "nonce": [made.nonce],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
        "claims": ['{"id_token":{"email":null,"groups":null}}'],
    }
    assert made.code_verifier not in url


@pytest.mark.parametrize(("takes_claims", "claims"), [(False, {"email"}), (True, set())])
def test_claims_are_asked_for_where_the_provider_understands_it(takes_claims: bool, claims: set[str]) -> None:
    """Others might refuse a parameter that they do not know."""
    assert "claims" not in query(authorization_url(request(takes_claims=takes_claims), CLIENT, claims))


def test_secrets_of_a_log_in_are_not_shown() -> None:
    """A traceback or a log line with the value holds none of them."""
    made = request()
    sent = token_request(made, CLIENT, "s3cret", "the-code")
    shown = repr(made) + repr(sent) + repr(read_tokens(200, TOKENS, made))
    for secret in (
        made.state,
        made.nonce,
        made.code_verifier,
        "s3cret",
        "the-code",
        "the-id-token",
        "the-access-token",
    ):
        assert secret not in shown


# -- the answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("iss", [[], [ISSUER]])
def test_the_code_of_an_answer(iss: list[str]) -> None:
    """`iss` may be left out where the provider does not promise it."""
    assert code_of({"code": ["c-1"], "iss": iss}, request()) == "c-1"
    assert code_of({"code": ["c-1"], "iss": [ISSUER]}, request(names_itself=True)) == "c-1"


@pytest.mark.parametrize(
    ("answer", "names_itself", "why"),
    [
        ({"code": ["c-1"], "iss": ["https://evil.example"]}, False, "not from the provider"),
        ({"code": ["c-1"], "iss": [ISSUER + "/"]}, False, "not from the provider"),
        ({"code": ["c-1"], "iss": [""]}, False, "not from the provider"),
        ({"code": ["c-1"]}, True, "not from the provider"),
        ({"error": ["access_denied"]}, True, "not from the provider"),
        ({"code": ["c-1", "c-2"]}, False, "`code` more than once"),
        ({"code": ["c-1"], "iss": [ISSUER, ISSUER]}, False, "`iss` more than once"),
        ({"code": ["c-1"], "error": ["access_denied"]}, False, "access_denied"),
        ({"code": [""]}, False, "neither a code"),
        ({}, False, "neither a code"),
    ],
)
def test_an_answer_that_is_not_one_is_refused(answer: dict[str, list[str]], names_itself: bool, why: str) -> None:
    """Of another provider (RFC 9207), ambiguous, or without a code."""
    with pytest.raises(LoginRefused, match=why):
        code_of(answer, request(names_itself=names_itself))


def test_a_provider_s_words_are_shown_harmlessly() -> None:
    """On one line, with nothing hidden in it, and short."""
    error = {"error": ["server_error\n\x1b[2J"], "error_description": ["\u202eevil" + "x" * 1000]}
    with pytest.raises(LoginRefused) as caught:
        code_of(error, request())
    text = str(caught.value)
    assert "server_error" in text
    assert text.isprintable()
    assert "\u202e" not in text
    assert text.count("x") < limits.MAX_LOGIN_ERROR_CHARACTERS


# -- the token request ------------------------------------------------------------------------------------------------


def test_a_public_client_proves_itself_with_the_verifier() -> None:
    """And names itself (RFC 6749, 4.1.3)."""
    made = request()
    sent = token_request(made, CLIENT, None, "c &1")
    assert sent.form == {
        "grant_type": "authorization_code",
        "code": "c &1",
        "redirect_uri": BACK,
        "client_id": "console",
        "code_verifier": made.code_verifier,
    }
    assert "Authorization" not in sent.headers


def test_a_secret_is_sent_in_one_way_only() -> None:
    """As basic where the provider takes it, with both parts encoded first (RFC 6749, 2.3.1); else in the form."""
    sent = token_request(request(), LoginClient("con sole", None, ("openid",)), "s:3/t", "c-1")
    assert base64.b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"con+sole:s%3A3%2Ft"
    assert not {"client_id", "client_secret"} & {*sent.form}
    posted = token_request(request(authentication_methods=frozenset({"client_secret_post"})), CLIENT, "s:3/t", "c-1")
    assert (posted.form["client_id"], posted.form["client_secret"]) == ("console", "s:3/t")
    assert "Authorization" not in posted.headers


def test_a_provider_that_takes_no_secret_is_said() -> None:
    """The operator has to configure another kind of client; without a secret the same provider is used."""
    keys_only = request(authentication_methods=frozenset({"private_key_jwt"}))
    with pytest.raises(LoginMisconfigured, match="neither as basic nor as post"):
        token_request(keys_only, CLIENT, "secret", "c-1")
    assert token_request(keys_only, CLIENT, None, "c-1").form["code"] == "c-1"


# -- the tokens -------------------------------------------------------------------------------------------------------

GOOD = {"access_token": "the-access-token", "id_token": "the-id-token", "token_type": "Bearer"}
TOKENS = json.dumps(GOOD).encode()


def test_tokens_are_read() -> None:
    """Whatever else is in the answer: a refresh token is not even looked at."""
    more = {**GOOD, "refresh_token": "r", "expires_in": "soon", "scope": 7, "token_type": "bearer"}
    tokens = read_tokens(200, json.dumps(more).encode(), request())
    assert (tokens.id_token, tokens.access_token) == ("the-id-token", "the-access-token")


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


@pytest.mark.parametrize(
    ("status", "body", "error", "why"),
    [
        (400, b'{"error": "invalid_grant"}', LoginRefused, "does not accept the code"),
        (401, b'{"error": "invalid_client"}', LoginMisconfigured, "check `login` in rules/identity.yaml"),
        (400, b'{"error": "made_up"}', LoginMisconfigured, "made_up"),
        (400, b'{"error": "\\u001b[2J"}', LoginMisconfigured, "something unknown"),
        (400, TOKENS, LoginMisconfigured, "without a bearer"),
        (302, b"", LoginMisconfigured, "not in JSON"),
        (200, b"access_token=a&id_token=b&token_type=bearer", LoginMisconfigured, "not in JSON"),
        (200, TOKENS.replace(b'"id_token"', b'"access_token"'), LoginMisconfigured, "not in JSON"),
        (200, b"[]", LoginMisconfigured, "missing_token"),
        (200, without("access_token"), LoginMisconfigured, "missing_token"),
        (200, without("id_token"), LoginMisconfigured, "an ID token"),
        (200, without("token_type"), LoginMisconfigured, "bearer"),
        (200, TOKENS.replace(b"Bearer", b"DPoP"), LoginMisconfigured, "bearer"),
        (200, TOKENS.replace(b'"the-id-token"', b"7"), LoginMisconfigured, "an ID token"),
        (503, b"busy", ProviderUnavailable, "503"),
        (429, b"", ProviderUnavailable, "429"),
    ],
)
def test_an_answer_without_tokens_says_whose_turn_it_is(
    status: int, body: bytes, error: type[Exception], why: str
) -> None:
    """The person's, nobody's (wait), or the operator's; never with the tokens in it."""
    with pytest.raises(error, match=why) as caught:
        read_tokens(status, body, request())
    assert "the-access-token" not in str(caught.value)
