"""Answers that do not end, or are not what they seem: refused in bounded time and memory, recorded; good twins pass."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from countersign import limits
from scripts.story.certificates import ServerCertificate
from scripts.story.stage import Stage
from tests.end_to_end import http2
from tests.end_to_end.http2_service import Http2Service
from tests.end_to_end.memory import MAX_GROWTH_KILOBYTES, resident_kilobytes
from tests.end_to_end.raw_service import OK, PIECE, Answer, RawService, dripping, forever, get, inside, stage_before
from tests.end_to_end.records import wait_for
from tests.end_to_end.wire2 import Wire2

ANSWER_SECONDS = 2.0
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
LARGE = 60 * len(PIECE)  # below the limit
SLOW = "the service's answer did not come whole in time"


def whole(body: bytes = b"{}") -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@dataclass(frozen=True)
class Case:
    """An answer that must not pass, why, and the answer with one difference that does."""

    answer: Answer
    twin: Answer
    reason: str
    twin_bytes: int = 2

    @property
    def is_endless(self) -> bool:
        return "body_size_limit" in self.reason or "does not end" in self.reason


CASES = {
    "length": Case(
        lambda: forever(OK + b"Content-Length: 500000000\r\n\r\n", PIECE),
        lambda: [whole(PIECE * 60)],
        "Response body exceeds mitmproxy's body_size_limit.",
        LARGE,
    ),
    "chunked": Case(
        lambda: forever(CHUNKED, CHUNK),
        lambda: [CHUNKED, CHUNK * 60, b"0\r\n\r\n"],
        "Response body exceeds mitmproxy's body_size_limit.",
        LARGE,
    ),
    "head": Case(
        lambda: forever(OK + b"X-Long: ", PIECE),
        lambda: [OK + b"X-Long: " + PIECE[:20_000] + b"\r\nContent-Length: 2\r\n\r\n{}"],
        "the head of the service's answer, or the line before a chunk of it, does not end",
    ),
    "chunk-head": Case(
        lambda: forever(CHUNKED + b"2;", PIECE),
        lambda: [CHUNKED + b"2;" + PIECE[:20_000] + b"\r\n{}\r\n0\r\n\r\n"],
        "the head of the service's answer, or the line before a chunk of it, does not end",
    ),
    "events": Case(
        lambda: dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b"data: x\n\n"),
        lambda: [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: x\n\n"],
        SLOW,
        9,
    ),
    "drip": Case(
        lambda: dripping(OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
        lambda: dripping(OK + b"Content-Length: 5\r\n\r\n", b"x", times=5),
        SLOW,
        5,
    ),
    "drip-head": Case(
        lambda: dripping(OK, b"X-More: x\r\n"),
        lambda: [*dripping(OK, b"X-More: x\r\n", times=5), b"Content-Length: 2\r\n\r\n{}"],
        SLOW,
    ),
    "silence": Case(lambda: dripping(b"", b"", times=60), lambda: [*dripping(b"", b"", times=5), whole()], SLOW),
    "trailers": Case(
        lambda: [CHUNKED + b"2\r\n{}\r\n0\r\nX-Late: more\r\n\r\n"],
        lambda: [CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"],
        "the service's answer has trailers, which HTTP/1.1 does not pass on here",
    ),
    **{
        f"status-{status}": Case(
            lambda head=b"HTTP/1.1 %d -\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" % status: [head, whole(b'"late"')],  # type: ignore[misc]
            lambda: [whole()],
            "the service sent an interim answer, or asked for another protocol; neither passes, and it may have acted",
        )
        for status in (100, 101, 103)
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, RawService | Http2Service]]:
    """Filled by the stage, which has the certificates."""
    running: dict[str, RawService | Http2Service] = {}
    yield running
    for service in running.values():
        service.stop()


@pytest.fixture(scope="module")
def mute() -> Iterator[socket.socket]:
    """Somebody who takes connections and says nothing at all, not even TLS."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, services: dict[str, RawService | Http2Service], mute: socket.socket
) -> Iterator[Stage]:
    """A gateway that waits two seconds for an answer."""
    answers = {name: case.answer for name, case in CASES.items()}
    answers |= {f"{name}-twin": case.twin for name, case in CASES.items()}
    answers["close"] = lambda: forever(OK + b"\r\n", PIECE)

    def raw(certificate: ServerCertificate) -> int:
        services["raw"] = service = RawService(certificate, answers)
        return service.port

    def http2_service(certificate: ServerCertificate) -> int:
        services["http2"] = service = Http2Service(certificate)
        return service.port

    def silent(certificate: ServerCertificate) -> int:
        return int(mute.getsockname()[1])

    folder = tmp_path_factory.mktemp("answers")
    with stage_before(folder, raw, http2_service, silent, ANSWER_SECONDS=ANSWER_SECONDS, LOOK_SECONDS=0.2) as made:
        yield made


@pytest.fixture(scope="module")
def raw(stage: Stage, services: dict[str, RawService | Http2Service]) -> RawService:
    service = services["raw"]
    assert isinstance(service, RawService)
    return service


@pytest.fixture(scope="module")
def modern(stage: Stage, services: dict[str, RawService | Http2Service]) -> Http2Service:
    service = services["http2"]
    assert isinstance(service, Http2Service)
    return service


@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_cannot_pass_is_refused(stage: Stage, raw: RawService, name: str) -> None:
    """502 in bounded time and memory, on record as an unknown outcome, the service is let go; its twin passes whole."""
    case = CASES[name]
    before = resident_kilobytes(stage)
    unknown = len(wait_for(stage, "outcome_unknown", 0, reason=case.reason))
    outcomes = len(wait_for(stage, "outcome", 0, status=200, forwarded=True))
    with inside(stage, raw.port) as wire:
        wire.be_patient_for(ANSWER_SECONDS + 8)
        refused = get(wire, raw.port, name)
        assert wire.is_ended()  # so that what comes late is no other request's answer
    assert refused.status == 502
    assert b"late" not in refused.body
    raw.wait_until_over(name)
    records = wait_for(stage, "outcome_unknown", unknown + 1, reason=case.reason)
    assert len(records) == unknown + 1
    assert records[-1].fields["forwarded"] is True
    grown = resident_kilobytes(stage) - before
    assert grown < MAX_GROWTH_KILOBYTES, f"{grown} kB more than before"
    with inside(stage, raw.port) as wire:
        passed = get(wire, raw.port, f"{name}-twin")
    assert (passed.status, len(passed.body)) == (200, case.twin_bytes)
    record = wait_for(stage, "outcome", outcomes + 1, status=200, forwarded=True)[-1]
    body = record.fields["body"]
    assert isinstance(body, dict)
    assert body["length"] == case.twin_bytes


def test_an_answer_that_ends_with_its_connection_is_bounded_too(stage: Stage, raw: RawService) -> None:
    """Without a length and without chunks: read up to the limit, then 502, and the rest is not taken."""
    before = resident_kilobytes(stage)
    with inside(stage, raw.port) as wire:
        assert get(wire, raw.port, "close").status == 502
    raw.wait_until_over("close")
    assert raw.sent["close"] < limits.MAX_BODY_BYTES + 32 * 1024 * 1024  # what the sockets between hold
    assert resident_kilobytes(stage) - before < MAX_GROWTH_KILOBYTES


def test_a_service_that_says_nothing_is_given_up(stage: Stage, raw: RawService, mute: socket.socket) -> None:
    """A connection that is taken and then silent, before TLS: 502 in bounded time; a service that speaks answers."""
    port = int(mute.getsockname()[1])
    with inside(stage, port) as wire:
        wire.be_patient_for(ANSWER_SECONDS + 8)
        assert get(wire, port, "x").status == 502
    assert wait_for(stage, "outcome_unknown", 1, connection="service-3")
    with inside(stage, raw.port) as wire:
        assert get(wire, raw.port, "silence-twin").status == 200


@pytest.mark.parametrize(("case", "reason"), [("endless", CASES["length"].reason), ("drip", SLOW)])
def test_an_answer_over_http_2_ends_too(stage: Stage, modern: Http2Service, case: str, reason: str) -> None:
    """502, on record, and the service is told while the client stays; the next stream of its connection is answered."""
    before, unknown = resident_kilobytes(stage), len(wait_for(stage, "outcome_unknown", 0, reason=reason))
    wire = Wire2(stage, f"/data/orders-{case}", modern.port)
    for target, status in ((f"/data/orders-{case}", 502), ("/data/orders-ok", 200)):
        number = wire.begin(target=target)
        wire.send(number, b"{}", ends=True)
        assert wire.read_status(number) == status
        assert modern.wait_for_reset(case)
        assert not wire.is_closed
    wire.close()
    assert len(wait_for(stage, "outcome_unknown", unknown + 1, reason=reason)) == unknown + 1
    assert resident_kilobytes(stage) - before < MAX_GROWTH_KILOBYTES


def test_trailers_of_an_answer_do_not_reach_the_client(stage: Stage, modern: Http2Service) -> None:
    """They come after what is recorded, so they are left out; the answer itself passes as it does without them."""
    for case in ("trailers", "ok"):
        reply = http2.get(stage, modern.port, f"/schemas/orders-{case}")
        assert (reply.status, reply.body) == (200, b"{}")
        assert reply.headers["x-late"] is None
    assert {"trailers", "ok"} <= {*modern.cases}


def test_an_interim_answer_over_http_2_is_no_answer(stage: Stage, modern: Http2Service) -> None:
    """There mitmproxy passes over it: the client gets the answer that follows, as with none before it."""
    assert http2.get(stage, modern.port, "/schemas/orders-interim").body == b"{}"
    assert http2.get(stage, modern.port, "/schemas/orders-ok").body == b"{}"
