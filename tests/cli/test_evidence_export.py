"""`countersign evidence prove` and `evidence export`."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.cli import main
from countersign.cli.evidence_export import COSIGNED_NAME, export_tiles
from countersign.errors import EvidenceUnavailable
from countersign.evidence import StatePlaces, keys, proof_file, standalone_verifier, store
from countersign.evidence.checkpoint import split_note
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.proof_file import Proven
from countersign.strict_json import Json
from tests.evidence import logs

WITNESS = Cosigner.of("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> StatePlaces:
    """A closed log with two exchanges: eight records, checkpoints at 2, 3, 4, 6, 7 and 8."""
    places = StatePlaces(tmp_path_factory.mktemp("told"))
    with logs.opened(places) as log:
        logs.tell_story(log)
    return places


@pytest.fixture
def state(told: StatePlaces, tmp_path: Path) -> StatePlaces:
    """A copy of it that a test may break."""
    return StatePlaces(Path(shutil.copytree(told.root, tmp_path / "state")))


def run(state: StatePlaces, *arguments: str | Path) -> Result:
    """The command on a state directory."""
    return CliRunner().invoke(main, ["evidence", *map(str, arguments)], env={"COUNTERSIGN_STATE": str(state.root)})


def note(state: StatePlaces, size: int) -> bytes:
    """The stored checkpoint of a size."""
    with closing(store.open_for_reading(state.database)) as db:
        found: bytes = db.execute("select note from checkpoints where size = ?", [size]).fetchone()[0]
    return found


def proven(state: StatePlaces, path: Path) -> Proven:
    """What a proof shows of the record beside it."""
    leaf = path.with_suffix(".leaf").read_bytes()
    return proof_file.verify_proof(path.read_bytes(), leaf, keys.read_vkeys(state.vkey), [WITNESS.verifier])


def test_prove(state: StatePlaces, tmp_path: Path) -> None:
    """The proof verifies with the record beside it: of the first checkpoint that covers the record."""
    for seq, size in ((0, 2), (2, 3), (4, 6), (7, 8)):
        path = tmp_path / f"{seq}.tlog-proof"
        result = run(state, "prove", str(seq), "-o", path)
        assert result.exit_code == 0, result.output
        assert f"{path}: record {seq} is in the log of the first {size} records" in result.output
        assert "no witness saw it" in result.output
        shown = proven(state, path)
        assert (shown.index, shown.checkpoint.size, shown.cosigned) == (seq, size, {})


def test_prove_cosigned(state: StatePlaces, tmp_path: Path) -> None:
    """Where witnesses cosigned, the first checkpoint of theirs that covers the record is proven against."""
    cosigned = state.evidence / COSIGNED_NAME
    for size in (3, 6, 8):
        line = WITNESS.line(split_note(note(state, size))[0], 1_800_000_000 + size)
        with cosigned.open("ab") as file:
            file.write(note(state, size) + line.encode())
    for seq, size in ((0, 3), (3, 6), (5, 6), (6, 8)):
        result = run(state, "prove", str(seq), "-o", tmp_path / f"{seq}.tlog-proof")
        assert result.exit_code == 0, result.output
        assert "as witnesses cosigned it" in result.output
        shown = proven(state, tmp_path / f"{seq}.tlog-proof")
        assert (shown.checkpoint.size, shown.cosigned) == (size, {WITNESS.verifier.name: 1_800_000_000 + size})


def test_prove_to_the_working_directory(state: StatePlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name the files are named after the record; files that are there are not written over."""
    monkeypatch.chdir(tmp_path)
    assert run(state, "prove", "5").exit_code == 0
    assert proven(state, Path("record-5.tlog-proof")).index == 5
    again = run(state, "prove", "5")
    assert (again.exit_code, "there already" in again.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "told_as"),
    [
        (["8"], 2, "no record 8"),
        (["5", "--vkey", "nowhere"], 2, "nowhere"),
        (["5", "--db", "nowhere"], 2, "nowhere"),
        (["5", "-o", "x.leaf"], 2, "must not end"),
        (["5", "-o", "nowhere/proof"], 2, "nowhere"),
    ],
)
def test_prove_refused(
    state: StatePlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, told_as: str
) -> None:
    """What cannot be proven is said, and no file is left."""
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.iterdir())
    result = run(state, "prove", *arguments)
    assert (result.exit_code, told_as in result.output) == (code, True), result.output
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "damage",
    [
        "update records set leaf = zeroblob(9) where seq = 5",
        "update records set leaf_hash = zeroblob(32) where seq = 4",
        "update checkpoints set note = (select note from checkpoints where size = 4) where size = 6",
        "update checkpoints set note = x'00' where size = 6",
        "delete from checkpoints where size > 4",
    ],
)
def test_prove_from_a_damaged_log(state: StatePlaces, tmp_path: Path, damage: str) -> None:
    """A proof that would not verify is not written."""
    logs.execute(state.database, damage)
    result = run(state, "prove", "5", "-o", tmp_path / "x.tlog-proof")
    assert (result.exit_code, "evidence verify" in result.output) == (1, True), result.output
    assert not (tmp_path / "x.tlog-proof").exists()


def test_prove_with_a_forged_cosigned_checkpoint(state: StatePlaces, tmp_path: Path) -> None:
    """A cosigned checkpoint that is not of this log ends in an error, not in a proof."""
    (state.evidence / COSIGNED_NAME).write_bytes(note(state, 6).replace(b"\n6\n", b"\n7\n"))
    assert run(state, "prove", "5", "-o", tmp_path / "x.tlog-proof").exit_code == 1
    (state.evidence / COSIGNED_NAME).unlink()
    assert run(state, "prove", "5", "-o", tmp_path / "x.tlog-proof").exit_code == 0


def test_export(state: StatePlaces, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is exported verifies with the standalone verifier, with payloads and without."""
    for options, told_as in (([], "holds no payloads"), (["--with-payloads"], "3 payloads fit")):
        directory = tmp_path / f"export-{len(options)}"
        result = run(state, "export", "--tiles", directory, *options)
        assert result.exit_code == 0, result.output
        assert f"{directory}: 8 records of {logs.ORIGIN}" in result.output
        assert standalone_verifier.main(["--vkey", str(state.vkey), str(directory)]) == 0
        assert told_as in capsys.readouterr().out


def test_export_of_a_copy(told: StatePlaces, tmp_path: Path) -> None:
    """A copy of the database is exported without any state directory."""
    copy = shutil.copy(told.database, tmp_path / "copy.db")
    result = run(StatePlaces(tmp_path / "none"), "export", "--db", copy, "--tiles", tmp_path / "export")
    assert result.exit_code == 0, result.output


def test_export_refused(state: StatePlaces, tmp_path: Path) -> None:
    """A directory that is not empty, no database, a damaged one: each its exit code, and no complete export."""
    assert run(state, "export", "--tiles", state.root).exit_code == 2
    assert run(StatePlaces(tmp_path / "none"), "export", "--tiles", tmp_path / "a").exit_code == 2
    logs.execute(state.database, "update records set leaf = zeroblob(9) where seq = 5")
    result = run(state, "export", "--tiles", tmp_path / "b")
    assert (result.exit_code, "evidence verify" in result.output) == (1, True)
    assert not (tmp_path / "b" / "checkpoint").exists()


def test_export_is_recorded_first(state: StatePlaces, tmp_path: Path) -> None:
    """The log hears what is exported before it is written; where that fails there is no export; a copy has no log."""
    heard: list[dict[str, Json]] = []

    def record(places: StatePlaces, fields: dict[str, Json]) -> None:
        assert places == state
        heard.append(fields)
        if len(heard) == 1:
            raise EvidenceUnavailable("the log has stopped")

    with pytest.raises(EvidenceUnavailable):
        export_tiles(state, None, tmp_path / "export", with_payloads=True, record_export=record)
    assert list((tmp_path / "export").iterdir()) == []
    last = export_tiles(state, None, tmp_path / "export", with_payloads=True, record_export=record)
    assert heard[1] == {"form": "tiles", "size": 8, "root": last.root.hex(), "with_payloads": True}
    export_tiles(state, state.database, tmp_path / "other", with_payloads=True, record_export=record)
    assert len(heard) == 2
