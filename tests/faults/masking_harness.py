"""What libFuzzer runs, through atheris: one parser of masking, on bytes, with a secret planted in what they are put into.

Run as a program: `masking_harness.py TARGET [--break] [options of libFuzzer] [directory of seeds]`. Ends with a crash where
anything else than BadInput comes out of a parser, where anything at all comes out of Masker, or where the secret is in what is
kept. `--break` breaks the masking of the target first, so that the crash can be seen.
"""

from __future__ import annotations

import base64
import gzip
import sys
import zlib
from collections.abc import Callable
from urllib.parse import quote

import atheris  # type: ignore[import-untyped]  # ships no types
import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

with atheris.instrument_imports(include=["countersign.masking", "countersign.strict_json"]):
    from countersign import limits
    from countersign.errors import BadInput
    from countersign.masking import KeyedDigest, Masker
    from countersign.masking.carriers import header_fields, parameters
    from countersign.masking.carriers.content_coding import decode
    from countersign.masking.carriers.forms import mask_form, read_form
    from countersign.masking.carriers.header_fields import mask_headers
    from countersign.masking.carriers.json_lines import read_lines, read_sequence
    from countersign.masking.carriers.media_types import media_type
    from countersign.masking.carriers.multipart_bodies import read_parts
    from countersign.masking.carriers.request_target import mask_target
    from countersign.masking.policies import Policy
    from countersign.masking.replacements import Replacements
    from countersign.masking.values import MaskedMessage
    from countersign.rulebook.values import BuiltInMasking

SECRET = "hunter2-correct-horse"
DIGEST = KeyedDigest(b"k" * 32)
POLICY = Policy([], BuiltInMasking())
MASKER = Masker([], DIGEST)
WRITTEN = (
    SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex(), "".join(f"%{ord(c):02x}" for c in SECRET),
    "".join(f"\\u{ord(c):04x}" for c in SECRET),
)  # fmt: skip
CODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress
}  # fmt: skip
TYPES = (
    "application/json", "application/x-www-form-urlencoded", "application/x-ndjson", "application/json-seq",
    "multipart/form-data; boundary=b", "multipart/mixed; boundary=b", "text/plain", "application/json; charset=utf-7",
)  # fmt: skip


def coding(data: bytes) -> None:
    """Anything decodes to no more than the limit, or is refused; what was encoded comes back."""
    first, second = (name for name in (sorted(CODERS)[data[n] % len(CODERS)] for n in (0, 1)))
    body = data[2:]
    try:
        decoded = decode(body, f"{first}, {second}")
    except BadInput:
        decoded = b""
    assert len(decoded) <= limits.MAX_DECODED_BODY_BYTES
    assert decode(CODERS[second](CODERS[first](body)), f"{first}, {second}") == body


def form(data: bytes) -> None:
    """A field among others, as it is and inside another one."""
    text = data[1:]
    planted = b"password=" + SECRET.encode()
    nested = b"next=" + quote(f"/?a=1&token={SECRET}", safe="").encode()
    for raw in (text, text + b"&" + planted + b"&" + text, text + b"&" + nested, planted + b";" + text):
        try:
            hidden(mask_form(read_form(raw), POLICY, Replacements(DIGEST)))
        except BadInput:
            continue


def multipart(data: bytes) -> None:
    """A part among others, by its name and by what it holds; and anything at all."""
    said = media_type([TYPES[4 + data[0] % 2]])
    assert said is not None
    head = b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n'
    for raw in (data[1:], data[1:] + head + SECRET.encode() + b"\r\n--b--", head + data[1:] + b"\r\n--b--"):
        try:
            parts = read_parts(raw, said)
        except BadInput:
            continue
        assert sum(len(part.content) for part in parts) < len(raw)
    kind = TYPES[4 + data[0] % 2]
    middle = b'%b"%b"\r\n' % (head, SECRET.encode())
    other = head.replace(b"password", b"a")
    kept(data[1:] + middle + data[1:], kind)
    kept(other + data[1:] + b"\r\n" + middle + b"--b--", kind)  # what a part holds
    kept(other[:-2] + data[1:] + b"\r\n\r\n1\r\n" + middle + b"--b--", kind)  # its header
    kept(middle.replace(b"\r\n", data[1:] + b"\r\n", 1) + b"--b--", kind)  # the end of a boundary


def lines(data: bytes) -> None:
    """A text among others, in lines and in a sequence."""
    planted = f'{{"password":"{SECRET}","a":"{{\\"token\\":\\"{SECRET}\\"}}"}}\n'.encode()
    for raw in (
        data[1:],
        data[1:] + b"\n" + planted + data[1:],
        b"\x1e" + planted + data[1:],
        data[1:] + b"\n\x1e" + planted,
    ):
        for reader, kind in ((read_lines, TYPES[2]), (read_sequence, TYPES[3])):
            try:
                reader(raw)
            except BadInput:
                continue
            finally:
                kept(raw, kind)


def target(data: bytes) -> None:
    """A parameter, a segment, a fragment, somebody's credentials."""
    text = data[1:].decode("latin1")
    replacements = Replacements(DIGEST)
    for whole in (
        f"{text}?password={SECRET}{text}",
        f"/a?{text}&token={SECRET}",
        f"https://x:{SECRET}@h/{text}",
        f"/{text}#{SECRET}",
    ):
        hidden(mask_target(whole, POLICY, replacements))
    hidden(mask_target(f"/{SECRET}/x?{text}", POLICY, replacements, ("token", "")))


def fields(data: bytes) -> None:
    """A credential, a URL and a document, in any field."""
    name, _, text = data[1:].decode("utf-8", "replace").partition(":")
    headers = [
        (name, text), (f"{name}-Token", SECRET), (f"X-Secret{name}", SECRET), (name, f"{text} https://h/?password={SECRET} {text}"),
        ("Location", f"{text}?token={SECRET}"), ("Cookie", text + SECRET), (name, f'{{"password":"{SECRET}"}}'),
    ]  # fmt: skip
    hidden(repr(mask_headers(headers, POLICY, Replacements(DIGEST))))


def message(data: bytes) -> None:
    """All at once, under every type and coding, also where they lie."""
    kind, name = TYPES[data[0] % len(TYPES)], sorted(CODERS)[data[1] % len(CODERS)]
    text = data[2:].decode("latin1")
    first, second = text[: len(text) // 2], text[len(text) // 2 :]
    for planted in (f'{{"password":"{SECRET}"}}', f"&password={SECRET}&", f'{{"a":"{{\\"token\\":\\"{SECRET}\\"}}"}}'):
        raw = f"{first}{planted}{second}".encode("latin1")
        for body, said in ((CODERS[name](raw), name), (raw, name)):
            check(
                MASKER.message(
                    connection="registry", subject=None, direction="request", target=f"/a{first}?{second}&token={SECRET}",
                    headers=[("Content-Type", kind), ("Content-Encoding", said), ("Cookie", SECRET), (first, second)], body=body,
                )
            )  # fmt: skip


def kept(raw: bytes, kind: str) -> None:
    """`raw` through the whole of masking."""
    headers = [("Content-Type", kind)]
    check(MASKER.message(connection="c", subject=None, direction="response", target=None, headers=headers, body=raw))


def check(masked: MaskedMessage) -> None:
    """Nothing was given up, and nothing of the secret is there."""
    assert masked.body.why_unreadable != "masking failed on it"
    hidden(repr(masked))


def hidden(text: str) -> None:
    """The secret is not in `text`, in any writing."""
    assert not any(written in text for written in WRITTEN), "the secret is in what is kept"


TARGETS = {
    "content_coding": coding, "forms": form, "multipart_bodies": multipart, "json_lines": lines, "request_target": target,
    "header_fields": fields, "masker": message,
}  # fmt: skip


def broken(name: str) -> None:
    """Take out what keeps the secret out of `name`, as a mistake would."""
    Policy.name_rule = lambda *_: None  # type: ignore[method-assign]
    parameters.Parameters.rule_of = lambda *_: None  # type: ignore[method-assign]
    header_fields.CREDENTIAL_HEADER_PARTS = ()  # type: ignore[misc,assignment]
    if name in ("multipart_bodies", "json_lines", "masker", "forms", "header_fields"):
        Policy.document = lambda _, document, *__: (document, frozenset())  # type: ignore[method-assign]
        Policy.string = lambda _, text, *__: text  # type: ignore[method-assign]
    if name == "content_coding":
        limits.MAX_DECODED_BODY_BYTES = 2


def main(arguments: list[str]) -> None:
    """Fuzz one target; does not come back."""
    name, *rest = arguments
    if rest[:1] == ["--break"]:
        rest = rest[1:]
        broken(name)
    run = TARGETS[name]

    def once(data: bytes) -> None:
        if len(data) >= 2:
            run(data)

    atheris.Setup([__file__, *rest], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
