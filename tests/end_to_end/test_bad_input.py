"""Requests that cannot be read: each is answered in words, recorded, and goes nowhere; a good twin of each passes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from scripts.story.stage import Stage
from tests.end_to_end import http2
from tests.end_to_end.memory import MAX_GROWTH_KILOBYTES, resident_kilobytes
from tests.end_to_end.records import listed, wait_for
from tests.end_to_end.wire import Reply, Wire, bearer

TARGET = "/schemas/orders-input"
WORDS = b'{"type": "object", "description": "What a customer ordered."}'
HUGE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Case:
    """A request that must be refused with `status`, and the one difference that lets it pass."""

    name: str
    status: int
    twin: dict[str, Any]
    body: bytes = WORDS
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    says: str = ""

    def __str__(self) -> str:
        return self.name


def json_with(*headers: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", "application/json"), *headers)


PLAIN = {"headers": json_with()}
CASES = [
    Case("not JSON", 400, {"body": WORDS}, body=WORDS[:-1]),
    Case("a member twice", 400, {"body": WORDS}, body=b'{"type": "object", "type": "object"}', says="twice"),
    Case("10,000 levels", 413, {"body": WORDS}, body=b'{"items": ' * 10_000 + b"{}" + b"}" * 10_000, says="deep"),
    Case("not a schema", 400, {"body": WORDS}, body=b'{"type": 7}'),
    Case("no schema but a list", 400, {"body": WORDS}, body=b"[]"),
    Case("invalid UTF-8", 400, {"body": WORDS}, body=b'{"description": "\xff\xfe"}', says="UTF-8"),
    Case("half a surrogate pair", 400, {"body": WORDS}, body=b'{"description": "\\ud800"}', says="surrogate"),
    Case("no body", 400, {"body": WORDS}, body=b""),
    Case(
        "says gzip, is not",
        400,
        {"body": gzip.compress(WORDS)},
        headers=json_with(("Content-Encoding", "gzip")),
    ),
    Case("a gzip bomb", 413, {"body": gzip.compress(WORDS)}, body=gzip.compress(b" " * HUGE_BYTES), headers=json_with(("Content-Encoding", "gzip"))),
    Case("an unknown encoding", 415, PLAIN, headers=json_with(("Content-Encoding", "rot13"))),
    Case("another media type", 415, PLAIN, headers=(("Content-Type", "application/xml"),)),
    Case("another charset", 415, PLAIN, headers=(("Content-Type", "application/json; charset=utf-16"),)),
    Case("two media types", 400, PLAIN, headers=(*json_with(), ("Content-Type", "text/json"))),
    Case("another method in a header", 400, PLAIN, headers=json_with(("X-HTTP-Method-Override", "DELETE")), says="method"),
    Case("an upgrade", 400, PLAIN, headers=json_with(("Connection", "Upgrade"), ("Upgrade", "websocket")), says="upgrade"),
]  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What became of one case and of its twin."""

    reply: Reply
    twin: Reply
    reached: tuple[str, ...]  #: markers of what reached the service
    records: tuple[dict[str, Any], ...]  #: the evidence of the refused one


def send(stage: Stage, case: Case, marker: str) -> Reply:
    """Put the case's body as the schema of `orders-input`, marked."""
    host = f"localhost:{stage.service.port}"
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send("PUT", TARGET, [("Host", host), ("X-Marker", marker), *case.headers], case.body)


@pytest.fixture(scope="module")
def told(store: Stage) -> dict[str, Told]:
    """Every case and its twin, sent; the evidence read once."""
    store.ask_service("PUT", TARGET, b'{"type": "object"}')
    replies = {}
    for number, case in enumerate(CASES):
        refused = send(store, case, f"bad-{number}")
        replies[case.name] = refused, send(store, replace(case, **case.twin), f"good-{number}")
    records = listed(store)
    found = {}
    for number, case in enumerate(CASES):
        reply, twin = replies[case.name]
        exchange = json.loads(reply.body).get("exchange")
        reached = [seen.header("X-Marker") for seen in store.service.seen]
        mine = tuple(marker for marker in reached if marker in (f"bad-{number}", f"good-{number}"))
        about = tuple(record for record in records if record["exchange"] == exchange)
        found[case.name] = Told(reply, twin, tuple(marker.partition("-")[0] for marker in mine if marker), about)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_cannot_be_read_is_refused_in_words(told: dict[str, Told], case: Case) -> None:
    """A problem document says what is wrong, nothing reaches the service, the evidence has it; the twin passes."""
    outcome = told[case.name]
    problem = outcome.reply.problem
    assert outcome.reply.status == case.status, problem
    assert {"type", "title", "status", "detail", "exchange"} <= problem.keys()
    assert problem["status"] == case.status
    assert case.says in problem["detail"]
    assert outcome.twin.headers.get_content_type() != "application/problem+json", outcome.twin.body
    assert outcome.reached == ("good",)
    assert [record["type"] for record in outcome.records if record["type"] in ("refusal", "outcome")] != []
    assert not any(record["fields"].get("forwarded") for record in outcome.records)


def huge(chunked: bool) -> Iterator[bytes]:
    """The head and the body of a request of 50 MB, in pieces."""
    piece = b"x" * 65_536
    yield b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % HUGE_BYTES
    for _ in range(HUGE_BYTES // len(piece)):
        yield b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
    yield b"0\r\n\r\n" if chunked else b""


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_a_huge_body_is_refused_and_not_held_in_memory(store: Stage, chunked: bool) -> None:
    """50 MB are answered 413 with the gateway's memory bounded, and recorded; a body below the limit passes."""
    host, marker = f"localhost:{store.service.port}", f"huge-{chunked}"
    before = resident_kilobytes(store)
    recorded = sum(record["fields"].get("code") == "too-large" for record in listed(store))
    with Wire(store.port) as wire:
        assert wire.connect(host, bearer(store.pipeline_token())).status == 200
        wire.start_tls(store.gateway_ca)
        wire.write(f"POST /data/orders-input HTTP/1.1\r\nHost: {host}\r\nX-Marker: {marker}\r\n".encode())
        try:
            for piece in huge(chunked):
                wire.write(piece)
        except OSError:
            pass  # the gateway answered and hung up: that is what is asked of it
        reply = wire.read_reply("POST")
    assert reply.status == 413
    grown = resident_kilobytes(store) - before
    assert grown < MAX_GROWTH_KILOBYTES, f"{grown} kB more than before"
    assert len(wait_for(store, "refusal", recorded + 1, code="too-large", status=413)) == recorded + 1
    reply = send_large(store, f"twin-{marker}", b'{"note": "%s"}' % (b"x" * 4_000_000), chunked)
    assert reply.status == 200
    reached = [seen.header("X-Marker") for seen in store.service.seen]
    assert marker not in reached
    assert f"twin-{marker}" in reached


def send_large(stage: Stage, marker: str, body: bytes, chunked: bool) -> Reply:
    """Send data, with its length before it or in chunks."""
    host = f"localhost:{stage.service.port}"
    headers = [("Host", host), ("X-Marker", marker)]
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send("POST", "/data/orders-input", headers, body)


def test_trailers_are_not_read(store: Stage) -> None:
    """What comes after the body would be seen by nobody: 400 and recorded; the same request without them passes."""
    store.ask_service("PUT", TARGET, b'{"type": "object"}')
    before, credential = len(store.service.seen), bearer(store.pipeline_token())
    refused = http2.send(store, credential, "PUT", TARGET, json_with(), WORDS, [("x-late", "more")])
    assert refused.status == 400
    assert "trailers" in refused.problem["detail"]
    assert len(store.service.seen) == before
    (record,) = [record for record in listed(store) if record["exchange"] == refused.problem["exchange"]]
    assert record["type"] == "refusal"
    assert http2.send(store, credential, "PUT", TARGET, json_with(), WORDS, []).status == 200
    assert store.service.seen[-1].body == WORDS


def test_a_body_over_http_2_arrives_as_a_body(store: Stage) -> None:
    """HTTP/2 need not say how long a body is; before an HTTP/1 service it must not become the next request."""
    smuggled = b"GET /schemas/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    credential, before = bearer(store.pipeline_token()), len(store.service.seen)
    for headers in ([], [("content-length", str(len(smuggled)))]):
        reply = http2.send(store, credential, "POST", "/data/orders-input", headers, smuggled, [])
        assert (reply.status, reply.body) == (400, b'{"error": "the body is not JSON"}')  # the service's own words
    assert [(seen.target, seen.body) for seen in store.service.seen[before:]] == [("/data/orders-input", smuggled)] * 2
