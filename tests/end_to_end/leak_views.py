"""The ways in which a program writes text that is no longer itself, undone: what `leaks` looks through.

Rewriting ones give the text again, as far as anything of it was written in this way; extracting ones give what stood
in a run of characters. Knows of no secrets.
"""

from __future__ import annotations

import base64
import bz2
import html
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

type Rewriting = Callable[[bytes], Iterator[bytes]]
type Extracting = Callable[[bytes, Callable[[bytes], bool]], Iterator[bytes]]  #: the second: whether a run is new

MAX_INFLATED_BYTES = 32 * 1024 * 1024
_MAX_UNMARKED_BYTES = 4 * 1024 * 1024  # that are tried as Brotli
_REACH = 600  # bytes around what is written in some way: as much as is read with it
_MAX_LEVELS = 7  # of escapes inside each other

_JSON_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5})|x([0-9a-fA-F]{2})|([\"'\\/bfnrt]))"
)
_SIMPLE = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_FORM = re.compile(rb"[A-Za-z0-9%._~*!'()+-]++")
_ENTITY = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")
_QUOTED = re.compile(rb"=(?:\r?\n|([0-9A-F]{2}))")
_SOFT_BREAK = re.compile(rb"=\r?\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,6})(?:;[^\r\n]{0,100})?\r\n")
_LINES = re.compile(rb"[ \t]{0,8}\r?\n(?:\[?\d\d:\d\d:\d\d(?:\.\d+)?\]?)?[ \t>|]*(?:\[[^\]\n]{0,60}\][ \t]*)?")
_CONTINUED = re.compile(
    rb"""\\\r?\n[ \t]*                                    # a line that goes on
      | ["']\s{0,20},?\s{0,20}["']\w{1,30}["']\s?:\s?["']  # the next member
      | ["']\s{0,20}[,+.]?\s{0,20}["']                    # the next string
    """,
    re.VERBOSE,
)
_BASE64_BREAK = re.compile(rb"(?<=[A-Za-z0-9+/_-])(?:\r?\n|\\r\\n|\\n|%0[aA]|%0[dD]%0[aA])[ \t]*(?=[A-Za-z0-9+/_-])")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{10,}")
_HEX = re.compile(rb"[0-9a-fA-F]{12,}|(?:[0-9a-fA-F]{2}[ :-]){5,}[0-9a-fA-F]{2}")
_UTF_16 = re.compile(rb"\x00(?:[\x09\x0a\x0d\x20-\x7e]\x00){3,}")  # in either order
_MAGIC = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|\x28\xb5\x2f\xfd|BZh[1-9]|\xfd7zXZ\x00")
_TELLING = re.compile(_MAGIC.pattern + rb"|" + _UTF_16.pattern + rb"|[\x09\x0a\x0d\x20-\x7e\x80-\xff]{8}")
_TEXT = re.compile(rb"[\x20-\x7e\r\n\t]{8}")


# -- rewriting --------------------------------------------------------------------------------------------------------


def json_escapes(data: bytes) -> Iterator[bytes]:
    """Escapes of JSON strings, of JavaScript and of Python, level by level; `\\xe4` as a byte, and as a character."""
    yield from _levels(data, _JSON_ESCAPE, _unescape)
    if b"\\x" in data:
        yield from _levels(data, _JSON_ESCAPE, lambda found: _unescape(found, is_byte=False))


def percent(data: bytes) -> Iterator[bytes]:
    """Percent-encoding, in part or in whole, in any case, level by level."""
    yield from _levels(data, _PERCENT, lambda found: unquote_to_bytes(found[0]))


def form(data: bytes) -> Iterator[bytes]:
    """`+` for a space, and percent-encoding."""
    found = [unquote_to_bytes(run.replace(b"+", b" ")) for run in _FORM.findall(data) if b"+" in run]
    if found:
        yield b"\n".join(found)


def entities(data: bytes) -> Iterator[bytes]:
    """Character references of HTML and XML, level by level."""
    yield from _levels(data, _ENTITY, lambda found: html.unescape(found[0].decode()).encode("utf-8", "replace"))


def quoted_printable(data: bytes) -> Iterator[bytes]:
    """Soft line breaks and `=41` (RFC 2045, 6.7)."""
    yield from _levels(data, _SOFT_BREAK, lambda found: b"", 1)
    yield from _levels(data, _QUOTED, lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"", 1)


def chunks(data: bytes) -> Iterator[bytes]:
    """The chunks of a chunked body, put together."""
    read: set[int] = set()
    for head in _CHUNK.finditer(data):
        for start in range(head.start(), head.end(1)):
            if start not in read and (found := _chunks_from(data, start, read)):
                yield found


def lines(data: bytes) -> Iterator[bytes]:
    """Lines, put together without what a log writes before each; and without any space, as lines end at one."""
    for joined in _levels(data, _LINES, lambda found: b"", 1):
        yield joined
        yield re.sub(rb"[ \t]+", b"", joined)


def strings(data: bytes) -> Iterator[bytes]:
    """Strings after each other, put together."""
    yield from _levels(data, _CONTINUED, lambda found: b"", 1)


ESCAPES: dict[str, Rewriting] = {"JSON": json_escapes, "URL": percent, "form": form, "HTML": entities}
SPLITS: dict[str, Rewriting] = {
    "quoted-printable": quoted_printable,
    "chunks": chunks,
    "lines": lines,
    "strings": strings,
}


# -- extracting -------------------------------------------------------------------------------------------------------


def base64_runs(data: bytes, is_new: Callable[[bytes], bool]) -> Iterator[bytes]:
    """What base64 of either alphabet holds, wherever in a run of letters it begins, also over broken lines."""
    texts = [data]
    if (joined := _BASE64_BREAK.sub(b"", data)) != data:
        texts.append(joined)
    for run in filter(is_new, (run for text in texts for run in _BASE64.findall(text))):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            whole = plain[start : start + (len(plain) - start) // 4 * 4]
            rest = plain[start + len(whole) :]
            whole += rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""
            with suppress(ValueError):
                decoded = base64.b64decode(whole)
                yield decoded
                if start == 0:
                    yield from _unbrotli(decoded)


def hex_runs(data: bytes, is_new: Callable[[bytes], bool]) -> Iterator[bytes]:
    """What hexadecimal digits hold, with or without something between the bytes."""
    for run in filter(is_new, (b"#" + run for run in _HEX.findall(data))):
        digits = re.sub(rb"[ :-]", b"", run[1:])
        for start in range(2):
            decoded = bytes.fromhex(digits[start : start + (len(digits) - start) // 2 * 2].decode())
            yield decoded
            if start == 0:
                yield from _unbrotli(decoded)


def utf_16(data: bytes, is_new: Callable[[bytes], bool]) -> Iterator[bytes]:
    """UTF-16 in either order, with what stands around its ASCII."""
    for found in _UTF_16.finditer(data):
        for first, codec in ((found.start() - 1, "utf-16-le"), (found.start(), "utf-16-be")):
            start = first - min(first // 2 * 2, 64)
            yield data[max(start, 0) : found.end() + 64].decode(codec, "replace").encode("utf-8", "replace")


def inflated(data: bytes, is_new: Callable[[bytes], bool]) -> Iterator[bytes]:
    """What was compressed, wherever it begins; Brotli, which has no mark, from the first byte."""
    for found in _MAGIC.finditer(data):
        with suppress(zlib.error, zstandard.ZstdError, OSError, lzma.LZMAError, EOFError, ValueError):
            yield _inflate(data[found.start() :])
    yield from _unbrotli(data)


EXTRACTING: dict[str, Extracting] = {
    "base64": base64_runs,
    "hex": hex_runs,
    "UTF-16": utf_16,
    "inflated": inflated,
}


def is_telling(data: bytes) -> bool:
    """Whether there is anything to read in what was extracted; most of what looks like base64 is none."""
    return _TELLING.search(data) is not None


# -- inside -----------------------------------------------------------------------------------------------------------


def _levels(
    data: bytes, pattern: re.Pattern[bytes], undo: Callable[[re.Match[bytes]], bytes], levels: int = _MAX_LEVELS
) -> Iterator[bytes]:
    text = _around(data, pattern)
    for _ in range(levels):
        undone = pattern.sub(undo, text)
        if undone == text:
            return
        yield undone
        text = undone


def _around(data: bytes, pattern: re.Pattern[bytes]) -> bytes:
    """The stretches of `data` with what `pattern` finds, and what stands near."""
    stretches: list[tuple[int, int]] = []
    for found in pattern.finditer(data):
        start, end = max(found.start() - _REACH, 0), found.end() + _REACH
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = stretches[-1][0], end
        else:
            stretches.append((start, end))
    return b"\x01".join(data[start:end] for start, end in stretches)


def _unescape(found: re.Match[bytes], *, is_byte: bool = True) -> bytes:
    high, low, unit, point, byte, simple = found.groups()
    if high:
        return bytes.fromhex((high + low).decode()).decode("utf-16-be").encode()
    if point or unit or (byte and not is_byte):
        return chr(min(int(point or unit or byte, 16), sys.maxunicode)).encode("utf-8", "surrogatepass")
    if byte:
        return bytes.fromhex(byte.decode())
    return _SIMPLE.get(simple, simple)


def _chunks_from(data: bytes, start: int, read: set[int]) -> bytes:
    """The chunks after each other from here, as far as each is as long as it says."""
    pieces = []
    while (head := _CHUNK.match(data, start)) is not None:
        end = head.end() + int(head[1], 16)
        if end == head.end() or data[end : end + 2] != b"\r\n":
            break
        read.add(start)
        pieces.append(data[head.end() : end])
        start = end + 2
    return b"".join(pieces)


def _unbrotli(data: bytes) -> Iterator[bytes]:
    """Brotli has no mark: whatever is no text, and not too large, may be it."""
    if len(data) < _MAX_UNMARKED_BYTES and _TEXT.match(data) is None:
        with suppress(brotli.error):
            yield brotli.decompress(data)


def _inflate(data: bytes) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, MAX_INFLATED_BYTES)
    if data.startswith(b"\x78"):
        return zlib.decompressobj().decompress(data, MAX_INFLATED_BYTES)
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress(data, MAX_INFLATED_BYTES)
    if data.startswith(b"\xfd"):
        return lzma.LZMADecompressor().decompress(data, MAX_INFLATED_BYTES)
    return zstandard.ZstdDecompressor().stream_reader(data).read(MAX_INFLATED_BYTES)
