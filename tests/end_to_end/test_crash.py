"""kill -9 in the middle of the work, again and again on the same state: what the service saw is in the evidence, and
what a client was told too; nothing is lost."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.story.service import Fault
from scripts.story.stage import Stage
from tests.end_to_end.approver import Approver
from tests.end_to_end.records import markers, read, wait_for
from tests.end_to_end.wire import PATIENCE_SECONDS, Reply, Wire, bearer

ROUNDS, MANY_ROUNDS = 5, 20
REQUESTS_EACH_ROUND = 200
HELD_EACH_ROUND = 4
CLIENTS = 8
MEDIA = ("Content-Type", "application/json")
HELD_BODY = b'{"type": "object", "required": ["id"]}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Stage]:
    """Held changes are answered after a second."""
    with Stage(tmp_path, "store", hold_seconds=1) as stage:
        for subject in ("orders-safe", "orders-held", "orders-before", "orders-slow"):
            stage.ask_service("PUT", f"/schemas/{subject}", b'{"type": "object"}')
        yield stage


def send(stage: Stage, token: str, marker: str, method: str, target: str, body: bytes = b"") -> Reply:
    """One request on a connection of its own, marked."""
    host = f"localhost:{stage.service.port}"
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(token)).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send(method, target, [("Host", host), ("X-Marker", marker), MEDIA], body)


@dataclass
class Load:
    """Clients that send until the gateway is gone."""

    stage: Stage
    round: int
    answered: dict[str, int] = field(default_factory=dict)  #: marker -> status of what a client got whole
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.stage.pipeline_token()

    def one(self, number: int) -> None:
        """Reads, data, safe changes and a few held ones, each with a marker that is its alone."""
        marker = f"round-{self.round}-{number}"
        with suppress(OSError, http.client.HTTPException, AssertionError):  # the gateway is killed meanwhile
            if number % (REQUESTS_EACH_ROUND // HELD_EACH_ROUND) == 1:
                reply = send(self.stage, self.token, marker, "PUT", "/schemas/orders-held", HELD_BODY)
            elif number % 3 == 0:
                reply = send(self.stage, self.token, marker, "GET", "/schemas/orders-safe")
            elif number % 3 == 1:
                reply = send(self.stage, self.token, marker, "POST", "/data/orders-safe", b'{"n": %d}' % number)
            else:
                words = json.dumps({"type": "object", "title": marker}).encode()
                reply = send(self.stage, self.token, marker, "PUT", "/schemas/orders-safe", words)
            self.answered[marker] = reply.status

    def slow_change(self) -> None:
        """A change whose answer does not come before the end."""
        words = json.dumps({"type": "object", "title": f"slow {self.round}"}).encode()
        with suppress(OSError, http.client.HTTPException, AssertionError):
            send(self.stage, self.token, f"slow-{self.round}", "PUT", "/schemas/orders-slow", words)


class Sightings:
    """The markers in the service's own record, read on as it grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self.markers: list[str] = []

    def look(self) -> list[str]:
        """Every marker so far."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self.markers += [value for name, value in json.loads(line)["headers"] if name.lower() == "x-marker"]
        return self.markers

    def wait_for(self, count: int, *wanted: str) -> None:
        """Return once `count` marked requests, and those of `wanted`, reached the service."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.look()) < count or not set(wanted) <= set(self.markers):
            assert time.monotonic() < deadline, f"{len(self.markers)} of {count} reached the service"
            threading.Event().wait(0.005)


def kill_under_load(stage: Stage, number: int, sightings: Sightings) -> dict[str, int]:
    """Send 200 requests; once the service saw some of them, one slow change; kill the gateway once it saw that one.

    What the clients got: the status by the marker.
    """
    load, enough = Load(stage, number), len(sightings.look()) + 20 + 15 * (number % ROUNDS)
    with ThreadPoolExecutor(CLIENTS) as pool, ThreadPoolExecutor(1) as another:
        others = [pool.submit(load.one, one) for one in range(REQUESTS_EACH_ROUND)]
        try:
            sightings.wait_for(enough)
            another.submit(load.slow_change)
            sightings.wait_for(enough, f"slow-{number}")
        finally:
            stage.gateway.send_signal(signal.SIGKILL)
            for future in others:
                future.cancel()
    assert stage.gateway.wait() == -signal.SIGKILL
    return load.answered


@pytest.mark.parametrize(
    "rounds", [ROUNDS, pytest.param(MANY_ROUNDS, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_nothing_is_lost_when_the_gateway_is_killed(store: Stage, rounds: int) -> None:
    """After each kill the evidence verifies, has an intent for all that the service saw and an outcome for all that a
    client got; what was open is looked up again; what was pending is pending, can be approved, and passes."""
    bob, sightings = Approver(store, "bob"), Sightings(store.directory / "service" / "seen.jsonl")
    token = store.pipeline_token()
    assert send(store, token, "before", "PUT", "/schemas/orders-before", HELD_BODY).status == 503
    pending = bob.wait_for("orders-before")["id"]
    for number in range(rounds):
        # the service applies the slow change before the gateway is back, or long after all is over
        is_applied = number % 2 == 0
        store.service.fail(Fault(match="PUT /schemas/orders-slow", delay_seconds=1.5 if is_applied else 3600))
        answered = kill_under_load(store, number, sightings)
        seen = set(sightings.look())
        if is_applied:
            wait_until_applied(store, f"slow {number}")
        store.service.fail(Fault())
        store.start_gateway()
        verified = store.countersign("evidence", "verify")
        assert verified.wait() == 0, verified.output
        check_evidence(store, seen, answered, number, is_applied)
        assert [entry["id"] for entry in bob.pending("orders-before")] == [pending]
    assert send(store, token, "before", "PUT", "/schemas/orders-before", HELD_BODY).status == 503  # joins it
    assert [entry["id"] for entry in bob.pending("orders-before")] == [pending]
    assert "before" not in sightings.look()
    assert bob.decide(pending, "approve")[1]["state"] == "approved"
    assert send(store, token, "before", "PUT", "/schemas/orders-before", HELD_BODY).status == 200
    assert sightings.look().count("before") == 1


def check_evidence(stage: Stage, seen: set[str], answered: dict[str, int], number: int, is_applied: bool) -> None:
    """Every marked request that the service saw has an intent, and every answer that a client got has its outcome; every
    open change has what the service says of it now."""
    records = read(stage)
    intents = [record for record in records if record.type == "intent"]
    kept = {marker: exchange for exchange, marker in markers(intents)}
    assert seen <= kept.keys(), f"without an intent: {sorted(seen - kept.keys())}"
    outcomes = {record.exchange: record.fields.get("status") for record in records if record.type == "outcome"}
    assert any(status == 200 for status in answered.values())
    assert {marker: outcomes.get(kept.get(marker)) for marker in answered} == answered
    changes = {record.exchange for record in intents if record.fields["effect"] == "update"}
    opened = changes & {record.exchange for record in records if record.fields.get("reason") == "gateway restarted"}
    assert kept[f"slow-{number}"] in opened
    found = wait_for(stage, "outcome_unknown", len(opened), reason="read again")
    observed = {record.exchange: str(record.fields["observed"]) for record in found}
    assert observed.keys() == opened
    assert all(observed.values())
    expected = "applied: " if is_applied else "not applied: "
    assert observed[kept[f"slow-{number}"]].startswith(expected)


def wait_until_applied(stage: Stage, title: str) -> None:
    """Return once the service holds the slow change."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while json.loads(stage.ask_service("GET", "/schemas/orders-slow")).get("title") != title:
        assert time.monotonic() < deadline, "the slow change was not applied"
        threading.Event().wait(0.02)
