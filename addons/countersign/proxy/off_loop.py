"""Long work beside the event loop, so that one large body does not keep every other request waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from countersign import limits

_WORKERS = ThreadPoolExecutor(limits.MAX_WORKER_THREADS, "countersign-work")


async def aside[Result](work: Callable[[], Result]) -> Result:
    """What `work` gives, from a worker thread. `work` must be pure, as for `off_loop`. Raises what it raises."""
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work)


async def off_loop[Result](size: int, work: Callable[[], Result]) -> Result:
    """What `work` gives. With `size` bytes or more than ON_LOOP_BYTES to go through it runs on a worker thread.

    `work` must be pure: nothing that it reads may be written meanwhile. Raises what it raises.
    """
    if size < limits.ON_LOOP_BYTES:
        return work()
    return await aside(work)
