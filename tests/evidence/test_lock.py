"""One writer, and the same files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from countersign.evidence.errors import EvidenceDamaged, LogInUse
from countersign.evidence.lock import LOCK_NAME, DirectoryLock, FileWatch

_HOLD = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


def test_second_holder(tmp_path: Path) -> None:
    """A second holder is refused, even in the same process, until the first lets go."""
    first = DirectoryLock.acquire(tmp_path)
    with pytest.raises(LogInUse, match="another gateway"):
        DirectoryLock.acquire(tmp_path)
    first.release()
    DirectoryLock.acquire(tmp_path).release()


def test_second_process(tmp_path: Path) -> None:
    """Another process that holds the lock is noticed, and when it is killed the lock is free."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / LOCK_NAME)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            with pytest.raises(LogInUse):
                DirectoryLock.acquire(tmp_path)
        finally:
            other.kill()
            other.wait(10)
    DirectoryLock.acquire(tmp_path).release()


def test_no_directory(tmp_path: Path) -> None:
    """Where there is no directory there is no lock."""
    with pytest.raises(FileNotFoundError):
        DirectoryLock.acquire(tmp_path / "nowhere")


def test_watch(tmp_path: Path) -> None:
    """Files that stay may grow; one that is replaced or removed is noticed."""
    path = tmp_path / "file"
    path.write_bytes(b"a")
    watch = FileWatch.of([path])
    path.write_bytes(b"ab")
    watch.check()
    (tmp_path / "other").write_bytes(b"ab")
    os.replace(tmp_path / "other", path)
    with pytest.raises(EvidenceDamaged, match="replaced"):
        watch.check()
    path.unlink()
    with pytest.raises(EvidenceDamaged, match="removed"):
        watch.check()
