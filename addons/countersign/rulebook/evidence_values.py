"""What evidence.yaml says."""

from __future__ import annotations

from dataclasses import dataclass

from countersign import limits


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """How the evidence log is kept. Without the file: no anchor, and everything else at its default."""

    checkpoint_files: tuple[str, ...] = ()  #: absolute paths, outside of the gateway's state directory
    heartbeat_seconds: int = limits.HEARTBEAT_SECONDS
    key_epoch_hours: int | None = None  #: None: the log takes a new key when it is told to
