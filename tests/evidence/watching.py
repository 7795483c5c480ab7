"""Witnesses for tests: real ones, in this process, reached without HTTP; each can be out of reach for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence import StatePlaces
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.settings import LogSettings, WitnessPlace
from countersign.evidence.witness import Witness
from countersign.evidence.witnessed_logs import WitnessedLogs


def cosigner(number: int) -> Cosigner:
    """The key of one of them, always the same."""
    seed = hashlib.sha256(b"witness %d" % number).digest()
    return Cosigner.of(f"witness.example.com/{number}", Ed25519PrivateKey.from_private_bytes(seed))


@dataclass
class Time:
    """Clocks that run when they are told to, microseconds: of a log and of its witnesses."""

    passed_us: int = 0

    def wall(self) -> int:
        return 1_800_000_000_000_000 + self.passed_us

    def steady(self) -> int:
        return 1_000_000_000 + self.passed_us

    def pass_seconds(self, seconds: float) -> None:
        self.passed_us += int(seconds * 1_000_000)


@dataclass
class Watching:
    """Some witnesses of one log."""

    time: Time
    witnesses: dict[str, Witness]  #: by their URLs
    places: tuple[WitnessPlace, ...]
    down: set[int] = field(default_factory=set)  #: numbers of those that do not answer
    asked: list[int] = field(default_factory=list)  #: numbers of those that were asked, in that order
    hold: Callable[[int], None] = lambda number: None  #: called before one answers

    def post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """As the gateway's."""
        prefix = url.removesuffix("/add-checkpoint")
        number = list(self.witnesses).index(prefix)
        self.asked.append(number)
        self.hold(number)
        if number in self.down:
            raise OSError("no answer: connection refused")
        answer = self.witnesses[prefix].add_checkpoint(body)
        return answer.status, answer.content_type, answer.body

    def settings(self, quorum: int = 1, warn: int = 10, refuse: int = 60) -> LogSettings:
        return LogSettings(witnesses=self.places, quorum=quorum, warn_after_seconds=warn, refuse_after_seconds=refuse)


@contextmanager
def watching(directory: Path, log: StatePlaces, time: Time, count: int = 1) -> Iterator[Watching]:
    """So many witnesses of a log that was begun; what they saw is below `directory`."""
    with ExitStack() as stack:
        found: dict[str, Witness] = {}
        for number in range(count):
            witness = Witness.open(
                directory / f"witness-{number}",
                cosigner(number),
                WitnessedLogs([log.vkey]),
                lambda: time.wall() // 1_000_000,
            )
            stack.callback(witness.close)
            found[f"http://witness-{number}.example"] = witness
        places = tuple(WitnessPlace(url, cosigner(number).verifier) for number, url in enumerate(found))
        yield Watching(time, found, places)
