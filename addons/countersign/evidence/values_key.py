"""The key of `keyed-hash` replacements, in a file of its own: equal masked values can be told as equal while it is there.

Erased by itself: what was hashed under it can then not be compared with anything any more, a guess included. Does not
check who else has a copy of the file, in a backup or in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from countersign.evidence import directory as directories
from countersign.evidence.errors import KeyFileError
from countersign.evidence.key_files import new_secret, read_secret_key, write_once

KEY_NAME = "values.key"
NEXT_KEY_NAME = "values.key.next"  # between the wish to erase the old one and its end


def take(directory: Path, randomness: Callable[[int], bytes]) -> bytes:
    """The key (32 bytes); made where there is none, and an erasure that was interrupted is ended. Raises KeyFileError."""
    if (directory / NEXT_KEY_NAME).exists():
        settle(directory)
    write_once(directory / KEY_NAME, new_secret(randomness), mode=0o600)
    return read_secret_key(directory / KEY_NAME)


def stage(directory: Path, randomness: Callable[[int], bytes]) -> bytes:
    """Make the next key beside the present one, which from here on is erased whatever happens. Raises KeyFileError."""
    write_once(directory / NEXT_KEY_NAME, new_secret(randomness), mode=0o600)
    return read_secret_key(directory / NEXT_KEY_NAME)


def settle(directory: Path) -> None:
    """The next key takes the place of the present one, which is erased as far as a filesystem erases. Raises KeyFileError."""
    read_secret_key(directory / NEXT_KEY_NAME)
    try:
        (directory / NEXT_KEY_NAME).replace(directory / KEY_NAME)
        directories.sync(directory)
    except OSError as error:
        raise KeyFileError(f"{directory / KEY_NAME}: cannot be replaced: {error.strerror}") from None
