"""One round: a child writes a log, is stopped in some way, and what it acknowledged is compared with what is there."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from countersign.evidence import EvidenceLog, StatePlaces, verify
from countersign.evidence.opening import anchors_of
from countersign.evidence.settings import LogSettings

ORIGIN = "example.com/audit/faults"
PATIENCE_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("evidence_child.py")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A record that a caller was told is durable."""

    seq: int
    leaf_hash: bytes
    type: str
    exchange: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """From the child's line."""
        _, seq, leaf_hash, kind, exchange = line.split()
        return cls(int(seq), bytes.fromhex(leaf_hash), kind, exchange)


@dataclass
class Child:
    """A running child, and the lines it said so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _reader: threading.Thread = field(init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def start(cls, root: Path, *options: object, under: Sequence[str] = ()) -> Self:
        """Start one on the state directory `root`, perhaps under another program."""
        command = [*under, sys.executable, str(CHILD), str(root), ORIGIN, *map(str, options)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "addons"), "PYTHONDONTWRITEBYTECODE": "1"}
        return cls(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
                start_new_session=True,
            )
        )

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait(self) -> int:
        """Wait for its end, and for the last line it said. Its exit code; negative: the signal that ended it."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert not self._reader.is_alive()
        return code

    def wait_for_lines(self, count: int) -> bool:
        """Wait until it said so many lines, or ended. Whether it lives."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.lines) >= count or not self._reader.is_alive(), PATIENCE_SECONDS)
        return self.process.poll() is None

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """What it acknowledged, before anything else than acknowledgements was said."""
        return [Acknowledged.parse(line) for line in self.lines if line.startswith("durable ")]

    def said(self, word: str) -> list[str]:
        """The lines that begin with a word, without it."""
        return [line.removeprefix(f"{word} ") for line in self.lines if line.split()[0] == word]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def anchor_of(root: Path) -> Path:
    """The checkpoint file of a state directory that has one: beside it."""
    return root.with_name(root.name + "-anchor")


def settings_of(root: Path) -> LogSettings:
    """How its log is kept."""
    return LogSettings(anchor_files=(anchor_of(root),) if anchor_of(root).exists() else ())


def open_log(root: Path) -> EvidenceLog:
    """Open the log in this process, as a gateway's start does."""
    places = StatePlaces(root)
    return EvidenceLog.open(
        places.evidence,
        places.keys,
        ORIGIN,
        clock=lambda: time.time_ns() // 1000,
        randomness=secrets.token_bytes,
        software={},
        settings=settings_of(root),
    )


def lost(root: Path, acknowledged: Sequence[Acknowledged]) -> list[Acknowledged]:
    """Recover the log as a start does, check all that must hold then, and say which acknowledged records are not in it.

    Raises what opening raises, and AssertionError when it does not verify or an intent stays open.
    """
    log = open_log(root)
    try:
        records = {record.seq: record for record in log.records()}
        vkey = log.vkey
        found = {
            (record.seq, leaf_hash_of(record.leaf), record.type, str(record.exchange)) for record in records.values()
        }
    finally:
        log.close()
    report = verify(StatePlaces(root).database, vkey, anchors_of(settings_of(root)))
    assert report.ok, [str(problem) for problem in report.problems]
    assert report.vouched_size == report.records
    ended = {record.exchange for record in records.values() if record.type in ("outcome", "outcome_unknown")}
    begun = {record.exchange for record in records.values() if record.type == "intent"}
    assert begun <= ended, f"open: {sorted(map(str, begun - ended))}"
    assert not report.open_intents
    return [one for one in acknowledged if (one.seq, one.leaf_hash, one.type, one.exchange) not in found]


def leaf_hash_of(leaf: bytes) -> bytes:
    """RFC 6962, computed here once more."""
    return hashlib.sha256(b"\0" + leaf).digest()


def announced(seed: int) -> random.Random:
    """Dice whose seed is in the test's output."""
    print(f"seed {seed}")
    return random.Random(seed)
