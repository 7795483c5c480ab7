"""HTTP/2 requests that do not end or lie about their length: ended on their own stream, nothing sent on; twins pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.story.stage import Stage
from tests.end_to_end.hurried import hurried_script
from tests.end_to_end.memory import MAX_GROWTH_KILOBYTES, resident_kilobytes
from tests.end_to_end.records import read, wait_for
from tests.end_to_end.wire2 import Wire2

TARGET = "/data/orders-input"
ECHO = b'{"note": "x"}'
PIECE = b"x" * 65_536
HUGE_BYTES = 500 * 1024 * 1024


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway that waits two seconds for a request."""
    folder = tmp_path_factory.mktemp("http2")
    script = hurried_script(folder / "script", REQUEST_SECONDS=2.0, LOOK_SECONDS=0.2)
    with Stage(folder, "store", script=script) as made:
        made.ask_service("PUT", "/schemas/orders-input", b'{"type": "object"}')
        yield made


def reached(stage: Stage, marker: str) -> int:
    return sum(seen.header("X-Marker") == marker for seen in stage.service.seen)


def refusals(stage: Stage) -> int:
    return sum(record.type == "refusal" for record in read(stage))


@pytest.fixture
def wire2(stage: Stage) -> Iterator[Wire2]:
    wire = Wire2(stage, TARGET)
    yield wire
    wire.close()


def test_a_body_over_http_2_needs_no_length_to_be_too_large(stage: Stage, wire2: Wire2) -> None:
    """413 once it is past the limit, or at once where it says so; recorded; a large one below the limit passes."""
    before, recorded = resident_kilobytes(stage), refusals(stage)
    for length in ((), (("content-length", str(HUGE_BYTES)),)):
        number = wire2.begin(("x-marker", "large-2"), *length)
        wire2.send(number, PIECE * 200)
        assert wire2.read_status(number) == 413
    assert refusals(stage) == recorded + 2
    assert resident_kilobytes(stage) - before < MAX_GROWTH_KILOBYTES
    assert reached(stage, "large-2") == 0
    number = wire2.begin(("x-marker", "large-2-twin"))
    wire2.send(number, b'"%s"' % (PIECE * 60), ends=True)
    assert wire2.read_status(number) == 200
    assert reached(stage, "large-2-twin") == 1


@pytest.mark.parametrize("length", [5, 500], ids=["less than it is", "more than it is"])
def test_a_false_length_over_http_2_goes_nowhere(stage: Stage, length: int) -> None:
    """The connection is closed and the service sees nothing; with the true length the same request passes."""
    for said, marker in ((length, f"false-{length}"), (len(ECHO), f"true-{length}")):
        wire = Wire2(stage, TARGET)
        try:
            number = wire.begin(("x-marker", marker), ("content-length", str(said)))
            wire.send(number, ECHO, ends=True)
            status = wire.read_status(number)
        finally:
            wire.close()
        assert status == (200 if said == len(ECHO) else None)
        assert reached(stage, marker) == (said == len(ECHO))


def test_a_stream_that_drips_ends_alone(stage: Stage, wire2: Wire2) -> None:
    """400 and on record, while another stream of the same connection is answered before and after."""
    recorded = len(wait_for(stage, "refusal", 0, code="too-slow"))
    slow = wire2.begin(("x-marker", "slow-2"))
    wire2.send(slow, b" ")
    for marker, ends in (("quick-2", True), ("slow-2", False), ("quick-3", True)):
        number = wire2.begin(("x-marker", marker)) if ends else slow
        wire2.send(number, ECHO if ends else b" ", ends=ends)
        assert wire2.read_status(number) == (200 if ends else 400)
        assert reached(stage, marker) == ends
    assert len(wait_for(stage, "refusal", recorded + 1, code="too-slow")) == recorded + 1
