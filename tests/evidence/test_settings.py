"""How one log is kept."""

from __future__ import annotations

import pytest

from countersign.evidence.settings import LogSettings


def test_default() -> None:
    """Who chose nothing has a heartbeat, keeps one key, and has no anchor."""
    settings = LogSettings()
    assert settings.anchor_files == ()
    assert settings.key_epoch_seconds is None
    assert settings.heartbeat_seconds > 0


@pytest.mark.parametrize("wrong", [{"heartbeat_seconds": 0}, {"key_epoch_seconds": 0}])
def test_no_time_at_all(wrong: dict[str, int]) -> None:
    """What would be due all the time is refused; a second is enough."""
    with pytest.raises(ValueError, match="a second at least"):
        LogSettings(**wrong)  # type: ignore[arg-type]
    LogSettings(**dict.fromkeys(wrong, 1))  # type: ignore[arg-type]
