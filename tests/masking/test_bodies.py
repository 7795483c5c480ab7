"""From the wire to masked JSON, or to length and digest."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from countersign import limits
from countersign.masking.bodies import mask_body
from countersign.masking.replacements import Replacements
from countersign.masking.values import MaskedBody
from tests.masking.rules import DIGEST, SECRET, documents, rule

BODY = json.dumps(
    {
        "schemaType": "JSON",
        "schema": json.dumps(
            {"title": "visible", "properties": {"x": {"secret": SECRET, "a": [json.dumps({"secret": SECRET})]}}}
        ),
        "list": [{"secret": [SECRET]}, {"secret": {"deep": SECRET}}],
    }
).encode()
MASKED = (
    b'{"schemaType":"JSON",'
    b'"schema":"{\\"title\\":\\"visible\\",\\"properties\\":{\\"x\\":{\\"secret\\":\\"[masked]\\",'
    b'\\"a\\":[\\"{\\\\\\"secret\\\\\\":\\\\\\"[masked]\\\\\\"}\\"]}}}",'
    b'"list":[{"secret":"[masked]"},{"secret":"[masked]"}]}'
)
SECRETS = rule("secrets", paths=("$..secret",))


def mask(raw: bytes, *headers: tuple[str, str]) -> MaskedBody:
    """`raw` with `headers`, masked at `$..secret`."""
    return mask_body(raw, headers, documents(SECRETS), Replacements(DIGEST), DIGEST)


def raw_deflate(data: bytes) -> bytes:
    """RFC 1951 data without a zlib header."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("gzip, br", lambda body: brotli.compress(gzip.compress(body))),
        ("zstd,deflate", lambda body: zlib.compress(zstandard.compress(body))),
        ("identity", bytes),
    ],
)
def test_a_secret_is_masked_under_every_coding(coding: str, encode: Callable[[bytes], bytes]) -> None:
    """The same masked text comes out of every content coding; length and digest are those of the bytes as sent."""
    raw = encode(BODY)
    masked = mask(raw, ("content-encoding", coding), ("Content-Type", "application/json"))
    assert masked == MaskedBody(len(raw), "application/json", DIGEST.of(raw, label="body"), MASKED, None)


def test_codings_in_several_fields_are_one_list() -> None:
    """Two Content-Encoding fields stand for one list in their order."""
    raw = brotli.compress(gzip.compress(BODY))
    assert mask(raw, ("Content-Encoding", "gzip"), ("CONTENT-ENCODING", "br")).text == MASKED


@pytest.mark.parametrize(
    ("raw", "headers", "why"),
    [
        (BODY, [("Content-Encoding", "gzip")], "content coding"),
        (BODY, [("Content-Encoding", "rot13")], "content coding"),
        (gzip.compress(BODY), [("Content-Encoding", "br")], "content coding"),
        (gzip.compress(BODY)[:-3], [("Content-Encoding", "gzip")], "content coding"),
        (gzip.compress(BODY) + BODY, [("Content-Encoding", "gzip")], "content coding"),
        (gzip.compress(BODY), [], "not strict JSON"),
        (
            gzip.compress(b" " * (limits.MAX_DECODED_BODY_BYTES + 1)),
            [("Content-Encoding", "gzip")],
            "larger than is read",
        ),
        (b"secret=" + SECRET.encode(), [("Content-Type", "application/x-www-form-urlencoded")], "not strict JSON"),
        (BODY[:-1], [], "not strict JSON"),
        (BODY + b" x", [], "not strict JSON"),
        (b"\xef\xbb\xbf" + BODY, [], "not strict JSON"),
        (BODY.decode().encode("utf-16"), [], "not strict JSON"),
        (b'{"secret": "%b", "secret": 1}' % SECRET.encode(), [], "not strict JSON"),
        (b'{"secret": "%b\xff"}' % SECRET.encode(), [], "not strict JSON"),
        (b'{"secret": NaN}', [], "not strict JSON"),
        (b'{"n": 0.12345678901234567890}', [], "not strict JSON"),
        (b'{"n": ' + b"1" * (limits.MAX_JSON_DIGITS + 1) + b"}", [], "nested deeper, or with longer numbers"),
        (b"[" * 201 + b"]" * 201, [], "nested deeper"),
        (b"[" * 1_000_000, [], "nested deeper"),
        (json.dumps({"a": "[" * 1_000_000}).encode(), [], "deeper inside strings"),
        (BODY, [("Content-Type", "application/json; charset=utf-16")], "another character set"),
        (BODY, [("Content-Type", 'application/json;x=1; Charset = "UTF-7"')], "another character set"),
        (BODY, [("Content-Type", "text/plain"), ("Content-Type", "text/plain;charset=utf-7")], "another character set"),
    ],
)
def test_what_cannot_be_read_strictly_is_length_and_digest(
    raw: bytes, headers: list[tuple[str, str]], why: str
) -> None:
    """Nothing of an unreadable body is kept, and the reason holds nothing of it either."""
    replacements = Replacements(DIGEST)
    masked = mask_body(raw, headers, documents(SECRETS), replacements, DIGEST)
    assert masked.text is None
    assert masked.why_unreadable is not None
    assert why in masked.why_unreadable
    assert (masked.length, masked.digest) == (len(raw), DIGEST.of(raw, label="body"))
    assert not replacements.masked
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode()):
        assert form not in repr(masked)


def test_json_bombs_in_strings_are_not_kept() -> None:
    """Embedding beyond the limit gives up the whole body; at the limit it is masked."""
    text = json.dumps({"secret": SECRET})
    for _ in range(limits.MAX_EMBEDDED_JSON_LEVELS):
        text = json.dumps({"inner": text})
    at_limit = mask(text.encode())
    assert at_limit.text is not None
    assert SECRET.encode() not in at_limit.text
    beyond = mask(json.dumps({"inner": text}).encode())
    assert beyond.text is None
    assert beyond.why_unreadable is not None


def test_too_many_masked_values_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body cannot buy endless work with one rule, and leaves no count behind; one value less is masked."""
    monkeypatch.setattr(limits, "MAX_MASKED_VALUES", 3)
    replacements = Replacements(DIGEST)
    body = json.dumps([{"secret": 1}] * 4).encode()
    assert mask_body(body, [], documents(SECRETS), replacements, DIGEST).text is None
    assert not replacements.masked
    assert mask(json.dumps([{"secret": 1}] * 3).encode()).text is not None


def test_a_text_that_grows_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded as what is read is."""
    monkeypatch.setattr(limits, "MAX_DECODED_BODY_BYTES", 40)
    assert mask(b'{"secret":1,"secret2":2}').text == b'{"secret":"[masked]","secret2":2}'
    assert mask(b'[{"secret":1},{"secret":2},{"secret":3}]').why_unreadable == "larger than is kept, once masked"


@pytest.mark.parametrize("headers", [[], [("Content-Encoding", "gzip")], [("Content-Encoding", "unknown")]])
def test_an_empty_body_is_nothing_unreadable(headers: list[tuple[str, str]]) -> None:
    """No body: no text and no reason."""
    assert mask(b"", *headers) == MaskedBody(0, None, DIGEST.of(b"", label="body"), None, None)


@pytest.mark.parametrize(
    ("values", "media_type"),
    [
        ([], None),
        (["application/json"], "application/json"),
        ([" Application/JSON ; charset=utf-8"], "application/json"),
        (["application/vnd.schemaregistry.v1+json"], "application/vnd.schemaregistry.v1+json"),
        ([""], "unknown"),
        (["json"], "unknown"),
        (["application/json/x"], "unknown"),
        (["application/js on"], "unknown"),
        (["a/b\r\nX: y"], "unknown"),
        (["<script>/x"], "unknown"),
        (["application/" + "x" * 128], "unknown"),
        (["application/json, text/html"], "unknown"),
        (["application/json", "text/html"], "unknown"),
    ],
)
def test_only_a_proper_media_type_is_kept(values: list[str], media_type: str | None) -> None:
    """Parameters are dropped; what is no pair of tokens, or said twice, is unknown."""
    assert mask(b"{}", *(("Content-Type", value) for value in values)).media_type == media_type


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "us-ascii", "ISO-8859-1"])
def test_usual_character_sets_are_read(charset: str) -> None:
    """Those that agree with UTF-8 on the syntax of JSON do not make a body unreadable."""
    assert mask(BODY, ("Content-Type", f"application/json; charset={charset}")).text == MASKED


def test_an_error_nobody_expected_leaks_nothing() -> None:
    """When masking itself breaks, its error's text is not kept."""

    class Broken:
        def mask(self, document: object, replacements: object) -> None:
            raise RuntimeError(f"cannot mask {document}")

    masked = mask_body(BODY, [], Broken(), Replacements(DIGEST), DIGEST)  # type: ignore[arg-type]
    assert (masked.text, masked.why_unreadable) == (None, "masking failed on it")
    assert SECRET not in repr(masked)
