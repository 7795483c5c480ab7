"""Files that hold a secret of the log: written whole or not at all, and read only where nobody else can read or write them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from countersign import limits
from countersign.evidence import directory as directories
from countersign.evidence.errors import KeyFileError

_SECRET_KEY_BYTES = 32


def new_secret(randomness: Callable[[int], bytes]) -> bytes:
    """A new key of 32 bytes, as its file holds it."""
    return randomness(_SECRET_KEY_BYTES).hex().encode() + b"\n"


def read_secret_key(path: Path) -> bytes:
    """The 32 bytes in a file that only its owner may read. Raises KeyFileError."""
    try:
        key = bytes.fromhex(read_secret(path).decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _SECRET_KEY_BYTES:
        raise KeyFileError(f"{path}: not {_SECRET_KEY_BYTES} bytes in hexadecimal")
    return key


def read_secret(path: Path) -> bytes:
    """What stands in a file that only its owner may read. Raises KeyFileError."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{path}: not a regular file")
            if status.st_mode & 0o077:
                raise KeyFileError(f"{path}: others may read or write it; chmod 600, and think of it as known to them")
            return file.read(limits.MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}; restore it from its backup") from None


def refuse_others_writing(directory: Path) -> None:
    """Raise KeyFileError: who may write a directory may replace a 0600 file in it."""
    try:
        mode = directory.stat().st_mode
    except OSError as error:
        raise KeyFileError(f"{directory}: cannot be read: {error.strerror}") from None
    if mode & 0o022:
        raise KeyFileError(f"{directory}: others may replace the keys in it; chmod 700")


def write_once(path: Path, data: bytes, *, mode: int) -> None:
    """Whole or not at all, durable, and never over a file that is there (two first starts at the same moment)."""
    if path.exists():
        return
    try:
        draft = _draft(path, data, mode)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        directories.sync(path.parent)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from None


def replace_file(path: Path, data: bytes, *, mode: int) -> None:
    """Whole or not at all, durable. Raises OSError."""
    _draft(path, data, mode).replace(path)
    directories.sync(path.parent)


def _draft(path: Path, data: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return draft
