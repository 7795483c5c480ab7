"""The logs that a witness watches, by their files of public keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.evidence.errors import KeyFileError
from countersign.evidence.witnessed_logs import WitnessedLogs
from tests.evidence.growth import ORIGIN, signer

OLD, NEW, NEWEST = (signer(number).verifier for number in (1, 2, 3))


def write(path: Path, *keys: object) -> Path:
    path.write_text("".join(f"{key.vkey()}\n" for key in keys))  # type: ignore[attr-defined]
    return path


@pytest.fixture
def vkey_file(tmp_path: Path) -> Path:
    return write(tmp_path / "log.vkey", OLD, NEW)


def test_only_the_last_key_counts(vkey_file: Path) -> None:
    """A key whose epoch is over was erased: who signs with it has a copy that should not be."""
    logs = WitnessedLogs([vkey_file])
    assert dict(logs) == {ORIGIN: (NEW,)}
    assert "example.com/other" not in logs


def test_a_key_that_is_added(vkey_file: Path) -> None:
    """A new line in the file is a new epoch, without a restart, also when the file was replaced."""
    logs = WitnessedLogs([vkey_file])
    write(vkey_file.with_name("new"), OLD, NEW, NEWEST).replace(vkey_file)
    assert logs[ORIGIN] == (NEWEST,)


@pytest.mark.parametrize("content", ["", "half a l", f"{OLD.vkey()}\n", f"{NEWEST.vkey()}\n", None])
def test_what_is_no_new_epoch(vkey_file: Path, content: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """Half a copy, fewer keys, another log's or no file: the key that was known goes on to count, and it is said once."""
    logs = WitnessedLogs([vkey_file])
    if content is None:
        vkey_file.unlink()
    else:
        vkey_file.write_text(content)
    assert logs[ORIGIN] == logs[ORIGIN] == (NEW,)
    assert len([record for record in caplog.records if str(vkey_file) in record.message]) == 1
    write(vkey_file, OLD, NEW, NEWEST)
    assert logs[ORIGIN] == (NEWEST,)


def test_an_unchanged_file_is_not_read(vkey_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can make the witness look; only a file that changed costs a reading."""
    logs = WitnessedLogs([vkey_file])
    read: list[Path] = []
    monkeypatch.setattr("countersign.evidence.keys.read_vkeys", read.append)
    assert logs[ORIGIN] == (NEW,)
    assert read == []


def test_each_log_once(vkey_file: Path, tmp_path: Path) -> None:
    """Two files of one log could name two keys; none at all is a mistake; another log beside it is fine."""
    with pytest.raises(KeyFileError, match="another --log"):
        WitnessedLogs([vkey_file, write(tmp_path / "again", OLD)])
    with pytest.raises(KeyFileError, match="name the file"):
        WitnessedLogs([])
    with pytest.raises(KeyFileError, match="cannot be read"):
        WitnessedLogs([tmp_path / "nothing"])
    other = signer(1, "example.com/other").verifier
    assert len(WitnessedLogs([vkey_file, write(tmp_path / "other", other)])) == 2
