"""A gateway for each test, and its approvers' console as anybody can reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.attacks.console import ConsoleClient
from tests.proxy.conftest import (
    authority,
    echo,
    folder,
    gateway,
    hurried,
    provider,
    secure_gateway,
    secure_service,
    service,
    shared,
)
from tests.proxy.stage import Gateway

__all__ = [
    "authority",
    "echo",
    "folder",
    "gateway",
    "hurried",
    "provider",
    "secure_gateway",
    "secure_service",
    "service",
    "shared",
]


@pytest.fixture
async def console(gateway: Gateway) -> AsyncIterator[ConsoleClient]:
    """The console of `gateway`."""
    client = ConsoleClient(gateway)
    yield client
    client.close()
