"""Directories that hold evidence or keys: private, and durable when a name is added."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(directory: Path) -> None:
    """Create a directory for its owner only (mode 0700), with its parents; one that is there is left as it is.

    Its name, and those of the parents that were made, survive a power cut. Raises OSError.
    """
    missing = [parent for parent in directory.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        sync(parent.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    sync(directory.parent)  # also when it was there: whoever made it may have been killed before this


def sync(directory: Path) -> None:
    """Make new names in a directory survive a power cut. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
