"""The logs that a witness watches, each by its file of public keys (`log.vkey`), read again when it changed.

A log takes a new key at the end of an epoch, and the file gets a line. How the file comes to the witness is the operator's
choice: who can write it decides which key signs for the log. Only the last key of a file counts, since a log has erased the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from countersign.evidence import keys
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import KeyFileError

_LOG = logging.getLogger(__name__)


class WitnessedLogs(Mapping[str, tuple[Verifier, ...]]):
    """The origins of the logs, and the key that signs for each now. Safe to use from several threads."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Read every file. Raises KeyFileError: one cannot be read, two are of one log, or there are none."""
        self._files: dict[str, _VkeyFile] = {}
        for path in files:
            file = _VkeyFile(path)
            origin = file.known[0].name
            if origin in self._files:
                raise KeyFileError(f"{path}: the log {origin} has another --log already")
            self._files[origin] = file
        if not self._files:
            raise KeyFileError("name the file log.vkey of each log to witness with --log")

    def __getitem__(self, origin: str) -> tuple[Verifier, ...]:
        file = self._files[origin]
        file.read_again()
        return file.known[-1:]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class _VkeyFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _identity(path)
        self.known = keys.read_vkeys(path)

    def read_again(self) -> None:
        """Take the keys that were added. What is there instead of them (half a copy, another log) changes nothing."""
        seen = _identity(self._path)
        if seen == self._seen:
            return
        self._seen = seen  # before the reading: what is written meanwhile is read the next time
        try:
            found = keys.read_vkeys(self._path)
            if found[: len(self.known)] != self.known:
                raise KeyFileError(f"{self._path}: it does not begin with the keys that it held; restart to trust it")
        except KeyFileError as error:
            _LOG.warning("%s; the key that was known counts", error)
            return
        self.known = found


def _identity(path: Path) -> tuple[int, ...]:
    """Another one when the file changed; the same while it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
