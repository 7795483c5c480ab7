"""Software that we did not write: `aics-witness` and `aics-tlog`, run as programs.

They are in an environment of their own, which `scripts/test` makes: they want a newer `cryptography` than mitmproxy does.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.story.process import ROOT

_LISTENING = re.compile(r"listening on (http://\S+)")
_CLIENT = """
import json, sys
from aics_witness import feeder
asked = json.load(sys.stdin)
client = feeder.WitnessClient(asked["url"], asked["vkey"], max_attempts=1, timeout=10)
told = []
for note, old, proof in asked["offers"]:
    try:
        client.submit(note, (old, [bytes.fromhex(node) for node in proof]))
        told.append("cosigned")
    except feeder.WitnessAhead as error:
        told.append(f"ahead {error.known_size}")
    except feeder.WitnessConflict as error:
        told.append(f"conflict {error.known_size}")
    except feeder.WitnessRejected as error:
        told.append(f"rejected {error.status}")
json.dump(told, sys.stdout)
"""


def python() -> str:
    """The interpreter that has them; where there is none, the test is skipped and says what to do."""
    found = ROOT / ".venv-foreign" / "bin" / "python"
    if not found.exists():
        pytest.skip("no .venv-foreign, with aics-tlog and aics-witness: run scripts/test once, which makes it")
    return str(found)


@dataclass(frozen=True, slots=True)
class ForeignWitness:
    """A running `aics-witness`."""

    url: str
    vkey: str


@contextmanager
def foreign_witness(directory: Path, name: str, vkeys: Sequence[str]) -> Iterator[ForeignWitness]:
    """Serve one that knows one log with these public keys; it is stopped at the end."""
    command = [python(), "-m", "aics_witness"]
    config = str(directory / "witness.json")
    made = _run([*command, "init", "-c", config, "--name", name, "--listen", "127.0.0.1:0"])
    for vkey in vkeys:
        _run([*command, "add-log", "-c", config, "--origin", vkey.partition("+")[0], "--vkey", vkey])
    with subprocess.Popen([*command, "serve", "-c", config], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            listening = next(found for line in process.stderr if (found := _LISTENING.search(line)))
            yield ForeignWitness(listening[1], made.strip().splitlines()[-1])
        finally:
            process.terminate()
            process.communicate(timeout=10)


def accepts(note: bytes, log_vkey: str, witness_vkey: str) -> bool:
    """Whether `aics-tlog` says that this log signed the checkpoint and this witness cosigned it."""
    command = ["-m", "aics_tlog", "verify-checkpoint", "--note", "-", "--log-key", log_vkey]
    done = subprocess.run(
        [python(), *command, "--witness-key", witness_vkey, "--quorum", "1"],
        input=note,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.returncode == 0


def foreign_client(url: str, vkey: str, offers: Sequence[tuple[bytes, int, Sequence[bytes]]]) -> list[str]:
    """What `aics-witness`'s client makes of our witness's answers to (note, old size, proof), one after the other."""
    asked: dict[str, Any] = {
        "url": url,
        "vkey": vkey,
        "offers": [(note.decode(), old, [node.hex() for node in proof]) for note, old, proof in offers],
    }
    told: list[str] = json.loads(_run([python(), "-c", _CLIENT], json.dumps(asked)))
    return told


def _run(command: Sequence[str], text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
