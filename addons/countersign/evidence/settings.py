"""How one log is kept: its anchors, its heartbeat, the length of its key epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countersign import limits


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the operator chose. The default anchors nothing: then only the log's own key vouches for it."""

    anchor_files: tuple[Path, ...] = ()  #: append-only checkpoint files, best on another volume and of another owner
    heartbeat_seconds: int = limits.HEARTBEAT_SECONDS  #: the longest silence of a gateway that runs
    key_epoch_seconds: int | None = None  #: after so long the log takes a new key; None: when it is told to

    def __post_init__(self) -> None:
        if self.heartbeat_seconds < 1 or (self.key_epoch_seconds is not None and self.key_epoch_seconds < 1):
            raise ValueError("a heartbeat and a key epoch take a second at least")
