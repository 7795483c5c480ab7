"""What can go wrong with the evidence log."""

from __future__ import annotations

from countersign.errors import CountersignError, EvidenceUnavailable


class BadEntry(EvidenceUnavailable):
    """An entry that cannot become a record, by the fault of whoever built it. The log itself stays healthy."""


class EvidenceDamaged(CountersignError):
    """What is stored is not what was written: the log must not be built upon until somebody looked at it."""


class LogInUse(CountersignError):
    """Another process is writing this log."""


class KeyFileError(CountersignError):
    """A key file is missing, readable by others, or not what it should be."""


class BadNote(CountersignError):
    """A signed note, a checkpoint or a verifier key that is malformed or does not verify."""


class BadProof(CountersignError):
    """A Merkle proof that does not show what it should show."""


class NotAnchored(EvidenceUnavailable):
    """The last anchor outside of the database is too old: no change may pass until there is a newer one."""
