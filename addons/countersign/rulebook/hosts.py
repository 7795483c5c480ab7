"""One way to write a host: lower case, A-labels, no trailing dot; an IP address in its canonical form.

Does not check that a host exists, nor where its name leads.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from countersign.rulebook.problems import Unfit

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_CONNECTION_URL = re.compile(r"(https|http)://(\[[^\]/?#@]*\]|[^:/?#@\[\]]+)(?::([0-9]{1,5}))?")


def canonical_host(text: str) -> str:
    """The host `text`, lower case; an IPv6 address without brackets. Raises Unfit (RFC 1123, RFC 4291, RFC 5952)."""
    if not text.isascii():
        raise Unfit("the host is not ASCII", "write its A-label form (xn--...), which is what is sent on the wire")
    host = text.lower()
    if ":" in host:
        return _canonical_address(host)
    if host.endswith("."):
        raise Unfit("the host ends with a dot", f"write {host.rstrip('.')!r}")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):  # WHATWG: such a host is an IPv4 address in one of its many spellings
        return _canonical_address(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Unfit(f"{text[:80]!r} is not a host name", "letters, digits and hyphens between dots, no port")
    return host


def is_loopback(host: str) -> bool:
    """Whether a canonical host names this machine: `localhost`, 127.0.0.0/8, ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def connection_url(text: str) -> tuple[str, str, int]:
    """Scheme, canonical host and port of the origin `text` (RFC 6454). Raises Unfit."""
    match = _CONNECTION_URL.fullmatch(text)
    if match is None:
        raise Unfit(f"{text[:80]!r} is not an origin", "write https://host or https://host:port, without a path")
    scheme, host, port = match[1], match[2], int(match[3] or (443 if match[1] == "https" else 80))
    if not 0 < port < 65536:
        raise Unfit(f"the port {port} does not exist", "1 to 65535")
    if host.startswith("[") and ":" not in host:
        raise Unfit(f"{host[:80]!r} is not an IPv6 address", "write [2001:db8::1]")
    return scheme, canonical_host(host.strip("[]")), port


def issuer_url(text: str) -> str:
    """`text`, an issuer as RFC 8414 has it: https (http on loopback), no query, no fragment. Raises Unfit."""
    try:
        parts = urlsplit(text)
        host = canonical_host(parts.hostname or "")
        _ = parts.port  # raises ValueError
    except ValueError:
        raise Unfit(f"{text[:80]!r} is not a URL", "write it exactly as the `iss` of the tokens") from None
    if parts.scheme not in ("https", "http") or "@" in parts.netloc or "?" in text or "#" in text or not text.isascii():
        raise Unfit(f"{text[:80]!r} is not an issuer", "an https URL without user, query and fragment")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise Unfit("the issuer holds white space", "write it exactly as the `iss` of the tokens")
    if parts.scheme == "http" and not is_loopback(host):
        raise Unfit("the issuer is not https", "keys fetched over plain http can be anybody's; http is for loopback")
    return text


def webhook_url(text: str) -> str:
    """`text`, a URL that messages are posted to: https (http on loopback), no user, no fragment. Raises Unfit."""
    return _posted_to(
        text,
        "webhook",
        why_no_user="what it gets is signed with `key`",
        why_https="summaries would cross the network in the clear; http is for loopback",
    )


def witness_url(text: str) -> str:
    """`text`, below which a witness answers: https (http on loopback), no user, query or fragment. Raises Unfit."""
    if "?" in text:
        raise Unfit("the witness's URL has a query", "write what stands before /add-checkpoint")
    return _posted_to(
        text,
        "witness",
        why_no_user="a checkpoint is signed, and a witness asks nobody who they are",
        why_https="anybody on the way could say that it saw more of the log, which stops the gateway; http is for loopback",
    )


def _posted_to(text: str, what: str, *, why_no_user: str, why_https: str) -> str:
    try:
        parts = urlsplit(text)
        host = canonical_host(parts.hostname or "")
        _ = parts.port  # raises ValueError
    except ValueError:
        raise Unfit(f"{text[:80]!r} is not a URL", "write https://host/path") from None
    if parts.scheme not in ("https", "http") or "@" in parts.netloc or "#" in text:
        raise Unfit(f"the {what} is not an https URL without user and fragment", why_no_user)
    if not text.isascii() or any(character.isspace() or not character.isprintable() for character in text):
        raise Unfit(f"the {what}'s URL holds white space or is not ASCII", "percent-encode it")
    if parts.scheme == "http" and not is_loopback(host):
        raise Unfit(f"the {what} is not https", why_https)
    return text


def _canonical_address(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise Unfit(
            f"{host[:80]!r} is not an IP address in its usual form", "write it like 192.0.2.1 or 2001:db8::1"
        ) from None
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address.scope_id is not None):
        raise Unfit(f"{host[:80]!r} is a second spelling of another address", "write the IPv4 address, without a zone")
    if str(address) != host:
        raise Unfit(f"{host[:80]!r} is not canonical", f"write {address}")
    return host
