"""A witness's key and name."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from countersign.evidence import witness_key
from countersign.evidence.errors import BadNote, KeyFileError

NAME = "witness.example.com/1"


def test_made_once(tmp_path: Path) -> None:
    """The first start makes the key for its owner only; every later one finds it, and its name."""
    directory = tmp_path / "witness"
    made = witness_key.create(directory, NAME, secrets.token_bytes)
    assert made.verifier.name == NAME
    assert (directory / witness_key.KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert (directory / witness_key.VKEY_NAME).read_text() == made.verifier.vkey() + "\n"
    assert witness_key.load(directory).verifier == made.verifier
    assert witness_key.create(directory, NAME, secrets.token_bytes).verifier == made.verifier
    assert witness_key.read_vkey(directory / witness_key.VKEY_NAME) == made.verifier


def test_killed_between_key_and_vkey(tmp_path: Path) -> None:
    """A first start that was interrupted goes on with the key that is there."""
    made = witness_key.create(tmp_path, NAME, secrets.token_bytes)
    (tmp_path / witness_key.VKEY_NAME).unlink()
    assert witness_key.create(tmp_path, NAME, secrets.token_bytes).verifier == made.verifier


def test_another_name(tmp_path: Path) -> None:
    """A witness keeps its name: logs know it by that."""
    witness_key.create(tmp_path, NAME, secrets.token_bytes)
    with pytest.raises(KeyFileError, match="keeps its name"):
        witness_key.create(tmp_path, "witness.example.com/2", secrets.token_bytes)
    witness_key.create(tmp_path, NAME, secrets.token_bytes)


def test_a_name_that_cannot_be(tmp_path: Path) -> None:
    """A name must be usable in a signed note."""
    with pytest.raises((BadNote, KeyFileError), match="URL"):
        witness_key.create(tmp_path / "bad", "my witness", secrets.token_bytes)


def test_lost_or_foreign_key(tmp_path: Path) -> None:
    """A vkey without its key, or beside another one, is no witness; no new key is made for it."""
    made = witness_key.create(tmp_path, NAME, secrets.token_bytes)
    key = tmp_path / witness_key.KEY_NAME
    good = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyFileError, match="restore"):
        witness_key.create(tmp_path, NAME, secrets.token_bytes)
    witness_key.create(tmp_path / "other", NAME, secrets.token_bytes)
    (tmp_path / "other" / witness_key.KEY_NAME).rename(key)
    with pytest.raises(KeyFileError, match="not the public key"):
        witness_key.load(tmp_path)
    key.write_bytes(good)
    assert witness_key.load(tmp_path).verifier == made.verifier


def test_others_may_not_read_the_key(tmp_path: Path) -> None:
    """A key that others can read is a key that others have."""
    witness_key.create(tmp_path, NAME, secrets.token_bytes)
    (tmp_path / witness_key.KEY_NAME).chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        witness_key.load(tmp_path)
    (tmp_path / witness_key.KEY_NAME).chmod(0o600)
    witness_key.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"witness+00000000+AAAA\n"])
def test_bad_vkey_file(tmp_path: Path, content: bytes) -> None:
    """A file that is no vkey is named."""
    path = tmp_path / "witness.vkey"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=r"witness\.vkey"):
        witness_key.read_vkey(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        witness_key.read_vkey(tmp_path / "nowhere")
