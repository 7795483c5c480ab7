"""An export, as an examination reads it: whole, it verifies as its database does; of anything else the report tells."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from countersign import limits
from countersign.evidence import store, tiles, verify
from countersign.evidence.checkpoint import split_note
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.exported_log import ExportedLog, NoExport
from tests.evidence import long_logs
from tests.evidence.cosigning import FIRST, cosigned
from tests.evidence.growth import signer
from tests.evidence.long_logs import LongLog


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> LongLog:
    """A log with full tiles, two keys, and payloads erased by rule."""
    return long_logs.written(tmp_path_factory.mktemp("long"))


@pytest.fixture(scope="module")
def exports(log: LongLog, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Its exports, with payloads and without."""
    directory = tmp_path_factory.mktemp("exports")
    made = {}
    for with_payloads in (True, False):
        made[with_payloads] = directory / f"{with_payloads}"
        with closing(store.open_for_reading(log.database)) as db:
            tiles.export(db, made[with_payloads], with_payloads=with_payloads, note_export=lambda _: None)
    return made


@pytest.fixture
def export(exports: dict[bool, Path], tmp_path: Path) -> Path:
    """A copy of the one with payloads, that a test may break."""
    return Path(shutil.copytree(exports[True], tmp_path / "export"))


def test_the_same_report(log: LongLog, exports: dict[bool, Path]) -> None:
    """The report on an export with payloads is the one on its database, word for word."""
    report = verify(exports[True], log.vkeys)
    assert report.ok, report.problems
    assert report == verify(log.database, log.vkeys)
    assert (report.vouched_size, report.erased, len(report.epochs)) == (log.size, 80, 2)


def test_without_payloads(log: LongLog, exports: dict[bool, Path]) -> None:
    """Without payloads all the rest is the same, and the report says that nothing is known of them."""
    report = verify(exports[False], log.vkeys)
    assert report.ok, report.problems
    of_database = verify(log.database, log.vkeys)
    assert report == replace(of_database, payloads=0, erased=0, holds_payloads=False)
    assert of_database.holds_payloads


def test_every_file(log: LongLog, export: Path) -> None:
    """Each file of an export that is gone, cut off, empty, longer, or something else than a file is told."""
    files = [path for path in export.rglob("*") if path.is_file()]
    assert len(files) == 13
    for path in files:
        content = path.read_bytes()
        for altered in (None, b"", content[:-1], content + b"\n", content[:-1] + bytes([content[-1] ^ 1])):
            path.unlink(missing_ok=True)
            if altered is not None:
                path.write_bytes(altered)
            assert not verify(export, log.vkeys).ok, (path, altered and len(altered))
        path.unlink(missing_ok=True)
        path.mkdir()
        assert not verify(export, log.vkeys).ok, path
        path.rmdir()
        path.write_bytes(content)
    assert verify(export, log.vkeys).ok


@pytest.mark.parametrize("name", ["tile/2/000.p/1", "tile/entries/002.p/92", "payloads/007", "tile/extra"])
def test_a_file_more(log: LongLog, export: Path, name: str) -> None:
    """A file that does not belong to the log is told."""
    (export / name).parent.mkdir(parents=True, exist_ok=True)
    (export / name).write_bytes(b"")
    report = verify(export, log.vkeys)
    assert [str(problem) for problem in report.problems] == [
        "there are 11 files of tiles and payloads, and 10 belong to the log"
    ]
    (export / name).unlink()
    assert verify(export, log.vkeys).ok


def test_any_entry(log: LongLog, export: Path) -> None:
    """One byte of any of some entries: told, and vouched for up to the last checkpoint before it."""
    chosen, place = random.Random(1), 0
    path = export / "tile" / "entries" / "001"
    content = path.read_bytes()
    for _ in range(12):
        place = chosen.randrange(len(content))
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        report = verify(export, log.vkeys)
        assert not report.ok
        assert 250 < report.vouched_size < 520
    path.write_bytes(content)
    assert verify(export, log.vkeys).vouched_size == log.size


@pytest.mark.parametrize(
    ("name", "told_as"),
    [
        ("tile/0/001", "tile/0/001 does not hold the hashes of what is below it"),
        ("tile/1/000.p/2", "tile/1/000.p/2 does not hold the hashes"),
        ("log.vkey", "log.vkey is not the list of the keys"),
        ("payloads/001", "payload"),
        ("checkpoints", ""),
    ],
)
def test_told_by_name(log: LongLog, export: Path, name: str, told_as: str) -> None:
    """The report names the file that was changed."""
    path = export / name
    content = path.read_bytes()
    path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    report = verify(export, log.vkeys)
    assert any(told_as in str(problem) for problem in report.problems), report.problems


def test_an_older_checkpoint(log: LongLog, export: Path) -> None:
    """An export that is made to end earlier has tiles and checkpoints that nothing covers."""
    first, *_, last = read_notes(export / "checkpoints")
    (export / "checkpoint").write_bytes(first)
    assert not verify(export, log.vkeys).ok
    (export / "checkpoint").write_bytes(last)
    assert verify(export, log.vkeys).ok


def test_another_last_checkpoint(log: LongLog, export: Path) -> None:
    """The last checkpoint is byte for byte the last of all: nothing is added to it, and no other key signs it."""
    note = (export / "checkpoint").read_bytes()
    text = split_note(note)[0]
    for other in (cosigned(note, FIRST), f"{text}\n{signer(1).line(text)}".encode()):
        (export / "checkpoint").write_bytes(other)
        report = verify(export, log.vkeys)
        assert [str(problem) for problem in report.problems] == [
            "the file `checkpoint` is not the last of the file `checkpoints`"
        ]
    (export / "checkpoint").write_bytes(note)
    assert verify(export, log.vkeys).ok


def test_not_an_export(log: LongLog, export: Path, tmp_path: Path) -> None:
    """A directory without a last checkpoint cannot be read, or was not written to its end: no tampering, and not fine."""
    (export / "checkpoint").unlink()
    for directory in (export, tmp_path):
        report = verify(directory, log.vkeys)
        assert (report.ok, "not written to its end" in str(report.unreadable)) == (False, True)
        with pytest.raises(NoExport):
            ExportedLog(directory)


def test_a_size_that_cannot_be(log: LongLog, export: Path) -> None:
    """A checkpoint that calls the log longer than it is ends in a problem, not in a search without end."""
    note = (export / "checkpoint").read_bytes()
    (export / "checkpoint").write_bytes(note.replace(b"\n605\n", b"\n9999999999999999\n"))
    assert not verify(export, log.vkeys).ok
    (export / "checkpoint").write_bytes(note)
    assert verify(export, log.vkeys).ok


def test_bounded(log: LongLog, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file longer than it can be is not read into memory."""
    monkeypatch.setattr(limits, "MAX_VKEY_FILE_BYTES", 100)
    report = verify(export, log.vkeys)
    assert any("log.vkey is longer than it can be" in str(problem) for problem in report.problems)


def test_a_payload_that_is_too_long(log: LongLog, export: Path) -> None:
    """A header that promises more than a payload ever has is malformed."""
    path = export / "payloads" / "001"
    content = path.read_bytes()
    line, _, rest = content.partition(b"\n")
    path.write_bytes(line.rpartition(b" ")[0] + b" 99999999\n" + rest)
    report = verify(export, log.vkeys)
    assert any("payloads/001 is malformed" in str(problem) for problem in report.problems)
