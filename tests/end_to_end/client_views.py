"""Services, rules and callers for what rules mask before a caller sees it; curl asks, in either version of HTTP."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from countersign import limits
from countersign.masking.carriers import recoding
from scripts.story.rules import Service, write_rules
from scripts.story.stage import Stage
from tests.end_to_end.answering_service import AnsweringService, Written
from tests.end_to_end.curl import Got, curl
from tests.end_to_end.http2_service import Http2Service
from tests.end_to_end.raw_service import RawService

IBAN, PIN = "DE02120300000000202051", "pin-48151623"
_DOCUMENT = {"name": "Zoë", "iban": IBAN, "cards": [{"PIN": PIN, "limit": 5}]}
SHOWN = {"name": "Zoë", "iban": "…2051", "cards": [{"limit": 5}]}
PLAIN = json.dumps(_DOCUMENT, ensure_ascii=False, indent=1).encode()
CODINGS = ("gzip", "deflate", "br", "zstd", "gzip, br", "identity")
TAGGED = (
    ("ETag", '"0b5d8e0c"'),
    ("Accept-Ranges", "bytes"),
    ("Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ=="),
    ("Last-Modified", "Mon, 12 Jan 2026 10:00:00 GMT"),
    ("Cache-Control", "public, max-age=60"),
    ("X-Owner", "zoe"),
)
_JSON_PROBLEM = json.dumps({"error": "no such account", "iban": IBAN}).encode()

ANSWERS = {
    "plain": Written(PLAIN, headers=TAGGED),
    "clean": Written(b' {"name":  "Zo"} '),
    "chunked": Written(PLAIN, chunked=True),
    "lines": Written(PLAIN.replace(b"\n", b"") + b'\n{"a": 1}\n', "application/x-ndjson"),
    "refused": Written(_JSON_PROBLEM, "application/problem+json", status=404),
    "broken": Written(b"", None, status=500),
    "nothing": Written(b"", None, status=204),
    **{
        f"coded-{number}": Written(recoding.encode(PLAIN, coding), headers=(("Content-Encoding", coding),))
        for number, coding in enumerate(CODINGS)
    },
}
_GZIP = (("Content-Encoding", "gzip"),)
UNREADABLE = {
    "page": Written(f"<p>{IBAN}</p>".encode(), "text/html"),
    "words": Written(f"no account {IBAN}".encode(), "text/plain", status=500),
    "picture": Written(b"\x89PNG" + PIN.encode(), "image/png"),
    "form": Written(f"iban={IBAN}&pin={PIN}".encode(), "application/x-www-form-urlencoded"),
    "script": Written(PLAIN, "application/javascript"),
    "twice": Written(b'{"iban": "x", "iban": "' + IBAN.encode() + b'"}'),
    "utf-16": Written(PLAIN.decode().encode("utf-16"), "application/json; charset=utf-16"),
    "latin": Written(PLAIN.decode().encode("latin-1")),
    "unknown": Written(PLAIN, headers=(("Content-Encoding", "compress"),)),
    "lying": Written(PLAIN, headers=_GZIP),
    "cut": Written(gzip.compress(PLAIN)[:-8], headers=_GZIP),
    "bomb": Written(gzip.compress(b'["' + b" " * limits.MAX_DECODED_BODY_BYTES + b'"]'), headers=_GZIP),
    "part": Written(PLAIN, headers=(("Content-Range", "bytes 0-9/100"),), status=206),
    "parts": Written(PLAIN, "multipart/byteranges; boundary=x", status=206),
}

_SAID = IBAN.encode()
NO_HTTP = {
    "line": _SAID + b"\r\n\r\n",
    "field": b"HTTP/1.1 200 OK\r\nX-Owner " + _SAID + b"\r\n\r\n",
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: " + _SAID + b"\r\n\r\n",
    "coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + _SAID + b"\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _SAID + b"\r\n",
    "both": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: " + _SAID + b"\r\n\r\n",
}

_MASKING = """\
rules:
  - name: account numbers keep their end
    in: [response-to-client]
    connections: [answers, orders]
    paths: ["$..iban", "$..iban.default"]
    how: keep-last
    keep: 4
    except_groups: [schema-owners]
  - name: pins
    in: [response-to-client]
    connections: [answers, orders]
    names: [pin]
    how: drop
    except_groups: [schema-owners]
  - name: owners
    in: [response-to-client]
    connections: [answers]
    headers: [X-Owner]
    how: redact
    except_groups: [schema-owners]
  - name: trailers
    in: [response-to-client]
    connections: [second, raw]
    names: [pin]
    how: redact
    except_groups: [schema-owners]
  - name: pins are not kept
    names: [pin]
    how: redact
"""


class Setting:
    """The stage, its services, and the two callers: a pipeline for whom rules mask, and an owner for whom they do not."""

    def __init__(self, stage: Stage, answering: AnsweringService, http2_port: int, raw_port: int) -> None:
        self.stage, self.answering, self.http2_port, self.raw_port = stage, answering, http2_port, raw_port
        self.pipeline, self.owner = stage.pipeline_token(), stage.provider.token_for_person("carol")

    def url(self, answer: str) -> str:
        return f"https://localhost:{self.answering.port}/schemas/orders-{answer}"

    def asked(self) -> dict[str, str]:
        """The header fields of the last request that reached the answering service, names in lower case."""
        return {name.lower(): value for name, value in self.answering.seen[-1].headers}


@contextmanager
def running_setting(folder: Path) -> Iterator[Setting]:
    """Everything started, and ended on exit."""
    with Stage(folder, "store", hold_seconds=1) as stage:
        answering = AnsweringService(stage.authority.issue("localhost"), ANSWERS | UNREADABLE)
        second = Http2Service(stage.authority.issue("localhost"))
        credential = folder / "service-credential"
        raw = RawService(stage.authority.issue("localhost"), {name: _sending(data) for name, data in NO_HTTP.items()})
        ports = {"answers": answering.port, "second": second.port, "raw": raw.port}
        services = [Service("orders", stage.service_url, "rest", credential, 1)]
        services += [Service(name, f"https://localhost:{port}", "rest", credential, 1) for name, port in ports.items()]
        stage.gateway.stop()
        write_rules(stage.rules, issuer=stage.provider.issuer, services=services)
        (stage.rules / "masking.yaml").write_text(_MASKING)
        stage.start_gateway()
        yield Setting(stage, answering, second.port, raw.port)
        for service in (answering, second, raw):
            service.stop()


class Ask:
    """curl in one version of HTTP; the pipeline asks, where nobody else is named."""

    def __init__(self, setting: Setting, folder: Path, version: str) -> None:
        self.setting, self.folder, self.version = setting, folder, version

    def __call__(self, answer: str, *options: str, owner: bool = False) -> Got:
        return self.at(self.setting.url(answer), *options, owner=owner)

    def at(self, url: str, *options: str, owner: bool = False) -> Got:
        token = self.setting.owner if owner else self.setting.pipeline
        got = curl(self.setting.stage, self.folder, url, self.version, *options, token=token)
        assert got.version == {"--http1.1": "HTTP/1.1", "--http2": "HTTP/2"}[self.version]
        return got


def _sending(data: bytes) -> Callable[[], list[bytes]]:
    return lambda: [data]


def no_secret_in(got: Got) -> bool:
    return not any(secret in repr(got) for secret in (IBAN, PIN, "0b5d8e0c"))
