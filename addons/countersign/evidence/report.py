"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass

from countersign.evidence.anchors import Vouched


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and at which record."""

    seq: int | None  #: None: it concerns no single record
    what: str

    def __str__(self) -> str:
        return self.what if self.seq is None else f"record {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key of the log, and the records it signed for."""

    vkey: str
    begin: int  #: records before it
    end: int  #: records up to its end


@dataclass(frozen=True, slots=True)
class Report:
    """The result of reading the whole log. It never holds what the records say."""

    origin: str
    records: int
    payloads: int
    checkpoints: int
    vouched_size: int  #: the first so many records are exactly those that the log's key signed for
    vouched_root: bytes
    problems: tuple[Finding, ...]  #: the first limits.MAX_REPORTED_PROBLEMS of them
    problem_count: int
    remarks: tuple[Finding, ...]  #: worth a look, but not tampering
    open_intents: tuple[str, ...]  #: exchanges whose outcome is not recorded yet
    unreadable: str | None = None  #: why the database could not even be opened
    erased: int = 0  #: payloads that a rule erased
    epochs: tuple[Epoch, ...] = ()
    anchors: tuple[Vouched, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written. False for a log that could not be read."""
        return self.unreadable is None and self.problem_count == 0 and self.records > 0

    @property
    def anchored_size(self) -> int:
        """The first so many records are exactly those of which checkpoints were kept outside of the database."""
        return max((each.size for each in self.anchors), default=0) if self.ok else 0
