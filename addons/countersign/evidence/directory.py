"""Directories that hold evidence or keys: private, and durable when a name is added."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(directory: Path) -> None:
    """Create a directory for its owner only (mode 0700), with its parents; one that is there is left as it is.

    Raises OSError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def sync(directory: Path) -> None:
    """Make new names in a directory survive a power cut. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
