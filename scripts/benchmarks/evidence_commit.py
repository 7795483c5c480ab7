"""What durable evidence costs: the gateway with its evidence on disk, beside the same gateway with it in memory.

Both run all the time and are loaded in turn, so that whatever else the machine does hits both. Each request waits twice
for a commit: before it is sent, and before it is answered. The log alone, too.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from countersign.evidence import EvidenceLog
from scripts.benchmarks import evidence_logs
from scripts.story.stage import Stage

CLIENTS = 64
REQUESTS = 5  # of each client in a round: many short rounds, as other programs come and go
ROUNDS = 12
SUBMITTERS = (1, 16, 64, 256)
SECONDS = 0.5  # of a round with the log alone
MEMORY = Path("/dev/shm")  # noqa: S108  # a file system that is in memory
_ACCESS = """\
rules:
  - name: everybody reads
    allow: [read]
    who: { claims: [{ claim: sub, value: "ci-*" }] }
    connections: ["*"]
    subjects: ["*"]
"""


class _Placed(Stage):
    """A stage whose evidence is somewhere else."""

    def __init__(self, directory: Path, state: Path) -> None:
        super().__init__(directory, "store", mode="reverse:{service}", access=_ACCESS)
        self._state = state

    @property
    def state(self) -> Path:
        return self._state


def run(directory: Path) -> Iterator[str]:
    if not MEMORY.is_dir():
        yield f"skipped: there is no {MEMORY} to compare with"
        return
    with ExitStack() as stack:
        memory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="countersign-", dir=MEMORY)))
        yield from _logs(directory / "log", memory / "log")
        stages = [
            stack.enter_context(_Placed(directory / name, place / name))
            for name, place in (("disk", directory / "state"), ("memory", memory))
        ]
        yield asyncio.run(_gateways(*stages))


async def _gateways(disk: Stage, memory: Stage) -> str:
    for stage in (disk, memory):
        stage.ask_service("PUT", "/schemas/read", b'{"type": "object"}')
        await _load(stage)  # warms it up
    rates: dict[Stage, list[float]] = {disk: [], memory: []}
    for number in range(ROUNDS):
        for stage in (disk, memory) if number % 2 else (memory, disk):
            rates[stage].append(await _load(stage))
    return f"the gateway, {CLIENTS} clients: {_compared(*rates.values())}"


def _compared(disk: list[float], memory: list[float]) -> str:
    """Of rounds one after the other."""
    pairs = statistics.quantiles((one / other for one, other in zip(disk, memory, strict=True)), n=4)
    return (
        f"x{pairs[1]:.2f} of the requests that it takes with its evidence in memory (half of the rounds x{pairs[0]:.2f} to "
        f"x{pairs[2]:.2f}; {statistics.median(disk):.0f} to {statistics.median(memory):.0f}/s)"
    )


async def _load(stage: Stage) -> float:
    """Requests per second."""
    tokens = [stage.provider.sign({"sub": f"ci-{n}", "user_login": "ana"}, 3600) for n in range(CLIENTS)]
    started = time.perf_counter()
    await asyncio.gather(*(_client(stage.port, token) for token in tokens))
    return CLIENTS * REQUESTS / (time.perf_counter() - started)


async def _client(port: int, token: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /schemas/read HTTP/1.1\r\nHost: localhost\r\nCountersign-Authorization: Bearer {token}\r\n\r\n"
    for _ in range(REQUESTS):
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if not head.startswith("http/1.1 200 "):
            raise AssertionError(head)
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    writer.close()


def _logs(disk: Path, memory: Path) -> Iterator[str]:
    """The log without a gateway: two records for each request, one after the other."""
    with evidence_logs.opened(disk) as on_disk, evidence_logs.opened(memory) as in_memory:
        for submitters in SUBMITTERS:
            rates: dict[EvidenceLog, list[float]] = {on_disk: [], in_memory: []}
            for number in range(ROUNDS):
                for log in (on_disk, in_memory) if number % 2 else (in_memory, on_disk):
                    rates[log].append(asyncio.run(_submit(log, submitters)))
            yield f"the log alone, {submitters} at once: {_compared(*rates.values())}"


async def _submit(log: EvidenceLog, submitters: int) -> float:
    """Requests per second."""
    started, done = time.perf_counter(), 0
    names = count()

    async def submit() -> None:
        nonlocal done
        while time.perf_counter() - started < SECONDS:
            for entry in evidence_logs.request(f"{submitters}-{next(names)}"):
                await log.append(entry)
            done += 1

    await asyncio.gather(*(submit() for _ in range(submitters)))
    return done / (time.perf_counter() - started)
