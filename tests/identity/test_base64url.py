from __future__ import annotations

import pytest

from countersign.identity import base64url


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", b"\xff\xfe\xfd\xfc", bytes(range(256))])
def test_bytes_come_back(data: bytes) -> None:
    """What was encoded decodes to the same bytes."""
    assert base64url.decode(base64url.encode(data)) == data


def test_known_spelling() -> None:
    """The example of RFC 7515, appendix C."""
    assert base64url.encode(bytes([3, 236, 255, 224, 193])) == "A-z_4ME"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("YQ", "YR"),
        ("YQ", "YQ=="),
        ("YWJj", "YWJ+"),
        ("YWJj", "YWJ/"),
        ("YWJj", "YWJj\n"),
        ("YWJj", "YWJjZ"),
        ("YWJj", "YWJ\u00e9"),
    ],
)
def test_only_the_canonical_spelling_is_read(good: str, bad: str) -> None:
    """Spare bits, padding, the other alphabet, line feeds and cut-off text are refused."""
    assert base64url.decode(good)
    with pytest.raises(ValueError, match="not"):
        base64url.decode(bad)
