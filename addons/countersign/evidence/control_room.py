"""What a running gateway does for its operators: it takes their commands at a socket, and prunes by itself where rules say so.

Neither holds up the traffic, nor ends it when it fails: they run on threads of their own, and write through the log's.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from countersign.errors import EvidenceUnavailable
from countersign.evidence.control import Control
from countersign.evidence.control_socket import CONTROL_NAME, ControlSocket
from countersign.evidence.keeper import Keeper
from countersign.rulebook.values import EvidenceRules

_LOG = logging.getLogger(__name__)
_ACTOR = "the gateway itself"


class ControlRoom:
    """Of one gateway, from its start to its end."""

    def __init__(self, directory: Path, control: Control, rules: EvidenceRules) -> None:
        """`directory` is that of the log which `control` acts on, and which this process has locked."""
        self._control = control
        self._rules = rules
        self._stopping = threading.Event()
        self._socket = ControlSocket(directory / CONTROL_NAME, control.perform)
        self._pruner = Keeper(self._prune)

    def start(self) -> None:
        """Listen, and prune a first time where the rules ask for it."""
        self._socket.start()
        if self._rules.prune_every_hours is not None:
            self._pruner.start()

    def stop(self, timeout_seconds: float) -> None:
        """End both; what is being done ends after its present step. Harmless when it did not start."""
        deadline = time.monotonic() + timeout_seconds
        self._stopping.set()
        self._socket.stop(timeout_seconds)
        if self._pruner.is_running:
            self._pruner.stop(max(0.0, deadline - time.monotonic()))

    def _prune(self) -> float:
        """Apply every rule; in how many seconds to do it again. Raises CountersignError."""
        assert self._rules.prune_every_hours is not None
        for rule in self._rules.retention:
            done = self._control.prune(rule, _ACTOR, None, self._go_on)
            _LOG.info("pruned: %s", done)
        return self._rules.prune_every_hours * 3600

    def _go_on(self, erased: int) -> None:
        if self._stopping.is_set():
            raise EvidenceUnavailable("the gateway stops; the rest is erased when it runs again")
