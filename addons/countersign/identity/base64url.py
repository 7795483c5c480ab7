"""Base64url without padding (RFC 7515, 2), in its one canonical spelling. Does not check what the bytes mean."""

from __future__ import annotations

import base64
import re

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def decode(text: str) -> bytes:
    """The bytes that `text` spells. Raises ValueError for padding, other characters, or spare bits that are not zero:
    with them one signature would have many spellings."""
    if not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError("not the canonical spelling")
    return data


def encode(data: bytes) -> str:
    """`data` in base64url, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
