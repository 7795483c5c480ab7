"""Blind tunnels: what passes is on record while it passes, and no tunnel outlives its caller's token or its limits."""

from __future__ import annotations

import itertools
import signal
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from countersign.evidence import Record
from scripts.story.stage import Stage
from tests.end_to_end.hurried import hurried_script
from tests.end_to_end.memory import MAX_GROWTH_KILOBYTES, resident_kilobytes
from tests.end_to_end.records import read, wait_for
from tests.end_to_end.wire import Wire, bearer

MEGABYTE = 1024 * 1024
PATIENCE_SECONDS = 15
LOST = "the gateway ended; how much passed is not known"


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            while data := self.request.recv(65_536):
                self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    server = EchoServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


@contextmanager
def staged(folder: Path, echo: int, **limits: float) -> Iterator[Stage]:
    """A stage with the echo server as a listed tunnel, with other limits, on which a token ends when it says."""
    script = hurried_script(folder / "script", LOOK_SECONDS=0.2, **limits)
    with Stage(folder, "store", script=script, tunnels=(("127.0.0.1", echo),), leeway_seconds=0) as stage:
        yield stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, echo: int) -> Iterator[Stage]:
    """A megabyte passes between two records; a tunnel is idle for four seconds, and open for eight, at most."""
    limits = {"TUNNEL_RECORD_BYTES": MEGABYTE, "TUNNEL_IDLE_SECONDS": 4.0, "MAX_TUNNEL_SECONDS": 8.0}
    with staged(tmp_path_factory.mktemp("tunnels"), echo, **limits) as made:
        yield made


@contextmanager
def tunnel(stage: Stage, echo: int, token: str | None = None) -> Iterator[Wire]:
    with Wire(stage.port) as wire:
        wire.be_patient_for(PATIENCE_SECONDS)
        assert wire.connect(f"127.0.0.1:{echo}", bearer(token or stage.pipeline_token())).status == 200
        assert echoes(wire)
        yield wire


def echoes(wire: Wire, data: bytes = b"hello") -> bool:
    """Whether `data` comes back; False: the tunnel ended."""
    back = b""
    try:
        wire.write(data)
        while len(back) < len(data) and (piece := wire.read(65_536)):
            back += piece
    except ConnectionError:
        return False
    return back == data


def steps(stage: Stage, before: int = 0) -> list[Record]:
    """The records of tunnels, in order, without the first `before` ones."""
    return [record for record in read(stage) if record.type == "tunnel"][before:]


def end(stage: Stage, before: int) -> Record:
    """The record of the first end of a tunnel after so many records."""
    opened = steps(stage, before)[0]
    wait_for(stage, "tunnel", 1, step="closed", port=opened.fields["port"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if closed := [record for record in steps(stage, before) if record.fields["step"] == "closed"]:
            return closed[0]
        threading.Event().wait(0.02)
    raise AssertionError("no end of a tunnel in time")


def test_what_passes_is_on_record_while_it_passes(stage: Stage, echo: int) -> None:
    """With a megabyte allowed between two records, twenty make many; the last one has every byte, and nothing is kept."""
    memory, before = resident_kilobytes(stage), len(steps(stage))
    with tunnel(stage, echo) as wire:
        for _ in range(20):
            assert echoes(wire, b"x" * (MEGABYTE // 2))
            assert echoes(wire, b"x" * (MEGABYTE // 2))
    closed = end(stage, before)
    opened, *passing, last = steps(stage, before)
    assert (opened.fields["step"], last) == ("opened", closed)
    assert {record.fields["step"] for record in passing} == {"passing"}
    assert {record.exchange for record in (*passing, last)} == {opened.exchange}
    assert (closed.fields["sent"], closed.fields["received"]) == (20 * MEGABYTE + 5, 20 * MEGABYTE + 5)
    assert closed.fields["reason"] == "one side closed it"
    known = [0, *(_passed(record) for record in passing), 40 * MEGABYTE + 10]
    assert all(0 <= now - then <= 3 * MEGABYTE for then, now in itertools.pairwise(known))
    assert resident_kilobytes(stage) - memory < MAX_GROWTH_KILOBYTES


def _passed(record: Record) -> int:
    sent, received = record.fields["sent"], record.fields["received"]
    assert isinstance(sent, int)
    assert isinstance(received, int)
    return sent + received


def test_a_tunnel_ends_with_the_token_it_was_opened_with(stage: Stage, echo: int) -> None:
    """Both ways closed at the token's end, on record; a tunnel with a longer token goes on."""
    before = len(steps(stage))
    with tunnel(stage, echo, stage.provider.short_token_for_client("orders-ci", seconds=2)) as wire:
        with tunnel(stage, echo) as lasting:
            assert wire.is_ended()
            assert echoes(lasting)
    closed = end(stage, before)
    assert closed.exchange == steps(stage, before)[0].exchange
    assert closed.fields["reason"] == "the caller's token has expired"
    assert (closed.fields["sent"], closed.fields["received"]) == (5, 5)


def test_an_idle_tunnel_ends_and_a_busy_one_ends_later(stage: Stage, echo: int) -> None:
    """Nothing for four seconds, or eight seconds in all: closed, with the reason on record; the busy one got past four."""
    before = len(steps(stage))
    with tunnel(stage, echo) as busy:
        began = time.monotonic()
        with tunnel(stage, echo) as idle, ThreadPoolExecutor(1) as others:
            ended = others.submit(idle.is_ended)
            while echoes(busy) and time.monotonic() < began + PATIENCE_SECONDS:
                threading.Event().wait(0.1)
            lasted = time.monotonic() - began
            assert ended.result(PATIENCE_SECONDS)
    assert 7 < lasted < PATIENCE_SECONDS
    assert end(stage, before).fields["reason"] == "nothing passed for 4 seconds"
    wait_for(stage, "tunnel", 1, step="closed", reason="it was open for 8 seconds")


def test_tunnels_end_with_the_gateway_and_with_the_keys(tmp_path: Path, echo: int) -> None:
    """kill -9 with a tunnel open: the next start records its end, once. A provider that is gone for longer than its keys
    may be trusted ends tunnels, as it ends requests; until then they go on."""
    keys = {"KEYS_FRESH_SECONDS": 2, "KEYS_STALE_SECONDS": 3, "KEYS_ASK_AGAIN_SECONDS": 1}
    with staged(tmp_path, echo, TUNNEL_RECORD_SECONDS=0.5, **keys) as stage:
        with tunnel(stage, echo):
            pass
        end(stage, 0)
        with tunnel(stage, echo):
            stage.gateway.send_signal(signal.SIGKILL)
            stage.gateway.wait()
        lost = steps(stage)[-1]
        assert lost.fields["step"] == "opened"
        for _ in range(2):
            stage.start_gateway()
            wait_for(stage, "tunnel", 1, step="closed", reason=LOST)
            stage.gateway.stop()
        assert [record.exchange for record in steps(stage) if record.fields.get("reason") == LOST] == [lost.exchange]
        stage.start_gateway()
        before = len(steps(stage))
        with tunnel(stage, echo) as wire:
            checked = time.monotonic() + 2
            while time.monotonic() < checked:
                assert echoes(wire)
            stage.provider.stop()
            ends = time.monotonic() + PATIENCE_SECONDS
            while echoes(wire) and time.monotonic() < ends:
                threading.Event().wait(0.1)
            assert time.monotonic() < ends
        reason = str(end(stage, before).fields["reason"])
        assert reason.startswith(f"the keys of {stage.provider.issuer} cannot be had")
