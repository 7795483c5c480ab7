"""What evidence.yaml says."""

from __future__ import annotations

from countersign import limits
from countersign.rulebook.evidence_values import EvidenceRules


def test_default() -> None:
    """Nothing is anchored, a heartbeat is due, and the key stays."""
    assert EvidenceRules() == EvidenceRules((), limits.HEARTBEAT_SECONDS, None)
