"""Applies Content-Encoding again to what was decoded, as the header of the message goes on saying.

The same bytes come out each time, with one version of the libraries. Does not choose codings, and bounds nothing: what goes
in was bounded when it was decoded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from countersign.errors import UnsupportedMedia

_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS  # its header has no time of day and no name: zlib writes none
_ZLIB_WINDOW: Final = zlib.MAX_WBITS
_LEVEL: Final = 6
_BROTLI_QUALITY: Final = 5  # as servers have it that compress while a client waits
_ZSTD_LEVEL: Final = 3


def encode(body: bytes, content_encoding: str) -> bytes:
    """`body` under the codings that `content_encoding` lists, the first one first (RFC 9110, section 8.4).

    `deflate` becomes the zlib format, which is what the name means. Raises UnsupportedMedia for a coding that
    `content_coding.decode` does not undo.
    """
    for name in content_encoding.split(","):
        encoder = _ENCODERS.get(name.strip(" \t").lower())
        if encoder is None:
            raise UnsupportedMedia("the content coding is not one that is applied here")
        body = encoder(body)
    return body


def _deflate(body: bytes, window: int) -> bytes:
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, window)
    return stream.compress(body) + stream.flush()


def _gzip(body: bytes) -> bytes:
    return _deflate(body, _GZIP_WINDOW)


def _brotli(body: bytes) -> bytes:
    encoded: bytes = brotli.compress(body, quality=_BROTLI_QUALITY)
    return encoded


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)


def _identity(body: bytes) -> bytes:
    return body


_ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "": _identity,
    "identity": _identity,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": lambda body: _deflate(body, _ZLIB_WINDOW),
    "br": _brotli,
    "zstd": _zstd,
}
