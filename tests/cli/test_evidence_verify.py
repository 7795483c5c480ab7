"""`countersign evidence verify`."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from countersign.cli.evidence import evidence
from countersign.evidence import LogSettings, StatePlaces, store, tiles
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, SECOND, beside, cosigned, notes_of


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> StatePlaces:
    """A closed log of eight records, and beside its state directory its checkpoint file."""
    root = tmp_path_factory.mktemp("told")
    places = StatePlaces(root / "state")
    with logs.opened(places, settings=LogSettings(anchor_files=(root / "kept",))) as log:
        logs.tell_story(log)
    return places


@pytest.fixture
def state(told: StatePlaces, tmp_path: Path) -> StatePlaces:
    """A copy of it that a test may break."""
    return StatePlaces(Path(shutil.copytree(told.root, tmp_path / "state")))


@pytest.fixture
def kept(told: StatePlaces) -> Path:
    """Its checkpoint file."""
    return told.root.parent / "kept"


def run(state: StatePlaces, *arguments: str | Path) -> Result:
    """Run the command on a state directory."""
    return CliRunner().invoke(evidence, ["verify", "--state", str(state.root), *map(str, arguments)])


def witnesses(*names: str) -> list[str]:
    """Options that name them."""
    vkeys = {"first": FIRST.verifier.vkey(), "second": SECOND.verifier.vkey()}
    return [word for name in names for word in ("--witness", vkeys[name])]


def test_verify_with_an_anchor(tmp_path: Path) -> None:
    """What a checkpoint file vouches for is said; one of a longer log shows that the end is gone."""
    places, file = StatePlaces(tmp_path / "state"), tmp_path / "checkpoints"
    with logs.opened(places, settings=LogSettings(anchor_files=(file,))) as log:
        logs.tell_story(log)
    result = run(places, "--anchor", file)
    assert result.exit_code == 0, result.output
    assert f"  the first 8 records  the checkpoint file {file}, with 6 checkpoints" in result.output
    assert "Anchored: all of the 8 records." in result.output
    assert "signing key alone" not in result.output
    assert json.loads(run(places, "--anchor", file, "--json").output)["anchored_size"] == 8
    with file.open("ab") as kept:
        kept.write(
            file.read_bytes().split(b"\n\n")[0].split(b"\n")[0] + b"\n9\n" + b"A" * 43 + "=\n\n— x AAAA\n".encode()
        )
    result = run(places, "--anchor", file)
    assert result.exit_code == 1
    assert "kept a checkpoint of 9 records, the log has 8" in result.output


def test_verify(told: StatePlaces) -> None:
    """An intact log ends with 0 and says how far that goes, and what it does not show."""
    result = run(told)
    assert result.exit_code == 0, result.output
    assert "intact" in result.output
    assert "first 8 records" in result.output
    assert "rests on the log's signing key alone" in result.output


def test_verify_json(told: StatePlaces) -> None:
    """The JSON form says the same."""
    report = json.loads(run(told, "--json").output)
    assert report["ok"] is True
    assert (report["records"], report["vouched_size"], report["anchored_size"]) == (8, 8, 0)


def test_verify_tampered(state: StatePlaces) -> None:
    """A log that was tampered with ends with 1 and names the record."""
    assert run(state).exit_code == 0
    logs.execute(state.database, "update records set verdict = 'allow' where seq = 6")
    result = run(state)
    assert result.exit_code == 1
    assert "TAMPERED" in result.output
    assert "record 6: the column verdict" in result.output
    as_json = run(state, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.output)["problems"] == [
        {"seq": 6, "what": "the column verdict is not what the record says"}
    ]


@pytest.mark.parametrize("missing", ["database", "vkey"])
def test_verify_unreadable(state: StatePlaces, missing: str) -> None:
    """Without the database or the key the answer is 2, not 0 and not 1."""
    path: Path = getattr(state, missing)
    path.unlink()
    result = run(state)
    assert result.exit_code == 2
    assert path.name in result.output


def test_verify_a_copy(told: StatePlaces, tmp_path: Path) -> None:
    """An auditor verifies a copy with the key that was handed over, without any state directory."""
    copy = shutil.copy(told.database, tmp_path / "copy.db")
    vkey = shutil.copy(told.vkey, tmp_path / "key")
    result = CliRunner().invoke(evidence, ["verify", "--db", str(copy), "--vkey", str(vkey)])
    assert result.exit_code == 0, result.output


def test_state_from_environment(told: StatePlaces) -> None:
    """The state directory comes from COUNTERSIGN_STATE, or is in the home directory."""
    runner = CliRunner()
    assert runner.invoke(evidence, ["verify"], env={"COUNTERSIGN_STATE": str(told.root)}).exit_code == 0
    home = runner.invoke(evidence, ["verify"], env={"HOME": "/nonexistent"})
    assert home.exit_code == 2
    assert "/nonexistent/.countersign/keys/log.vkey" in home.output


def test_an_export(told: StatePlaces, tmp_path: Path, kept: Path) -> None:
    """The directory of an export is verified offline, with the key that was handed over, and what it does not hold is said."""
    with closing(store.open_for_reading(told.database)) as db:
        tiles.export(db, tmp_path / "export", with_payloads=False, note_export=lambda _: None)
    nowhere = StatePlaces(tmp_path / "nowhere")
    options: list[str | Path] = [tmp_path / "export", "--vkey", told.vkey, "--anchor", kept]
    result = run(nowhere, *options)
    assert result.exit_code == 0, result.output
    assert "holds no payloads" in result.output
    assert "Anchored: all of the 8 records." in result.output
    assert json.loads(run(nowhere, *options, "--json").output)["holds_payloads"] is False
    path = tmp_path / "export" / "tile" / "entries" / "000.p" / "8"
    path.write_bytes(path.read_bytes().replace(b"alice", b"mally", 1))
    assert run(nowhere, *options).exit_code == 1
    (tmp_path / "export" / "checkpoint").unlink()
    assert run(nowhere, *options).exit_code == 2


def test_witnesses(state: StatePlaces, kept: Path) -> None:
    """Witnesses that are named must vouch, all of them or the quorum: else it is 3, however intact the log is."""
    assert run(state, *witnesses("first")).exit_code == 3
    beside(state, FIRST, notes_of(kept, 4, 7))
    result = run(state, *witnesses("first"))
    assert result.exit_code == 0, result.output
    assert (
        "  the first 7 records  the witness witness.example/w1, which saw them at 2027-01-15 08:01:40 UTC"
        in result.output
    )
    assert "Anchored: the first 7 records." in result.output
    both = run(state, *witnesses("first", "second"))
    assert (both.exit_code, "intact, but NOT ANCHORED" in both.output) == (3, True)
    assert run(state, *witnesses("first", "second"), "--quorum", "1").exit_code == 0
    beside(state, SECOND, notes_of(kept, 4))
    report = json.loads(run(state, *witnesses("first", "second"), "--json").output)
    assert (report["anchored"], report["anchored_size"], report["witnessed_size"]) == (True, 4, 4)


def test_what_was_not_asked_for(state: StatePlaces, kept: Path) -> None:
    """Cosignatures of witnesses that nobody named are no anchor."""
    beside(state, FIRST, notes_of(kept))
    assert run(state).exit_code == 0
    assert json.loads(run(state, "--json").output)["anchored"] is False
    assert run(state, "--require-anchor").exit_code == 3
    assert run(state, "--require-anchor", *witnesses("first")).exit_code == 0


def test_require_anchor(told: StatePlaces, kept: Path) -> None:
    """Asked for an anchor, a log without one is 3; with one it is 0."""
    assert run(told, "--require-anchor").exit_code == 3
    assert json.loads(run(told, "--require-anchor", "--json").output)["ok"] is True
    assert run(told, "--require-anchor", "--anchor", kept).exit_code == 0


def test_an_anchor_is_no_witness(told: StatePlaces, kept: Path, tmp_path: Path) -> None:
    """A checkpoint file counts for a witness only as far as the witness cosigned what is in it."""
    assert run(told, "--anchor", kept, *witnesses("first")).exit_code == 3
    file = tmp_path / "cosigned"
    file.write_bytes(b"".join(cosigned(note, FIRST) for note in notes_of(kept, 4)))
    assert run(told, "--anchor", kept, "--anchor", file, *witnesses("first")).exit_code == 0
    (note,) = notes_of(kept, 7)
    line = cosigned(notes_of(kept, 4)[0], FIRST).splitlines(keepends=True)[-1]
    file.write_bytes(note + line)
    result = run(told, "--anchor", file, *witnesses("first"))
    assert (result.exit_code, "cosignature of witness.example/w1 does not verify" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("options", "told_as"),
    [
        (["--witness", "nonsense"], "--witness: "),
        (["--quorum", "1"], "no quorum"),
        ([*witnesses("first"), "--quorum", "2"], "no quorum"),
        (witnesses("first", "first"), "named twice"),
        (["--at", "2027-01-01"], "--at needs --nodes"),
        (["log", "--db", "log"], "not both"),
        (["--nodes", "x", "--anchor", "y"], "leave out"),
        (["--nodes", "nowhere.yaml"], "cannot be read"),
    ],
)
def test_what_cannot_be_asked(told: StatePlaces, options: list[str], told_as: str) -> None:
    """What makes no sense is an error that says so, and never an intact log."""
    result = run(told, *options)
    assert (result.exit_code, told_as in result.output) == (2, True), result.output
    assert run(told).exit_code == 0


@pytest.fixture
def nodes(state: StatePlaces, kept: Path) -> Path:
    """A list of one node, which is there."""
    path = state.root.parent / "nodes.yaml"
    path.write_text(
        f"nodes:\n  - origin: {logs.ORIGIN}\n    vkeys: [{state.vkey.read_text().strip()}]\n"
        f"    log: state/evidence/evidence.db\n    anchors: {{checkpoint_files: [{kept}]}}\n    max_age_seconds: 900\n"
    )
    return path


def fleet(nodes: Path, *options: str) -> Result:
    """Verify what is listed, at the time of its records."""
    return CliRunner().invoke(evidence, ["verify", "--nodes", str(nodes), "--at", "2027-01-15T08:00Z", *options])


def test_nodes(nodes: Path) -> None:
    """A node that is there and intact has its line, and up to where it is anchored."""
    result = fleet(nodes)
    assert result.exit_code == 0, result.output
    assert "1 node: all intact" in result.output
    assert "anchored up to 8" in result.output
    assert json.loads(fleet(nodes, "--json").output)["nodes"][0]["verdict"] == "intact"


def test_nodes_that_fail(nodes: Path, state: StatePlaces, kept: Path) -> None:
    """Missing, silent for too long and changed are 1; what cannot be read is 2; one without its witnesses is 3."""
    content = nodes.read_text()
    late = CliRunner().invoke(evidence, ["verify", "--nodes", str(nodes), "--at", "2027-01-15T08:16Z"])
    assert (late.exit_code, "STALE" in late.output) == (1, True)
    nodes.write_text(content.replace("checkpoint_files:", f"witnesses: [{FIRST.verifier.vkey()}], checkpoint_files:"))
    unanchored = fleet(nodes)
    assert (unanchored.exit_code, "UNANCHORED" in unanchored.output) == (3, True)
    nodes.write_text(content.replace("state/evidence/evidence.db", "state"))
    unreadable = fleet(nodes)
    assert (unreadable.exit_code, "UNREADABLE" in unreadable.output) == (2, True)
    nodes.write_text(content)
    logs.execute(state.database, "update records set verdict = 'allow' where seq = 6")
    tampered = fleet(nodes)
    assert (tampered.exit_code, "problem: record 6" in tampered.output) == (1, True)
    state.database.unlink()
    missing = fleet(nodes)
    assert (missing.exit_code, "MISSING" in missing.output) == (1, True)


def test_strangers(nodes: Path, state: StatePlaces) -> None:
    """A log where logs are collected that no node is listed for is remarked on, and no failure."""
    assert "remark" not in fleet(nodes).output
    shutil.copy(state.database, state.root / "copy.db")
    nodes.write_text(f"directory: state\n{nodes.read_text()}")
    result = fleet(nodes)
    assert result.exit_code == 0, result.output
    assert f"copy.db is of no node that is listed; it calls itself {logs.ORIGIN}" in result.output


def test_one_missing_node_is_a_failure_of_all(nodes: Path, tmp_path: Path) -> None:
    """However many others verify, and also beside one that cannot be read."""
    places = StatePlaces(tmp_path / "other")
    logs.open_log(places, origin="example.com/other").close()
    vkey = places.vkey.read_text().strip()
    nodes.write_text(
        f"{nodes.read_text()}  - origin: example.com/other\n    vkeys: [{vkey}]\n    log: other/evidence/evidence.db\n"
    )
    assert fleet(nodes).exit_code == 0
    shutil.rmtree(places.root)
    result = fleet(nodes)
    assert (result.exit_code, "2 nodes: 1 FAILED" in result.output) == (1, True)
    nodes.write_text(nodes.read_text().replace("log: state/evidence/evidence.db", "log: ."))
    assert fleet(nodes).exit_code == 1
