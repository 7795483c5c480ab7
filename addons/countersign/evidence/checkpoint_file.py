"""The checkpoint file: an append-only file of signed checkpoints, where the database's administrator cannot write.

The notes stand one after the other, exactly as they were signed. A write that a power cut or a full disk left
unfinished is never cut back, since the file may forbid that (`chattr +a`): its last line gets the ending `# torn`,
which no line of a note can have, and readers skip it. A signature line that is complete is never skipped, so nobody who can only
append can hide a checkpoint.

Does not verify signatures, nor that a checkpoint is of this log: whoever reads them does.
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from countersign import limits
from countersign.errors import CountersignError
from countersign.evidence import directory as directories
from countersign.evidence.checkpoint import Checkpoint
from countersign.evidence.errors import BadNote, EvidenceDamaged, LogInUse
from countersign.evidence.lock import FileWatch

_TORN = b"# torn"
_SIGNATURE = b"\xe2\x80\x94 "  # an em dash and a space
_LINES = (  # of a note's text and the empty line; each signature line is the last of these
    re.compile(rb"[A-Za-z0-9][A-Za-z0-9._~/:@-]*\n"),
    re.compile(rb"(?:0|[1-9][0-9]{0,15})\n"),
    re.compile(rb"[A-Za-z0-9+/]{43}=\n"),
    re.compile(rb"\n"),
    re.compile(_SIGNATURE + rb"[^\s+]+ [A-Za-z0-9+/]+={0,2}\n"),
)
_FIRST_SIGNATURE = len(_LINES) - 1


class CheckpointFileError(CountersignError):
    """The place of a checkpoint file cannot be used. Says what to change."""


@dataclass(slots=True)
class CheckpointFile:
    """The file, open for appending by one process at a time."""

    path: Path
    _descriptor: int
    _watch: FileWatch
    _failed: bool = False

    @classmethod
    def open(cls, path: Path) -> CheckpointFile:
        """Open or create (mode 0644) the file in a directory that is there, and mark a torn end.

        Raises CheckpointFileError where the place cannot be used, LogInUse when another process appends to it,
        EvidenceDamaged when its end is neither a note nor the beginning of one, OSError.
        """
        descriptor = _open(path)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CheckpointFileError(f"{path}: not a regular file; name a file of its own for the checkpoints")
            _lock(path, descriptor)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                if _is_torn(file, str(path)):
                    _write(descriptor, _TORN + b"\n")
            os.fsync(descriptor)
            directories.sync(path.parent)
            return cls(path, descriptor, FileWatch(((path, status.st_dev, status.st_ino),)))
        except BaseException:
            os.close(descriptor)
            raise

    def append(self, note: bytes) -> None:
        """Add a signed checkpoint; when this returns it is durable, and in the file that the path leads to.

        Raises BadNote for what is no note (nothing was written), else OSError or EvidenceDamaged. After one of these
        nothing can be appended any more: what reached the disk is unknown, until the file is opened again.
        """
        _require_note(note)
        if self._failed:
            raise OSError(errno.EIO, "closed, or an earlier write failed", str(self.path))
        self._failed = True
        _write(self._descriptor, note)
        os.fdatasync(self._descriptor)
        self._watch.check()
        self._failed = False

    def close(self) -> None:
        """Let go of the file; nothing can be appended any more. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._failed = -1, True


def read_notes(path: Path) -> Iterator[bytes]:
    """The notes in a checkpoint file, oldest first, one in memory at a time: those that were there when it was opened.

    A torn end that nobody marked yet (a gateway is writing this moment, or did not start again) is skipped too.
    Raises EvidenceDamaged, naming the byte, for anything else that is no note; OSError.
    """
    with path.open("rb") as file:
        yield from _split(_lines(file, os.fstat(file.fileno()).st_size), 0, str(path))


def read_last_notes(path: Path) -> Iterator[bytes]:
    """The last few notes of a checkpoint file, oldest first, however long the file is. Raises as `read_notes` does."""
    with path.open("rb") as file:
        yield from _last_notes(file, str(path))


def read_checkpoints(path: Path, open_note: Callable[[bytes], Checkpoint]) -> Iterator[Checkpoint]:
    """The checkpoints in a file, each as `open_note` opens it (it raises BadNote), their sizes strictly increasing.

    Raises EvidenceDamaged, BadNote, OSError.
    """
    last = -1
    for note in read_notes(path):
        checkpoint = open_note(note)
        if checkpoint.size <= last:
            raise EvidenceDamaged(f"{path}: a checkpoint of {checkpoint.size} records follows one of {last}")
        last = checkpoint.size
        yield checkpoint


def _open(path: Path) -> int:
    try:
        # without O_NOFOLLOW, who can write the directory could lead the checkpoints elsewhere
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        raise CheckpointFileError(f"{path}: {path.parent} does not exist; mount its volume, or create it") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise CheckpointFileError(f"{path}: a symbolic link; name the file itself") from None
        raise CheckpointFileError(
            f"{path}: cannot be opened: {error.strerror}; the gateway must be able to read and append to it"
        ) from None


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LogInUse(f"{path}: another gateway appends to it; give each log a checkpoint file of its own") from None


def _write(descriptor: int, data: bytes) -> None:
    if os.write(descriptor, data) != len(data):
        raise OSError(errno.ENOSPC, "only a part of the checkpoint could be written")


def _require_note(note: bytes) -> None:
    try:
        if list(_split(iter(note.splitlines(keepends=True)), 0, "")) == [note]:
            return
    except EvidenceDamaged:
        pass
    raise BadNote("what is appended to a checkpoint file is one signed checkpoint of three lines")


def _is_torn(file: BinaryIO, place: str) -> bool:
    """Whether the file ends inside a note. Raises EvidenceDamaged when it ends in anything else."""
    for _ in _last_notes(file, place):
        pass
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - limits.MAX_NOTE_BYTES))
    *_, last = [b"# torn\n", *_lines(file)]
    return not _ends_note(last)


def _last_notes(file: BinaryIO, place: str) -> Iterator[bytes]:
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 4 * limits.MAX_NOTE_BYTES)
    offset = file.seek(start)
    if start == 0:
        return _split(_lines(file), 0, place)
    lines, is_inside = _lines(file), True
    for line in lines:  # what comes first is a part of a note that began before
        if not is_inside and not line.startswith(_SIGNATURE):
            return _split(chain([line], lines), offset, place)
        is_inside = is_inside and not _ends_note(line)
        offset += len(line)
    raise EvidenceDamaged(f"{place}: no signed checkpoint after byte {start}; keep the file, and begin another")


def _lines(file: BinaryIO, size: float = math.inf) -> Iterator[bytes]:
    """The lines of the next `size` bytes, long ones in pieces."""
    while line := file.readline(int(min(limits.MAX_NOTE_BYTES + 1, size))):
        size -= len(line)
        yield line


def _ends_note(line: bytes) -> bool:
    return line.endswith(_TORN + b"\n") or (line.startswith(_SIGNATURE) and line.endswith(b"\n"))


def _split(lines: Iterator[bytes], offset: int, place: str) -> Iterator[bytes]:
    """Put lines together to notes; `offset` is the byte that the first of them begins at."""
    note, step = b"", 0  # so many lines of the note were read; every line from _FIRST_SIGNATURE on is a signature
    for line in lines:
        is_whole = step > _FIRST_SIGNATURE
        is_torn = not line.endswith(b"\n") or line.endswith(_TORN + b"\n")
        if is_whole and (is_torn or not line.startswith(_SIGNATURE)):
            yield note
            note, step = b"", 0
        if len(note) + len(line) > limits.MAX_NOTE_BYTES or not (
            _is_text(line) if is_torn else _LINES[min(step, _FIRST_SIGNATURE)].fullmatch(line)
        ):
            raise EvidenceDamaged(f"{place}: no signed checkpoint at byte {offset}; keep the file, and begin another")
        note, step = (b"", 0) if is_torn else (note + line, step + 1)
        offset += len(line)
    if step > _FIRST_SIGNATURE:
        yield note


def _is_text(line: bytes) -> bool:
    """Whether a torn line can be the beginning of one: a disk that lost power may show zeros instead."""
    return min(line.removesuffix(b"\n"), default=0x20) >= 0x20
