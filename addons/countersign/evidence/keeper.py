"""What a log does by itself, from time to time: a heartbeat when nothing else happens, a new key at the end of an epoch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from countersign import limits
from countersign.errors import CountersignError

_LOG = logging.getLogger(__name__)


class Keeper:
    """One thread that calls `due()` whenever it said that it would be due; `due` returns the seconds until then.

    What cannot be done now is tried again: a log that was too busy for a heartbeat is still to have the next one.
    """

    def __init__(self, due: Callable[[], float]) -> None:
        self._due = due
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="countersign-evidence-keeper", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether the thread was started, and has not ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            try:
                wait = self._due()
            except CountersignError as error:
                _LOG.error("what the evidence log does by itself could not be done, and is tried again: %s", error)
                wait = limits.KEEPER_RETRY_SECONDS
