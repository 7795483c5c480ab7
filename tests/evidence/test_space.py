"""Room for the outcomes: what begins is refused in time, what ends is let through, and the ballast comes and goes."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence.draft import Draft, draft
from countersign.evidence.records import Entry, Payload
from countersign.evidence.space import BALLAST_NAME, Reserve, bytes_on_disk, free_bytes, shortage, wal_bytes
from tests.evidence import logs

PLENTY = 1 << 40
BALLAST = 128 * 1024


class Disk:
    """So much free, and how often somebody looked."""

    def __init__(self, free: int = PLENTY) -> None:
        self.free = free
        self.looks = 0

    def __call__(self, directory: Path) -> int:
        self.looks += 1
        return self.free


@pytest.fixture(autouse=True)
def small_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' disk is not theirs alone."""
    monkeypatch.setattr(limits, "EVIDENCE_BALLAST_BYTES", BALLAST)


@pytest.fixture
def disk() -> Disk:
    """One with room."""
    return Disk()


@pytest.fixture
def reserve(tmp_path: Path, disk: Disk) -> Reserve:
    """A reserve on it."""
    return Reserve.hold(tmp_path, free=disk)


def drafts(*entries: Entry) -> list[Draft]:
    """As they are queued."""
    return [draft(entry, logs.ORIGIN, 1_800_000_000_000_000) for entry in entries]


def needed(in_flight: int) -> int:
    """What must be free for so many requests."""
    return limits.MIN_FREE_EVIDENCE_BYTES + in_flight * limits.OUTCOME_RESERVE_BYTES


def test_the_ballast_is_allocated(reserve: Reserve, tmp_path: Path) -> None:
    """It takes its room on the disk, belongs to its owner alone, and gives the room back."""
    status = (tmp_path / BALLAST_NAME).stat()
    assert status.st_size == BALLAST
    assert status.st_blocks * 512 >= BALLAST
    assert status.st_mode & 0o777 == 0o600
    assert reserve.holds_ballast
    reserve.let_go()
    assert not reserve.holds_ballast
    assert not (tmp_path / BALLAST_NAME).exists()
    reserve.let_go()


def test_the_ballast_of_a_killed_process(reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken over as it is, and grown when it is smaller than it should be."""
    inode = (tmp_path / BALLAST_NAME).stat().st_ino
    monkeypatch.setattr(limits, "EVIDENCE_BALLAST_BYTES", 2 * BALLAST)
    assert Reserve.hold(tmp_path).holds_ballast
    status = (tmp_path / BALLAST_NAME).stat()
    assert (status.st_ino, status.st_size) == (inode, 2 * BALLAST)


def test_a_link_is_no_ballast(tmp_path: Path) -> None:
    """Nothing is allocated in a file that somebody put a link to."""
    (tmp_path / "other").touch()
    (tmp_path / BALLAST_NAME).symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        Reserve.hold(tmp_path)
    assert (tmp_path / "other").stat().st_size == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_for_the_ballast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The log can be opened, nothing begins, and what was allocated of it does not stay."""

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", full)
    reserve = Reserve.hold(tmp_path, free=Disk())
    assert not (tmp_path / BALLAST_NAME).exists()
    with pytest.raises(EvidenceUnavailable, match="nearly full, so nothing new is begun"):
        reserve.allow(drafts(logs.intent("x")))
    reserve.allow(drafts(logs.outcome("x")))


def test_another_error_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails is not a disk that is full."""

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "posix_fallocate", broken)
    with pytest.raises(OSError, match="broken"):
        Reserve.hold(tmp_path)


def test_what_begins_needs_room(reserve: Reserve, disk: Disk) -> None:
    """An intent passes with exactly the room that is needed, and not with a byte less; the error says how much."""
    disk.free = needed(1) - 1
    with pytest.raises(EvidenceUnavailable, match=f"{needed(1) - 1} bytes are free in .*, {needed(1)} are needed"):
        reserve.allow(drafts(logs.intent("x")))
    assert reserve.in_flight == 0
    disk.free = needed(1)
    reserve.allow(drafts(logs.intent("x")))
    assert reserve.in_flight == 1


def test_what_is_in_flight_keeps_its_room(reserve: Reserve, disk: Disk) -> None:
    """Each request that began keeps room until its end, whichever that is; steps in between end nothing."""
    disk.free = needed(3)
    reserve.allow(drafts(logs.intent("a"), logs.intent("b")))
    reserve.allow(drafts(logs.intent("c")))
    reserve.before_commit(drafts(logs.decision("a", "allow"), logs.decision("b", "hold"), logs.step("c", "requested")))
    with pytest.raises(EvidenceUnavailable):
        reserve.allow(drafts(logs.intent("d")))
    for end in (logs.outcome("a"), logs.outcome_of("b", kind="outcome_unknown"), logs.decision("c", "deny")):
        reserve.before_commit(drafts(end))
        reserve.allow(drafts(logs.intent(f"after {end.exchange}")))
        with pytest.raises(EvidenceUnavailable):
            reserve.allow(drafts(logs.intent("d")))


def test_what_ends_is_never_refused(reserve: Reserve, disk: Disk) -> None:
    """A full disk does not keep anything but an intent from being queued; it is not even looked at."""
    disk.free, disk.looks = 0, 0
    reserve.allow(drafts(logs.outcome("x"), logs.decision("x", "allow"), Entry("rules", None, {})))
    assert disk.looks == 0


def test_a_disk_that_does_not_answer(reserve: Reserve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing begins where nobody knows what is free; before a commit it is an error, which stops the log."""

    def broken(_: Path) -> int:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(reserve, "_free", broken)
    with pytest.raises(EvidenceUnavailable, match="nobody knows how much is free: broken"):
        reserve.allow(drafts(logs.intent("x")))
    with pytest.raises(OSError, match="broken"):
        reserve.before_commit(drafts(logs.outcome("x")))


def test_one_look_for_each_commit(reserve: Reserve, disk: Disk) -> None:
    """Intents of one group share a look; a refusal looks again, so that room that was made counts at once."""
    disk.looks = 0
    for number in range(10):
        reserve.allow(drafts(logs.intent(f"x{number}")))
    assert disk.looks == 1
    reserve.before_commit(drafts(logs.outcome("x0")))
    disk.free = 0
    for _ in range(2):
        with pytest.raises(EvidenceUnavailable):
            reserve.allow(drafts(logs.intent("late")))
    disk.free = PLENTY
    reserve.allow(drafts(logs.intent("late")))


def test_the_ballast_is_let_go_and_taken_back(reserve: Reserve, disk: Disk) -> None:
    """A group that would not fit gets its room; nothing begins until there is room for the ballast again."""
    group = drafts(Entry("outcome", "x", {}, {"response": Payload("text/plain", bytes(100_000))}))
    assert bytes_on_disk(group) >= 200_000
    disk.free = bytes_on_disk(group)
    reserve.before_commit(group)
    assert reserve.holds_ballast
    disk.free -= 1
    reserve.before_commit(group)
    assert not reserve.holds_ballast
    disk.free = limits.MIN_FREE_EVIDENCE_BYTES + BALLAST + bytes_on_disk(group) - 1
    reserve.before_commit(group)
    with pytest.raises(EvidenceUnavailable, match=f"{needed(1) + BALLAST} are needed"):
        reserve.allow(drafts(logs.intent("x")))
    disk.free += limits.OUTCOME_RESERVE_BYTES
    reserve.before_commit(group)
    assert reserve.holds_ballast
    reserve.allow(drafts(logs.intent("x")))


def test_room_for_erasing(reserve: Reserve, disk: Disk) -> None:
    """What frees room must not fail for want of it: it gets that of the ballast, where there is little else."""
    disk.free = limits.MIN_FREE_EVIDENCE_BYTES
    reserve.before_act()
    assert reserve.holds_ballast
    disk.free -= 1
    reserve.before_act()
    assert not reserve.holds_ballast


def test_free_bytes(tmp_path: Path) -> None:
    """It is what the system says of the volume; a directory that is gone is an error."""
    status = os.statvfs(tmp_path)
    assert 0 < free_bytes(tmp_path) <= status.f_frsize * status.f_blocks
    with pytest.raises(FileNotFoundError):
        free_bytes(tmp_path / "gone")


def test_shortage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told where it is one, and nothing where it is none or nobody knows."""
    assert shortage(tmp_path) == ""
    assert shortage(tmp_path / "gone") == ""
    monkeypatch.setattr(limits, "MIN_FREE_EVIDENCE_BYTES", 1 << 60)
    assert re.fullmatch("; the disk is nearly full, [0-9]+ bytes are free", shortage(tmp_path))


def test_what_a_commit_takes() -> None:
    """Many small records in one group take less than in groups of their own; contents count twice on the disk."""
    one = drafts(logs.intent("x"))
    assert wal_bytes(one * 10) < 10 * wal_bytes(one)
    assert bytes_on_disk(one) == wal_bytes(one) + one[0].size
    assert wal_bytes(one) > 20_000
