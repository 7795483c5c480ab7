"""Fixtures of the identity tests: a key server in the test's own loop, and nanoidp as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.identity.issuing import KeyServer, rsa_key, serving
from tests.identity.real_provider import NanoIdp, running


@pytest.fixture
async def provider() -> AsyncIterator[KeyServer]:
    """A provider that publishes one RSA key, `first`."""
    async with serving(rsa_key()) as server:
        yield server


@pytest.fixture
def nanoidp(tmp_path: Path) -> Iterator[NanoIdp]:
    """The real provider, with its default client and people."""
    with running(tmp_path) as server:
        yield server
