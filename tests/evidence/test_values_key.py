"""The key of masked values that stay comparable, and its end."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

import pytest

from countersign.evidence import values_key
from countersign.evidence.errors import KeyFileError


def test_it_is_made_once(tmp_path: Path) -> None:
    """The same key comes back; only its owner may read the file."""
    key = values_key.take(tmp_path, secrets.token_bytes)
    assert values_key.take(tmp_path, secrets.token_bytes) == key
    assert stat.S_IMODE((tmp_path / values_key.KEY_NAME).stat().st_mode) == 0o600
    assert len(key) == 32


def test_erased_it_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    """Another one is in its place, and no other file is left."""
    key = values_key.take(tmp_path, secrets.token_bytes)
    successor = values_key.stage(tmp_path, secrets.token_bytes)
    assert values_key.KEY_NAME in {file.name for file in tmp_path.iterdir()}
    values_key.settle(tmp_path)
    assert values_key.take(tmp_path, secrets.token_bytes) == successor != key
    (file,) = tmp_path.iterdir()
    assert key.hex() not in file.read_text()


def test_an_interrupted_erasure_is_ended_at_the_next_start(tmp_path: Path) -> None:
    """What was to be erased is not used once more."""
    key = values_key.take(tmp_path, secrets.token_bytes)
    successor = values_key.stage(tmp_path, secrets.token_bytes)
    assert values_key.take(tmp_path, secrets.token_bytes) == successor != key
    assert [file.name for file in tmp_path.iterdir()] == [values_key.KEY_NAME]


def test_a_file_removed_by_hand_is_made_anew(tmp_path: Path) -> None:
    """A gateway starts without it; it has nothing to compare with then."""
    key = values_key.take(tmp_path, secrets.token_bytes)
    (tmp_path / values_key.KEY_NAME).unlink()
    assert values_key.take(tmp_path, secrets.token_bytes) != key


@pytest.mark.parametrize("name", [values_key.KEY_NAME, values_key.NEXT_KEY_NAME])
def test_a_file_of_others_is_refused(tmp_path: Path, name: str) -> None:
    """A key that others may know, or that is none, masks nothing."""
    values_key.take(tmp_path, secrets.token_bytes)
    values_key.stage(tmp_path, secrets.token_bytes)
    (tmp_path / name).chmod(0o640)
    if name == values_key.KEY_NAME:
        (tmp_path / values_key.NEXT_KEY_NAME).unlink()
    with pytest.raises(KeyFileError, match="chmod 600"):
        values_key.take(tmp_path, secrets.token_bytes)
    (tmp_path / name).chmod(0o600)
    values_key.take(tmp_path, secrets.token_bytes)
