"""What evidence.yaml says."""

from __future__ import annotations

from dataclasses import dataclass

from countersign import limits
from countersign.rulebook.places import Source


@dataclass(frozen=True, slots=True)
class WitnessRule:
    """A witness that cosigns the log's checkpoints."""

    url: str  #: its submission prefix
    vkey: str  #: its public key, C2SP tlog-cosignature, Ed25519


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Which payloads are erased when; None: whichever."""

    name: str
    older_than_days: int
    connection: str | None
    types: tuple[str, ...] | None  #: of records
    names: tuple[str, ...] | None  #: of payloads
    source: Source

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """How the evidence log is kept. Without the file: no anchor, and everything else at its default."""

    checkpoint_files: tuple[str, ...] = ()  #: absolute paths, outside of the gateway's state directory
    heartbeat_seconds: int = limits.HEARTBEAT_SECONDS
    key_epoch_hours: int | None = None  #: None: the log takes a new key when it is told to
    witnesses: tuple[WitnessRule, ...] = ()
    quorum: int = 0  #: so many witnesses anchor a checkpoint; 0: they are asked, and nothing waits for them
    warn_after_seconds: int = limits.WARN_UNANCHORED_SECONDS
    refuse_after_seconds: int = limits.REFUSE_UNANCHORED_SECONDS
    retention: tuple[RetentionRule, ...] = ()
    prune_every_hours: int | None = None  #: None: the gateway erases when it is told to
