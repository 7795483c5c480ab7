"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and at which record."""

    seq: int | None  #: None: it concerns no single record
    what: str

    def __str__(self) -> str:
        return self.what if self.seq is None else f"record {self.seq}: {self.what}"


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

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written. False for a log that could not be read."""
        return self.unreadable is None and self.problem_count == 0 and self.records > 0
