"""A system call fails, or the process dies in it: the log says so and stops, and nothing it acknowledged is lost.

Every call by which SQLite and we change files is made to fail at several of its occurrences, in the start and under
load, with a program that knows nothing of it (strace).
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces
from tests.faults.evidence_child import LATCHED, REFUSED
from tests.faults.evidence_rounds import Acknowledged, Child, anchor_of, lost
from tests.faults.system_calls import injecting, needs_strace

pytestmark = needs_strace
OFTEN = ("--exchanges", 12, "--limit", "WAL_CHECKPOINT_BYTES", 200_000, "--rotate", 5)
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
CAUSES = re.compile(
    "disk I/O error|disk is full|Input/output error|No space left|"
    "unable to open database file|attempt to write a readonly database"  # what SQLite makes of a failed open
)
#: Where a failure needs no stop: nothing is begun without the ballast, a directory that is there is not made, a key that
#: cannot be made is not taken, SQLite opens the log once more to read, what it leaves at its end is read at the start, and
#: the directory whose flush it takes so lightly is flushed by us as well.
HARMLESS = re.compile(
    r"evidence\.ballast|mkdir|/keys|openat.*-(wal|shm)|unlink|ftruncate.*-wal|"
    r'openat.*/evidence", O_RDONLY\|O_CLOEXEC|fdatasync\(\d+<[^>]*/evidence>'
)
ENDS = {LATCHED: "latched", REFUSED: "refused", 0: "harmless"}
OF_OTHERS_TOO = ("write", "openat", "pwrite64")  # calls that are made on other files as well


@dataclass(frozen=True, slots=True)
class Injected:
    """What one fault led to."""

    code: int
    lines: tuple[str, ...]
    where: str  #: the call that failed, as strace shows it; empty: there were fewer

    def said(self, word: str) -> str:
        """The first line that begins with a word."""
        return next((line for line in self.lines if line.startswith(word)), "")


def inject(directory: Path, call: str, fault: str, nth: int, *, fresh: bool = False) -> Injected:
    """A start of a writer, the first or the second on its log, in which the n-th call fails; then a recovery."""
    state, output = directory / "state", directory / "trace"
    anchor = ("--anchor", anchor_of(state))
    before: list[Acknowledged] = []
    if not fresh:
        with Child.start(state, "--kill", "after the answer", 3, *anchor) as child:
            assert child.wait() == -signal.SIGKILL
            before = child.acknowledged
    database = StatePlaces(state).database
    shadows = [database.with_name(database.name + ending) for ending in ("-wal", "-shm")]
    files = [*state.rglob("*"), state, database, *shadows, anchor_of(state)] if call in OF_OTHERS_TOO else []
    with Child.start(state, *OFTEN, *anchor, under=injecting(output, call, fault, nth, files)) as child:
        code = child.wait()
        injected = Injected(code, tuple(child.lines), where(output, killed=code == -signal.SIGKILL))
        after = child.acknowledged
    check(injected, fault)
    assert not lost(state, [*before, *after]), (call, fault, nth, injected.where)
    return injected


def where(output: Path, *, killed: bool) -> str:
    """The call that failed."""
    lines = output.read_text(errors="replace").splitlines()
    found = [line for line in lines if "INJECTED" in line]
    if killed:
        found = [line for line in lines if not line.split(maxsplit=1)[1].startswith("+++")][-1:]
    return re.sub(r"\"[^\"]*\"\.\.\.", "...", found[0].split(maxsplit=1)[1]) if found else ""


def check(injected: Injected, fault: str) -> None:
    """It was killed, latched, refused to start, or went on; and said so, with the cause."""
    if injected.code == -signal.SIGKILL:
        assert fault == "signal=KILL"
    elif injected.code == LATCHED:
        assert CAUSES.search(injected.said("latched")), injected.said("latched")
        again = injected.lines[injected.lines.index("again") :]
        assert not [line for line in again if line.startswith("durable")]
    elif injected.code == REFUSED:
        assert CAUSES.search(injected.said("refused")), injected.said("refused")
    else:
        assert injected.code == 0
        assert injected.lines[-1] == "closed"
        assert not injected.where or HARMLESS.search(injected.where), injected.where
        kept = injected.said("kept-key")
        assert not kept or CAUSES.search(kept)


#: call -> at which of its occurrences, in a start on a log that a kill left with an open intent, and under load after it
LATER = {
    "pwrite64": (1, 5, 17, 60, 200, 500, 1000),
    "write": (1, 2, 7, 20),
    "fdatasync": (1, 2, 3, 5, 10, 40, 60),
    "fsync": (1, 2, 3, 4, 5, 6, 9, 12),
    "ftruncate": (1, 2, 3, 8),
    "fallocate": (1,),
    "openat": (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25),
    "rename": (1, 2, 3),
    "unlink": (1, 2, 3),
}
#: and in the very first start of a log
FIRST = {
    "mkdir": (1, 2, 3),
    "link": (1, 2, 3),
    "unlink": (1, 2, 3),
    "fsync": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12),
    "openat": (1, 3, 5, 7, 9, 11, 13),
    "pwrite64": (1, 2, 3, 9),
    "fdatasync": (1, 2, 3),
}
PLANS = ((False, LATER), (True, FIRST))
AT_ONCE = 2  # each is a process of its own, and mostly starts and waits
FEW = [
    ("pwrite64", "error=ENOSPC", 200, False),
    ("write", "error=EIO", 5, False),
    ("fdatasync", "error=EIO", 10, False),
    ("ftruncate", "error=EIO", 3, False),
    ("rename", "error=EIO", 1, False),
    ("fsync", "error=EIO", 4, True),
]


def test_a_few_calls_fail(tmp_path: Path) -> None:
    """One of each kind, in a commit, at the checkpoint file, in the copying, in a rotation and in a first start."""
    for number, (call, fault, nth, fresh) in enumerate(FEW):
        injected = inject(made(tmp_path / str(number)), call, fault, nth, fresh=fresh)
        assert injected.where, (call, fault, nth)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", sorted({*LATER, *FIRST}))
def test_every_call_fails(tmp_path: Path, call: str) -> None:
    """Each of EIO, ENOSPC and SIGKILL at each of the occurrences."""
    plans = [(nth, fault, fresh) for fresh, plan in PLANS for nth in plan.get(call, ()) for fault in FAULTS]

    def end(plan: tuple[int, str, bool]) -> str:
        nth, fault, fresh = plan
        injected = inject(made(tmp_path / f"{fresh}-{nth}-{fault}"), call, fault, nth, fresh=fresh)
        return ENDS.get(injected.code, "killed") if injected.where else "never reached"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = Counter(pool.map(end, plans))
    print(call, dict(ends))
    assert ends["killed"]
    assert ends["latched"] + ends["refused"] + ends["harmless"] >= 2


def made(directory: Path) -> Path:
    """A new directory."""
    directory.mkdir()
    return directory
