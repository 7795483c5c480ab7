"""The ways in which a body is sent: codings, framings, and heads that lie about it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from tests.end_to_end.carriers import Carried

type Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body as it is sent."""

    name: str
    headers: tuple[Header, ...]
    body: bytes
    is_chunked: bool = False  #: in chunks of one byte
    passes: bool = True  #: as a request; as an answer each does

    @property
    def on_the_wire(self) -> bytes:
        """With its framing."""
        if not self.is_chunked:
            return self.body
        return b"".join(b"1\r\n%c\r\n" % byte for byte in self.body) + b"0\r\n\r\n"

    @property
    def fields(self) -> tuple[Header, ...]:
        """With the header of its framing."""
        framing = ("Transfer-Encoding", "chunked") if self.is_chunked else ("Content-Length", str(len(self.body)))
        return *self.headers, framing


def encodings(carried: Carried) -> Iterator[Encoded]:
    """Every way to send this one."""
    body, said = carried.body, ("Content-Type", carried.media_type)
    yield Encoded("as it is", (said,), body)
    yield Encoded("chunked", (said,), body[:6000], is_chunked=True)
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for name, coding, packed in (
        ("gzip", "gzip", gzip.compress(body)),
        ("gzip in capitals", "X-GZIP", gzip.compress(body)),
        ("deflate", "deflate", zlib.compress(body)),
        ("raw deflate", "deflate", raw.compress(body) + raw.flush()),
        ("Brotli", "br", brotli.compress(body, quality=4)),
        ("zstd", "zstd", zstandard.compress(body)),
        ("zstd in gzip", "zstd, gzip", gzip.compress(zstandard.compress(body))),
        ("gzip in Brotli", "gzip, br", brotli.compress(gzip.compress(body), quality=4)),
    ):
        yield Encoded(name, (said, ("Content-Encoding", coding)), packed)
    yield Encoded("gzip in chunks", (said, ("Content-Encoding", "gzip")), gzip.compress(body), is_chunked=True)
    for name, coding, sent in (
        ("said to be gzip", "gzip", body),
        ("said to be Brotli", "br", body),
        ("gzip, and more behind it", "gzip", gzip.compress(b"{}") + body),
        ("gzip without its end", "gzip", gzip.compress(body, compresslevel=0)[:-4]),
        ("gzip and its check is wrong", "gzip", gzip.compress(body, compresslevel=0)[:-8] + bytes(8)),
        ("in an unknown coding", "aes128gcm", body),
    ):
        yield Encoded(name, (said, ("Content-Encoding", coding)), sent, passes=False)
    yield Encoded("gzip that is not said to be", (said,), gzip.compress(body))
    for media_type in (
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=other",
        "application/x-ndjson",
        "image/png",
        "application/json; charset=utf-7",
        "no media type",
    ):
        yield Encoded(f"said to be {media_type}", (("Content-Type", media_type),), body)
    yield Encoded("not said to be anything", (), body)
