"""Real gateways and real witnesses: a roll-back, a copy, a witness that is out of reach."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.places import cosigned_name
from scripts.story.process import Child, ChildFailed, free_port
from scripts.story.stage import Stage
from tests.end_to_end.watcher import Watcher, anchor
from tests.end_to_end.wire import PATIENCE_SECONDS, Reply, Wire, bearer

TARGET = "/schemas/orders-safe"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "stage", "store") as made:
        made.ask_service("PUT", TARGET, b'{"type": "object"}')
        yield made


def send(stage: Stage, method: str, *, title: str = "", port: int | None = None) -> Reply:
    """A read, or a change that needs no approval, by the pipeline."""
    host = f"localhost:{stage.service.port}"
    body = json.dumps({"type": "object", "title": title}).encode() if method == "PUT" else b""
    with Wire(port or stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send(method, TARGET, [("Host", host), ("Content-Type", "application/json")], body)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.1)


def cosigned(stage: Stage, watcher: Watcher) -> int:
    """How many checkpoints of the stage's log are kept with the witness's cosignature."""
    verifier = CosignatureVerifier.parse(watcher.vkey)
    notes = list(read_notes(stage.state / "evidence" / cosigned_name(verifier.key_id)))
    assert all(verifier.verify(note) for note in notes)
    return len(notes)


def test_two_gateways_witness_each_other(tmp_path: Path) -> None:
    """A gateway whose whole evidence was put back to an older state does not start, because the other one's witness
    knows better; on its evidence as it was left it does."""
    with (
        Stage(tmp_path / "a", "store") as a,
        Stage(tmp_path / "b", "store") as b,
        Watcher(tmp_path / "at-a", "at-a") as at_a,
        Watcher(tmp_path / "at-b", "at-b") as at_b,
    ):
        at_a.start(b)
        at_b.start(a)
        anchor(a, at_b)
        anchor(b, at_a)
        a.gateway.stop()
        shutil.copytree(a.state / "evidence", tmp_path / "older")
        a.start_gateway()
        assert send(a, "GET").status == 404
        a.gateway.stop()
        b.gateway.stop()
        assert cosigned(a, at_b) >= 2
        assert cosigned(b, at_a) >= 2
        a.start_gateway()
        a.gateway.stop()

        shutil.rmtree(a.state / "evidence")
        shutil.copytree(tmp_path / "older", a.state / "evidence")
        with pytest.raises(ChildFailed):
            a.start_gateway()
        assert "the log was rolled back, or is a copy" in a.gateway.output
        assert "at-b.invalid/1" in a.gateway.output


def test_a_copied_gateway(stage: Stage, tmp_path: Path) -> None:
    """Of a gateway and its copy, both running, the first that reaches the witness goes on; the other one stops for good,
    and nothing passes it any more."""
    with Watcher(tmp_path / "witness", "witness") as watcher:
        anchor(stage, watcher)
        stage.gateway.stop()
        shutil.copytree(stage.state, tmp_path / "copy")
        stage.start_gateway()
        port = free_port()
        replaced = {
            str(stage.port): str(port),
            f"countersign_state={stage.state}": f"countersign_state={tmp_path / 'copy'}",
        }
        command = [replaced.get(part, part) for part in stage.gateway_command()]
        with Child(command, log=tmp_path / "copy.log", directory=tmp_path) as copy:
            copy.wait_for_line(r"approvers log in at (\S+)")
            assert send(stage, "PUT", title="one").status == send(stage, "PUT", title="two", port=port).status == 200
            watcher.start(stage)
            gateways = {stage.port: stage.gateway, port: copy}

            def stopped() -> list[int]:
                return [at for at, one in gateways.items() if "a witness knows another log than this one" in one.output]

            until(lambda: bool(stopped()))
            (dead,) = stopped()
            (alive,) = gateways.keys() - {dead}
            refused = send(stage, "GET", port=dead)
            assert (refused.status, refused.problem["type"]) == (503, "urn:countersign:problem:evidence-unavailable")
            assert send(stage, "PUT", title="three", port=alive).status == 200


def test_a_witness_out_of_reach(stage: Stage, tmp_path: Path) -> None:
    """Changes are refused once the evidence was not anchored for too long, reads are not; when the witness is back they
    pass again, without anybody doing anything to the gateway."""
    with Watcher(tmp_path / "witness", "witness") as watcher:
        watcher.start(stage)
        anchor(stage, watcher, "refuse_after_seconds: 2")
        until(lambda: send(stage, "PUT", title="anchored").status == 200)
        watcher.stop()
        until(lambda: send(stage, "PUT", title="out of reach").status == 503)
        refused = send(stage, "PUT", title="out of reach")
        assert refused.problem["type"] == "urn:countersign:problem:evidence-not-anchored"
        assert "no change passes; reads do" in refused.problem["detail"]
        assert int(refused.headers["Retry-After"]) > 0
        assert send(stage, "GET").status == 200
        stage.gateway.wait_for_line(
            "not been anchored for .* seconds, changes are refused until it is: witness.invalid/1"
        )
        watcher.start(stage)
        until(lambda: send(stage, "PUT", title="back").status == 200)
        assert json.loads(stage.ask_service("GET", TARGET))["title"] == "back"
        stage.gateway.wait_for_line("the evidence is anchored again")
