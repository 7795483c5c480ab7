"""How long it takes to verify a large log, beside plain SHA-256 over the same bytes, and how much memory.

Ours, and the standalone verifier; each in a process of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scripts.benchmarks import evidence_logs
from scripts.benchmarks.measured import Measured, measured

RECORDS_PER_COMMIT = 64  # about what a busy gateway commits at once
_VERIFIERS = {"verify": "`countersign evidence verify`", "standalone": "the standalone verifier"}


def run(directory: Path, records: int) -> Iterator[str]:
    database, vkeys = directory / "evidence" / "evidence.db", directory / "keys" / "log.vkey"
    small: dict[str, Measured] = {}
    for size in (records // 10, records):
        _grow(directory, size)
        found = {name: measured(name, database, vkeys) for name in _VERIFIERS}
        small = small or found
    content = directory / "content"
    size = _extract(database, content)
    plain = measured("sha256", content)
    yield (
        f"{records} records and their payloads, {size / 2**20:.0f} MiB without indexes; plain SHA-256 over these bytes "
        f"takes {plain.seconds:.1f} s ({size / 2**20 / plain.seconds:.0f} MiB/s)"
    )
    for name, words in _VERIFIERS.items():
        yield f"{words}: {_compared(found[name], small[name], plain, records)}"


def _compared(large: Measured, small: Measured, plain: Measured, records: int) -> str:
    return (
        f"x{large.seconds / plain.seconds:.0f} of plain SHA-256 ({large.seconds:.0f} s, {records / large.seconds:.0f} "
        f"records/s); ten times the records take x{large.seconds / small.seconds:.1f} of the time and "
        f"x{large.memory / small.memory:.2f} of the memory ({small.memory / 2**20:.0f} -> {large.memory / 2**20:.0f} MiB)"
    )


def _grow(directory: Path, records: int) -> None:
    with evidence_logs.opened(directory) as log:
        while log.size < records:
            requests = (evidence_logs.request(f"{log.size}-{n}") for n in range(RECORDS_PER_COMMIT // 2))
            log.submit(*(entry for request in requests for entry in request)).result(10)


def _extract(database: Path, content: Path) -> int:
    """What a verifier must hash at the least: leaves, salts and payloads. Returns how many bytes that are."""
    with closing(sqlite3.connect(database)) as db, content.open("wb") as file:
        for query in ("select leaf from records", "select salt, data from payloads"):
            for row in db.execute(query):
                file.writelines(row)
        return file.tell()
