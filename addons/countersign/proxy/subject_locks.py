"""One change of a subject at a time: from the reading of the current schema to the outcome nobody else gets between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from countersign import limits
from countersign.errors import SchemaUnavailable


class SubjectLocks:
    """Locks by (connection, subject). Holds for one gateway only; several gateways share theirs elsewhere."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str | None], tuple[asyncio.Lock, int]] = {}

    async def acquire(self, connection: str, subject: str | None) -> Callable[[], None]:
        """Wait for the subject, at most SUBJECT_LOCK_SECONDS; returns what gives it back (only the first call does).

        Raises SchemaUnavailable when another change holds it for longer.
        """
        key = (connection, subject)
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with asyncio.timeout(limits.SUBJECT_LOCK_SECONDS):
                await lock.acquire()
        except TimeoutError:
            self._leave(key)
            raise SchemaUnavailable("another change of the same subject is under way; try again shortly") from None
        except BaseException:
            self._leave(key)
            raise
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                lock.release()
                self._leave(key)

        return release

    def _leave(self, key: tuple[str, str | None]) -> None:
        lock, waiting = self._locks[key]
        if waiting == 1:
            del self._locks[key]
        else:
            self._locks[key] = (lock, waiting - 1)
