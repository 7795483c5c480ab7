"""Where the console may listen, and under which names it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from countersign.console.settings import Addresses, ConsoleError, ConsoleSettings

KEY = b"k" * 32
CERTIFICATE: dict[str, Any] = {"tls_certificate": Path("c.pem"), "tls_key": Path("k.pem")}


def settings(host: str = "127.0.0.1", **changes: Any) -> ConsoleSettings:
    return ConsoleSettings(host, 8082, **{"session_key": KEY, **changes})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    """Nobody else can listen in."""
    assert not settings(host).has_tls


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example", ""])
def test_any_other_address_needs_tls(host: str) -> None:
    """Tokens would cross the network in the clear; with a certificate the same address is fine."""
    with pytest.raises(ConsoleError, match="loopback only"):
        settings(host)
    assert settings(host, **CERTIFICATE).has_tls


@pytest.mark.parametrize("half", ["tls_certificate", "tls_key"])
def test_half_a_certificate_is_refused(half: str) -> None:
    """A certificate without its key must not silently mean no TLS."""
    with pytest.raises(ConsoleError, match="or neither"):
        settings("127.0.0.1", **{half: Path("x.pem")})


def test_a_weak_session_key_is_refused() -> None:
    """An empty or short key would let anybody sign cookies."""
    with pytest.raises(ConsoleError, match="32 random bytes"):
        settings(session_key=b"short")


def test_the_session_key_is_not_shown() -> None:
    """It does not get into a log with the settings."""
    assert "kkk" not in repr(settings())


def test_an_unreadable_certificate_is_said(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(ConsoleError, match=r"missing\.pem"):
        settings(tls_certificate=tmp_path / "missing.pem", tls_key=tmp_path / "missing.pem").tls_context()
    assert settings().tls_context() is None


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.example",
        "https://gateway.example/console",
        "https://user@gateway.example",
        "https://gateway.example?x",
        "gateway.example",
        "ftp://gateway.example",
    ],
)
def test_a_public_url_is_an_https_origin(url: str) -> None:
    """Anything else would leak tokens or break links."""
    with pytest.raises(ConsoleError, match="public URL"):
        settings(public_url=url)


def test_names_without_a_public_url() -> None:
    """Only loopback names with the bound port, over the scheme that is served."""
    addresses = Addresses.of(settings(), 4711)
    assert addresses.url == "http://127.0.0.1:4711"
    assert addresses.hosts == {"127.0.0.1:4711", "localhost:4711"}
    assert addresses.origins == {"http://127.0.0.1:4711", "http://localhost:4711"}


def test_names_with_a_public_url() -> None:
    """People are sent to the public name, and cookies are Secure."""
    public = settings(public_url="https://Approve.example")
    addresses = Addresses.of(public, 4711)
    assert public.is_secure
    assert addresses.url == "https://approve.example"
    assert "approve.example" in addresses.hosts
    assert "https://approve.example" in addresses.origins


def test_an_ipv6_address_is_bracketed() -> None:
    """RFC 3986."""
    assert Addresses.of(settings("::1"), 4711).url == "http://[::1]:4711"


def test_the_default_port_may_be_left_out() -> None:
    """A browser does not send `:443`."""
    assert "gateway.example" in Addresses.of(settings("gateway.example", **CERTIFICATE), 443).hosts
