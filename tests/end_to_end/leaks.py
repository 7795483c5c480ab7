"""Looks for secrets in bytes, in every spelling that a program would write them in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

_MIN_BASE64 = 12  # characters: fewer would be found by chance


def spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each way in which `secret` can be written."""
    raw = secret.encode()
    yield "raw", raw
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "JSON", json.dumps(secret)[1:-1].encode()
    yield "JSON in JSON", json.dumps(json.dumps(secret)[1:-1])[1:-1].encode()
    yield "URL", quote(secret, safe="").encode()
    yield "form", quote_plus(secret, safe="").encode()
    for offset in range(3):  # wherever it begins in the text that was encoded
        shifted = base64.b64encode(b"\0" * offset + raw)
        first = -(-offset * 8 // 6)  # the characters that depend on what stood before
        last = (offset + len(raw)) * 8 // 6  # and on what comes after
        whole = shifted[first:last]
        assert len(whole) >= _MIN_BASE64
        yield f"base64 at {offset}", whole
        yield f"base64url at {offset}", whole.replace(b"+", b"-").replace(b"/", b"_")


def found(secrets: Mapping[str, str], data: bytes) -> list[str]:
    """The secrets of `secrets` (name -> secret) that are in `data`, with their spelling."""
    return [
        f"{name} ({spelling})"
        for name, secret in secrets.items()
        for spelling, written in spellings(secret)
        if written in data
    ]


def found_in(secrets: Mapping[str, str], files: list[Path]) -> list[str]:
    """The same, of files."""
    return [f"{file.name}: {leak}" for file in files for leak in found(secrets, file.read_bytes())]
