"""Fixtures of the evidence tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from countersign.evidence import StatePlaces
from tests.evidence import logs


@pytest.fixture
def places(tmp_path: Path) -> StatePlaces:
    """An empty state directory."""
    return StatePlaces(tmp_path / "state")


@dataclass(frozen=True, slots=True)
class Told:
    """A closed log with a story in it, that is copied and never changed."""

    places: StatePlaces
    vkey: str


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A closed log with two exchanges."""
    places = StatePlaces(tmp_path_factory.mktemp("told"))
    with logs.opened(places) as log:
        logs.tell_story(log)
        vkey = log.vkey
    return Told(places, vkey)


@pytest.fixture
def copy_of_told(told: Told, tmp_path: Path) -> Callable[[], Path]:
    """Makes copies of the told log's database."""
    count = iter(range(1_000_000))

    def copy() -> Path:
        return Path(shutil.copy(told.places.database, tmp_path / f"copy-{next(count)}.db"))

    return copy
