"""User names and passwords in URLs and in the addresses of data sources."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.findings import merged
from countersign.masking.detectors.url_credentials import find_url_credentials


def found(text: str) -> list[str]:
    """What stands where findings are, as they are reported: two ways to read a URL are one finding."""
    return [text[finding.start : finding.end] for finding in merged(find_url_credentials(text))]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://bob:s3cret@example.com/x", "bob:s3cret"),
        ("postgres://:s3cret@db", ":s3cret"),
        ("see redis://bob:a@b@db:6379 here", "bob:a@b"),
        ("mysql://bob:a/b#c@db/x", "bob:a/b#c"),
        ("https://a.example/?next=https://bob:s3cret@b.example", "bob:s3cret"),
        ("https://0123456789abcdef0123@git.example", "0123456789abcdef0123"),
        ("//bob:s3cret@db/x", "bob:s3cret"),
        ("jdbc:oracle:thin:scott/t1ger@db:1521", "scott/t1ger"),
        ("bob:s3cret@tcp(db:3306)/x", "bob:s3cret"),
        ("bob:s3cret@db.internal:5432/x", "bob:s3cret"),
    ],
)
def test_user_and_password_are_found(text: str, secret: str) -> None:
    """Also where the password holds what should have been encoded, and in data sources."""
    assert found(text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/@bob",
        "https://example.com:8080/a@b",
        "ssh://git@example.com/x",
        "https://${USER}:${PASS}@db",
        "https://bob:[masked]@db",
        "https://example.com",
        "bob@example.com",
        "http://[::1]:80/x@y",
        "https://bob:@db",
    ],
)
def test_other_urls_hold_none(text: str) -> None:
    """Paths, ports, plain user names, templates, and what masking left."""
    assert found(text) == []
