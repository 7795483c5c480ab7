"""How the errors relate."""

from __future__ import annotations

from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import errors


def test_bad_entry_stops_the_request() -> None:
    """Whoever handles evidence that cannot be had also handles an entry that cannot be recorded: nothing passes."""
    assert issubclass(errors.BadEntry, EvidenceUnavailable)


def test_damage_is_not_a_passing_fault() -> None:
    """Damaged evidence and bad keys are not mistaken for a disk that is slow."""
    for kind in (errors.EvidenceDamaged, errors.KeyFileError, errors.LogInUse, errors.BadNote, errors.BadProof):
        assert issubclass(kind, CountersignError)
        assert not issubclass(kind, EvidenceUnavailable)
