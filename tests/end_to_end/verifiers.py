"""Three programs that verify what the log signs, proves and exports: ours, and two that we did not write.

Those are PyPI `aics-tlog`, and the code of the Go checksum database from Debian's packages golang-go and
golang-golang-x-mod-dev; each where it is installed. All take the same commands: see foreign_verifier.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from countersign.errors import CountersignError
from countersign.evidence import standalone_verifier
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.proof_file import verify_proof
from tests.evidence import foreign

HERE = Path(__file__).parent
GO_PATH = Path("/usr/share/gocode")  # where Debian puts Go's libraries
GO_LIBRARY = GO_PATH / "src/golang.org/x/mod/sumdb"


@dataclass(frozen=True, slots=True)
class Program:
    """One of them."""

    name: str
    accepts: Callable[..., bool]  #: (command, vkey, *paths): whether it has nothing against what is in these files


def ours(directory: Path) -> Program:
    """The standalone verifier, and our reading of single checkpoints and proofs."""

    def accepts(command: str, vkey: str, *paths: Path) -> bool:
        try:
            match command, paths:
                case "checkpoint", (note,):
                    Verifier.parse(vkey).open_checkpoint(note.read_bytes())
                case "proof", (proof, leaf):
                    verify_proof(proof.read_bytes(), leaf.read_bytes(), [Verifier.parse(vkey)])
                case "tiles", (export,):
                    return _is_intact(directory, vkey, export)
                case "grown", (note, export):
                    return _is_intact(directory, vkey, export, "--anchor", str(note))
                case _:
                    raise AssertionError(command)
        except CountersignError:
            return False
        return True

    return Program("ours", accepts)


def python(directory: Path) -> Program:
    """The Python program."""
    return _program("python", [foreign.python(), str(HERE / "foreign_verifier.py")])


def go(directory: Path) -> Program:
    """The Go program, built."""
    compiler = shutil.which("go")
    if compiler is None or not GO_LIBRARY.is_dir():
        pytest.skip("no Go, or not its sumdb library: apt-get install golang-go golang-golang-x-mod-dev")
    program, source = str(directory / "foreign_verifier"), str(HERE / "foreign_verifier.go")
    settings = {
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(directory / "cache"),
        "CGO_ENABLED": "0",
    }
    subprocess.run([compiler, "build", "-o", program, source], env={**os.environ, **settings}, check=True)
    return _program("go", [program])


def _program(name: str, program: Sequence[str]) -> Program:
    def accepts(command: str, vkey: str, *paths: Path) -> bool:
        arguments = [*program, command, vkey, *map(str, paths)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout == "ok\n") == (done.returncode == 0), done.stderr
        assert done.returncode == 0 or done.stderr
        return done.returncode == 0

    return Program(name, accepts)


def _is_intact(directory: Path, vkey: str, export: Path, *options: str) -> bool:
    """With the log's keys up to this one, as somebody knew them then; later ones are learnt from the log."""
    known = (export / "log.vkey").read_text().splitlines()
    keys = directory / "log.vkey"
    keys.write_text("".join(f"{key}\n" for key in (known[: known.index(vkey) + 1] if vkey in known else [vkey])))
    with redirect_stdout(StringIO()):
        code = standalone_verifier.main(["--vkey", str(keys), *options, str(export)])
    assert code in (standalone_verifier.OK, standalone_verifier.TAMPERED, standalone_verifier.UNREADABLE)
    return code == standalone_verifier.OK
