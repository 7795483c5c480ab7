"""Digests that only the holder of a key can compute, so that a stored one does not let anyone guess what it is of.

Does not hide that two inputs are equal: that is what the digests are for.
"""

from __future__ import annotations

import hashlib
import hmac

KEY_BYTES = 32  # as long as the digest of HMAC-SHA-256: a longer key adds nothing (RFC 2104, section 3)
_DERIVATION = b"countersign/keyed-digest/v1\x00"


class KeyedDigest:
    """HMAC-SHA-256 (RFC 2104) under one key of 32 bytes, with a key of its own for every label."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes from a secure source, kept outside the evidence database. Raises ValueError on any other length.

        Does not check that the key is random.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key of keyed digests has {len(key)} bytes; it must have {KEY_BYTES}")
        self._key = bytes(key)

    def of(self, data: bytes, *, label: str) -> str:
        """The digest of `data` as `hmac-sha256:` and 64 hexadecimal digits.

        `label` says what the digest is for; equal data under two labels has two unrelated digests.
        """
        label_key = hmac.digest(self._key, _DERIVATION + label.encode(), hashlib.sha256)
        return "hmac-sha256:" + hmac.digest(label_key, data, hashlib.sha256).hex()
