"""The throw-away authority: its certificates work with a strict client, for their hosts alone."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from scripts.story.certificates import Authority, ServerCertificate


def handshake(server: ServerCertificate, trusted: Path, host: str) -> None:
    """One TLS handshake over a socket pair; raises what the client raises."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(server.certificate, server.key)
    client_context = ssl.create_default_context(cafile=trusted)
    client_context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    near, far = socket.socketpair()
    near.settimeout(10)
    far.settimeout(10)

    def serve() -> None:
        try:
            server_context.wrap_socket(far, server_side=True).close()
        except OSError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_context.wrap_socket(near, server_hostname=host):
            pass
    finally:
        near.close()
        thread.join(10)


@pytest.mark.parametrize("host", ["schemas.example.com", "127.0.0.1", "::1"])
def test_a_certificate_is_accepted_for_its_host(authority: Authority, host: str) -> None:
    """Names and addresses, under OpenSSL's strict rules."""
    handshake(authority.issue(host), authority.certificate, host)


def test_a_certificate_is_refused_for_another_host(authority: Authority) -> None:
    """The name is checked against all of its hosts, and only those."""
    certificate = authority.issue("a.example.com", "b.example.com")
    handshake(certificate, authority.certificate, "b.example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificate, authority.certificate, "c.example.com")


def test_a_certificate_of_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Also when that one has the same name."""
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(Authority(tmp_path).issue("a.example.com"), authority.certificate, "a.example.com")


def test_the_key_is_for_its_owner_alone(authority: Authority) -> None:
    """Nobody else on the machine can read it."""
    assert stat.S_IMODE(authority.issue("k.example.com").key.stat().st_mode) == 0o600


def test_a_certificate_needs_a_host(authority: Authority) -> None:
    """One without a name would be for nobody."""
    with pytest.raises(ValueError, match="at least one"):
        authority.issue()
