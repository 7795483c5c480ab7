"""The whole gateway between real clients and real services: one stage for each file that can share it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.story.scene import Scene
from scripts.story.stage import Stage
from tests.end_to_end import verifiers
from tests.end_to_end.verifiers import Program


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Before a registry with Confluent's API."""
    with Stage(tmp_path_factory.mktemp("registry"), "registry") as stage:
        yield stage


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Before a schema service of the plain REST kind; held changes are answered after a second."""
    with Stage(tmp_path_factory.mktemp("store"), "store", hold_seconds=1) as stage:
        yield stage


@pytest.fixture(scope="module")
def scene(registry: Stage) -> Scene:
    """What the people of the story do."""
    return Scene(registry)


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    """For clients that wait while others act."""
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture(
    scope="session", params=[verifiers.ours, verifiers.python, verifiers.go], ids=lambda each: each.__name__
)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """One that verifies evidence."""
    made: Program = request.param(tmp_path_factory.mktemp("program"))
    return made
