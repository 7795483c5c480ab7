"""The log's secrets, in a directory outside the database: the signing key of this epoch and the key of keyed digests.

Does not check who else can read the directory's volume, a backup of it, or this process's memory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from countersign import limits
from countersign.evidence import directory as directories
from countersign.evidence.checkpoint import Signer, Verifier, parse_vkeys
from countersign.evidence.errors import BadNote, KeyFileError
from countersign.evidence.places import VKEY_NAME

SIGNING_KEY_NAME = "log.key"
NEXT_KEY_NAME = "log.key.next"  # of the next epoch, between the making of it and its first use
DIGEST_KEY_NAME = "digest.key"
_DIGEST_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What only the gateway knows of its log."""

    signer: Signer
    digest_key: bytes = field(repr=False)  #: 32 bytes, HMAC-SHA-256 key of digests over what was sent
    known: tuple[Verifier, ...]  #: the keys of all epochs that were published, oldest first, the current one last


def create(directory: Path, origin: str, randomness: Callable[[int], bytes]) -> LogKeys:
    """The keys of a new log: whichever file is missing is written, mode 0600; one that is there is used.

    `randomness(n)` gives n secret random bytes. Raises KeyFileError, as `load` does.
    """
    directories.make_private(directory)
    write_once(directory / SIGNING_KEY_NAME, new_key(randomness), mode=0o600)
    write_once(directory / DIGEST_KEY_NAME, randomness(_DIGEST_KEY_BYTES).hex().encode() + b"\n", mode=0o600)
    return load(directory, origin)


def load(directory: Path, origin: str) -> LogKeys:
    """The keys of an existing log; a rotation that was interrupted is still to be ended by `settle`.

    Raises KeyFileError when a file is missing, can be read or replaced by others, or does not hold its key; and when
    `log.vkey` beside it is of another key or another origin.
    """
    _refuse_others_writing(directory)
    signer = read_signer(directory / SIGNING_KEY_NAME, origin)
    known: tuple[Verifier, ...] = (signer.verifier,)
    if is_published(directory):
        known = read_vkeys(directory / VKEY_NAME)
        is_next_published = (directory / NEXT_KEY_NAME).exists() and signer.verifier in known[-2:]
        if known[-1] != signer.verifier and not is_next_published:
            raise KeyFileError(
                f"{directory / VKEY_NAME}: not the public key of {SIGNING_KEY_NAME} under the origin {origin}; "
                "restore the key, or configure the origin that the log was begun with"
            )
    return LogKeys(signer, _read_digest_key(directory / DIGEST_KEY_NAME), known)


def stage(directory: Path, origin: str, randomness: Callable[[int], bytes]) -> Signer:
    """Make the key of the next epoch, beside the current one. Raises KeyFileError.

    One that is there is taken: to remove it could be to remove the only key that the log may go on with.
    """
    write_once(directory / NEXT_KEY_NAME, new_key(randomness), mode=0o600)
    return read_signer(directory / NEXT_KEY_NAME, origin)


def settle(directory: Path, keys: LogKeys, current: Verifier) -> LogKeys:
    """The keys with that of the epoch the log is in: ends what a rotation began, or takes it back.

    The old key is erased, as far as a filesystem erases: it can sign nothing from here on. Raises KeyFileError.
    """
    upcoming = directory / NEXT_KEY_NAME
    if keys.signer.verifier == current:
        upcoming.unlink(missing_ok=True)
        return keys
    signer = read_signer(upcoming, current.name) if upcoming.exists() else keys.signer
    if signer.verifier != current:
        raise KeyFileError(
            f"{directory}: the log is signed with the key {current.key_id.hex()}, which is not here; restore it from its backup"
        )
    known = keys.known if current in keys.known else (*keys.known, current)
    try:
        _replace(directory / VKEY_NAME, "".join(f"{key.vkey()}\n" for key in known).encode(), mode=0o644)
        upcoming.rename(directory / SIGNING_KEY_NAME)
        directories.sync(directory)
    except OSError as error:
        raise KeyFileError(f"{directory}: the next key cannot be taken: {error.strerror}") from None
    return LogKeys(signer, keys.digest_key, known)


def publish(directory: Path, verifier: Verifier) -> None:
    """Write `log.vkey` for auditors. It also says that a log was begun with these keys."""
    write_once(directory / VKEY_NAME, verifier.vkey().encode() + b"\n", mode=0o644)


def is_published(directory: Path) -> bool:
    """Whether a log was begun with the keys in this directory."""
    return (directory / VKEY_NAME).exists()


def read_vkeys(path: Path) -> tuple[Verifier, ...]:
    """The verifiers in a vkey file, one per epoch, oldest first. Raises KeyFileError.

    Does not check where the file comes from: an auditor takes it from a place that the gateway cannot write.
    """
    try:
        with path.open("rb") as file:
            return parse_vkeys(file.read(limits.MAX_VKEY_FILE_BYTES).decode("ascii"))
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    except (BadNote, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: {error}") from None


def new_key(randomness: Callable[[int], bytes]) -> bytes:
    """A new Ed25519 key in PEM (PKCS #8), unencrypted."""
    key = Ed25519PrivateKey.from_private_bytes(randomness(32))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_signer(path: Path, origin: str) -> Signer:
    """The signing key in a PEM file that only its owner may read, under this name. Raises KeyFileError."""
    try:
        private_key = load_pem_private_key(_read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: not an unencrypted PEM private key") from None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: not an Ed25519 key")
    try:
        return Signer.of(origin, private_key)
    except BadNote as error:
        raise KeyFileError(str(error)) from None


def _read_digest_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(_read_secret(path).decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _DIGEST_KEY_BYTES:
        raise KeyFileError(f"{path}: not {_DIGEST_KEY_BYTES} bytes in hexadecimal")
    return key


def _read_secret(path: Path) -> bytes:
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


def _refuse_others_writing(directory: Path) -> None:
    """Who may write a directory may replace a 0600 file in it."""
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


def _replace(path: Path, data: bytes, *, mode: int) -> None:
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
