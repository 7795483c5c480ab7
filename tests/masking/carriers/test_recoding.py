"""Content codings applied again: what is read back is what went in."""

from __future__ import annotations

import gzip
import itertools
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from countersign.errors import UnsupportedMedia
from countersign.masking.carriers import content_coding, recoding

_BODY = b'{"name":"' + b"ana " * 500 + b'"}'
_CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity", "")


@pytest.mark.parametrize("coding", [*_CODINGS, *(", ".join(two) for two in itertools.permutations(_CODINGS[2:5], 2))])
@pytest.mark.parametrize("body", [_BODY, b"{}"])
def test_what_is_encoded_decodes_to_the_same(coding: str, body: bytes) -> None:
    """Each coding, and two of them stacked, as the gateway's own reader undoes them."""
    assert content_coding.decode(recoding.encode(body, coding), coding) == body


def test_the_codings_are_those_that_other_readers_know() -> None:
    """Each by another implementation than the gateway's reader; `deflate` is the zlib format."""
    assert gzip.decompress(recoding.encode(_BODY, "GZIP")) == _BODY
    assert zlib.decompress(recoding.encode(_BODY, "deflate")) == _BODY
    assert brotli.decompress(recoding.encode(_BODY, "br")) == _BODY
    assert zstandard.decompress(recoding.encode(_BODY, "zstd")) == _BODY


def test_the_first_coding_is_applied_first() -> None:
    """`gzip, br` is brotli around gzip (RFC 9110, section 8.4)."""
    assert gzip.decompress(brotli.decompress(recoding.encode(_BODY, "gzip, br"))) == _BODY


@pytest.mark.parametrize("coding", _CODINGS)
def test_the_same_body_is_encoded_to_the_same_bytes(coding: str) -> None:
    """An entity tag stands for the bytes; there is no time of day in them."""
    assert recoding.encode(_BODY, coding) == recoding.encode(_BODY[:9] + _BODY[9:], coding)
    assert recoding.encode(_BODY, "gzip")[4:8] == bytes(4)


def test_a_coding_that_is_not_read_is_not_applied() -> None:
    """It would be said and not true; one that is read passes."""
    with pytest.raises(UnsupportedMedia):
        recoding.encode(_BODY, "gzip, compress")
    assert recoding.encode(_BODY, "gzip, identity") == recoding.encode(_BODY, "gzip")
