"""A whole node taken away, or another log put in its place: told, however well all other nodes verify."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from countersign.cli import main
from countersign.evidence import StatePlaces
from countersign.evidence.account import moment
from tests.attacks.attacked_log import Log, exported, written
from tests.attacks.tampering import Story
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, keep, size_of

HOUR_US = 3600 * 1_000_000
OTHER = "example.com/audit/gateway-2"
ANCHORS = ("none", "file", "witness")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Written once."""
    return written(tmp_path_factory.mktemp("attacked"))


@dataclass(frozen=True, slots=True)
class Scene:
    """Two nodes, and an auditor's list of them."""

    root: Path
    log: Log

    @property
    def database(self) -> Path:
        """The node that is attacked."""
        return self.root / "one" / "evidence.db"

    def verified(self, anchor: str, *, max_age_seconds: int = 60) -> tuple[int, str]:
        """Exit code and verdict on the attacked node, at the time of its newest record."""
        other = StatePlaces(self.root / "two")
        kept = {
            "none": "",
            "file": f"    anchors: {{checkpoint_files: [{self.log.modes['file'].files[0]}]}}\n",
            "witness": f"    anchors: {{witnesses: [{FIRST.verifier.vkey()}]}}\n",
        }
        vkeys = self.log.vkeys.replace("\n", "\n      - ").removesuffix("- ").rstrip()
        nodes = self.root / "nodes.yaml"
        nodes.write_text(
            f"nodes:\n  - origin: {logs.ORIGIN}\n    vkeys:\n      - {vkeys}\n    log: one/evidence.db\n"
            f"    max_age_seconds: {max_age_seconds}\n{kept[anchor]}"
            f"  - origin: {OTHER}\n    vkeys: [{other.vkey.read_text().strip()}]\n    log: two/evidence/evidence.db\n"
        )
        newest = self.log.story.records[-1].leaf["time"]
        command = ["evidence", "verify", "--nodes", str(nodes), "--at", moment(newest)]
        done = CliRunner().invoke(main, command)
        (line,) = [line for line in done.output.splitlines() if f"  {logs.ORIGIN}: " in line]
        assert any(line.startswith("  intact") and OTHER in line for line in done.output.splitlines())
        return done.exit_code, line.split()[0]


@pytest.fixture
def scene(log: Log, tmp_path: Path) -> Scene:
    """Both nodes whole, the witness's cosignatures beside the first."""
    made = Scene(tmp_path, log)
    made.database.parent.mkdir()
    shutil.copy(log.places.database, made.database)
    keep(made.database.parent, FIRST, log.notes[-1:])
    logs.open_log(StatePlaces(tmp_path / "two"), origin=OTHER).close()
    return made


def _deleted(scene: Scene) -> None:
    scene.database.unlink()


def _deleted_with_all_that_is_beside_it(scene: Scene) -> None:
    shutil.rmtree(scene.database.parent)


def _empty(scene: Scene) -> None:
    scene.database.write_bytes(b"")


def _of_another_node(scene: Scene) -> None:
    shutil.copy(StatePlaces(scene.root / "two").database, scene.database)


def _begun_anew(scene: Scene) -> None:
    """A new log of the same name, with a new key, and as young as it has to be."""
    places, time = StatePlaces(scene.root / "anew"), scene.log.story.records[-1].leaf["time"]
    logs.open_log(places, clock=logs.Clock(time)).close()
    shutil.copy(places.database, scene.database)
    shutil.rmtree(places.root)


def _a_directory(scene: Scene) -> None:
    scene.database.unlink()
    scene.database.mkdir()


GONE: dict[str, tuple[Callable[[Scene], None], int, str]] = {
    "deleted": (_deleted, 1, "MISSING"),
    "deleted with all that is beside it": (_deleted_with_all_that_is_beside_it, 1, "MISSING"),
    "an empty file": (_empty, 1, "TAMPERED"),
    "another node's log": (_of_another_node, 1, "TAMPERED"),
    "a new log of the same name": (_begun_anew, 1, "TAMPERED"),
    "an empty directory": (_a_directory, 2, "UNREADABLE"),
}


@pytest.mark.parametrize("anchor", ANCHORS)
def test_whole(scene: Scene, anchor: str) -> None:
    """The twin: with both nodes there, all is intact."""
    assert scene.verified(anchor) == (0, "intact")


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("name", GONE)
def test_a_whole_node_is_gone(scene: Scene, name: str, anchor: str) -> None:
    """Told with every kind of anchor, and without any: the list of nodes is the auditor's."""
    change, code, verdict = GONE[name]
    change(scene)
    assert scene.verified(anchor) == (code, verdict)


def test_silent_for_too_long(scene: Scene) -> None:
    """A log that was stopped, or put back, is intact as far as it goes: that it ended long ago is told without anchors."""
    early = scene.log.story.copy()
    for record in early.records:
        record.leaf["time"] -= HOUR_US
    early.write(scene.log.places.database, scene.database, scene.log.signing)
    assert scene.verified("none") == (1, "STALE")
    assert scene.verified("none", max_age_seconds=3601) == (0, "intact")


def test_the_witness_is_cut_off_from_the_log(scene: Scene) -> None:
    """Who holds the key puts the log back, goes on with other records, and leaves the witness with what it saw before:
    the log is young, and what is anchored of it is not."""
    forged, seen = scene.log.story.copy(), scene.log.rotated
    for record in forged.records[:seen]:
        record.leaf["time"] -= HOUR_US
    for record in forged.records[seen:]:
        record.leaf["exchange"] = None if record.leaf["exchange"] is None else f"forged-{record.leaf['exchange']}"
    forged.write(scene.log.places.database, scene.database, scene.log.signing)
    notes = [commit.note for commit in Story.of(scene.database).commits if commit.note is not None]
    keep(scene.database.parent, FIRST, [note for note in notes if size_of(note) <= seen][-1:])
    assert scene.verified("witness") == (1, "STALE")
    assert scene.verified("none") == (0, "intact")
    keep(scene.database.parent, FIRST, notes[-1:])
    assert scene.verified("witness") == (0, "intact")


def test_an_export_in_its_place(scene: Scene) -> None:
    """A node can be looked at by its export; one of a log that was put back is told as the log itself is."""
    export = exported(scene.log.places.database, scene.root / "export", with_payloads=False)
    assert export is not None
    scene.database.unlink()
    shutil.copytree(export, scene.database)
    assert scene.verified("file") == (0, "intact")
    shutil.rmtree(scene.database)
    exported(scene.log.older, scene.database, with_payloads=False)
    assert scene.verified("file") == (1, "TAMPERED")
