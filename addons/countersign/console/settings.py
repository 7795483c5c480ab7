"""Where the console listens, and under which names a browser may call it."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from countersign.errors import CountersignError

_SESSION_KEY_BYTES = 32


class ConsoleError(CountersignError):
    """The console cannot start as configured. Says what to change."""


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How the console is reached. Raises ConsoleError where that would be unsafe.

    `port` 0 takes any free one. `public_url` is what people type, where that is another name (a reverse proxy).
    `session_key` is 32 random bytes that live as long as the process.
    """

    host: str
    port: int
    public_url: str | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    session_key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if len(self.session_key) != _SESSION_KEY_BYTES:
            raise ConsoleError(f"the console's session key must be {_SESSION_KEY_BYTES} random bytes")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConsoleError("the console needs both a TLS certificate and its key, or neither")
        if not self.has_tls and not _is_loopback(self.host):
            raise ConsoleError(
                f"without TLS the console listens on loopback only, not on {self.host!r}; set both a certificate and its key, or listen on 127.0.0.1"
            )
        if self.public_url is not None:
            _require_origin(self.public_url)

    @property
    def has_tls(self) -> bool:
        return self.tls_certificate is not None

    @property
    def is_secure(self) -> bool:
        """Whether people reach it over TLS, here or at a proxy in front."""
        return self.has_tls or (self.public_url or "").startswith("https:")

    def tls_context(self) -> ssl.SSLContext | None:
        """Raises ConsoleError where certificate or key cannot be used."""
        if self.tls_certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise ConsoleError(
                f"the console's TLS certificate {self.tls_certificate} or its key cannot be used: {error}"
            ) from None
        return context


@dataclass(frozen=True, slots=True)
class Addresses:
    """The names the console answers to: anything else in Host or Origin is DNS rebinding or another site."""

    port: int
    url: str  #: the one to hand out
    hosts: frozenset[str]  #: values of Host
    origins: frozenset[str]  #: values of Origin

    @classmethod
    def of(cls, settings: ConsoleSettings, port: int) -> Addresses:
        """`port` is the one that was bound."""
        scheme, default_port = ("https", 443) if settings.has_tls else ("http", 80)
        names = {_bracketed(settings.host), "localhost", "127.0.0.1"}
        hosts = {f"{name}:{port}" for name in names} | (names if port == default_port else set())
        origins = {f"{scheme}://{host}" for host in hosts}
        url = f"{scheme}://{_bracketed(settings.host)}:{port}"
        if settings.public_url is not None:
            public = urlsplit(settings.public_url)
            url = f"{public.scheme}://{public.netloc}".lower()
            hosts.add(public.netloc.lower())
            origins.add(url)
        return cls(port, url, frozenset(hosts), frozenset(origins))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_origin(url: str) -> None:
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or parts.username is not None
    ):
        raise ConsoleError(
            f"the console's public URL must be `https://host` or `https://host:port`, without a path: {url!r}"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConsoleError(f"the console's public URL must be https, since people send their tokens to it: {url!r}")
