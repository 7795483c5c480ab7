"""The key files."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from countersign.evidence import keys
from countersign.evidence.errors import KeyFileError
from countersign.evidence.keys import DIGEST_KEY_NAME, NEXT_KEY_NAME, SIGNING_KEY_NAME
from countersign.evidence.places import VKEY_NAME
from countersign.evidence.values_key import KEY_NAME as VALUES_KEY_NAME

ORIGIN = "example.com/audit/gateway-1"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Keys of a log that was begun."""
    directory = tmp_path / "keys"
    made = keys.create(directory, ORIGIN, secrets.token_bytes)
    keys.publish(directory, made.signer.verifier)
    return directory


def test_modes(directory: Path) -> None:
    """All secrets are their owner's only, as is their directory; the public key is everybody's; no draft is left."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert modes[SIGNING_KEY_NAME] == modes[DIGEST_KEY_NAME] == modes[VALUES_KEY_NAME] == 0o600
    assert modes[VKEY_NAME] & 0o444
    assert len(modes) == 4
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_load_gives_what_create_made(directory: Path) -> None:
    """The same keys come back, also from a second create: what is there is never overwritten."""
    first, second = (
        keys.load(directory, ORIGIN, secrets.token_bytes),
        keys.create(directory, ORIGIN, secrets.token_bytes),
    )
    assert (first.signer.verifier,) == (second.signer.verifier,) == keys.read_vkeys(directory / VKEY_NAME)
    assert (first.digest_key, first.values_key) == (second.digest_key, second.values_key)
    assert len(first.digest_key) == len(first.values_key) == 32
    assert first.digest_key != first.values_key


def test_each_log_has_its_own(directory: Path, tmp_path: Path) -> None:
    """Another directory has other keys."""
    other = keys.create(tmp_path / "other", ORIGIN, secrets.token_bytes)
    mine = keys.load(directory, ORIGIN, secrets.token_bytes)
    assert other.signer.verifier.public_key != mine.signer.verifier.public_key
    assert other.digest_key != mine.digest_key


def test_repr_keeps_the_secret(directory: Path) -> None:
    """What ends up in a log line or a traceback does not hold the digest key."""
    loaded = keys.load(directory, ORIGIN, secrets.token_bytes)
    for secret in (loaded.digest_key, loaded.values_key):
        assert secret.hex() not in repr(loaded)
        assert repr(secret) not in repr(loaded)


@pytest.mark.parametrize("name", [SIGNING_KEY_NAME, DIGEST_KEY_NAME])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_readable_by_others(directory: Path, name: str, mode: int) -> None:
    """A secret that others can read or write is refused, with the remedy."""
    (directory / name).chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keys.load(directory, ORIGIN, secrets.token_bytes)
    (directory / name).chmod(0o400)
    keys.load(directory, ORIGIN, secrets.token_bytes)


@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_directory_writable_by_others(directory: Path, mode: int) -> None:
    """Who may write the directory may replace the keys: refused; to list it is no harm."""
    directory.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 700"):
        keys.load(directory, ORIGIN, secrets.token_bytes)
    directory.chmod(0o755)
    keys.load(directory, ORIGIN, secrets.token_bytes)


@pytest.mark.parametrize("name", [SIGNING_KEY_NAME, DIGEST_KEY_NAME])
def test_missing(directory: Path, name: str) -> None:
    """A log's key that is gone is never replaced by a new one silently."""
    (directory / name).unlink()
    with pytest.raises(KeyFileError, match="restore"):
        keys.load(directory, ORIGIN, secrets.token_bytes)


def test_missing_directory(tmp_path: Path) -> None:
    """No directory, no keys."""
    with pytest.raises(KeyFileError, match="cannot be read"):
        keys.load(tmp_path / "nowhere", ORIGIN, secrets.token_bytes)


def _ec_key() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (SIGNING_KEY_NAME, b""),
        (SIGNING_KEY_NAME, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        (SIGNING_KEY_NAME, _ec_key()),
        (DIGEST_KEY_NAME, b""),
        (DIGEST_KEY_NAME, b"00" * 31),
        (DIGEST_KEY_NAME, b"zz" * 32),
        (VKEY_NAME, b""),
        (VKEY_NAME, b"\xff"),
    ],
)
def test_not_a_key(directory: Path, name: str, content: bytes) -> None:
    """A file that does not hold its key is refused, naming the file and not what is in it."""
    keys.load(directory, ORIGIN, secrets.token_bytes)
    (directory / name).write_bytes(content)
    with pytest.raises(KeyFileError, match=name) as refused:
        keys.load(directory, ORIGIN, secrets.token_bytes)
    assert "AAAA" not in str(refused.value)


def test_not_a_file(directory: Path) -> None:
    """A pipe or a directory in the place of a key is refused without waiting for it."""
    (directory / DIGEST_KEY_NAME).unlink()
    (directory / DIGEST_KEY_NAME).mkdir(mode=0o700)
    with pytest.raises(KeyFileError):
        keys.load(directory, ORIGIN, secrets.token_bytes)


def test_another_signing_key(directory: Path, tmp_path: Path) -> None:
    """A signing key that does not match the published vkey is refused: auditors hold the old one."""
    other = keys.create(tmp_path / "other", ORIGIN, secrets.token_bytes)
    assert other.signer.verifier.name == ORIGIN
    os.replace(tmp_path / "other" / SIGNING_KEY_NAME, directory / SIGNING_KEY_NAME)
    with pytest.raises(KeyFileError, match="not the public key"):
        keys.load(directory, ORIGIN, secrets.token_bytes)


def test_another_origin(directory: Path) -> None:
    """A log keeps its name; a name that cannot be one is refused."""
    with pytest.raises(KeyFileError, match="origin"):
        keys.load(directory, "example.com/audit/gateway-2", secrets.token_bytes)
    with pytest.raises(KeyFileError, match="URL"):
        keys.load(directory, "no spaces please", secrets.token_bytes)


def test_unwritable(tmp_path: Path) -> None:
    """Where a key cannot be written there is an error that names the file."""
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    (directory / f".{SIGNING_KEY_NAME}.{os.getpid()}").mkdir()
    with pytest.raises(KeyFileError, match=f"{SIGNING_KEY_NAME}: cannot be written"):
        keys.create(directory, ORIGIN, secrets.token_bytes)


def test_is_published(directory: Path, tmp_path: Path) -> None:
    """The vkey file says that a log was begun."""
    keys.create(tmp_path / "other", ORIGIN, secrets.token_bytes)
    assert keys.is_published(directory)
    assert not keys.is_published(tmp_path / "other")


def test_stage_and_settle(directory: Path) -> None:
    """The key of the next epoch takes the place of the current one; the vkey file lists both, oldest first."""
    old = keys.load(directory, ORIGIN, secrets.token_bytes)
    upcoming = keys.stage(directory, ORIGIN, secrets.token_bytes)
    assert stat.S_IMODE((directory / NEXT_KEY_NAME).stat().st_mode) == 0o600
    assert keys.load(directory, ORIGIN, secrets.token_bytes).known == old.known
    settled = keys.settle(directory, old, upcoming.verifier)
    assert settled.known == (old.signer.verifier, upcoming.verifier) == keys.read_vkeys(directory / VKEY_NAME)
    assert settled.digest_key == old.digest_key
    loaded = keys.load(directory, ORIGIN, secrets.token_bytes)
    assert (loaded.signer.verifier, loaded.known) == (upcoming.verifier, settled.known)
    assert not (directory / NEXT_KEY_NAME).exists()


def test_a_staged_key_is_never_replaced(directory: Path) -> None:
    """It may be the only key that the log can go on with: staging twice gives the same one."""
    first = keys.stage(directory, ORIGIN, secrets.token_bytes)
    assert keys.stage(directory, ORIGIN, secrets.token_bytes).verifier == first.verifier


def test_settle_takes_back(directory: Path) -> None:
    """A rotation that the log never came to is undone, and the next one makes another key."""
    old = keys.load(directory, ORIGIN, secrets.token_bytes)
    first = keys.stage(directory, ORIGIN, secrets.token_bytes)
    assert keys.settle(directory, old, old.signer.verifier) == old
    assert not (directory / NEXT_KEY_NAME).exists()
    assert keys.stage(directory, ORIGIN, secrets.token_bytes).verifier != first.verifier


def test_settle_without_the_key(directory: Path, tmp_path: Path) -> None:
    """A log that is signed with a key that is not here is not continued with another."""
    old = keys.load(directory, ORIGIN, secrets.token_bytes)
    other = keys.create(tmp_path / "other", ORIGIN, secrets.token_bytes).signer.verifier
    with pytest.raises(KeyFileError, match="is not here"):
        keys.settle(directory, old, other)
    keys.stage(directory, ORIGIN, secrets.token_bytes)
    with pytest.raises(KeyFileError, match="is not here"):
        keys.settle(directory, old, other)
    assert keys.load(directory, ORIGIN, secrets.token_bytes).known == old.known


def test_an_old_signing_key(directory: Path) -> None:
    """A backup of the key of an earlier epoch is refused, unless a rotation was being ended."""
    old = keys.load(directory, ORIGIN, secrets.token_bytes)
    content = (directory / SIGNING_KEY_NAME).read_bytes()
    keys.settle(directory, old, keys.stage(directory, ORIGIN, secrets.token_bytes).verifier)
    current = (directory / SIGNING_KEY_NAME).read_bytes()
    (directory / SIGNING_KEY_NAME).write_bytes(content)
    with pytest.raises(KeyFileError, match="not the public key"):
        keys.load(directory, ORIGIN, secrets.token_bytes)
    (directory / NEXT_KEY_NAME).touch(mode=0o600)
    (directory / NEXT_KEY_NAME).write_bytes(current)
    assert len(keys.load(directory, ORIGIN, secrets.token_bytes).known) == 2


@pytest.mark.parametrize("name", [VKEY_NAME, SIGNING_KEY_NAME])
def test_settle_that_cannot_write(directory: Path, name: str) -> None:
    """A keys directory that takes no file: the error says so, and the rotation can be ended later."""
    old = keys.load(directory, ORIGIN, secrets.token_bytes)
    upcoming = keys.stage(directory, ORIGIN, secrets.token_bytes).verifier
    saved = (directory / name).read_bytes()
    (directory / name).unlink()
    (directory / name).mkdir()
    with pytest.raises(KeyFileError, match="cannot be taken"):
        keys.settle(directory, old, upcoming)
    (directory / name).rmdir()
    (directory / name).touch(mode=0o600)
    (directory / name).write_bytes(saved)
    assert keys.settle(directory, old, upcoming).signer.verifier == upcoming
