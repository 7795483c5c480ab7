"""Long work goes to a thread, short work does not."""

from __future__ import annotations

import asyncio
import threading

import pytest

from countersign import limits
from countersign.proxy.off_loop import aside, off_loop


async def test_short_work_stays_on_the_loop() -> None:
    """Below the limit a thread would cost more than it saves."""
    assert await off_loop(limits.ON_LOOP_BYTES - 1, threading.get_ident) == threading.get_ident()


async def test_long_work_lets_others_go_on() -> None:
    """While the work runs, another task does what the work waits for."""
    done = threading.Event()

    def work() -> bool:
        return done.wait(10)

    working = asyncio.ensure_future(off_loop(limits.ON_LOOP_BYTES, work))
    await asyncio.sleep(0)
    done.set()
    async with asyncio.timeout(10):
        assert await working


async def test_long_work_takes_turns() -> None:
    """However much is asked for at once, no more of it runs than takes little from the event loop; all of it gets done."""
    running = most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        sum(range(100_000))  # long enough for another worker to start
        with guard:
            running -= 1

    async with asyncio.timeout(10):
        await asyncio.gather(*(aside(work) for _ in range(20)))
    assert (running, most) == (0, limits.MAX_WORKER_THREADS)


@pytest.mark.parametrize("size", [0, limits.ON_LOOP_BYTES])
async def test_errors_come_back(size: int) -> None:
    """What the work raises is raised, wherever it ran."""

    def work() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await off_loop(size, work)
