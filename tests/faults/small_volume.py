"""A volume that is quickly full, somebody who fills it, and a log that remembers what it acknowledged."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from countersign.evidence import Entry, EvidenceLog, Receipt
from tests.faults.evidence_rounds import Acknowledged, open_log

MEGABYTE = 1024 * 1024
VOLUME_BYTES = 8 * MEGABYTE
SMALL = {
    "EVIDENCE_BALLAST_BYTES": 1 * MEGABYTE,
    "MIN_FREE_EVIDENCE_BYTES": 1 * MEGABYTE,
    "WAL_CHECKPOINT_BYTES": 400_000,
}


@contextmanager
def mounted(place: Path) -> Iterator[Path]:
    """A volume of its own, of VOLUME_BYTES."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES},mode=700", "countersign-test", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and mount, for a small volume")
    if (done := subprocess.run(mount, check=False, capture_output=True, text=True)).returncode:
        pytest.skip(f"no small volume can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


class Filler:
    """Somebody else's file, that grows until nothing is free."""

    def __init__(self, volume: Path) -> None:
        self._path = volume / "somebody-elses"

    def fill(self) -> None:
        """Take all that is free."""
        with self._path.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def shrink(self, size: int) -> None:
        """Give so much back."""
        os.truncate(self._path, self._path.stat().st_size - size)

    def remove(self) -> None:
        """Give it back."""
        self._path.unlink()


class Told:
    """What a log acknowledged."""

    def __init__(self, log: EvidenceLog) -> None:
        self._log = log
        self._guard = threading.Lock()
        self.acknowledged: list[Acknowledged] = []

    def record(self, *entries: Entry) -> tuple[Receipt, ...]:
        """Durable, or an error."""
        receipts = self._log.submit(*entries).result(10)
        with self._guard:
            for entry, receipt in zip(entries, receipts, strict=True):
                self.acknowledged.append(Acknowledged(receipt.seq, receipt.leaf_hash, entry.type, str(entry.exchange)))
        return receipts


@contextmanager
def opened(root: Path) -> Iterator[tuple[EvidenceLog, Told]]:
    """A log, and what it acknowledged."""
    log = open_log(root)
    try:
        yield log, Told(log)
    finally:
        log.close()
