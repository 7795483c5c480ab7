"""The power goes while the real writer writes: what it acknowledged is on the disk, whatever else is or is not.

Its writes and flushes are traced, and images of the disk at random moments are rebuilt from them.
"""

from __future__ import annotations

import filecmp
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from countersign.errors import CountersignError
from tests.faults.crash_images import Disk, replayed
from tests.faults.evidence_rounds import Acknowledged, Child, anchor_of, announced, lost
from tests.faults.system_calls import Call, needs_strace, read_calls, tracing

pytestmark = needs_strace
SEED = 40_500
OFTEN = ("--limit", "WAL_CHECKPOINT_BYTES", 400_000, "--rotate", 20)  # copied, and another key


@dataclass(frozen=True, slots=True)
class Trace:
    """What a writer did from its very first start to its end, and again after a second start."""

    root: Path  #: everything below it was written by the writer
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class Losses:
    """What so many power cuts cost."""

    images: int
    acknowledged: int  #: in all images together
    images_that_lost: int
    records_lost: int
    not_recovered: tuple[str, ...]  #: images that do not open or do not verify, and why

    def __str__(self) -> str:
        return (
            f"{self.images} images, {self.acknowledged} acknowledged records in them; {self.images_that_lost} images "
            f"lost {self.records_lost} records; {len(self.not_recovered)} not recovered {self.not_recovered[:3]}"
        )


def traced(directory: Path, *options: object, exchanges: int, is_anchored: bool = True) -> Trace:
    """Trace a writer on a new log, and once more on the same log, with new keys in between."""
    root = directory / "disk"
    root.mkdir()
    state = root / "state"
    calls: list[Call] = []
    for start in range(2):
        output = directory / f"trace-{start}"
        anchor = ("--anchor", anchor_of(state)) if is_anchored else ()
        whole = ("--exchanges", exchanges, *anchor, *OFTEN, *options)
        with Child.start(state, *whole, under=tracing(output)) as child:
            assert child.wait() == 0, child.lines[-1:]
        calls += read_calls(output)
        output.unlink()
    return Trace(root, calls)


def cut_power(trace: Trace, directory: Path, images: int, seed: int) -> Losses:
    """Rebuild images of random moments, start on each, and count what is lost."""
    dice = announced(seed)
    moments = sorted(dice.choices(range(1, len(trace.calls) + 1), k=images))
    disk, done = Disk(trace.root), 0
    acknowledged: list[Acknowledged] = []
    total = images_that_lost = records_lost = 0
    not_recovered: list[str] = []
    for number, moment in enumerate(moments):
        for call in trace.calls[done:moment]:
            disk.replay(call)
            if call.name == "write" and call.data.startswith(b"durable "):
                acknowledged.append(Acknowledged.parse(call.data.decode()))
        done = moment
        image = directory / f"image-{number}"
        disk.write_after_a_cut(image, dice)
        total += len(acknowledged)
        try:
            gone = lost(image / "state", acknowledged)
        except (CountersignError, AssertionError) as error:
            not_recovered.append(f"image {number} at call {moment}, {len(acknowledged)} acknowledged: {error}")
            continue
        images_that_lost += bool(gone)
        records_lost += len(gone)
        shutil.rmtree(image)
    return Losses(images, total, images_that_lost, records_lost, tuple(not_recovered))


def test_a_trace_tells_everything(tmp_path: Path) -> None:
    """All calls replayed give exactly the files that the writer left: no way of writing escapes the trace."""
    trace = traced(tmp_path, exchanges=10)
    rebuilt = tmp_path / "rebuilt"
    replayed(trace.root, trace.calls).write_everything(rebuilt)
    names = sorted(str(path.relative_to(trace.root)) for path in trace.root.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(rebuilt)) for path in rebuilt.rglob("*") if path.is_file())
    _, different, strange = filecmp.cmpfiles(trace.root, rebuilt, names, shallow=False)
    assert (different, strange) == ([], [])


def test_a_power_cut_loses_nothing(tmp_path: Path) -> None:
    """Images of random moments: each starts, verifies, and has every record acknowledged before the power went."""
    losses = cut_power(traced(tmp_path, exchanges=6), tmp_path, 20, SEED)
    print("FULL:", losses)
    must_be_none(losses)


def test_the_power_cut_bites(tmp_path: Path) -> None:
    """The same with synchronous=NORMAL loses what was acknowledged."""
    losses = cut_power(traced(tmp_path, "--hasty", exchanges=6, is_anchored=False), tmp_path, 20, SEED)
    print("NORMAL:", losses)
    assert losses.images_that_lost >= 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("is_anchored", [True, False])
def test_200_power_cuts_lose_nothing(tmp_path: Path, is_anchored: bool) -> None:
    """200 images of a longer log."""
    losses = cut_power(traced(tmp_path, exchanges=40, is_anchored=is_anchored), tmp_path, 200, SEED)
    print("FULL:", losses)
    must_be_none(losses)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_200_power_cuts_bite(tmp_path: Path) -> None:
    """The same with synchronous=NORMAL loses acknowledged records in many of them."""
    losses = cut_power(traced(tmp_path, "--hasty", exchanges=40, is_anchored=False), tmp_path, 200, SEED)
    print("NORMAL:", losses)
    assert losses.images_that_lost > 50


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_checkpoint_file_tells_of_a_power_cut(tmp_path: Path) -> None:
    """Where a disk lies about flushing, the log with a checkpoint file refuses to start instead of losing in silence."""
    losses = cut_power(traced(tmp_path, "--hasty", exchanges=40), tmp_path, 100, SEED)
    print("NORMAL with a checkpoint file:", losses)
    assert losses.images_that_lost == 0
    told = [why for why in losses.not_recovered if "kept a checkpoint of" in why]
    assert len(told) > 25


def must_be_none(losses: Losses) -> None:
    """Every image was recovered, and nothing acknowledged was lost."""
    assert not losses.not_recovered, losses.not_recovered
    assert losses.images_that_lost == 0
    assert losses.acknowledged > losses.images
