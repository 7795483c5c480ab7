"""A receiver, a clock, and the gateway's own way out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from countersign.proxy.outbound import Outbound
from tests.notifications.receivers import Receiver, receiving
from tests.notifications.values import Clock


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server that takes what is posted."""
    with receiving() as made:
        yield made


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """What the gateway posts with."""
    made = Outbound(None)
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    """Stands at the moment the test began."""
    return Clock()
