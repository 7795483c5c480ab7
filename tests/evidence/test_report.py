"""What a report calls fine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from countersign.evidence.report import Finding, Report

GOOD = Report("example.com/log", 3, 0, 2, 3, bytes(32), (), 0, (Finding(1, "the clock went back"),), ("x",))


def test_ok() -> None:
    """Remarks and open intents are no problem."""
    assert GOOD.ok


@pytest.mark.parametrize("change", [{"problem_count": 1}, {"unreadable": "gone"}, {"records": 0}])
def test_not_ok(change: dict[str, object]) -> None:
    """One problem, an unreadable file, or nothing to read at all is not fine."""
    assert not replace(GOOD, **change).ok  # type: ignore[arg-type]


def test_finding_names_its_record() -> None:
    """A finding says at which record, where there is one."""
    assert str(Finding(7, "odd")) == "record 7: odd"
    assert str(Finding(None, "odd")) == "odd"
