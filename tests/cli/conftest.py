"""What the tests of the commands share: a running console whose desk is empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.cli.acting_log import ActingLog, acting_log
from tests.console.stage import Stage, on_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running console whose desk is empty."""
    async with on_stage() as running:
        yield running


@pytest.fixture
def acting() -> Iterator[ActingLog]:
    """A log with an old story, and rules by which it may be erased."""
    with acting_log() as made:
        yield made
