"""What several files of faults share: a small volume."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import limits
from tests.faults.small_volume import SMALL, mounted


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small volume, and limits for a small one."""
    for name, value in SMALL.items():
        monkeypatch.setattr(limits, name, value)
    with mounted(tmp_path / "volume") as place:
        yield place
