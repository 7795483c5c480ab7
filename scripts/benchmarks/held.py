"""1,000 requests held at once, against none held: memory of the gateway, and latency of the traffic that is not held."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.simple_httpclient import SimpleAsyncHTTPClient

from scripts.benchmarks.measured import memory
from scripts.story.stage import Stage

HELD = 1_000
CALLERS = 20  # MAX_LIVE_APPROVALS_PER_CALLER is 100
BATCH = 50
WARM_UPS = 3  # caches are filled, and the gateway is as fast as it gets
READS = 400
CHANGES = 100
_ACCESS = """\
rules:
  - name: pipelines read and change schemas
    allow: [read, data, register, update]
    who: { claims: [{ claim: sub, value: "ci-*" }] }
    connections: ["*"]
    subjects: ["*"]
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of traffic that nobody holds. Latencies in seconds, memory in bytes."""

    read: float
    p99: float  #: of reads
    change: float
    memory: int


def run(directory: Path) -> Iterator[str]:
    with Stage(directory, "store", mode="reverse:{service}", hold_seconds=600, access=_ACCESS) as stage:
        yield from asyncio.run(_compare(stage))


async def _compare(stage: Stage) -> list[str]:
    client = SimpleAsyncHTTPClient(force_instance=True, max_clients=HELD + 10)
    tokens = [stage.provider.sign({"sub": f"ci-{n}", "user_login": "ana"}, 3600) for n in range(CALLERS)]
    gateway = Gateway(stage, client, tokens, stage.provider.token_for_person("bob"))
    for name in ("read", "changed"):
        stage.ask_service("PUT", f"/schemas/{name}", b'{"type": "object"}')
    for _ in range(WARM_UPS):
        await gateway.measure()
    none_held = await gateway.measure()
    started = time.perf_counter()
    waiting: list[asyncio.Task[None]] = []
    while len(waiting) < HELD:  # not all in one instant: that would measure the kernel's queue of connections
        waiting += [asyncio.ensure_future(gateway.hold(len(waiting) + n)) for n in range(BATCH)]
        await _unless_one_fails(gateway.until_held(len(waiting)), waiting)
    opened = time.perf_counter() - started
    held = await gateway.measure()
    listing = await _timed(gateway.approvals())
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    each = (held.memory - none_held.memory) / HELD / 1024
    return [
        f"{HELD} held, to none: median read x{held.read / none_held.read:.2f} "
        f"({none_held.read * 1000:.1f} -> {held.read * 1000:.1f} ms), 99th percentile x{held.p99 / none_held.p99:.2f}",
        f"median harmless change x{held.change / none_held.change:.2f} "
        f"({none_held.change * 1000:.1f} -> {held.change * 1000:.1f} ms)",
        f"memory x{held.memory / none_held.memory:.2f} "
        f"({none_held.memory / 2**20:.0f} -> {held.memory / 2**20:.0f} MiB, {each:.0f} KiB each)",
        f"held within {opened:.1f} s; the approver's list of them took {listing * 1000:.0f} ms",
    ]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway of a stage, as its callers and one approver see it."""

    stage: Stage
    client: SimpleAsyncHTTPClient
    tokens: list[str]
    approver: str

    async def measure(self) -> Measured:
        reads = [await _timed(self._call("GET", "/schemas/read")) for _ in range(READS)]
        changes = []
        for number in range(CHANGES):
            body = {"type": "object", "description": f"{time.time_ns()}-{number}"}
            changes.append(await _timed(self._call("PUT", "/schemas/changed", body)))
        p99 = statistics.quantiles(reads, n=100)[98]
        return Measured(
            statistics.median(reads), p99, statistics.median(changes), memory("VmRSS", self.stage.gateway.pid)
        )

    async def hold(self, number: int) -> None:
        """Never ends by itself while it is held."""
        body = {"type": "object", "required": [f"field-{n}" for n in range(20)]}
        await self._call("PUT", f"/schemas/held-{number}", body, self.tokens[number % len(self.tokens)])
        raise AssertionError("it was answered, not held")

    async def until_held(self, count: int) -> None:
        async with asyncio.timeout(300):
            found = await self.approvals()
            while len(found["approvals"]) < count:
                found = await self.approvals(f"?seen={found['revision']}")

    async def approvals(self, query: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.approver}"}
        url = f"{self.stage.console_url}/api/approvals{query}"
        answer = await self.client.fetch(url, headers=headers, request_timeout=60)
        document: dict[str, Any] = json.loads(answer.body)
        return document

    async def _call(self, method: str, target: str, body: object = None, token: str = "") -> None:
        await self.client.fetch(
            f"http://127.0.0.1:{self.stage.port}{target}",
            method=method,
            headers={
                "Countersign-Authorization": f"Bearer {token or self.tokens[0]}",
                "Content-Type": "application/json",
            },
            body=None if body is None else json.dumps(body),
            request_timeout=600,
        )


async def _unless_one_fails(goal: Coroutine[Any, Any, None], others: list[asyncio.Task[None]]) -> None:
    """Wait for `goal`; raises what ends one of `others` before that."""
    reaching = asyncio.ensure_future(goal)
    done, _ = await asyncio.wait({reaching, *others}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _timed(awaitable: Awaitable[object]) -> float:
    """Seconds until it is done."""
    started = time.perf_counter()
    await awaitable
    return time.perf_counter() - started
