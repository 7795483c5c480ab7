"""Requests that do not end: answered or cut in bounded time and memory, nothing sent on; good twins pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from scripts.story.stage import Stage
from tests.end_to_end.hurried import hurried_script
from tests.end_to_end.memory import MAX_GROWTH_KILOBYTES, resident_kilobytes
from tests.end_to_end.records import read, wait_for
from tests.end_to_end.wire import Wire, inside

REQUEST_SECONDS = 2.0
PATIENCE_SECONDS = REQUEST_SECONDS + 8
PIECE = b"x" * 65_536
ENOUGH_BYTES = 500 * 1024 * 1024  # nobody gets rid of so many
TARGET = "/data/orders-input"
ECHO = b'{"note": "x"}'


@dataclass(frozen=True)
class Case:
    """What is sent after the request line and Host, and goes on for ever; its twin ends."""

    start: bytes
    piece: bytes
    twin: bytes
    status: int
    code: str | None  #: of the record; None: nobody has seen a request that could be recorded
    with_token: bool = True


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b"Content-Length: %d\r\n\r\n%s" % (len(ECHO), ECHO)
ENDLESS = {
    "head": Case(b"X-Long: ", PIECE, b"X-Long: " + PIECE[:20_000] + b"\r\n" + BODY, 431, None),
    "many-heads": Case(b"", b"X-More: x\r\n" * 5000, b"X-More: x\r\n" * 1000 + BODY, 431, None),
    "chunk-head": Case(
        CHUNKED + b"2;",
        PIECE,
        CHUNKED + b"%x;" % len(ECHO) + PIECE[:20_000] + b"\r\n%s\r\n0\r\n\r\n" % ECHO,
        413,
        "too-large",
    ),
    "trailers": Case(
        CHUNKED + b"2\r\n{}\r\n0\r\nX-Late: ", PIECE, CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(ECHO), ECHO), 413, "too-large"
    ),
    "body": Case(
        CHUNKED,
        b"%x\r\n%s\r\n" % (len(PIECE), PIECE),
        CHUNKED + b'%x\r\n"%s"\r\n0\r\n\r\n' % (2 + len(PIECE), PIECE),
        413,
        "too-large",
    ),
}  # fmt: skip
SLOW = {
    "head": Case(b"X-Drip: ", b"x", b"X-Drip: xxx\r\n" + BODY, 408, None),
    "body": Case(b"Content-Length: 13\r\n\r\n", b" ", BODY, 400, "too-slow"),
    "chunks": Case(CHUNKED, b"1\r\n \r\n", CHUNKED + b"d\r\n%s\r\n0\r\n\r\n" % ECHO, 400, "too-slow"),
}  # fmt: skip


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway that waits two seconds for a request; held changes wait for three."""
    folder = tmp_path_factory.mktemp("requests")
    script = hurried_script(folder / "script", REQUEST_SECONDS=REQUEST_SECONDS, LOOK_SECONDS=0.2)
    with Stage(folder, "store", script=script, hold_seconds=3) as made:
        made.ask_service("PUT", "/schemas/orders-input", b'{"type": "object"}')
        yield made


def begin(stage: Stage, wire: Wire, marker: str, rest: bytes, method: str = "POST") -> None:
    """The head of one request as far as its marker, and the rest as it is."""
    head = f"{method} {TARGET} HTTP/1.1\r\nHost: localhost:{stage.service.port}\r\nX-Marker: {marker}\r\n"
    wire.write(head.encode() + rest)


def pour(wire: Wire, piece: bytes) -> int:
    """Write `piece` until nobody takes it any more; how many bytes went."""
    written = 0
    with suppress(OSError):
        while written < ENOUGH_BYTES:
            wire.write(piece)
            written += len(piece)
    return written


def reached(stage: Stage, marker: str) -> int:
    return sum(seen.header("X-Marker") == marker for seen in stage.service.seen)


def refusals(stage: Stage) -> int:
    return sum(record.type == "refusal" for record in read(stage))


@pytest.mark.parametrize("name", ENDLESS)
def test_a_request_without_end_is_cut(stage: Stage, name: str) -> None:
    """Answered while it still comes, the gateway's memory bounded; recorded where there is a request; its twin passes."""
    case, before, recorded = ENDLESS[name], resident_kilobytes(stage), refusals(stage)
    with inside(stage) as wire:
        begin(stage, wire, f"endless-{name}", case.start)
        assert pour(wire, case.piece) < ENOUGH_BYTES
        assert wire.read_reply("POST").status == case.status
    grown = resident_kilobytes(stage) - before
    assert grown < MAX_GROWTH_KILOBYTES, f"{grown} kB more than before"
    assert reached(stage, f"endless-{name}") == 0
    if case.code is not None:
        assert wait_for(stage, "refusal", 1, code=case.code, status=case.status)
        assert refusals(stage) == recorded + 1
    with inside(stage) as wire:
        begin(stage, wire, f"endless-{name}-twin", case.twin)
        assert wire.read_reply("POST").status == 200
    assert reached(stage, f"endless-{name}-twin") == 1


def test_a_head_without_end_is_cut_before_anybody_said_who_they_are(stage: Stage) -> None:
    """To the proxy itself, with no credential: 431 with the memory bounded; a head that ends is told to log in."""
    before = resident_kilobytes(stage)
    with Wire(stage.port) as wire:
        wire.write(b"CONNECT x:1 HTTP/1.1\r\nX-Long: ")
        assert pour(wire, PIECE) < ENOUGH_BYTES
        assert wire.read_reply().status == 431
    assert resident_kilobytes(stage) - before < MAX_GROWTH_KILOBYTES
    with Wire(stage.port) as wire:
        assert wire.connect(f"localhost:{stage.service.port}", ("X-Long", "x" * 20_000)).status == 407


@pytest.mark.parametrize("name", SLOW)
def test_a_request_that_drips_is_cut(stage: Stage, name: str) -> None:
    """A byte now and then keeps no connection: answered and closed in time, recorded where there is a request."""
    case, recorded = SLOW[name], refusals(stage)
    with inside(stage) as wire:
        wire.be_patient_for(0.3)
        begin(stage, wire, f"slow-{name}", case.start)
        began = time.monotonic()
        answer = b""
        while not answer and time.monotonic() < began + PATIENCE_SECONDS:
            with suppress(OSError):
                wire.write(case.piece)
            with suppress(TimeoutError):  # in the same thread: TLS is not for two at once
                answer = wire.read(65_536)
        assert answer.startswith(b"HTTP/1.1 %d " % case.status)
        assert time.monotonic() - began >= REQUEST_SECONDS - 0.5
    assert reached(stage, f"slow-{name}") == 0
    if case.code is not None:
        assert wait_for(stage, "refusal", 1, code=case.code, status=case.status)
        assert refusals(stage) == recorded + 1
    with inside(stage) as wire:
        begin(stage, wire, f"slow-{name}-twin", case.twin[:-3])
        wire.write(case.twin[-3:])
        assert wire.read_reply("POST").status == 200
    assert reached(stage, f"slow-{name}-twin") == 1


def test_trailers_over_http_1_are_refused(stage: Stage) -> None:
    """What comes after the body is read by nobody: 400 at once, recorded, nothing sent; without them it passes."""
    chunk = b"%x\r\n%s\r\n0\r\n" % (len(ECHO), ECHO)
    recorded = len(wait_for(stage, "refusal", 0, code="trailers"))
    for marker, trailers, status in (("late", b"X-Late: more\r\n", 400), ("late-twin", b"", 200)):
        with inside(stage) as wire:
            begin(stage, wire, marker, CHUNKED + chunk + trailers + b"\r\n")
            assert wire.read_reply("POST").status == status
        assert reached(stage, marker) == (status == 200)
    assert len(wait_for(stage, "refusal", recorded + 1, code="trailers", status=400)) == recorded + 1


def test_what_is_sent_behind_a_held_request_is_not_kept(stage: Stage) -> None:
    """A client that waits for an approval and goes on sending is cut, and its change is not applied; one that only waits
    is told that it waits."""
    body = b'{"type": "object", "required": ["id"]}'
    fields = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    before, changes = resident_kilobytes(stage), len(stage.service.seen)
    head = f"PUT /schemas/orders-input HTTP/1.1\r\nHost: localhost:{stage.service.port}\r\n".encode()
    with inside(stage) as wire:
        wire.write(head + fields)
        held = wait_for(stage, "approval", 1)
        assert pour(wire, PIECE) < ENOUGH_BYTES
    assert resident_kilobytes(stage) - before < MAX_GROWTH_KILOBYTES
    assert wait_for(stage, "outcome", 1, forwarded=False, status=None)[-1].exchange == held[0].exchange
    with inside(stage) as wire:
        wire.be_patient_for(30)
        wire.write(head + fields)
        assert wire.read_reply("PUT").problem["title"] == "Waiting for approval"
    assert all(seen.method == "GET" for seen in stage.service.seen[changes:])
