"""How one log is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.evidence.settings import LogSettings, WitnessPlace
from countersign.rulebook.values import EvidenceRules, WitnessRule
from tests.evidence.watching import cosigner


def test_default() -> None:
    """Who chose nothing has a heartbeat, keeps one key, and has no anchor."""
    settings = LogSettings()
    assert (settings.witnesses, settings.quorum) == ((), 0)
    assert settings.anchor_files == ()
    assert settings.key_epoch_seconds is None
    assert settings.heartbeat_seconds > 0


@pytest.mark.parametrize("wrong", [{"heartbeat_seconds": 0}, {"key_epoch_seconds": 0}])
def test_no_time_at_all(wrong: dict[str, int]) -> None:
    """What would be due all the time is refused; a second is enough."""
    with pytest.raises(ValueError, match="a second at least"):
        LogSettings(**wrong)  # type: ignore[arg-type]
    LogSettings(**dict.fromkeys(wrong, 1))  # type: ignore[arg-type]


def test_quorum() -> None:
    """It is reached by as many witnesses as there are, each counted once, and by no fewer."""
    witness = WitnessPlace("https://witness.example", cosigner(1).verifier)
    other = WitnessPlace("https://other.example", cosigner(2).verifier)
    LogSettings(witnesses=(witness, other), quorum=2)
    for wrong in (
        {"witnesses": (witness,), "quorum": 2},
        {"witnesses": (witness, witness), "quorum": 2},
        {"quorum": -1},
    ):
        with pytest.raises(ValueError, match="quorum"):
            LogSettings(**wrong)


@pytest.mark.parametrize(("warn", "refuse"), [(0, 5), (6, 5)])
def test_ages(warn: int, refuse: int) -> None:
    """Nobody is refused before anybody was warned; both at the same age is fine."""
    with pytest.raises(ValueError, match="warned"):
        LogSettings(warn_after_seconds=warn, refuse_after_seconds=refuse)
    LogSettings(warn_after_seconds=5, refuse_after_seconds=5)


def test_by_rules() -> None:
    """What evidence.yaml says, in the units of the log."""
    witness = cosigner(1).verifier
    rules = EvidenceRules(
        checkpoint_files=("/mnt/a", "/mnt/b"),
        heartbeat_seconds=60,
        key_epoch_hours=24,
        witnesses=(WitnessRule("https://witness.example", witness.vkey()),),
        quorum=1,
        warn_after_seconds=10,
        refuse_after_seconds=20,
    )
    places = (WitnessPlace("https://witness.example", witness),)
    expected = LogSettings((Path("/mnt/a"), Path("/mnt/b")), 60, 24 * 3600, places, 1, 10, 20)
    assert LogSettings.by_rules(rules) == expected
    assert LogSettings.by_rules(EvidenceRules()) == LogSettings()
