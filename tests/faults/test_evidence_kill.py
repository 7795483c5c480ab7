"""kill -9 on the evidence writer, at random moments and at every named point: nothing acknowledged is lost."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.evidence_child import POINTS
from tests.faults.evidence_rounds import Acknowledged, Child, anchor_of, announced, lost

SEED = 20_251
OFTEN = ("--limit", "WAL_CHECKPOINT_BYTES", 200_000, "--rotate", 8)  # copied, and another key
ROUNDS_ON_ONE_LOG = 10
RANDOM = "a random moment"
IN_A_START = [point for point in POINTS if "copied" not in point]
UNDER_LOAD = [point for point in POINTS if not point.endswith((" a table", "journal mode")) and "recovery" not in point]


@dataclass
class Rounds:
    """Kills, one after the other, on logs that go on from kill to kill."""

    directory: Path
    dice: random.Random
    reached: Counter[str] = field(default_factory=Counter)
    acknowledged: list[Acknowledged] = field(default_factory=list)  #: in the present log, over all of its rounds
    records: int = 0
    number: int = 0

    def run(self, point: str, passes: int = 1, *, fresh: bool = False) -> None:
        """One kill. `fresh`: in the first start of a log."""
        if fresh or self.number % ROUNDS_ON_ONE_LOG == 0:
            self.acknowledged = []
            self.root = self.directory / f"log-{self.number}"
            self.is_anchored = self.dice.random() < 0.7
        elif self.number % 2:
            self._leave_an_intent_open()
        self.number += 1
        options: tuple[object, ...] = () if point == RANDOM else ("--kill", point, passes, "--exchanges", 15)
        if self.is_anchored:
            options = (*options, "--anchor", anchor_of(self.root))
        with Child.start(self.root, "--seed", self.dice.getrandbits(30), *OFTEN, *options) as child:
            if point == RANDOM:
                child.wait_for_lines(self.dice.choice((0, 1, 1, 5, 100)))
                threading.Event().wait(self.dice.uniform(0, 0.15))
                child.process.kill()
            code = child.wait()
            assert code == -signal.SIGKILL or (code == 0 and point != RANDOM), (point, passes, child.lines[-1:])
            self.reached[point] += code != 0
            self.records += len(child.acknowledged)
            self.acknowledged += child.acknowledged
        assert not lost(self.root, self.acknowledged), (point, passes)

    def _leave_an_intent_open(self) -> None:
        """So that the next start has something to recover."""
        anchor = ("--anchor", anchor_of(self.root)) if self.is_anchored else ()
        with Child.start(self.root, "--kill", "after the answer", self.dice.randint(1, 9), *anchor) as child:
            assert child.wait() == -signal.SIGKILL
            self.acknowledged += child.acknowledged

    def told(self) -> str:
        """What was done."""
        return f"{self.reached.total()} kills, {self.records} acknowledged records, 0 lost; {dict(self.reached)}"


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    """None done yet."""
    return Rounds(tmp_path, announced(SEED))


def test_killed_a_few_times(rounds: Rounds) -> None:
    """Around the commit and its answer, in the copying, in the recovery and in the very first start."""
    for point in ("before commit", "after commit", "before the answer", "while the WAL is copied"):
        rounds.run(point, rounds.dice.randint(3, 12))
    for point in ("while the recovery reads", "after the inserts", RANDOM):
        rounds.run(point)
    rounds.run("after commit", fresh=True)
    print(rounds.told())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_200_times(rounds: Rounds) -> None:
    """At each named point in the first start, in a later start and under load, and at random moments."""
    for point in IN_A_START:
        for passes in (1, 2):
            rounds.run(point, passes, fresh=True)
            rounds.run(point, passes)
    for point in UNDER_LOAD:
        for _ in range(4):
            rounds.run(point, rounds.dice.randint(1, 5) if "copied" in point else rounds.dice.randint(4, 30))
    while rounds.reached.total() < 200:
        rounds.run(RANDOM)
    assert all(rounds.reached[point] for point in (*POINTS, RANDOM)), rounds.reached
    print(rounds.told())
