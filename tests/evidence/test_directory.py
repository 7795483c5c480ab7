"""Private, durable directories."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from countersign.evidence import directory


def test_make_private(tmp_path: Path) -> None:
    """A new directory is its owner's only; one that is there keeps its mode."""
    made = tmp_path / "a" / "b"
    directory.make_private(made)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o750)
    directory.make_private(made)
    assert stat.S_IMODE(made.stat().st_mode) == 0o750


def test_names_that_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every directory that gets a name is flushed after it got it; with all there, only the last one's."""
    flushed: list[tuple[Path, list[str]]] = []
    flush = directory.sync

    def watched(path: Path) -> None:
        flush(path)
        flushed.append((path, [child.name for child in path.iterdir()]))

    monkeypatch.setattr(directory, "sync", watched)
    made = tmp_path / "a" / "b" / "c"
    directory.make_private(made)
    first = [(tmp_path, ["a"]), (tmp_path / "a", ["b"]), (tmp_path / "a" / "b", ["c"])]
    assert flushed == first
    directory.make_private(made)
    assert flushed == [*first, first[-1]]


def test_sync(tmp_path: Path) -> None:
    """A directory can be flushed; what is not one is an error instead of a silent success."""
    directory.sync(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        directory.sync(tmp_path / "file")
