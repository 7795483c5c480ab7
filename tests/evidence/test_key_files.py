"""Files that hold a secret."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from countersign.evidence import key_files
from countersign.evidence.errors import KeyFileError


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """What is there stays; what is not is written whole, with its mode, and no draft is left."""
    path = tmp_path / "a.key"
    key_files.write_once(path, b"one", mode=0o600)
    key_files.write_once(path, b"two", mode=0o600)
    assert (path.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (b"one", ["a.key"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """No draft is left beside it."""
    path = tmp_path / "a.key"
    key_files.write_once(path, b"one", mode=0o600)
    key_files.replace_file(path, b"two", mode=0o600)
    assert (path.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (b"two", ["a.key"])


def test_a_secret_key_comes_back(tmp_path: Path) -> None:
    """32 bytes, as they were made."""
    path = tmp_path / "a.key"
    key_files.write_once(path, key_files.new_secret(lambda count: b"\x07" * count), mode=0o600)
    assert key_files.read_secret_key(path) == b"\x07" * 32


@pytest.mark.parametrize("text", ["", "zz" * 32, "07" * 31, "07" * 33])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """Too short, too long, or not hexadecimal."""
    path = tmp_path / "a.key"
    key_files.write_once(path, text.encode(), mode=0o600)
    with pytest.raises(KeyFileError, match="32 bytes"):
        key_files.read_secret_key(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_what_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """A file that others may read or write; its owner's only passes."""
    path = tmp_path / "a.key"
    key_files.write_once(path, key_files.new_secret(secrets.token_bytes), mode=0o600)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        key_files.read_secret(path)
    path.chmod(0o600)
    assert key_files.read_secret(path)


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """They could put another file in the key's place."""
    tmp_path.chmod(0o770)
    with pytest.raises(KeyFileError, match="chmod 700"):
        key_files.refuse_others_writing(tmp_path)
    tmp_path.chmod(0o700)
    key_files.refuse_others_writing(tmp_path)
