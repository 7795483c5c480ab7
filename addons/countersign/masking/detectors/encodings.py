"""Runs of base64, base64url and hexadecimal digits that hold text, and that text.

Reads UTF-8 and UTF-16. Runs that hold anything else (pictures, compressed or encrypted data) have no text.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final

#: The joint of lines is part of a run only where the lines are as long as encoders break them.
_RUN = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}+"
    r"(?:(?<=[A-Za-z0-9+/_-]{60})(?:(?:\r?\n|\\r\\n|\\n)[A-Za-z0-9+/_-]{60,}+)*+(?:(?:\r?\n|\\r\\n|\\n)[A-Za-z0-9+/_-]++)?)?={0,2}"
)
_PART = re.compile(r"[A-Za-z0-9]{12,}+={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}+")
_TO_STANDARD: Final = str.maketrans("-_", "+/", "=\r\n")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_MIN_BYTES: Final = 8  # the shortest secrets that detectors know; shorter ones are words


def encoded_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Where in `text` an encoded run begins and ends, and the text that it holds.

    A run that holds none is looked at in parts, too: `/`, `-`, `+` and `_` are letters of the encodings, and joints of names.
    """
    for run in _RUN.finditer(text):
        held = decoded_text(run[0])
        if held is not None:
            yield *run.span(), held
            continue
        for part in _PART.finditer(text, *run.span()):
            held = decoded_text(part[0]) if part.span() != run.span() else None
            if held is not None:
                yield *part.span(), held


def decoded_text(run: str) -> str | None:
    """The text that `run` encodes; None: it encodes none."""
    digits = run.removeprefix("0x")
    if _HEX.fullmatch(digits):
        held = _text_of(bytes.fromhex(digits))
        if held is not None:
            return held
    if run.islower() or run.isupper():
        return None  # in base64, text has letters of both cases
    digits = run.replace("\\n", "").replace("\\r", "").translate(_TO_STANDARD)
    if len(digits) % 4 == 1:
        return None
    return _text_of(binascii.a2b_base64(digits + "=" * (-len(digits) % 4)))


def _text_of(data: bytes) -> str | None:
    if len(data) < _MIN_BYTES:
        return None
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else text


def _encoding(data: bytes) -> str:
    """By the byte order mark, else by the zeros that every second byte of Latin letters has."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if 4 * data.count(0) < len(data):
        return "utf-8"
    return "utf-16-le" if data[0] else "utf-16-be"
