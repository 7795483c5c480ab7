"""How one log is kept: its anchors and how old the last may get, its heartbeat, the length of its key epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from countersign import limits
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.rulebook.values import EvidenceRules


@dataclass(frozen=True, slots=True)
class WitnessPlace:
    """A witness: where it listens, and its public key."""

    url: str  #: its submission prefix
    verifier: CosignatureVerifier


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the operator chose. The default anchors nothing: then only the log's own key vouches for it."""

    anchor_files: tuple[Path, ...] = ()  #: append-only checkpoint files, best on another volume and of another owner
    heartbeat_seconds: int = limits.HEARTBEAT_SECONDS  #: the longest silence of a gateway that runs
    key_epoch_seconds: int | None = None  #: after so long the log takes a new key; None: when it is told to
    witnesses: tuple[WitnessPlace, ...] = ()
    quorum: int = 0  #: so many witnesses anchor a checkpoint; 0: they are asked, and nothing waits for them
    warn_after_seconds: int = limits.WARN_UNANCHORED_SECONDS  #: without the quorum's cosignatures
    refuse_after_seconds: int = limits.REFUSE_UNANCHORED_SECONDS  #: the same; then changes are refused

    def __post_init__(self) -> None:
        if self.heartbeat_seconds < 1 or (self.key_epoch_seconds is not None and self.key_epoch_seconds < 1):
            raise ValueError("a heartbeat and a key epoch take a second at least")
        if not 0 <= self.quorum <= len({witness.verifier for witness in self.witnesses}):
            raise ValueError("the quorum is more than there are witnesses")
        if not 0 < self.warn_after_seconds <= self.refuse_after_seconds:
            raise ValueError("operators are to be warned before changes are refused")

    @classmethod
    def by_rules(cls, rules: EvidenceRules) -> Self:
        """Those of evidence.yaml. Raises BadNote, where a witness's key is none."""
        return cls(
            anchor_files=tuple(Path(path) for path in rules.checkpoint_files),
            heartbeat_seconds=rules.heartbeat_seconds,
            key_epoch_seconds=None if rules.key_epoch_hours is None else rules.key_epoch_hours * 3600,
            witnesses=tuple(WitnessPlace(each.url, CosignatureVerifier.parse(each.vkey)) for each in rules.witnesses),
            quorum=rules.quorum,
            warn_after_seconds=rules.warn_after_seconds,
            refuse_after_seconds=rules.refuse_after_seconds,
        )
