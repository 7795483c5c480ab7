"""What the tests of the commands share: a running console whose desk is empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.console.stage import Stage, on_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running console whose desk is empty."""
    async with on_stage() as running:
        yield running
