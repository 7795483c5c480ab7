"""A rules directory to change: a copy of the shipped one, which is valid."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from countersign.rulebook.loading import load
from countersign.rulebook.problems import RulesErrors
from countersign.rulebook.values import Rulebook

SHIPPED = Path(__file__).parents[2] / "rules"


@dataclass(frozen=True)
class RulesDirectory:
    """Files to change, and what `load` says of them."""

    path: Path

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one thing in `file`."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} is not in {file} exactly once"
        (self.path / file).write_text(text.replace(old, new), encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        """Give `file` this content."""
        (self.path / file).write_text(text, encoding="utf-8")

    def load(self) -> Rulebook:
        """The rulebook."""
        return load(self.path)

    def problems(self) -> list[str]:
        """What is wrong, with files relative to the directory; fails the test when nothing is."""
        with pytest.raises(RulesErrors) as caught:
            load(self.path)
        return [str(error).removeprefix(f"{self.path}/") for error in caught.value.errors]


@pytest.fixture
def rules(tmp_path: Path) -> RulesDirectory:
    """A changeable copy of the shipped rules."""
    return RulesDirectory(Path(shutil.copytree(SHIPPED, tmp_path / "rules", ignore=shutil.ignore_patterns("schemas"))))
