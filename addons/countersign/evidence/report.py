"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass

from countersign.evidence.anchors import Vouched, Witnessed


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
    unreadable: str | None = None  #: why the log could not even be opened
    erased: int = 0  #: payloads that a rule erased
    epochs: tuple[Epoch, ...] = ()
    anchors: tuple[Vouched, ...] = ()
    witnesses: tuple[Witnessed, ...] = ()
    quorum: int = 0  #: how many of the witnesses must have seen a record
    newest_us: int = 0  #: time of the last record, microseconds since 1970, UTC
    holds_payloads: bool = True  #: False: an export of the records alone

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written. False for a log that could not be read."""
        return self.unreadable is None and self.problem_count == 0 and self.records > 0

    @property
    def witnessed_size(self) -> int:
        """The first so many records are exactly those that a quorum of the witnesses saw."""
        return self._witnessed[0]

    @property
    def anchored_size(self) -> int:
        """The first so many records are exactly those of which checkpoints were kept outside of the gateway's reach."""
        return self._anchored[0]

    @property
    def anchored_us(self) -> int:
        """Time of the last of them, microseconds since 1970, UTC; 0 where there are none."""
        return self._anchored[1]

    @property
    def is_anchored(self) -> bool:
        """Whether something outside of the gateway's reach vouches; where witnesses were named, a quorum of them too."""
        return self.anchored_size > 0 and (not self.witnesses or self.witnessed_size > 0)

    @property
    def _witnessed(self) -> tuple[int, int]:
        """Each that saw more records saw these too: it is the size that the last of a quorum reached."""
        sizes = sorted(((each.size, each.newest_us) for each in self.witnesses), reverse=True)
        return sizes[self.quorum - 1] if self.ok and self.quorum else (0, 0)

    @property
    def _anchored(self) -> tuple[int, int]:
        kept = [(each.size, each.newest_us) for each in self.anchors if self.ok]
        return max([*kept, self._witnessed])
