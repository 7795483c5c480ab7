"""`countersign evidence prove` and `evidence export`."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli import main
from countersign.cli.evidence_export import export_tiles
from countersign.errors import EvidenceUnavailable
from countersign.evidence import StatePlaces, keys, proof_file, standalone_verifier, store
from countersign.evidence.control import Control, os_user
from countersign.evidence.lock import DirectoryLock
from countersign.evidence.places import COSIGNED_PREFIX
from countersign.evidence.proof_file import Proven
from countersign.strict_json import Json
from tests.evidence import logs
from tests.evidence.cosigning import FIRST as WITNESS
from tests.evidence.cosigning import SECOND as OTHER
from tests.evidence.cosigning import SECONDS, beside, cosigned

SHIPPED_RULES = Path(__file__).parents[2] / "rules"


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


def run(state: StatePlaces, *arguments: str | Path, rules: Path = SHIPPED_RULES) -> Result:
    """The command on a state directory."""
    environment = {"COUNTERSIGN_STATE": str(state.root), "COUNTERSIGN_RULES": str(rules)}
    return CliRunner().invoke(main, ["evidence", *map(str, arguments)], env=environment)


def recorded(state: StatePlaces) -> list[dict[str, Json]]:
    """What the log says of its exports."""
    with closing(store.open_for_reading(state.database)) as db:
        return [dict(record.fields) for record in store.read_records(db, types={"export"})]


def note(state: StatePlaces, size: int) -> bytes:
    """The stored checkpoint of a size."""
    with closing(store.open_for_reading(state.database)) as db:
        found: bytes = db.execute("select note from checkpoints where size = ?", [size]).fetchone()[0]
    return found


def proven(state: StatePlaces, path: Path) -> Proven:
    """What a proof shows of the record beside it."""
    leaf = path.with_suffix(".leaf").read_bytes()
    return proof_file.verify_proof(
        path.read_bytes(), leaf, keys.read_vkeys(state.vkey), [WITNESS.verifier, OTHER.verifier]
    )


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
    """Where witnesses cosigned, the newest checkpoint that most of them did, with the cosignatures of all of these."""
    for witness, sizes in ((WITNESS, (3, 6, 8)), (OTHER, (2, 3, 6))):
        beside(state, witness, [note(state, size) for size in sizes])
    names = [each.verifier.name for each in (WITNESS, OTHER)]
    for seq, size, count in ((0, 6, 2), (3, 6, 2), (5, 6, 2), (6, 8, 1)):
        result = run(state, "prove", str(seq), "-o", tmp_path / f"{seq}.tlog-proof")
        assert result.exit_code == 0, result.output
        assert f"as {' and '.join(names[:count])} cosigned it" in result.output
        shown = proven(state, tmp_path / f"{seq}.tlog-proof")
        assert (shown.checkpoint.size, shown.cosigned) == (size, dict.fromkeys(names[:count], SECONDS))


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
        (["99"], 2, "no record 99"),
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
    (state.evidence / f"{COSIGNED_PREFIX}1").write_bytes(cosigned(note(state, 6).replace(b"\n6\n", b"\n7\n"), WITNESS))
    assert run(state, "prove", "5", "-o", tmp_path / "x.tlog-proof").exit_code == 1
    (state.evidence / f"{COSIGNED_PREFIX}1").unlink()
    assert run(state, "prove", "5", "-o", tmp_path / "x.tlog-proof").exit_code == 0


def test_export(state: StatePlaces, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is exported verifies with the standalone verifier, with payloads and without; each is in the log."""
    for options, size, told_as in (([], 9, "holds no payloads"), (["--with-payloads"], 12, "3 payloads fit")):
        directory = tmp_path / f"export-{len(options)}"
        result = run(state, "export", "--tiles", directory, *options)
        assert result.exit_code == 0, result.output
        assert f"{directory}: {size} records of {logs.ORIGIN}" in result.output
        assert standalone_verifier.main(["--vkey", str(state.vkey), str(directory)]) == 0
        assert told_as in capsys.readouterr().out
        said = recorded(state)[-1]
        assert (said["form"], said["size"], said["with_payloads"]) == ("tiles", size, bool(options))
        assert said["actor"] == os_user(os.geteuid())
    assert run(state, "verify").exit_code == 0


def test_prove_is_recorded(state: StatePlaces, tmp_path: Path) -> None:
    """Who took the proof of which record, of which tree."""
    assert run(state, "prove", "4", "-o", tmp_path / "proof").exit_code == 0
    root = proven(state, tmp_path / "proof").checkpoint.root.hex()
    expected = {"form": "proof", "first": 4, "last": 4, "size": 6, "root": root, "with_payloads": False}
    assert recorded(state) == [{**expected, "actor": os_user(os.geteuid())}]


def test_a_copy(told: StatePlaces, state: StatePlaces, tmp_path: Path) -> None:
    """A copy of the database is no log's: it is read without any state directory, if that is what is wanted."""
    copy, nowhere = tmp_path / "copy.db", StatePlaces(tmp_path / "none")
    shutil.copy(told.database, copy)
    commands: list[list[str | Path]] = [
        ["export", "--db", copy, "--tiles", tmp_path / "export"],
        ["prove", "--db", copy, "5", "-o", tmp_path / "proof", "--vkey", told.vkey],
    ]
    for command in commands:
        refused = run(nowhere, *command)
        assert (refused.exit_code, "--unrecorded goes on without" in refused.output) == (2, True), refused.output
        result = run(nowhere, *command, "--unrecorded")
        assert (result.exit_code, "not recorded in any log" in result.output) == (0, True), result.output
    assert run(state, "export", "--db", copy, "--tiles", tmp_path / "again").exit_code == 2
    assert recorded(state) == []  # whatever log is at hand: the copy need not be of it
    assert (tmp_path / "export" / "checkpoint").exists()
    assert proven(told, tmp_path / "proof").index == 5


def test_a_log_that_cannot_be_written(state: StatePlaces, tmp_path: Path) -> None:
    """Another gateway's lock, rules that cannot be read: said, and passed over only where that is asked for."""
    lock = DirectoryLock.acquire(state.evidence)
    for rules in (SHIPPED_RULES, tmp_path / "none"):
        refused = run(state, "export", "--tiles", tmp_path / "export", rules=rules)
        assert (refused.exit_code, "--unrecorded" in refused.output) == (2, True), refused.output
        assert not (tmp_path / "export").exists()
        lock.release() if rules == SHIPPED_RULES else None
    result = run(state, "export", "--tiles", tmp_path / "export", "--unrecorded", rules=tmp_path / "none")
    assert (result.exit_code, "no such rules directory" in result.output) == (0, True), result.output
    assert recorded(state) == []
    assert run(state, "export", "--tiles", tmp_path / "recorded", "--unrecorded").exit_code == 0
    assert len(recorded(state)) == 1  # where it can be recorded it is


def test_a_log_that_stops_in_between(state: StatePlaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that cannot be written ends the export, or is said to be missing."""

    def fail(*_: object) -> None:
        raise EvidenceUnavailable("the log has stopped")

    monkeypatch.setattr(Control, "perform", fail)
    refused = run(state, "export", "--tiles", tmp_path / "export")
    assert (refused.exit_code, "the log has stopped" in refused.output) == (2, True)
    assert list((tmp_path / "export").iterdir()) == []
    result = run(state, "export", "--tiles", tmp_path / "export", "--unrecorded")
    assert (result.exit_code, "not recorded in any log: the log has stopped" in result.output) == (0, True)


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
    expected = {"form": "tiles", "first": 0, "last": 7, "size": 8, "root": last.root.hex(), "with_payloads": True}
    assert heard[1] == expected
    export_tiles(state, state.database, tmp_path / "other", with_payloads=True, record_export=record)
    assert len(heard) == 2
