"""Content-Encoding undone, within a bound and in one reading only."""

from __future__ import annotations

import gzip
import os
import random
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from countersign import limits
from countersign.errors import BadInput, TooLarge, UnsupportedMedia
from countersign.masking.carriers.content_coding import decode

BODY = b'{"schema": "' + b"x" * 1000 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    """RFC 1951 data without a zlib header."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def zstd_without_size(data: bytes) -> bytes:
    """A frame that does not say how large its content is."""
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return stream.compress(data) + stream.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
VARIANTS = [*CODERS.items(), ("deflate", raw_deflate), ("zstd", zstd_without_size)]


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
def test_every_coding_is_undone(name: str, encode: Callable[[bytes], bytes]) -> None:
    """What was encoded comes back, also in capitals and with white space around the name."""
    assert decode(encode(BODY), name) == BODY
    assert decode(encode(BODY), f" {name.upper()}\t") == BODY


@pytest.mark.parametrize("header", [None, "", "identity", "identity, identity", " , "])
def test_without_a_coding_the_body_stays(header: str | None) -> None:
    """No coding and `identity` are the same."""
    assert decode(BODY, header) == BODY


@pytest.mark.parametrize("outer", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("inner", ["gzip", "deflate", "br", "zstd"])
def test_stacked_codings_are_undone_from_the_last(inner: str, outer: str) -> None:
    """The header lists codings in the order they were applied."""
    assert decode(CODERS[outer](CODERS[inner](BODY)), f"{inner}, identity, {outer}") == BODY
    if inner != outer:
        with pytest.raises(BadInput):
            decode(CODERS[outer](CODERS[inner](BODY)), f"{outer}, {inner}")


def test_too_many_codings_are_refused() -> None:
    """One more than the limit is not decoded at all."""
    body = BODY
    for _ in range(limits.MAX_CONTENT_ENCODINGS + 1):
        body = gzip.compress(body)
    with pytest.raises(UnsupportedMedia, match="content codings"):
        decode(body, ", ".join(["gzip"] * (limits.MAX_CONTENT_ENCODINGS + 1)))


@pytest.mark.parametrize(
    "name",
    [
        "compress",
        "dcb",
        "dcz",
        "gzip;q=1",
        "hunter2",
        "gzip br",
        "none",
        "aes128gcm",
        "aws-chunked",
        "gzip\x0b",
        "g\u017aip",
    ],
)
def test_an_unknown_coding_is_refused(name: str) -> None:
    """What we do not undo is answered with 415, and the error does not repeat what the header said."""
    with pytest.raises(UnsupportedMedia) as caught:
        decode(BODY, name)
    assert caught.value.status == 415
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
def test_a_body_cut_short_is_refused(name: str, encode: Callable[[bytes], bytes]) -> None:
    """Every missing end is seen, whatever part of the body is there."""
    whole = encode(BODY)
    for cut in (1, 2, 4, len(whole) // 2, len(whole) - 1):
        with pytest.raises(BadInput) as caught:
            decode(whole[:-cut], name)
        assert caught.value.status == 400


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
@pytest.mark.parametrize("garbage", [b"x", b"\x00", b'{"second": "reading"}'])
def test_bytes_after_the_end_are_refused(name: str, encode: Callable[[bytes], bytes], garbage: bytes) -> None:
    """Some decoders ignore what follows, others read it: nothing may follow."""
    large = random.Random(1).randbytes(700_000)
    assert decode(encode(large), name) == large
    for body in (BODY, large):
        with pytest.raises(BadInput):
            decode(encode(body) + garbage, name)


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
def test_a_second_stream_is_refused(name: str, encode: Callable[[bytes], bytes]) -> None:
    """Some decoders read only the first member or frame, others all of them."""
    with pytest.raises(BadInput):
        decode(encode(BODY) + encode(b"more"), name)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_skippable_zstd_frame_is_refused(place: str) -> None:
    """Frames that some decoders skip have no business in a body."""
    skippable = struct.pack("<II", 0x184D2A50, 4) + b"skip"
    frame = zstandard.compress(BODY)
    with pytest.raises(BadInput):
        decode(skippable + frame if place == "before" else frame + skippable, "zstd")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"{}", BODY, b"\x00" * 20, b"\x1f\x8b", b"\x28\xb5\x2f\xfd", bytes(range(64))])
def test_a_lying_header_is_refused(name: str, body: bytes) -> None:
    """A body that is not what its header says is refused."""
    with pytest.raises(BadInput):
        decode(b"\xff" + body, name)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_an_empty_body_stays_empty(name: str) -> None:
    """Answers to HEAD name a coding and have no body."""
    assert decode(b"", name) == b""


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
def test_the_coding_of_nothing_is_nothing(name: str, encode: Callable[[bytes], bytes]) -> None:
    """A whole stream of no bytes decodes; with something after it, it does not."""
    assert decode(encode(b""), name) == b""
    with pytest.raises(BadInput):
        decode(encode(b"") + b"{}", name)


def zlib_with(dictionary: bytes, wbits: int) -> bytes:
    """Deflate data that needs `dictionary`."""
    stream = zlib.compressobj(wbits=wbits, zdict=dictionary)
    return stream.compress(BODY) + stream.flush()


def zstd_with(dictionary: zstandard.ZstdCompressionDict) -> bytes:
    """A frame that needs `dictionary`."""
    return zstandard.ZstdCompressor(dict_data=dictionary).compress(BODY)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deflate", zlib_with(BODY, 15)),
        ("deflate", zlib_with(BODY, -15)),
        ("zstd", zstd_with(zstandard.train_dictionary(1024, [BODY + bytes([n]) * 50 for n in range(256)]))),
        ("zstd", zstd_with(zstandard.ZstdCompressionDict(BODY, dict_type=zstandard.DICT_TYPE_RAWCONTENT))),
    ],
)
def test_what_needs_a_dictionary_is_refused(name: str, body: bytes) -> None:
    """Who has the dictionary reads something that the gateway cannot see."""
    with pytest.raises(BadInput):
        decode(body, name)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("br", b"\x11\x3a" + b"\x00" * 20),  # a large window, which is no part of the content coding
        ("zstd", b"\x27\xb5\x2f\xfd" + b"\x00" * 20),  # the format before RFC 8878
        ("gzip", b"\x1f\x8b\x08\xe0" + gzip.compress(BODY)[4:]),  # reserved flags
        ("gzip", gzip.compress(BODY)[:-8] + b"\x00" * 8),  # another check sum and length
        ("deflate", zlib.compress(BODY)[:-4] + b"\x00" * 4),
        ("deflate", gzip.compress(BODY)),
        ("gzip", zlib.compress(BODY)),
    ],
)
def test_what_only_some_decoders_read_is_refused(name: str, body: bytes) -> None:
    """Extensions, old formats, check sums that are wrong, one format under the name of another."""
    with pytest.raises(BadInput):
        decode(body, name)


@pytest.mark.parametrize("name", ["gzip,,br", " , gzip ,\tbr,", "GZIP, Br", "x-gzip, identity, br"])
def test_lists_may_have_empty_elements(name: str) -> None:
    """Every reader of lists leaves them out (RFC 9110, section 5.6.1)."""
    assert decode(brotli.compress(gzip.compress(BODY)), name) == BODY


def two_readings() -> bytes:
    """Deflate data that is whole both with and without a zlib header.

    With it: 78 01, a stored block of 0xFFFE bytes, an empty last block, Adler-32. Without it: 78 begins a stored block of one
    byte, 00 another one of ten, and a last stored block holds all the rest.
    """

    def stored(last: bool, length: int) -> bytes:
        return struct.pack("<BHH", last, length, length ^ 0xFFFF)

    content = stored(False, 10)[1:] + b"0123456789"
    rest = 0xFFFE - len(content) - 5
    content += stored(True, rest + 9) + b"x" * rest
    return b"\x78\x01" + stored(False, 0xFFFE) + content + stored(True, 0) + struct.pack(">I", zlib.adler32(content))


def test_deflate_with_two_readings_is_refused() -> None:
    """Data that is one document with a zlib header and another without it must not be decided upon."""
    body = two_readings()
    bare = zlib.decompressobj(-15)
    assert zlib.decompress(body) != bare.decompress(body)
    assert bare.eof
    assert not bare.unused_data
    with pytest.raises(BadInput, match="read in two ways"):
        decode(body, "deflate")


@pytest.mark.parametrize(("name", "encode"), VARIANTS)
def test_a_bomb_stops_at_the_limit(name: str, encode: Callable[[bytes], bytes]) -> None:
    """Far more than the limit is never in memory, in whichever layer it goes off; just the limit decodes."""
    bomb = encode(b"0" * (limits.MAX_DECODED_BODY_BYTES * 8))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge) as caught:
            decode(bomb, name)
        with pytest.raises(TooLarge):
            decode(gzip.compress(bomb), f"{name}, gzip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.status == 413
    assert peak < limits.MAX_DECODED_BODY_BYTES * 4  # the error's traceback keeps one, too
    exact = b"0" * limits.MAX_DECODED_BODY_BYTES
    assert decode(encode(exact), name) == exact
    with pytest.raises(TooLarge):
        decode(encode(exact + b"0"), name)


MEMORY = """
import resource, sys
from countersign.errors import BadInput
from countersign.masking.carriers.content_coding import decode
bomb = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(bomb, sys.argv[2])
except BadInput as error:
    print(type(error).__name__, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", raw_deflate),
        ("br", lambda body: brotli.compress(body, quality=2, lgwin=24)),
        ("zstd", zstandard.compress),
        ("zstd", zstd_without_size),
    ],
)
def test_a_bomb_takes_no_memory_in_the_libraries_either(
    tmp_path: Path, name: str, encode: Callable[[bytes], bytes]
) -> None:
    """Of a whole process, with windows and what the decoders keep for themselves: some of the limit, not of the bomb."""
    (tmp_path / "bomb").write_bytes(gzip.compress(encode(b"0" * (limits.MAX_DECODED_BODY_BYTES * 32)), 1))
    ended = subprocess.run(
        [sys.executable, "-c", MEMORY, tmp_path / "bomb", f"{name}, gzip"],
        env={"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    error, kibibytes = ended.stdout.split()
    assert error == "TooLarge"
    assert int(kibibytes) * 1024 < limits.MAX_DECODED_BODY_BYTES * 6


def test_an_unencoded_body_has_the_same_limit() -> None:
    """Without a coding the limit holds as well."""
    with pytest.raises(TooLarge):
        decode(b"0" * (limits.MAX_DECODED_BODY_BYTES + 1), None)


def test_a_zstd_window_larger_than_the_limit_is_refused() -> None:
    """A frame may not make the decoder keep more history than RFC 9659 allows; a smaller window passes."""

    def frame(window_log: int) -> bytes:
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log, write_content_size=0)
        stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        return stream.compress(BODY) + stream.flush()

    assert decode(frame(23), "zstd") == BODY
    with pytest.raises(BadInput):
        decode(frame(24), "zstd")
