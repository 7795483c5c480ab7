from __future__ import annotations

import json

import pytest

from countersign.errors import BadInput
from countersign.identity.discovery import check_url, configuration_url, read_jwks_uri, read_login_endpoints

ISSUER = "https://idp.example/realms/main"


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        (ISSUER, "https://idp.example/realms/main/.well-known/openid-configuration"),
        ("https://idp.example/", "https://idp.example/.well-known/openid-configuration"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/.well-known/openid-configuration"),
        ("http://localhost:8000", "http://localhost:8000/.well-known/openid-configuration"),
        ("http://[::1]:8000", "http://[::1]:8000/.well-known/openid-configuration"),
    ],
)
def test_configuration_stands_below_the_issuer(issuer: str, url: str) -> None:
    """OpenID Connect Discovery 1.0, 4.1: a trailing slash is not doubled."""
    assert configuration_url(issuer) == url


@pytest.mark.parametrize(
    "issuer",
    [
        "http://idp.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "https://",
        "https:///x",
        "https://user@idp.example",
        "https://idp.example#x",
        "https://idp.example?x",
        "https://idp.example:99999",
        "https://[::1",
        "https://idp.example/a b",
        "https://idp.example/\r\nX: y",
        "https://idp.ex\u00e4mple",
        "https:\\\\idp.example",
        "//idp.example",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "",
    ],
)
def test_no_other_issuer_is_asked(issuer: str) -> None:
    """Only https, or http on loopback; no user, fragment, query or odd character."""
    with pytest.raises(BadInput):
        configuration_url(issuer)


def configuration(**changes: object) -> bytes:
    return json.dumps({"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks?p=1", **changes}).encode()


def test_key_set_address_is_read() -> None:
    """Keys may stand on another host than the issuer, as with large providers."""
    assert read_jwks_uri(configuration(), ISSUER) == "https://keys.example/jwks?p=1"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (configuration(issuer=ISSUER + "/"), "another issuer"),
        (configuration(issuer="https://evil.example"), "another issuer"),
        (configuration(issuer=[ISSUER]), "another issuer"),
        (configuration(jwks_uri=None), "no `jwks_uri`"),
        (configuration(jwks_uri="http://keys.example/jwks"), "not https"),
        (configuration(jwks_uri="http://127.0.0.1/jwks"), "not https"),
        (configuration(jwks_uri="file:///etc/passwd"), "without a host"),
        (configuration(jwks_uri="https://a@keys.example/jwks"), "with a user"),
        (b"[]", "not a JSON object"),
        (b"<html>", "not JSON"),
        (configuration().replace(b'"issuer"', b'"issuer": "x", "issuer"', 1), "twice"),
    ],
)
def test_a_configuration_of_somebody_else_or_off_https_is_refused(data: bytes, why: str) -> None:
    """A provider speaks for itself only, and its keys come over TLS."""
    with pytest.raises(BadInput, match=why):
        read_jwks_uri(data, ISSUER)


@pytest.mark.parametrize(
    "jwks_uri", ["http://127.0.0.1:9/jwks", "http://localhost:9/jwks", "https://keys.example/jwks"]
)
def test_a_loopback_issuer_may_have_its_keys_on_loopback(jwks_uri: str) -> None:
    """On the same terms as the issuer itself; plain http to anywhere else stays refused."""
    data = configuration(issuer="http://localhost:9", jwks_uri=jwks_uri)
    assert read_jwks_uri(data, "http://localhost:9") == jwks_uri
    elsewhere = configuration(issuer="http://localhost:9", jwks_uri="http://keys.example/jwks")
    with pytest.raises(BadInput, match="not https"):
        read_jwks_uri(elsewhere, "http://localhost:9")


def test_http_on_loopback_is_a_choice_of_the_caller() -> None:
    """The same address passes with the permission and not without."""
    check_url("http://127.0.0.1/x", http_on_loopback=True)
    with pytest.raises(BadInput):
        check_url("http://127.0.0.1/x", http_on_loopback=False)


LOGIN = {"authorization_endpoint": "https://idp.example/authorize?t=1", "token_endpoint": "https://idp.example/token"}


def test_where_people_log_in_is_read() -> None:
    """With what RFC 8414 says is meant where the provider does not say."""
    found = read_login_endpoints(configuration(**LOGIN), ISSUER)
    assert (found.authorization, found.token) == (*LOGIN.values(),)
    assert found.authentication_methods == {"client_secret_basic"}
    assert (found.names_itself, found.takes_claims) == (False, False)
    said = {
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }
    found = read_login_endpoints(configuration(**LOGIN, **said), ISSUER)
    assert found.authentication_methods == {"none", "client_secret_post"}
    assert (found.names_itself, found.takes_claims) == (True, True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"authorization_endpoint": None}, "no `authorization_endpoint`"),
        ({"authorization_endpoint": "http://idp.example/authorize"}, "not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "without a host"),
        ({"authorization_endpoint": "https://idp.example/a#b"}, "fragment"),
        ({"token_endpoint": ["https://idp.example/token"]}, "no `token_endpoint`"),
        ({"token_endpoint": "http://127.0.0.1/token"}, "not https"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"code_challenge_methods_supported": "S256"}, "PKCE"),
        ({"token_endpoint_auth_methods_supported": "client_secret_basic"}, "not a list"),
    ],
)
def test_nobody_is_sent_to_log_in_off_https_or_without_pkce(changes: dict[str, object], why: str) -> None:
    """A code or a secret would be read on the way; without these changes people are sent."""
    read_login_endpoints(configuration(**LOGIN), ISSUER)
    with pytest.raises(BadInput, match=why):
        read_login_endpoints(configuration(**{**LOGIN, **changes}), ISSUER)


def test_keys_are_had_without_a_log_in() -> None:
    """A provider of pipelines' tokens alone has no place for people, and its tokens are verified all the same."""
    assert read_jwks_uri(configuration(authorization_endpoint="http://bad"), ISSUER)
