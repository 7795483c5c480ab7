"""From the wire to masked JSON, or to length and digest."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits, strict_json
from countersign.masking.carriers.bodies import mask_body
from countersign.masking.replacements import REDACTED, Replacements
from countersign.masking.values import MaskedBody
from tests.masking.rules import DIGEST, SECRET, policy, rule

BODY = json.dumps(
    {
        "schemaType": "JSON",
        "schema": json.dumps(
            {"title": "visible", "settings": {"x": {"secret": SECRET, "a": [json.dumps({"secret": SECRET})]}}}
        ),
        "list": [{"secret": [SECRET]}, {"secret": {"deep": SECRET}}],
    }
).encode()
MASKED = (
    b'{"schemaType":"JSON",'
    b'"schema":"{\\"title\\":\\"visible\\",\\"settings\\":{\\"x\\":{\\"secret\\":\\"[masked]\\",'
    b'\\"a\\":[\\"{\\\\\\"secret\\\\\\":\\\\\\"[masked]\\\\\\"}\\"]}}}",'
    b'"list":[{"secret":"[masked]"},{"secret":"[masked]"}]}'
)
SECRETS = rule("secrets", paths=("$..secret",))


def mask(raw: bytes, *headers: tuple[str, str]) -> MaskedBody:
    """`raw` with `headers`, masked at `$..secret`."""
    return mask_body(raw, headers, policy(SECRETS), Replacements(DIGEST), DIGEST)


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
    assert masked == MaskedBody(len(raw), "application/json", DIGEST.of(raw, label="body"), MASKED, None, "json")


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
    masked = mask_body(raw, headers, policy(SECRETS), replacements, DIGEST)
    assert masked.text is None
    assert masked.why_unreadable is not None
    assert why in masked.why_unreadable
    assert (masked.length, masked.digest) == (len(raw), DIGEST.of(raw, label="body"))
    assert not replacements.masked
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode()):
        assert form not in repr(masked)


def test_json_bombs_in_strings_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedding beyond the limit gives up the whole body; at the limit it is masked."""
    monkeypatch.setattr(limits, "MAX_EMBEDDED_JSON_LEVELS", 4)
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
    assert mask_body(body, [], policy(SECRETS), replacements, DIGEST).text is None
    assert not replacements.masked
    assert mask(json.dumps([{"secret": 1}] * 3).encode()).text is not None


def test_a_text_that_grows_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded as what is read is."""
    monkeypatch.setattr(limits, "MAX_DECODED_BODY_BYTES", 40)
    assert mask(b'{"secret":1,"number":2}').text == b'{"secret":"[masked]","number":2}'
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
        (["hunter2/json"], "unknown"),
        (["application/AKIAIOSFODNN7EXAMPLQ"], "unknown"),
        (["application/x.alice@example.com"], "unknown"),
        (["application/x-4111111111111111"], "unknown"),
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


FORM = ("Content-Type", "application/x-www-form-urlencoded")
LINES = ("Content-Type", "application/x-ndjson")
SEQUENCE = ("Content-Type", "application/json-seq")
MULTIPART = ("Content-Type", "multipart/form-data; boundary=b")
MIXED = ("Content-Type", "multipart/mixed; boundary=b")


def parts(*parts: str, boundary: str = "b") -> bytes:
    """A multipart body; each part has its header, an empty line and its content, ends of lines written as LF."""
    text = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return text.replace("\n", "\r\n").encode()


def part(content: str, *headers: str, name: str = "a") -> str:
    """One part of a form."""
    return "\n".join([f'Content-Disposition: form-data; name="{name}"', *headers, "", content])


def kept(raw: bytes, *headers: tuple[str, str]) -> Any:
    """The parts of a multipart body that are kept."""
    masked = mask(raw, *headers)
    assert masked.format == "multipart"
    assert masked.text is not None
    assert SECRET.encode() not in masked.text
    return json.loads(masked.text)["parts"]


def test_a_form_is_kept_as_a_form() -> None:
    """With its secrets masked, under every content coding."""
    raw = f"a=1&secret={SECRET}&token={SECRET}".encode()
    masked = mask(raw, FORM)
    assert (masked.format, masked.text) == ("form", b"a=1&secret=[masked]&token=[masked]")
    assert mask(gzip.compress(raw), FORM, ("Content-Encoding", "gzip")).text == masked.text


@pytest.mark.parametrize("header", [LINES, SEQUENCE])
def test_lines_are_kept_as_lines(header: tuple[str, str]) -> None:
    """One JSON text a line, each masked from its own root."""
    texts = [b'{"secret":"%b","a":1}' % SECRET.encode(), b" [ 2 ] ", b'"\xe2\x80\xa8x"']
    raw = b"".join((b"\x1e" if header is SEQUENCE else b"") + text + b"\r\n" for text in texts)
    masked = mask(raw, header)
    assert (masked.format, masked.text) == ("ndjson", b'{"secret":"[masked]","a":1}\n[2]\n"\xe2\x80\xa8x"\n')


def test_the_parts_of_a_multipart_body_are_kept_as_json() -> None:
    """Each by what it is; what cannot be read is length, keyed digest and why."""
    raw = parts(
        part(json.dumps({"secret": SECRET, "b": "\u2028"}), "Content-Type: application/json", "X-Team: a"),
        part(f"secret={SECRET}&c=1", "Content-Type: application/x-www-form-urlencoded", name="f"),
        part(f'{{"secret":"{SECRET}"}}\n2', "Content-Type: application/x-ndjson", name="l"),
        part(f"{SECRET} is a text", name="t"),
        part("17", name="n"),
    )
    assert kept(raw, MULTIPART) == [
        {"name": "a", "headers": [["Content-Type", "application/json"], ["X-Team", "a"]],
         "content": {"secret": REDACTED, "b": "\u2028"}},
        {"name": "f", "headers": [["Content-Type", FORM[1]]], "content": "secret=[masked]&c=1"},
        {"name": "l", "headers": [["Content-Type", LINES[1]]], "content": [{"secret": REDACTED}, 2]},
        {"name": "t", "headers": [], "length": len(SECRET) + 10,
         "digest": DIGEST.of(f"{SECRET} is a text".encode(), label="body"), "why": "not strict JSON in UTF-8"},
        {"name": "n", "headers": [], "content": 17},
    ]  # fmt: skip


def test_a_multipart_body_in_another_one_is_read() -> None:
    """As deep as the limit; deeper it is length and digest."""
    inner = (
        parts(f'Content-Type: application/json\n\n{{"secret":"{SECRET}"}}', boundary="i").decode().replace("\r\n", "\n")
    )
    middle = parts(f"Content-Type: multipart/mixed; boundary=i\n\n{inner}", boundary="m").decode().replace("\r\n", "\n")
    (found,) = kept(parts(f"Content-Type: multipart/mixed; boundary=i\n\n{inner}"), MIXED)
    assert found["content"]["parts"][0]["content"] == {"secret": REDACTED}
    (found,) = kept(parts(f"Content-Type: multipart/mixed; boundary=m\n\n{middle}"), MIXED)
    assert "deeper inside each other" in found["content"]["parts"][0]["why"]


def test_parts_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small multipart bodies in one are not read either."""
    monkeypatch.setattr(limits, "MAX_BODY_PARTS", 4)
    inner = parts(*["\n1"] * 3, boundary="i").decode().replace("\r\n", "\n")
    outer = f"Content-Type: multipart/mixed; boundary=i\n\n{inner}"
    (found,) = kept(parts(outer), MIXED)
    assert len(found["content"]["parts"]) == 3
    first, second = kept(parts(outer, outer), MIXED)
    assert "more parts" in (first.get("why") or second.get("why"))
    assert mask(parts(*["\n1"] * 5), MIXED).text is None


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (part(f'"{SECRET}"', name="password"), {"name": "password", "content": REDACTED}),
        (part(f'{{"a":"{SECRET}"}}', name="user[password]"), {"name": "user[password]", "content": REDACTED}),
        (part(f'"{SECRET}"', name="code"), {"name": "code", "content": REDACTED}),
        (part(f'"{SECRET}"', name="oauth[code]"), {"name": "oauth[code]", "content": REDACTED}),
        (part(f'"{SECRET}"', name="secret"), {"name": "secret", "content": REDACTED}),
        (part(f"a={SECRET}", f"Content-Type: {FORM[1]}", name="password"), {"name": "password", "content": REDACTED}),
        (part(f'["{SECRET}"]', f"Content-Type: {LINES[1]}", name="token"), {"name": "token", "content": REDACTED}),
        (part(f'"{SECRET}"', name="pass%77ord"), {"name": REDACTED, "content": REDACTED}),
        (part(f'"{SECRET}"', name="pas\\sword"), {"name": REDACTED, "content": REDACTED}),
        (part(f'"{SECRET}"', name="=?utf-8?B?cGFzc3dvcmQ=?="), {"name": REDACTED, "content": REDACTED}),
        (part("1", name="alice@example.com"), {"name": REDACTED, "content": 1}),
        (part('"4111111111111111"'), {"name": "a", "content": REDACTED}),
    ],
)
def test_parts_are_masked_by_their_names(one: str, shown: dict[str, Any]) -> None:
    """As fields of a form are; where readers may see another name, whatever the part holds."""
    (found,) = kept(parts(one), MULTIPART)
    assert {name: found[name] for name in shown} == shown


def test_paths_hold_in_parts_and_for_the_form_of_them() -> None:
    """From the root of a part's own document, and from the object that the fields are; each rule says how."""

    def content(path: str) -> Any:
        ruled = policy(rule("teams", paths=(path,), how="keep-last", keep=2))
        raw = parts(part('{"team":"platform","b":1}', name="x"))
        text = mask_body(raw, [MULTIPART], ruled, Replacements(DIGEST), DIGEST).text
        assert text is not None
        return json.loads(text)["parts"][0]["content"]

    assert content("$.team") == content("$.x.team") == content("$..team") == {"team": "…rm", "b": 1}
    assert content("$.x") == REDACTED
    assert content("$.y") == {"team": "platform", "b": 1}


def test_a_rule_drops_a_part() -> None:
    """It is not there at all, whatever it holds."""
    ruled = policy(rule("drops", names=("gone",), how="drop"))
    raw = parts(part("1", name="gone"), part(f"a={SECRET}", f"Content-Type: {FORM[1]}", name="gone"), part("2"))
    masked = mask_body(raw, [MULTIPART], ruled, Replacements(DIGEST), DIGEST)
    assert masked.text == b'{"parts":[{"name":"a","headers":[],"content":2}]}'


def test_file_names_and_headers_of_parts_are_masked() -> None:
    """By what they hold; a file name that readers could see differently, whole."""

    def shown(parameters: str, header: str = "X-A: b") -> tuple[str, list[list[str]]]:
        raw = parts(f'Content-Disposition: form-data; name="a"; {parameters}\n{header}\n\n1')
        (found,) = kept(raw, MULTIPART)
        return found["filename"], found["headers"]

    assert shown('filename="orders.json"') == ("orders.json", [["X-A", "b"]])
    assert shown('filename="of alice@example.com (1).txt"')[0] == "of [masked] (1).txt"
    assert shown('filename="4111%31111.txt"')[0] == REDACTED
    assert shown('filename="C:\\temp\\x"')[0] == REDACTED
    assert shown("filename*=utf-8''x.txt")[0] == REDACTED
    assert shown('filename="x"', f"Authorization: {SECRET}")[1] == [["Authorization", REDACTED]]
    assert shown('filename="x"', f"Content-Location: https://h/?token={SECRET}")[1] == [
        ["Content-Location", "https://h/?token=[masked]"]
    ]


@pytest.mark.parametrize(
    ("raw", "header", "why"),
    [
        (parts(part("1")), ("Content-Type", "multipart/form-data"), "not in one reading"),
        (parts(part("1")), ("Content-Type", "multipart/form-data; boundary=b; boundary=c"), "not strict JSON"),
        (parts(part("1")), ("Content-Type", "multipart/form-data; boundary=b; charset=utf-7"), "another character set"),
        (parts(part("1")), ("Content-Type", "multipart/alternative; boundary=b"), "not strict JSON"),
        (parts(part("1")), ("Content-Type", "multipart/form-data; boundary=b, text/plain"), "not strict JSON"),
        (parts(part("1")).replace(b"\r\n", b"\n"), MULTIPART, "not in one reading"),
        (b"x\r\n" + parts(part("1")), MULTIPART, "not in one reading"),
        (parts(part("utf-7", name="_charset_"), part("1")), MULTIPART, "another character set"),
        (b'{"secret":"x"}\n{"secret":', LINES, "not in one reading"),
        (b'{"a":1}\n{"a":2}', ("Content-Type", "application/json"), "not strict JSON"),
        (b"1\n" * (limits.MAX_JSON_LINES + 1), LINES, "more parts, or larger ones"),
        (b"secret=x\n", FORM, "not in one reading"),
        (b"<password>hunter2</password>", FORM, "not in one reading"),
        (b"hunter2", FORM, "not in one reading"),
        (b'{"password":"hunter2",}', FORM, "not in one reading"),
        (b"{'password':'hun&ter2='}", FORM, "not in one reading"),
        (b"password=x&_charset_=utf-7", FORM, "not in one reading"),
        (b"password=x", ("Content-Type", FORM[1] + "; charset=utf-16"), "another character set"),
        (b"\xef\xbb\xbfpassword=x", FORM, "not in one reading"),
        (gzip.compress(b"a=1"), FORM, "not in one reading"),
        (b"a=1", ("Content-Type", "text/plain"), "not strict JSON"),
        (b"password: hunter2", ("Content-Type", "application/yaml"), "not strict JSON"),
        (b"<a>hunter2</a>", ("Content-Type", "application/xml"), "not strict JSON"),
        (b"name,password\nbob,hunter2", ("Content-Type", "text/csv"), "not strict JSON"),
        (b"\x00\x00\x00\x00\x05\x0a\x03abc", ("Content-Type", "application/grpc+proto"), "not strict JSON"),
        (b'{"a":1} // x', ("Content-Type", "application/json5"), "not strict JSON"),
    ],
)
def test_what_may_be_read_otherwise_is_not_kept(raw: bytes, header: tuple[str, str], why: str) -> None:
    """A reason in fixed words, the length and a keyed digest."""
    masked = mask(raw, header)
    assert (masked.text, masked.format) == (None, None)
    assert why in (masked.why_unreadable or "")
    assert "hunter2" not in repr(masked)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x"])
def test_a_part_in_a_transfer_coding_is_not_kept(encoding: str) -> None:
    """Some readers undo it, and would see another document."""
    (found,) = kept(parts(part("12", f"Content-Transfer-Encoding: {encoding}")), MULTIPART)
    assert found["why"] == "in a coding of its own"
    (found,) = kept(parts(part("12", "Content-Transfer-Encoding: 8bit")), MULTIPART)
    assert found["content"] == 12


def test_a_part_in_another_character_set_is_not_kept() -> None:
    """The rest of the body is."""
    first, second = kept(parts(part("12", "Content-Type: application/json; charset=utf-16"), part("12")), MULTIPART)
    assert "another character set" in first["why"]
    assert second["content"] == 12


def test_json_that_says_that_it_is_something_else_is_json() -> None:
    """Clients forget the type; but where a form reader would find a secret that JSON has not, nothing is kept."""
    raw = json.dumps({"secret": SECRET, "a": "b&c=d"}).encode()
    for header in (FORM, LINES, SEQUENCE, MULTIPART, ("Content-Type", "text/plain"), ("Content-Type", "image/png")):
        assert mask(raw, header).text == b'{"secret":"[masked]","a":"b&c=d"}'
    replacements = Replacements(DIGEST)
    hidden = json.dumps({"a": f"b&iban={SECRET}"}).encode()
    masked = mask_body(hidden, [FORM], policy(), replacements, DIGEST)
    assert (masked.text, masked.why_unreadable) == (None, "JSON and a form with a secret at once")
    assert not replacements.masked


def test_what_is_not_kept_leaves_nothing_in_the_tally(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a part is given up in its middle; its neighbours count."""
    replacements = Replacements(DIGEST)
    deep = json.dumps({"secret": 1, "b": json.dumps({"c": json.dumps([1])})})
    monkeypatch.setattr(limits, "MAX_EMBEDDED_JSON_LEVELS", 1)
    raw = parts(part('{"secret":1}'), part(deep), f"Content-Type: {LINES[1]}\n\n{deep}", part('{"secret":1}'))
    masked = mask_body(raw, [MIXED], policy(SECRETS), replacements, DIGEST)
    assert masked.text is not None
    assert ["content" in found for found in json.loads(masked.text)["parts"]] == [True, False, False, True]
    assert replacements.masked == {"secrets": 2}
    assert replacements.places == {"secrets": ("part a /secret",)}


def test_what_is_kept_can_be_read_again() -> None:
    """A document in a part stands three levels deep; with them it is no deeper than the gateway reads."""

    def nested(levels: int, kind: str = "application/json") -> Any:
        (found,) = kept(parts(part("[" * levels + "]" * levels, f"Content-Type: {kind}")), MULTIPART)
        return found

    fits = limits.MAX_JSON_DEPTH - 3
    assert "nested deeper" in nested(fits + 1)["why"]
    raw = parts(part("[" * fits + "]" * fits))
    strict_json.loads(mask(raw, MULTIPART).text or b"")
    deep = f"{'[' * fits}{']' * fits}\n1"
    (found,) = kept(parts(part(deep, f"Content-Type: {LINES[1]}")), MULTIPART)
    assert "larger ones" in found["why"]
    lines = f"{'[' * (fits - 1)}{']' * (fits - 1)}\n1"
    text = mask(parts(part(lines, f"Content-Type: {LINES[1]}")), MULTIPART).text or b""
    assert b'"content":[[' in text
    strict_json.loads(text)


WRITTEN = (
    SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex(), quote(SECRET), "".join(f"\\u{ord(c):04x}" for c in SECRET),
    "".join(f"%{ord(c):02x}" for c in SECRET),
)  # fmt: skip
HEADERS = (FORM, LINES, SEQUENCE, MULTIPART, MIXED, ("Content-Type", "application/json"), ("Content-Type", "x"))
CODINGS = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
around = st.lists(
    st.sampled_from(
        ["--b\r\n", "--b--\r\n", "\r\n\r\n", "\r\n", "\n", "\x1e", "{", "}", "[", "]", '"', "'", ":", ",", "&", "=", ";", "+", "%22",
         "%7B", "a", "1", " ", "Content-Disposition: form-data; name=a", "Content-Type: application/json", "{}", '{"a":1}', "a=1&",
         "\\", "//", "\ufeff", "\x00", "NaN", "Content-Transfer-Encoding: base64"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@settings(max_examples=100)
@given(
    around, around, st.sampled_from(WRITTEN), st.sampled_from(HEADERS), st.sampled_from(sorted(CODINGS)), st.booleans()
)
def test_a_planted_secret_is_never_kept(
    before: str, after: str, secret: str, header: tuple[str, str], coding: str, lies: bool
) -> None:
    """Whatever stands around it, whatever the body says that it is: never an exception, never the value in any writing."""
    for text in (
        f'{before}{{"password":"{secret}"}}{after}',
        f"{before}&password={secret}&{after}",
        f"{before}{SECRET_JSON}{after}",
    ):
        raw = CODINGS[coding](text.encode())
        masked = mask(raw, header, ("Content-Encoding", "gzip" if lies else coding))
        assert masked.why_unreadable != "masking failed on it"
        for written in WRITTEN:
            assert written not in repr(masked)


SECRET_JSON = json.dumps({"a": json.dumps({"token": SECRET}), "secret": [SECRET]})


def test_an_error_nobody_expected_leaks_nothing() -> None:
    """When masking itself breaks, its error's text is not kept."""

    class Broken:
        def document(self, document: object, *_: object) -> None:
            raise RuntimeError(f"cannot mask {document}")

        def text(self, text: str, *_: object) -> str:
            return text

    masked = mask_body(BODY, [], Broken(), Replacements(DIGEST), DIGEST)  # type: ignore[arg-type]
    assert (masked.text, masked.why_unreadable) == (None, "masking failed on it")
    assert SECRET not in repr(masked)
