"""Bytes of the evidence changed one at a time: what is called intact still says the same, and nothing crashes."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces, checkpoint_file, standalone_verifier, store, tiles, verify
from countersign.evidence.anchors import Anchor
from countersign.evidence.erasures import Selection
from countersign.evidence.settings import LogSettings
from tests.evidence import logs

TABLES = ("records", "payloads", "checkpoints", "subtrees")
DAY_US = 24 * 3600 * 1_000_000
#: Of SQLite's file format: the first byte of a page of a tree.
_TREES = {2: "inner page of an index", 5: "inner page of a table", 10: "leaf of an index", 13: "leaf of a table"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A copy of a log's files, and what belongs to them elsewhere."""

    database: Path
    vkey: Path
    anchor: Path

    @property
    def wal(self) -> Path:
        return self.database.with_name(self.database.name + "-wal")

    def is_intact(self) -> bool:
        """Whether either verification says so, with the anchor; they differ only where the names of tables were touched."""
        report = verify(
            self.database,
            self.vkey.read_text(),
            [Anchor("elsewhere", partial(checkpoint_file.read_notes, self.anchor))],
        )
        code = standalone(self, self.database)
        assert code in (standalone_verifier.OK, standalone_verifier.TAMPERED, standalone_verifier.UNREADABLE)
        if code == standalone_verifier.OK and not report.ok:
            assert [problem.what[:33] for problem in report.problems] == ["the tables are not those of this "]
        else:
            assert (code == standalone_verifier.OK) == report.ok, report.problems
        return code == standalone_verifier.OK


def standalone(evidence: Evidence, target: Path) -> int:
    """The exit code of the verifier that strangers use."""
    options = ["--vkey", evidence.vkey, "--anchor", evidence.anchor, target]
    with contextlib.redirect_stdout(io.StringIO()):
        return standalone_verifier.main([str(option) for option in options])


def contents(database: Path) -> list[object]:
    """Every value of every table."""
    with closing(store.open_for_reading(database)) as db:
        return [db.execute(f"select * from {table} order by 1, 2").fetchall() for table in TABLES]


def written(directory: Path, *, keep_wal: bool) -> Evidence:
    """A small log that has pages of every kind: long names, long payloads, and some that were erased."""
    places, anchor, clock = StatePlaces(directory / "state"), directory / "elsewhere", logs.Clock()
    log = logs.open_log(places, clock=clock, settings=LogSettings(anchor_files=(anchor,)))
    try:
        for number in range(30):
            name = f"{number:03}" * 60
            log.submit(logs.intent(name, body=b"0123456789" * 900)).result(5)
            log.submit(logs.decision(name, "allow"), logs.outcome(name)).result(5)
        if keep_wal:
            kept = directory / "kept"
            shutil.copytree(places.evidence, kept)
        else:
            clock.now_us += 2 * DAY_US
            selection = Selection(clock.now_us - DAY_US - 1, None, ("intent",), None)
            assert log.prune(selection, logs.nothing_needed, rule="r", actor="a").payloads == 30
            for number in range(8):
                log.submit(logs.intent(f"late{number}", body=b"0123456789" * 900)).result(5)
            kept = places.evidence
        shutil.copy(anchor, directory / "anchor")
    finally:
        log.close()
    if not keep_wal:
        shutil.copy(anchor, directory / "anchor")
    return Evidence(kept / "evidence.db", places.vkey, directory / "anchor")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A log that was closed: one file."""
    return written(tmp_path_factory.mktemp("closed"), keep_wal=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A log of a gateway that was killed: everything is in the write-ahead log."""
    return written(tmp_path_factory.mktemp("running"), keep_wal=True)


def copied(original: Evidence, directory: Path) -> Evidence:
    """A copy to be changed."""
    directory.mkdir(exist_ok=True)
    for path in (original.database, original.wal):
        if path.exists():
            shutil.copy(path, directory / path.name)
    return Evidence(directory / original.database.name, original.vkey, original.anchor)


def pages(database: Path) -> dict[str, list[int]]:
    """The numbers of the pages of each kind, from 0."""
    content = database.read_bytes()
    size = int.from_bytes(content[16:18])
    kinds: dict[str, list[int]] = {"the first page": [0]}
    free: set[int] = set()
    trunk = int.from_bytes(content[32:36])
    while trunk:
        free.add(trunk - 1)
        page = content[(trunk - 1) * size : trunk * size]
        count = int.from_bytes(page[4:8])
        free |= {int.from_bytes(page[8 + 4 * each : 12 + 4 * each]) - 1 for each in range(count)}
        trunk = int.from_bytes(page[:4])
    for number in range(1, len(content) // size):
        kind = "a free page" if number in free else _TREES.get(content[number * size], "a page of a long value")
        kinds.setdefault(kind, []).append(number)
    return kinds


def flipped(content: bytes, place: int, bit: int) -> bytes:
    """One bit changed."""
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def _places(database: Path, chosen: random.Random, of_each_kind: int) -> Iterator[tuple[str, int]]:
    size = int.from_bytes(database.read_bytes()[16:18])
    for kind, numbers in pages(database).items():
        for _ in range(of_each_kind):
            yield kind, chosen.choice(numbers) * size + chosen.randrange(size)
    for place in range(100):
        yield "the header", place


def _flip_the_database(original: Evidence, directory: Path, of_each_kind: int) -> None:
    copy, chosen = copied(original, directory), random.Random(of_each_kind)
    content, told = copy.database.read_bytes(), contents(copy.database)
    noticed: Counter[str] = Counter()
    unnoticed: Counter[str] = Counter()
    for kind, place in _places(original.database, chosen, of_each_kind):
        copy.database.write_bytes(flipped(content, place, chosen.randrange(8)))
        for extra in (copy.wal, copy.database.with_name(copy.database.name + "-shm")):
            extra.unlink(missing_ok=True)
        if copy.is_intact():
            assert contents(copy.database) == told, (kind, place)
            unnoticed[kind] += 1
        else:
            noticed[kind] += 1
    copy.database.write_bytes(content)
    assert copy.is_intact()
    assert set(noticed) | set(unnoticed) == {*_TREES.values(), "the first page", "the header", "a free page"} | {
        "a page of a long value"
    }
    assert noticed["a page of a long value"] > of_each_kind // 2, (noticed, unnoticed)
    assert noticed["leaf of a table"] > 0 < noticed["the header"]
    assert unnoticed["a free page"] > 0 < unnoticed["the header"]


def _flip_the_wal(original: Evidence, directory: Path, count: int) -> None:
    copy, chosen = copied(original, directory), random.Random(count)
    files = {path: path.read_bytes() for path in (copy.database, copy.wal)}
    told, noticed = contents(copy.database), 0
    for _ in range(count):
        for path, content in files.items():
            path.write_bytes(content)
        place = chosen.randrange(len(files[copy.wal]))
        copy.wal.write_bytes(flipped(files[copy.wal], place, chosen.randrange(8)))
        copy.database.with_name(copy.database.name + "-shm").unlink(missing_ok=True)
        if copy.is_intact():
            assert contents(copy.database) == told, place
        else:
            noticed += 1
    assert noticed > count // 2


def _flip_the_export(original: Evidence, directory: Path, count: int) -> None:
    export, chosen = directory / "export", random.Random(count)
    with closing(store.open_for_reading(original.database)) as db:
        tiles.export(db, export, with_payloads=True, note_export=lambda _: None)
    files = sorted(path for path in export.rglob("*") if path.is_file())
    assert standalone(original, export) == standalone_verifier.OK
    for number in range(count):
        path = files[number % len(files)]
        content = path.read_bytes()
        path.write_bytes(flipped(content, chosen.randrange(len(content)), chosen.randrange(8)))
        code, report = standalone(original, export), verify(export, original.vkey.read_text())
        assert code in (standalone_verifier.TAMPERED, standalone_verifier.UNREADABLE), path
        assert not report.ok, path
        path.write_bytes(content)
    assert standalone(original, export) == standalone_verifier.OK


def test_a_database(closed: Evidence, tmp_path: Path) -> None:
    """Some hundred bits of pages of every kind."""
    _flip_the_database(closed, tmp_path / "flips", 25)


def test_a_write_ahead_log(running: Evidence, tmp_path: Path) -> None:
    """A write-ahead log that SQLite reads only the first part of is a log whose end was cut off."""
    _flip_the_wal(running, tmp_path / "flips", 60)


def test_an_export(closed: Evidence, tmp_path: Path) -> None:
    """Every byte of an export matters."""
    _flip_the_export(closed, tmp_path, 120)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many(closed: Evidence, running: Evidence, tmp_path: Path) -> None:
    """The same, some thousand times."""
    _flip_the_database(closed, tmp_path / "database", 400)
    _flip_the_wal(running, tmp_path / "wal", 1000)
    _flip_the_export(closed, tmp_path / "tiles", 1500)
