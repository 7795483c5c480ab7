"""Software that we did not write accepts what the log exports and proves, and refuses it once it is altered.

Two programs, each where it is installed: PyPI `aics-tlog`, and the code of the Go checksum database from Debian's
packages golang-go and golang-golang-x-mod-dev.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.cli import main
from countersign.evidence import store
from countersign.evidence.checkpoint import Signer, parse, signed, split_note
from countersign.evidence.checkpoint_file import read_notes
from tests.evidence import logs, long_logs
from tests.evidence.long_logs import LongLog

HERE = Path(__file__).parent
GO_LIBRARY = Path("golang.org/x/mod/sumdb/note")
GOPATH = Path(os.environ.get("GOPATH", "/usr/share/gocode"))  # where Debian puts Go libraries


def go(directory: Path) -> list[str]:
    """The Go program, built. Skips where there is no Go."""
    compiler = shutil.which("go")
    if compiler is None or not (GOPATH / "src" / GO_LIBRARY).is_dir():
        pytest.skip("no Go, or not its sumdb library: apt-get install golang-go golang-golang-x-mod-dev")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(directory / "cache")}
    program, source = str(directory / "foreign_verifier"), str(HERE / "foreign_verifier.go")
    subprocess.run([compiler, "build", "-o", program, source], env={**environment, "CGO_ENABLED": "0"}, check=True)
    return [program]


def python(directory: Path) -> list[str]:
    """The Python program. Skips where aics-tlog is not installed."""
    command = [sys.executable, str(HERE / "foreign_verifier.py")]
    if subprocess.run([sys.executable, "-c", "import aics_tlog"], capture_output=True, check=False).returncode:
        pytest.skip("aics-tlog is not installed: pip install --no-deps aics-tlog")
    return command


@pytest.fixture(scope="module", params=[python, go])
def verifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command of one foreign program."""
    command: list[str] = request.param(tmp_path_factory.mktemp("foreign"))
    return command


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LongLog:
    """A log with full tiles and two keys."""
    return long_logs.written(tmp_path_factory.mktemp("long"))


@pytest.fixture(scope="module")
def vkey(log: LongLog) -> str:
    """The log's present key."""
    return log.vkeys.splitlines()[-1]


@pytest.fixture
def export(log: LongLog, tmp_path: Path) -> Path:
    """An export of it."""
    command = ["evidence", "export", "--db", str(log.database), "--tiles", str(tmp_path / "export"), "--with-payloads"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    return tmp_path / "export"


def is_accepted(verifier: Sequence[str], command: str, *arguments: str | Path) -> bool:
    """Whether a foreign program has nothing against it."""
    done = subprocess.run(
        [*verifier, command, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout == "ok\n") == (done.returncode == 0), done.stderr
    assert done.returncode == 0 or done.stderr
    return done.returncode == 0


def test_export(verifier: list[str], vkey: str, export: Path) -> None:
    """Every record and every tile is accepted; with one bit changed in any of these files, nothing is."""
    assert is_accepted(verifier, "tiles", vkey, export)
    files = [*(path for path in (export / "tile").rglob("*") if path.is_file()), export / "checkpoint"]
    assert len(files) == 8
    for path in files:
        content = path.read_bytes()
        place = len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert not is_accepted(verifier, "tiles", vkey, export), path
        path.write_bytes(content)
    assert is_accepted(verifier, "tiles", vkey, export)


def test_keys(verifier: list[str], log: LongLog, vkey: str, export: Path) -> None:
    """The key that signed is accepted, an earlier one of the same log, or a stranger's, is not."""
    stranger = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))).verifier.vkey()
    for other in (log.vkeys.splitlines()[0], stranger, vkey.replace("gateway-1", "gateway-2")):
        assert not is_accepted(verifier, "tiles", other, export)
    assert is_accepted(verifier, "tiles", vkey, export)


def test_proofs(verifier: list[str], log: LongLog, vkey: str, tmp_path: Path) -> None:
    """The proof of a record is accepted with its bytes, whichever key signed; altered, or of another record, it is not."""
    first = log.vkeys.splitlines()[0]
    signed_with = {0: first, 255: first, 256: first, 511: vkey, log.size - 1: vkey}
    for seq in signed_with:
        path = tmp_path / f"{seq}.tlog-proof"
        command = ["evidence", "prove", "--state", str(log.places.root), str(seq), "-o", str(path)]
        assert CliRunner().invoke(main, command).exit_code == 0
    leaf, proof = tmp_path / "256.leaf", tmp_path / "256.tlog-proof"
    assert not is_accepted(verifier, "proof", first, proof, tmp_path / "255.leaf")
    assert not is_accepted(verifier, "proof", vkey, proof, leaf)
    text = proof.read_bytes()
    for old, new in ((b"index 256", b"index 255"), (b"\n\n", b"\nAAAA\n\n"), (b"\n\n", b"\n" + b"A" * 43 + b"=\n\n")):
        proof.write_bytes(text.replace(old, new, 1))
        assert not is_accepted(verifier, "proof", first, proof, leaf)
    proof.write_bytes(text)
    for seq, key in signed_with.items():
        paths = (tmp_path / f"{seq}.tlog-proof", tmp_path / f"{seq}.leaf")
        assert is_accepted(verifier, "proof", key, *paths), seq


def test_grown(verifier: list[str], log: LongLog, vkey: str, export: Path, tmp_path: Path) -> None:
    """An earlier checkpoint, as an anchor kept it, is consistent with the export; a fork of the same size is not."""
    notes = {parse(split_note(note)[0]).size: note for note in read_notes(log.anchor)}
    earlier = [size for size, note in notes.items() if note.count(logs.ORIGIN.encode()) == 2 and size > 310]
    old = tmp_path / "old"
    for size in (earlier[0], earlier[len(earlier) // 2], log.size):
        old.write_bytes(notes[size])
        assert is_accepted(verifier, "grown", vkey, old, export), size
    for size in (earlier[0], log.size):
        forged = signed([long_logs.key_of(log)], size, bytes(32))
        old.write_bytes(forged)
        assert not is_accepted(verifier, "grown", vkey, old, export), size


def test_every_checkpoint(verifier: list[str], log: LongLog, vkey: str, tmp_path: Path) -> None:
    """The log's shortest trees are accepted too: each of its first checkpoints, as an export of then."""
    with closing(store.open_for_reading(log.database)) as db:
        sizes = [size for (size,) in db.execute("select size from checkpoints order by size limit 3")]
    assert sizes[0] == 2
    first = log.vkeys.splitlines()[0]
    for size in sizes:
        copy = Path(shutil.copy(log.database, tmp_path / f"{size}.db"))
        logs.execute(
            copy,
            f"delete from payloads where seq >= {size}",
            f"delete from records where seq >= {size}",
            f"delete from checkpoints where size > {size}",
        )
        result = CliRunner().invoke(
            main, ["evidence", "export", "--db", str(copy), "--tiles", str(tmp_path / f"{size}")]
        )
        assert result.exit_code == 0, result.output
        assert is_accepted(verifier, "tiles", first, tmp_path / f"{size}")
        assert not is_accepted(verifier, "tiles", vkey, tmp_path / f"{size}")
