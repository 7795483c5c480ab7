"""One writer per log: the lock on the directory, and the watch on the files that are open.

Does not help against a filesystem that has no locks (some network ones): put the log on a local disk.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from countersign.evidence.errors import EvidenceDamaged, LogInUse

LOCK_NAME = "evidence.lock"


@dataclass(slots=True)
class DirectoryLock:
    """An exclusive lock that ends with the process at the latest, also when it is killed."""

    path: Path
    descriptor: int

    @classmethod
    def acquire(cls, directory: Path) -> DirectoryLock:
        """Lock a directory. Raises LogInUse when another process (or another log in this one) holds it; OSError.

        The lock is a file of its own: closing any descriptor of the database would drop the locks of SQLite.
        """
        path = directory / LOCK_NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LogInUse(
                f"{directory}: another gateway writes this log; give each gateway its own state directory"
            ) from None
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def release(self) -> None:
        """Unlock. The file stays: removing it would let two writers lock two different files of one name."""
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class FileWatch:
    """Which files were opened. A path that leads elsewhere now means that what is written will be lost."""

    identities: tuple[tuple[Path, int, int], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileWatch:
        """Remember the files at these paths. Raises OSError."""
        return cls(tuple((path, status.st_dev, status.st_ino) for path in paths for status in (path.stat(),)))

    def check(self) -> None:
        """Raises EvidenceDamaged when a file was removed or replaced."""
        for path, device, inode in self.identities:
            try:
                status = path.stat()
            except OSError as error:
                raise EvidenceDamaged(f"{path}: removed while it was in use ({error.strerror})") from None
            if (status.st_dev, status.st_ino) != (device, inode):
                raise EvidenceDamaged(f"{path}: replaced by another file while it was in use")
