"""One change of a subject at a time."""

from __future__ import annotations

import asyncio

import pytest

from countersign import limits
from countersign.errors import SchemaUnavailable
from countersign.proxy.subject_locks import SubjectLocks


async def test_a_second_change_waits_for_the_first() -> None:
    """The lock is handed over, not shared."""
    locks = SubjectLocks()
    release = await locks.acquire("c", "s")
    second = asyncio.create_task(locks.acquire("c", "s"))
    await asyncio.sleep(0)
    assert not second.done()
    release()
    async with asyncio.timeout(5):
        (await second)()


async def test_other_subjects_and_connections_do_not_wait() -> None:
    """Only the same subject of the same connection is locked."""
    locks = SubjectLocks()
    await locks.acquire("c", "s")
    async with asyncio.timeout(5):
        for connection, subject in (("c", "other"), ("other", "s"), ("c", None)):
            await locks.acquire(connection, subject)


async def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the limit the waiting change is refused, and the lock still serves the next one."""
    monkeypatch.setattr(limits, "SUBJECT_LOCK_SECONDS", 0.01)
    locks = SubjectLocks()
    release = await locks.acquire("c", "s")
    with pytest.raises(SchemaUnavailable, match="another change of the same subject"):
        await locks.acquire("c", "s")
    release()
    (await locks.acquire("c", "s"))()


async def test_giving_back_twice_frees_nobody_elses_lock() -> None:
    """Only the first call gives the lock back."""
    locks = SubjectLocks()
    release = await locks.acquire("c", "s")
    release()
    await locks.acquire("c", "s")
    release()
    third = asyncio.create_task(locks.acquire("c", "s"))
    await asyncio.sleep(0)
    assert not third.done()
    third.cancel()


async def test_a_waiter_that_is_cancelled_leaves_no_trace() -> None:
    """Locks that nobody holds or waits for are forgotten, whatever happened."""
    locks = SubjectLocks()
    release = await locks.acquire("c", "s")
    waiting = asyncio.create_task(locks.acquire("c", "s"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release()
    assert not locks._locks
