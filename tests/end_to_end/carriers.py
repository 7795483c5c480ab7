"""The ways in which a body carries secrets. Those without any form stand where a name or a rule says what they are."""

from __future__ import annotations

import base64
import html
import json
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from tests.end_to_end.planted import Secret

type Writing = Callable[[str], str]

JSON = "application/json"
BOUNDARY = "b-7f3a9c"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_CHARACTER = re.compile(r"\\u....|\\.|[A-Za-z0-9]")
#: Names that say that what they name is a secret; `by_rule` and `shoeSize` are named by the stage's own rules.
SECRET_NAMES = ("password", "clientSecret", "api_key", "date-of-birth", "PIN", "shoeSize")


@dataclass(frozen=True, slots=True)
class Carried:
    """A body before it is encoded, and what it is said to be."""

    name: str
    media_type: str
    body: bytes


def bodies(secrets: Sequence[Secret]) -> Iterator[Carried]:
    """Every carrier, each with all the secrets that it has room for."""
    yield from _json(secrets)
    yield from _in_other_writing(secrets)
    yield from _lines_and_forms(secrets)
    yield from _multipart(secrets)
    yield from _unreadable(secrets)


def record(secrets: Sequence[Secret], write: Writing = str) -> dict[str, Any]:
    """A document with each secret as a value."""
    found: dict[str, Any] = {"order": 7, "status": "paid"}
    names = cycle(SECRET_NAMES)
    for number, secret in enumerate(secrets):
        if secret.has_form:
            found[f"field{number}"] = write(secret.text)
        elif number % 2:
            found[f"part{number}"] = {next(names): write(secret.text), "id": number}
        else:
            found.setdefault("carried", {}).setdefault("by_rule", []).append(write(secret.text))
    return found


def _json(secrets: Sequence[Secret]) -> Iterator[Carried]:
    formed = [secret.text for secret in secrets if secret.has_form]
    whole = record(secrets)
    yield Carried("JSON values", JSON, _dumps(whole))
    yield Carried("JSON as UTF-8", "application/vnd.shop+json", json.dumps(whole, ensure_ascii=False).encode())
    yield Carried("JSON with white space", JSON, json.dumps(whole, indent=3).encode())
    yield Carried("JSON, escaped where it need not be", JSON, _escaped_everywhere(_dumps(whole).decode()).encode())
    yield Carried("JSON array", JSON, _dumps({"items": [formed, {"password": _formless(secrets)}]}))
    yield Carried("JSON names", JSON, _dumps({text: number for number, text in enumerate(formed)}))
    yield Carried("JSON names of secrets", JSON, _dumps({"password": {each: 1 for each in _formless(secrets)}}))
    numbers = [int(text) for text in formed if text.isdigit() and text[0] != "0"]
    yield Carried("JSON numbers", JSON, _dumps({"amounts": numbers, "pin": 4_715_903, "cvv": 8_264_190}))
    yield Carried("JSON string", JSON, _dumps(" and ".join(formed)))
    sentences = [f"Please use {text} for it, from Monday on. ({number})" for number, text in enumerate(formed)]
    yield Carried("JSON sentences", JSON, _dumps({"notes": sentences}))
    large = [{"note": f"order {number} of the day", "items": [number] * 20} for number in range(900)]
    yield Carried("JSON, large", JSON, _dumps({"first": whole, "orders": large, "last": whole}))
    deep: Any = whole
    for level in range(30):
        deep = {"in": [deep]} if level % 2 else [deep]
    yield Carried("JSON, deep", JSON, _dumps(deep))
    inside: Any = whole
    for level in range(1, 6):
        inside = {"message": json.dumps(inside)}
        yield Carried(f"JSON in strings, {level} deep", JSON, _dumps(inside))
    operations = [{"op": "add", "path": f"/part/{name}", "value": text} for name, text in _named(secrets)]
    operations += [{"op": "replace", "path": "/field", "value": text} for text in formed]
    yield Carried("JSON Patch", "application/json-patch+json", _dumps(operations))


def _in_other_writing(secrets: Sequence[Secret]) -> Iterator[Carried]:
    """Values that are written in another way inside their strings."""
    writings: dict[str, Writing] = {
        "URL": lambda text: quote(text, safe=""),
        "url": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
        "form": quote_plus,
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
        "base64 in words": lambda text: f"data {base64.b64encode(text.encode()).decode()} end",
        "hex": lambda text: text.encode().hex(),
        "JSON escapes": lambda text: json.dumps(text)[1:-1],
        "all JSON escapes": lambda text: _escaped_everywhere(json.dumps(text))[1:-1],
        "HTML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    }
    for name, write in writings.items():
        yield Carried(f"JSON with values in {name}", JSON, _dumps(record(secrets, write)))


def _lines_and_forms(secrets: Sequence[Secret]) -> Iterator[Carried]:
    lines = [_dumps(record([secret])) for secret in secrets]
    yield Carried("NDJSON", "application/x-ndjson", b"\n".join(lines) + b"\n")
    yield Carried("JSON sequence", "application/json-seq", b"".join(b"\x1e" + line + b"\n" for line in lines))
    form = "application/x-www-form-urlencoded"
    pairs = [(f"field{number}", secret.text) for number, secret in enumerate(secrets) if secret.has_form]
    pairs += _named(secrets)
    yield Carried("form", form, urlencode(pairs).encode())
    yield Carried("form with %20", form, urlencode(pairs, quote_via=quote).encode())
    yield Carried("form with JSON in it", form, urlencode({"payload": json.dumps(record(secrets))}).encode())
    names = [(secret.text, "x") for secret in secrets if secret.has_form]
    yield Carried("form names", form, urlencode(names).encode())
    named = [(f"user[{name}]", text) for name, text in _named(secrets)]
    yield Carried("form with nested names", form, urlencode(named).encode())


def _multipart(secrets: Sequence[Secret]) -> Iterator[Carried]:
    media_type = f"multipart/form-data; boundary={BOUNDARY}"
    formed = [secret.text for secret in secrets if secret.has_form]
    fields = [_part(f'name="field{number}"', text) for number, text in enumerate(formed)]
    fields += [_part(f'name="{name}"', text) for name, text in _named(secrets)]
    yield Carried("multipart fields", media_type, _parts(fields))
    lines = [text for text in formed if text.isprintable() and text.isascii()]
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in lines]
    yield Carried(
        "multipart filenames", media_type, _parts(_part(f'name="f"; filename="{each}"', "x") for each in quoted)
    )
    yield Carried("multipart names", media_type, _parts(_part(f'name="{each}"', "x") for each in quoted))
    heads = [_part('name="f"', "x", f"X-Note: {text}") for text in lines]
    yield Carried("multipart part headers", media_type, _parts(heads))
    document = json.dumps(record(secrets))
    yield Carried("multipart JSON", media_type, _parts([_part('name="d"', document, f"Content-Type: {JSON}")]))
    packed = base64.encodebytes(document.encode()).decode()
    coded = _part('name="d"', packed, f"Content-Type: {JSON}\r\nContent-Transfer-Encoding: base64")
    yield Carried("multipart base64", media_type, _parts([coded]))
    inner = _parts(fields).replace(BOUNDARY.encode(), b"inner-1")
    nested = _part('name="d"', inner.decode(), "Content-Type: multipart/mixed; boundary=inner-1")
    yield Carried("multipart in multipart", media_type, _parts([nested]))
    yield Carried(
        "multipart mixed",
        f"multipart/mixed; boundary={BOUNDARY}",
        _parts([_part("", document, f"Content-Type: {JSON}")]),
    )


def _unreadable(secrets: Sequence[Secret]) -> Iterator[Carried]:
    """What is kept as its length and its digest."""
    text = "\n".join(secret.text for secret in secrets)
    document = _dumps(record(secrets))
    yield Carried("text", "text/plain; charset=utf-8", text.encode())
    yield Carried("XML", "application/xml", f"<order><password>{html.escape(text)}</password></order>".encode())
    yield Carried("YAML", "application/yaml", "".join(f"- {json.dumps(secret.text)}\n" for secret in secrets).encode())
    yield Carried("CSV", "text/csv", f"a,b\r\n{text}".encode())
    strings = b"".join(b"\x0a" + _varint(len(one)) + one for one in (secret.text.encode() for secret in secrets))
    yield Carried("protobuf", "application/x-protobuf", strings)
    yield Carried("gRPC", "application/grpc+proto", struct.pack(">BI", 0, len(strings)) + strings)
    yield Carried("bytes", "application/octet-stream", bytes(range(256)) + text.encode("utf-16"))
    yield Carried("UTF-16", "application/json; charset=utf-16", document.decode().encode("utf-16"))
    yield Carried("UTF-16 that is not said to be", JSON, document.decode().encode("utf-16-le"))
    yield Carried("JSON with comments", JSON, b"// " + text.replace("\n", " ").encode() + b"\n" + document)
    yield Carried("JSON cut short", JSON, document[:-3])
    yield Carried("JSON with a name twice", JSON, document[:-1] + b', "status": ' + _dumps(text) + b"}")
    yield Carried("JSON after JSON", JSON, document + document)
    yield Carried("JSON that is not UTF-8", JSON, document[:-1] + b', "x": "\xff' + text[:40].encode() + b'"}')


def _named(secrets: Sequence[Secret]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in zip(cycle(SECRET_NAMES), _formless(secrets), strict=False)]


def _formless(secrets: Sequence[Secret]) -> list[str]:
    return [secret.text for secret in secrets if not secret.has_form]


def _dumps(document: Any) -> bytes:
    return json.dumps(document).encode()


def _escaped_everywhere(document: str) -> str:
    """A JSON text with every other letter and digit of its strings as `\\uXXXX`."""
    places = count()

    def escape(found: re.Match[str]) -> str:
        text = found[0]
        return f"\\u{ord(text):04X}" if len(text) == 1 and next(places) % 2 else text

    return _STRING.sub(lambda string: _CHARACTER.sub(escape, string[0]), document)


def _part(disposition: str, content: str, head: str = "") -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}"] if disposition else []
    return "\r\n".join([*lines, *([head] if head else []), "", content]).encode()


def _parts(parts: Sequence[bytes] | Iterator[bytes]) -> bytes:
    start = f"--{BOUNDARY}".encode()
    return b"".join(start + b"\r\n" + part + b"\r\n" for part in parts) + start + b"--\r\n"


def _varint(number: int) -> bytes:
    written = b""
    while number > 127:
        written += bytes([number & 127 | 128])
        number >>= 7
    return written + bytes([number])
