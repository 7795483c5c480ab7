"""Where an issuer publishes its keys, and where people log in (OpenID Connect Discovery 1.0; RFC 8414).

Does not check the certificate of the provider: that is the fetching side's business.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from countersign import strict_json
from countersign.errors import BadInput
from countersign.strict_json import Json

_PRINTABLE_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # no space, quote, backslash, control or non-ASCII


@dataclass(frozen=True, slots=True)
class LoginEndpoints:
    """Where a provider logs people in with a browser, and what it understands."""

    authorization: str
    token: str
    authentication_methods: frozenset[str]  #: how a client with a secret shows it at the token endpoint
    names_itself: bool  #: it sends `iss` with every answer (RFC 9207), so an answer without is not its own
    takes_claims: bool  #: it can be asked for single claims (OpenID Connect Core 1.0, 5.5)


def configuration_url(issuer: str) -> str:
    """The address of the provider's configuration (OpenID Connect Discovery 1.0, 4). `issuer` is the `iss` of its tokens.

    Raises BadInput where `issuer` is not an https URL (or http on loopback) without query and fragment.
    """
    check_url(issuer, http_on_loopback=True)
    if "?" in issuer:
        raise BadInput("an issuer has no query")
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_jwks_uri(data: bytes, issuer: str) -> str:
    """The address of the key set in the provider's configuration `data`.

    Raises BadInput where it is of another issuer, or where the key set is not on https (http on loopback for an issuer
    that is so itself).
    """
    return _address(_configuration(data, issuer), "jwks_uri", issuer)


def read_login_endpoints(data: bytes, issuer: str) -> LoginEndpoints:
    """Where people log in, by the provider's configuration `data`; addresses are checked as for the key set.

    Raises BadInput also where the provider says that it does not have PKCE with S256 (RFC 7636).
    """
    configuration = _configuration(data, issuer)
    challenges = configuration.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(challenges, list) or "S256" not in challenges:
        raise BadInput("the provider does not have PKCE with S256")
    # RFC 8414, 2: what is assumed where the provider does not say
    methods = configuration.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not isinstance(methods, list):
        raise BadInput("the provider's `token_endpoint_auth_methods_supported` is not a list")
    return LoginEndpoints(
        authorization=_address(configuration, "authorization_endpoint", issuer),
        token=_address(configuration, "token_endpoint", issuer),
        authentication_methods=frozenset(method for method in methods if isinstance(method, str)),
        names_itself=configuration.get("authorization_response_iss_parameter_supported") is True,
        takes_claims=configuration.get("claims_parameter_supported") is True,
    )


def _configuration(data: bytes, issuer: str) -> dict[str, Json]:
    """The `issuer` in it must be exactly the one that was asked (RFC 8414, 3.3), else one could speak for another."""
    configuration = strict_json.loads(data)
    if not isinstance(configuration, dict):
        raise BadInput("the provider's configuration is not a JSON object")
    if configuration.get("issuer") != issuer:
        raise BadInput("the provider's configuration is of another issuer")
    return configuration


def _address(configuration: dict[str, Json], name: str, issuer: str) -> str:
    address = configuration.get(name)
    if not isinstance(address, str):
        raise BadInput(f"the provider's configuration has no `{name}`")
    check_url(address, http_on_loopback=urlsplit(issuer).scheme == "http")
    return address


def check_url(url: str, *, http_on_loopback: bool) -> None:
    """Refuse every address that is not absolute https, or http on loopback where that is allowed. Raises BadInput."""
    if not _PRINTABLE_URL.fullmatch(url):
        raise BadInput("an address with characters that no URL has")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadInput("an address that cannot be read") from None
    if not host or "@" in parts.netloc or "#" in url:
        raise BadInput("an address without a host, with a user or with a fragment")
    if parts.scheme == "https" or (parts.scheme == "http" and http_on_loopback and _is_loopback(host)):
        return
    raise BadInput("an address that is not https")


def _is_loopback(host: str) -> bool:
    if host == "localhost":  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
