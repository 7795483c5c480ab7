"""A log as a directory of tiles; what it holds is verified in test_standalone_verifier.py and test_foreign_verifiers.py."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from countersign.evidence import StatePlaces, anchors, store, tiles, tree, verify
from countersign.evidence.checkpoint import Checkpoint, Verifier
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.tiles import ExportRefused
from tests.evidence import logs, long_logs
from tests.evidence.conftest import Told
from tests.evidence.cosigning import FIRST, SECOND, THIRD, cosigned, keep, notes_of
from tests.evidence.growth import Growth
from tests.evidence.long_logs import LongLog


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LongLog:
    """A log with full tiles."""
    return long_logs.written(tmp_path_factory.mktemp("long"))


def exported(database: Path, directory: Path, *, with_payloads: bool = True) -> Checkpoint:
    """Export a database that nobody has to hear of."""
    with closing(store.open_for_reading(database)) as db:
        return tiles.export(db, directory, with_payloads=with_payloads, note_export=lambda _: None)


def content(directory: Path) -> dict[str, bytes]:
    """Every file of a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_layout(log: LongLog, tmp_path: Path) -> None:
    """The tiles of every level, the entries, and beside them what a stranger needs to verify them."""
    last = exported(log.database, tmp_path / "export")
    found = content(tmp_path / "export")
    assert last.size == log.size == 605
    assert set(found) == {
        *("checkpoint", "checkpoints", "log.vkey", "tile/1/000.p/2"),
        *(f"{part}/{tile}" for part in ("tile/0", "tile/entries", "payloads") for tile in ("000", "001", "002.p/93")),
    }
    with closing(sqlite3.connect(log.database)) as db:
        leaves = [leaf for (leaf,) in db.execute("select leaf from records order by seq")]
        notes = [note for (note,) in db.execute("select note from checkpoints order by size")]
    hashes = [tree.leaf_hash(leaf) for leaf in leaves]
    assert found["tile/0/001"] == b"".join(hashes[256:512])
    assert found["tile/0/002.p/93"] == b"".join(hashes[512:])
    assert found["tile/1/000.p/2"] == tree.root_of(hashes[:256]) + tree.root_of(hashes[256:512])
    assert found["tile/entries/002.p/93"] == b"".join(len(leaf).to_bytes(2) + leaf for leaf in leaves[512:])
    assert list(read_notes(tmp_path / "export" / "checkpoints")) == notes
    assert found["checkpoint"] == notes[-1]
    assert found["log.vkey"].decode() == log.vkeys


def test_payloads(log: LongLog, tmp_path: Path) -> None:
    """Each payload that is stored is there with its salt; those that a rule erased are not."""
    exported(log.database, tmp_path / "export")
    data = (tmp_path / "export" / "payloads" / "002.p" / "93").read_bytes()
    with closing(sqlite3.connect(log.database)) as db:
        rows = db.execute("select seq, name, salt, data from payloads where seq >= 512 order by seq, name").fetchall()
    assert rows
    for seq, name, salt, body in rows:
        line = b"%d %b %b %d\n%b\n" % (seq, name.encode(), salt.hex().encode(), len(body), body)
        assert data.startswith(line)
        data = data.removeprefix(line)
    assert data == b""
    first = (tmp_path / "export" / "payloads" / "000").read_bytes()
    requests = re.findall(rb"^(\d+) request [0-9a-f]{64} \d+$", first, re.MULTILINE)
    assert min(map(int, requests)) > 160
    assert first.startswith(b"7 response ")


def test_without_payloads(log: LongLog, tmp_path: Path) -> None:
    """Not asked for, no payload leaves; all the rest is the same."""
    exported(log.database, tmp_path / "with")
    exported(log.database, tmp_path / "without", with_payloads=False)
    everything = content(tmp_path / "with")
    bare = {name: data for name, data in everything.items() if not name.startswith("payloads/")}
    assert content(tmp_path / "without") == bare != everything


def test_deterministic(log: LongLog, tmp_path: Path) -> None:
    """The same records become the same bytes."""
    exported(log.database, tmp_path / "one")
    exported(log.database, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


@pytest.mark.parametrize("size", [255, 256, 257])
def test_around_a_full_tile(places: StatePlaces, tmp_path: Path, size: int) -> None:
    """A tree of 256 has one full tile and a tile of one above it; one of 255 or 257 has a partial tile of leaves."""
    with logs.opened(places) as log:
        log.submit(*(logs.step(f"x{number}", "pending") for number in range(size - 3))).result(5)
    assert exported(places.database, tmp_path / "export", with_payloads=False).size == size
    found = {name for name in content(tmp_path / "export") if name.startswith(("tile/0", "tile/1"))}
    full = {"tile/0/000", "tile/1/000.p/1"}
    assert found == {255: {"tile/0/000.p/255"}, 256: full, 257: full | {"tile/0/001.p/1"}}[size]


def test_an_open_log(places: StatePlaces, tmp_path: Path) -> None:
    """A log in use is exported as it is at one moment, and the gateway is not disturbed."""
    with logs.opened(places) as log:
        log.submit(logs.intent("x")).result(5)
        assert exported(places.database, tmp_path / "export").size == log.size == 3
        log.submit(logs.outcome("x")).result(5)
        assert log.is_healthy


def test_told_before_anything_is_written(told: Told, tmp_path: Path) -> None:
    """Who has to know of an export hears of it first, with what is exported; where that fails, nothing is."""
    heard: list[Checkpoint] = []

    def note_export(last: Checkpoint) -> None:
        heard.append(last)
        assert content(tmp_path) == {}
        if len(heard) == 1:
            raise EvidenceDamaged("cannot be recorded")

    with closing(store.open_for_reading(told.places.database)) as db:
        with pytest.raises(EvidenceDamaged, match="cannot be recorded"):
            tiles.export(db, tmp_path / "one", with_payloads=True, note_export=note_export)
        assert content(tmp_path) == {}
        assert tiles.export(db, tmp_path / "one", with_payloads=True, note_export=note_export) == heard[0] == heard[1]
    assert Verifier.parse(told.vkey).open_checkpoint((tmp_path / "one" / "checkpoint").read_bytes()) == heard[0]


def test_directory_in_use(told: Told, tmp_path: Path) -> None:
    """A directory that holds anything is left alone; an empty one is used, and a new one is private."""
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    with pytest.raises(ExportRefused, match="not empty"):
        exported(told.places.database, tmp_path / "used")
    assert content(tmp_path / "used") == {"file": b"mine"}
    (tmp_path / "used" / "file").unlink()
    assert exported(told.places.database, tmp_path / "used").size == 8
    exported(told.places.database, tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("damage", "told_as"),
    [
        ("update records set leaf = zeroblob(9) where seq = 3", "not of these records"),
        ("delete from records where seq = 7", "not of these records"),
        ("delete from checkpoints where size = 8", "not of these records"),
        ("delete from checkpoints", "there is no last checkpoint"),
        ("update checkpoints set note = x'00'", "cannot be read"),
        ("update records set leaf = zeroblob(65536) where seq = 3", "not stored as it was written"),
        ("insert into payloads values (300, 'x', x'00', x'00')", "belong to no record"),
    ],
)
def test_damaged(copy_of_told: Callable[[], Path], tmp_path: Path, damage: str, told_as: str) -> None:
    """What is not whole is not exported: no `checkpoint`, no complete export."""
    path = copy_of_told()
    exported(path, tmp_path / "good")
    logs.execute(path, damage)
    with pytest.raises(EvidenceDamaged, match=told_as):
        exported(path, tmp_path / "bad")
    assert "checkpoint" not in content(tmp_path / "bad")


def test_read_row_by_row(log: LongLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than one tile of records and one payload in memory: the rows are taken one after the other."""
    taken: list[int] = []

    class Rows:
        def __init__(self, rows: Iterator[tuple[object, ...]]) -> None:
            self.rows = rows

        def __iter__(self) -> Iterator[tuple[object, ...]]:
            for row in self.rows:
                taken.append(len(content(tmp_path / "export")))
                yield row

    with closing(store.open_for_reading(log.database)) as db:
        execute = db.execute
        monkeypatch.setattr(
            Database, "execute", lambda _, sql, *rest: Rows(execute(sql, *rest)) if "leaf from" in sql else execute(sql)
        )
        tiles.export(db, tmp_path / "export", with_payloads=False, note_export=lambda _: None)
    assert taken[:605:256] == [0, 2, 4]


def test_cosigned(log: LongLog, tmp_path: Path) -> None:
    """What witnesses cosigned goes with the log, up to where the export ends: the gateway and its witnesses go on."""
    notes = notes_of(log.anchor)
    beyond = Growth(signers=(long_logs.key_of(log),)).note(log.size + 1)
    kept = [
        keep(tmp_path, FIRST, [*notes[-3:], beyond]),
        keep(tmp_path, SECOND, [beyond]),
        keep(tmp_path, THIRD, []),
    ]
    with closing(store.open_for_reading(log.database)) as db:
        tiles.export(db, tmp_path / "export", with_payloads=False, note_export=lambda _: None, cosigned=kept)
    found = [name for name in content(tmp_path / "export") if name.startswith("cosigned-")]
    assert found == [kept[0].name]
    assert list(read_notes(tmp_path / "export" / kept[0].name)) == [cosigned(note, FIRST) for note in notes[-3:]]
    verifiers = [FIRST.verifier]
    report = verify(tmp_path / "export", log.vkeys, anchors.beside(tmp_path / "export", verifiers), verifiers)
    assert (report.ok, report.witnessed_size) == (True, log.size)
    kept[0].write_bytes(b"!\n")
    with closing(store.open_for_reading(log.database)) as db, pytest.raises(EvidenceDamaged):
        tiles.export(db, tmp_path / "other", with_payloads=False, note_export=lambda _: None, cosigned=kept)
