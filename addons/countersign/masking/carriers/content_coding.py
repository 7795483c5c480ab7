"""Undoes Content-Encoding (RFC 9110, section 8.4) without ever holding more than the named limit.

One reading only: what two decoders could understand differently (a second gzip member, a second zstd frame, bytes after
the end, a deflate stream that is valid with and without its zlib header) is refused. Does not look at what was encoded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from countersign import limits
from countersign.errors import BadInput, TooLarge, UnsupportedMedia

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ZLIB_WINDOW = zlib.MAX_WBITS
_RAW_WINDOW = -zlib.MAX_WBITS
_PIECE_BYTES = 256 * 1024  # how much brotli and zstd may write between two looks at the limit


def decode(raw: bytes, content_encoding: str | None) -> bytes:
    """What `raw` was before the codings that `content_encoding` (the header's value, or None) lists were applied.

    An empty body stays empty under any coding: answers to HEAD have the header and no body.

    Raises UnsupportedMedia (a coding that is not gzip, deflate, br, zstd or identity, or too many of them), BadInput (does not
    decode, is cut short, or goes on after its end) or TooLarge (more than `limits.MAX_DECODED_BODY_BYTES` at any stage).
    """
    decoders = _decoders(content_encoding or "")
    _check_size(len(raw))
    for decoder in reversed(decoders):
        raw = decoder(raw) if raw else raw
    return raw


def _decoders(content_encoding: str) -> list[Callable[[bytes], bytes]]:
    names = [name.strip(" \t").lower() for name in content_encoding.split(",")]
    codings = [name for name in names if name not in ("", "identity")]
    if not all(name in _DECODERS for name in codings):
        raise UnsupportedMedia(f"the content coding is not one of {', '.join(_DECODERS)}; send the body without it")
    if len(codings) > limits.MAX_CONTENT_ENCODINGS:
        raise UnsupportedMedia(f"more than {limits.MAX_CONTENT_ENCODINGS} content codings; send the body with one")
    return [_DECODERS[name] for name in codings]


def _gunzip(raw: bytes) -> bytes:
    return _inflate_whole(raw, _GZIP_WINDOW, "gzip")


def _inflate(raw: bytes) -> bytes:
    """RFC 9110 means the zlib format (RFC 1950); some send bare deflate data (RFC 1951), and services read both."""
    readings: list[bytes] = []
    for window in (_ZLIB_WINDOW, _RAW_WINDOW):
        try:
            readings.append(_inflate_whole(raw, window, "deflate"))
        except TooLarge:
            raise
        except BadInput:
            continue
    if not readings:
        raise BadInput("the body is not what its content coding says: not one whole deflate stream")
    if len(readings) > 1:
        raise BadInput("the deflate data can be read in two ways; send gzip")
    return readings[0]


def _inflate_whole(raw: bytes, window: int, name: str) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        decoded = stream.decompress(raw, limits.MAX_DECODED_BODY_BYTES + 1)
    except zlib.error:
        raise _broken(name) from None
    _check_size(len(decoded))
    if not stream.eof or stream.unused_data:
        raise _broken(name)
    return decoded


def _unbrotli(raw: bytes) -> bytes:
    stream = brotli.Decompressor()
    pieces = []
    size = 0
    given = raw
    try:
        while not stream.is_finished():
            piece = stream.process(given, output_buffer_limit=_PIECE_BYTES)
            size += len(piece)
            _check_size(size)
            pieces.append(piece)
            given = b""
            if not piece and not stream.is_finished() and stream.can_accept_more_data():
                raise _broken("br")  # cut short
    except brotli.error:
        raise _broken("br") from None
    return b"".join(pieces)


def _unzstd(raw: bytes) -> bytes:
    """Twice over the frame: the reader counts in bounded pieces, the second pass tells whether the frame is whole."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=limits.MAX_ZSTD_WINDOW_BYTES)
    try:
        with decompressor.stream_reader(raw) as reader:
            size = 0
            while piece := reader.read(_PIECE_BYTES):
                size += len(piece)
                _check_size(size)
        frame = decompressor.decompressobj()
        decoded = frame.decompress(raw)
    except zstandard.ZstdError:
        raise _broken("zstd") from None
    if not frame.eof or frame.unused_data:
        raise _broken("zstd")
    return decoded


def _check_size(size: int) -> None:
    if size > limits.MAX_DECODED_BODY_BYTES:
        raise TooLarge(f"the decoded body is larger than {limits.MAX_DECODED_BODY_BYTES} bytes; send less at once")


def _broken(name: str) -> BadInput:
    return BadInput(f"the body is not what its content coding says: not one whole {name} stream and nothing after it")


_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,  # the same as gzip (RFC 9110, section 8.4.1.3)
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
