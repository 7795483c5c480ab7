"""A steady load on the evidence log for as long as one likes: how long an append takes, and what becomes of the memory.

Half of the time somebody reads the log, and so keeps its write-ahead log from being copied back: it grows, and is cut
off when the reader lets go.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from countersign.evidence import EvidenceLog, store, verify
from scripts.benchmarks import evidence_logs
from scripts.benchmarks.measured import memory

REQUESTS_PER_SECOND = 200  # of two records each, more than a gateway answers
TURN_SECONDS = 10  # with a reader, and without, in turn: so long that the write-ahead log outgrows MAX_WAL_BYTES
_PER_SECOND = 10_000  # latencies are counted in tenths of a millisecond, so that the memory is not ours


@dataclass(slots=True)
class Turns:
    """All turns of one kind."""

    appends: Counter[int] = field(default_factory=Counter)  #: by latency
    wal: list[int] = field(default_factory=list)  #: bytes of the write-ahead log at the end of each

    def milliseconds(self, share: float) -> float:
        """So long, or less, took this share of the appends."""
        latencies = sorted(self.appends)
        seen = accumulate(self.appends[latency] for latency in latencies)
        place = next(place for place, number in enumerate(seen) if number >= share * self.appends.total())
        return latencies[place] * 1000 / _PER_SECOND


def run(directory: Path, minutes: float) -> Iterator[str]:
    with evidence_logs.opened(directory) as log:
        quiet, read, (begin, end) = asyncio.run(_soak(log, directory / "evidence" / "evidence.db", minutes * 60))
        vkeys, size = log.vkey, log.size
    for words, turns in (("nobody reads", quiet), ("somebody reads", read)):
        p50, p99, longest = (turns.milliseconds(share) for share in (0.5, 0.99, 1))
        yield (
            f"while {words}: half of {turns.appends.total()} appends within {p50:.1f} ms, 99 % within {p99:.1f} ms, "
            f"all within {longest:.0f} ms; at the end the write-ahead log had {max(turns.wal) / 2**20:.0f} MiB at most"
        )
    yield f"99 % with a reader to without: x{read.milliseconds(0.99) / quiet.milliseconds(0.99):.2f}"
    yield f"memory at the end to the beginning: x{end / begin:.2f} ({begin / 2**20:.0f} -> {end / 2**20:.0f} MiB)"
    started = time.perf_counter()
    report = verify(directory / "evidence" / "evidence.db", vkeys)
    if not report.ok or report.records < size:
        raise AssertionError(report.problems)
    yield f"all {report.records} records verify ({time.perf_counter() - started:.0f} s)"


async def _soak(log: EvidenceLog, database: Path, seconds: float) -> tuple[Turns, Turns, tuple[int, int]]:
    quiet, read = Turns(), Turns()
    await _turn(log, database, Turns())  # warms it up
    begin = memory("VmRSS")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        await _turn(log, database, quiet)
        with closing(store.open_for_reading(database)) as db:
            db.execute("begin")
            db.execute("select max(seq) from records").fetchone()
            await _turn(log, database, read)
    return quiet, read, (begin, memory("VmRSS"))


async def _turn(log: EvidenceLog, database: Path, turns: Turns) -> None:
    """Requests come at their times, whether the ones before them were answered or not."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as requests:
        for number in range(TURN_SECONDS * REQUESTS_PER_SECOND):
            await asyncio.sleep(max(0, started + number / REQUESTS_PER_SECOND - time.perf_counter()))
            requests.create_task(_request(log, f"{log.size}-{number}", turns))
    turns.wal.append(database.with_name(f"{database.name}-wal").stat().st_size)


async def _request(log: EvidenceLog, name: str, turns: Turns) -> None:
    for entry in evidence_logs.request(name):
        begun = time.perf_counter()
        await log.append(entry)
        turns.appends[round((time.perf_counter() - begun) * _PER_SECOND)] += 1
