"""Does one thing in a process of its own, and prints what it took, as JSON: `python -m scripts.benchmarks.measured WHAT PATH...`.

What it needs is imported late, so that the memory is that of this one thing.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path

from scripts.story.process import ROOT


@dataclass(frozen=True, slots=True)
class Measured:
    """What one thing took."""

    seconds: float  #: of processor time: other programs of the machine do not count
    memory: int  #: the most that was resident, in bytes


def measured(what: str, *paths: Path) -> Measured:
    """Do it in a new process. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "scripts.benchmarks.measured", what, *map(str, paths)]
    return Measured(**json.loads(subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, check=True).stdout))


def memory(field: str, pid: int | str = "self") -> int:
    """Bytes of a process: VmRSS, resident now, or VmHWM, the most that were."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def _verify(database: str, vkeys: str) -> int:
    from countersign.cli import main

    return _code(lambda: main(["evidence", "verify", "--db", database, "--vkey", vkeys]))


def _standalone(database: str, vkeys: str) -> int:
    from countersign.evidence.standalone_verifier import main

    return main(["--vkey", vkeys, database])


def _sha256(file: str) -> int:
    with open(file, "rb") as content:
        hashlib.file_digest(content, "sha256")
    return 0


def _code(program: Callable[[], object]) -> int:
    try:
        program()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _main(what: str, paths: Sequence[str]) -> int:
    things: dict[str, Callable[..., int]] = {"verify": _verify, "standalone": _standalone, "sha256": _sha256}
    started = time.process_time()
    with redirect_stdout(StringIO()) as said:
        code = things[what](*paths)
    if code:
        print(said.getvalue(), file=sys.stderr)
        return code
    print(json.dumps(asdict(Measured(time.process_time() - started, memory("VmHWM")))))
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2:]))
