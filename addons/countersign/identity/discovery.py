"""Where an issuer publishes its keys (OpenID Connect Discovery 1.0; RFC 8414).

Does not check the certificate of the provider: that is the fetching side's business.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from countersign import strict_json
from countersign.errors import BadInput

_PRINTABLE_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # no space, quote, backslash, control or non-ASCII


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

    The `issuer` in it must be exactly the one that was asked (RFC 8414, 3.3), else a provider could speak for another.
    Raises BadInput where it is not, or where the key set is not on https (http on loopback for an issuer that is so
    itself).
    """
    configuration = strict_json.loads(data)
    if not isinstance(configuration, dict):
        raise BadInput("the provider's configuration is not a JSON object")
    if configuration.get("issuer") != issuer:
        raise BadInput("the provider's configuration is of another issuer")
    jwks_uri = configuration.get("jwks_uri")
    if not isinstance(jwks_uri, str):
        raise BadInput("the provider's configuration has no `jwks_uri`")
    check_url(jwks_uri, http_on_loopback=urlsplit(issuer).scheme == "http")
    return jwks_uri


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
