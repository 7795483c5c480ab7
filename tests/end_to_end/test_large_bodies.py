"""Large bodies at a real gateway: masked beside it, by a process that it never leaves behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.story.stage import Stage, files_below
from tests.end_to_end.wire import Wire, bearer

PATIENCE_SECONDS = 20
SECRET = "a secret that no name tells 7Qx4Zk"
MARKED = {"type": "object", "properties": {"colour": {"type": "string", "x-sensitive": True}, "pad": {}}}
DATA = json.dumps({"colour": SECRET, "pad": ["to be kept"] * 20_000}).encode()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Before a schema service whose schema marks a field."""
    with Stage(tmp_path_factory.mktemp("large"), "store", hold_seconds=1) as stage:
        stage.ask_service("PUT", "/schemas/orders-a", json.dumps(MARKED).encode())
        yield stage


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(place.name))
    return found


def only_child(stage: Stage) -> int:
    """The masking process of the gateway, once it runs."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if pids := children(stage.gateway.pid):
            (pid,) = pids
            return pid
        time.sleep(0.05)
    raise AssertionError("the gateway has no child")


def wait_until_gone(pid: int) -> None:
    """Within PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)


def send(stage: Stage) -> None:
    """The same data once more, in a tunnel of its own."""
    host = f"localhost:{stage.service.port}"
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        sent = wire.send("POST", "/data/orders-a", [("Host", host), ("Content-Type", "application/json")], DATA)
        assert sent.status == 200


def test_large_data_is_kept_without_what_its_schema_marks(stage: Stage) -> None:
    """The rest of it is kept, and the service gets all of it; once the child was killed the next one does the same."""
    for _ in range(2):
        send(stage)
        pid = only_child(stage)
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
    send(stage)  # meets a dead child: kept as nothing readable
    send(stage)
    assert [seen.body for seen in stage.service.seen if seen.target == "/data/orders-a"] == [DATA] * 4
    written = [stage.directory / "gateway.log", *files_below(stage.state)]
    assert [file.name for file in written if SECRET.encode() in file.read_bytes()] == []
    assert any(b"to be kept" in file.read_bytes() for file in written)


def test_a_large_schema_is_shown_without_what_it_marks(stage: Stage) -> None:
    """It waits for its approver, who sees the rest of it."""
    pad = {f"p{number}": {"type": "string", "description": "pads the schema " * 90} for number in range(1500)}
    marked = {"type": "string", "x-sensitive": True, "default": SECRET}
    schema = {"type": "object", "properties": {"colour": marked, **pad}}
    host = f"localhost:{stage.service.port}"
    with Wire(stage.port) as wire:
        wire.be_patient_for(PATIENCE_SECONDS)
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        headers = [("Host", host), ("Content-Type", "application/json")]
        answer = wire.send("PUT", "/schemas/orders-a", headers, json.dumps(schema).encode())
    assert (answer.status, answer.problem["type"]) == (503, "urn:countersign:problem:approval-pending")
    written = [stage.directory / "gateway.log", *files_below(stage.state)]
    assert [file.name for file in written if SECRET.encode() in file.read_bytes()] == []
    assert any(b"pads the schema" in file.read_bytes() for file in written)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left_behind(stage: Stage, number: signal.Signals) -> None:
    """However the gateway ends; and it starts again."""
    send(stage)
    pid = only_child(stage)
    os.kill(stage.gateway.pid, number)
    wait_until_gone(pid)
    stage.gateway.stop()
    stage.start_gateway()
