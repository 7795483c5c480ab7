from __future__ import annotations

import pytest

from countersign.rulebook.hosts import (
    canonical_host,
    connection_url,
    is_loopback,
    issuer_url,
    webhook_url,
    witness_url,
)
from countersign.rulebook.problems import Unfit


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Schemas.Example.COM", "schemas.example.com"),
        ("schema_registry", "schema_registry"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("1password.com", "1password.com"),
    ],
)
def test_a_host_is_written_in_one_way(text: str, host: str) -> None:
    """Lower case; addresses as they are."""
    assert canonical_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "", "schemas.example.com.", "b\u00fccher.example", "a..b", "-a.example", "a b", "a/b", "*.example.com", "a" * 64,
        "127.1", "0177.0.0.1", "2130706433", "0x7f000001", "127.0.0.01", "256.0.0.1", "1.2.3.4.5", "0x7f.0.0.1",
        "2001:db8:0::1", "::ffff:127.0.0.1", "::127.0.0.1.", "fe80::1%eth0", "host:80", "a.0x1",
    ],
)  # fmt: skip
def test_a_second_spelling_of_a_host_is_refused(text: str) -> None:
    """Whatever a resolver could read as another host than the eye does."""
    with pytest.raises(Unfit):
        canonical_host(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://a.example", ("https", "a.example", 443)),
        ("http://A.example:8081", ("http", "a.example", 8081)),
        ("https://[2001:db8::1]:8443", ("https", "2001:db8::1", 8443)),
    ],
)
def test_an_origin_has_scheme_host_and_port(text: str, parts: tuple[str, str, int]) -> None:
    """The port follows from the scheme where none is given."""
    assert connection_url(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "a.example", "ftp://a.example", "HTTPS://a.example", "https://a.example/", "https://a.example/x",
        "https://u@a.example", "https://a.example:0", "https://a.example:65536", "https://a.example:", "https://",
        "https://a.example?x", "https://a.example#x", "https://[192.0.2.1]", "https://2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    """No path, no user, no query: a connection is a host and a port."""
    with pytest.raises(Unfit):
        connection_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://idp.example.com",
        "https://idp.example.com/realms/a/",
        "http://127.0.0.1:9000",
        "http://localhost",
        "http://[::1]:1",
    ],
)
def test_an_issuer_is_kept_exactly(text: str) -> None:
    """It is compared with `iss` letter by letter."""
    assert issuer_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://idp.example.com", "http://127.0.0.1.example.com", "idp.example.com", "https://", "https://u:p@idp.example.com",
        "https://idp.example.com?x=1", "https://idp.example.com#x", "https://idp.example.com/ a", "https://idp.example.com:x",
        "file:///etc/passwd", "http://0x7f000001/", "https://idp.example.com\n",
    ],
)  # fmt: skip
def test_an_unsafe_issuer_is_refused(text: str) -> None:
    """Keys are fetched from it: only https, or this machine."""
    with pytest.raises(Unfit):
        issuer_url(text)


@pytest.mark.parametrize(
    "text",
    ["https://hooks.example.com", "https://hooks.example.com:8443/a/b?c=d", "http://localhost:1/", "http://[::1]/x"],
)
def test_a_webhook_is_kept_exactly(text: str) -> None:
    """With its path and query, whatever they mean to whoever listens."""
    assert webhook_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://hooks.example.com/", "http://127.0.0.1.example.com", "hooks.example.com", "https://", "https://u:p@hooks.example.com",
        "https://hooks.example.com/#x", "https://hooks.example.com/ a", "https://hooks.example.com:x", "file:///etc/passwd",
        "https://hooks.example.com/\n", "https://hooks.example.com/ä",
    ],
)  # fmt: skip
def test_an_unsafe_webhook_is_refused(text: str) -> None:
    """Summaries of changes are sent there: only https, or this machine, and no password in a rule file."""
    with pytest.raises(Unfit):
        webhook_url(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("localhost.example.com", False)],
)
def test_loopback_is_this_machine_only(host: str, loopback: bool) -> None:
    """A name that merely begins like it is not."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("text", ["https://witness.example.com", "https://w.example/log/1/", "http://127.0.0.1:8083"])
def test_a_witness_is_kept_exactly(text: str) -> None:
    """Below it stands add-checkpoint."""
    assert witness_url(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://witness.example.com", "the witness is not https"),
        ("https://user:secret@witness.example.com", "without user"),
        ("https://witness.example.com/?log=1", "query"),
        ("https://witness.example.com/#1", "fragment"),
        ("https://witness.example.com/a b", "white space"),
        ("https://witness.example.com:x", "not a URL"),
        ("witness.example.com", "is not a host name"),
    ],
)
def test_an_unsafe_witness_is_refused(text: str, problem: str) -> None:
    """Whoever is on the way could say in its name that the log was rolled back; no secret is repeated."""
    with pytest.raises(Unfit) as caught:
        witness_url(text)
    assert problem in f"{caught.value.problem} {caught.value.remedy}"
    assert "secret" not in caught.value.problem
