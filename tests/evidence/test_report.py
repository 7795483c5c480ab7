"""What a report calls fine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from countersign.evidence.anchors import Vouched, Witnessed
from countersign.evidence.report import Finding, Report
from tests.evidence.cosigning import WITNESSES

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


def witnessed(*sizes: int) -> tuple[Witnessed, ...]:
    """Witnesses that vouch for so many records, of which the n-th was written at the time 100 n."""
    made = zip(WITNESSES, sizes, strict=False)
    return tuple(Witnessed(each.verifier, size, newest_us=100 * size) for each, size in made)


@pytest.mark.parametrize(
    ("sizes", "quorum", "size"),
    [
        ((3, 2, 1), 1, 3),
        ((1, 3, 2), 2, 2),
        ((3, 2, 1), 3, 1),
        ((3, 0, 0), 1, 3),
        ((3, 0, 0), 2, 0),
        ((2,), 1, 2),
        ((), 0, 0),
    ],
)
def test_quorum(sizes: tuple[int, ...], quorum: int, size: int) -> None:
    """A quorum vouches for what the last of the most advanced so many saw: who saw more saw that too."""
    report = replace(GOOD, witnesses=witnessed(*sizes), quorum=quorum)
    assert (report.witnessed_size, report.anchored_size, report.anchored_us) == (size, size, 100 * size)
    assert report.is_anchored == (size > 0)


def test_several_anchors() -> None:
    """The total is the furthest that anything outside of the gateway's reach vouches for."""
    kept = Vouched("file", 2, 1, 200)
    report = replace(GOOD, anchors=(kept, Vouched("other", 1, 1, 100)), witnesses=witnessed(3, 1), quorum=1)
    assert (report.anchored_size, report.anchored_us) == (3, 300)
    later = replace(report, quorum=2)
    assert (later.witnessed_size, later.anchored_size, later.anchored_us) == (1, 2, 200)


def test_a_file_is_no_witness() -> None:
    """Where witnesses were named, a checkpoint file does not make up for them."""
    kept = (Vouched("file", 3, 1, 300),)
    assert replace(GOOD, anchors=kept).is_anchored
    assert not replace(GOOD, anchors=kept, witnesses=witnessed(0), quorum=1).is_anchored
    assert replace(GOOD, anchors=kept, witnesses=witnessed(1), quorum=1).is_anchored
    assert not GOOD.is_anchored


def test_nothing_is_anchored_in_a_log_that_is_not_whole() -> None:
    """The same of a log that was tampered with anchors nothing, and neither does a quorum."""
    report = replace(GOOD, anchors=(Vouched("file", 3, 1, 300),), witnesses=witnessed(3), quorum=1)
    assert report.is_anchored
    damaged = replace(report, problem_count=1)
    assert (damaged.is_anchored, damaged.anchored_size, damaged.witnessed_size, damaged.anchored_us) == (False, 0, 0, 0)
