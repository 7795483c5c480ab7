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


def test_sync(tmp_path: Path) -> None:
    """A directory can be flushed; what is not one is an error instead of a silent success."""
    directory.sync(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        directory.sync(tmp_path / "file")
