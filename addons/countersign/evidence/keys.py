"""The log's secrets, in a directory outside the database: the signing key of this epoch and the key of keyed digests.

Does not check who else can read the directory's volume, a backup of it, or this process's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from countersign import limits
from countersign.evidence import directory as directories
from countersign.evidence import values_key
from countersign.evidence.checkpoint import Signer, Verifier, parse_vkeys
from countersign.evidence.errors import BadNote, KeyFileError
from countersign.evidence.key_files import (
    new_secret,
    read_secret,
    read_secret_key,
    refuse_others_writing,
    replace_file,
    write_once,
)
from countersign.evidence.places import VKEY_NAME

SIGNING_KEY_NAME = "log.key"
NEXT_KEY_NAME = "log.key.next"  # of the next epoch, between the making of it and its first use
DIGEST_KEY_NAME = "digest.key"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What only the gateway knows of its log."""

    signer: Signer
    digest_key: bytes = field(repr=False)  #: 32 bytes, HMAC-SHA-256 key of digests over what was sent
    known: tuple[Verifier, ...]  #: the keys of all epochs that were published, oldest first, the current one last
    values_key: bytes = field(repr=False)  #: 32 bytes, HMAC-SHA-256 key of masked values that stay comparable


def create(directory: Path, origin: str, randomness: Callable[[int], bytes]) -> LogKeys:
    """The keys of a new log: whichever file is missing is written, mode 0600; one that is there is used.

    `randomness(n)` gives n secret random bytes. Raises KeyFileError, as `load` does.
    """
    directories.make_private(directory)
    write_once(directory / SIGNING_KEY_NAME, new_key(randomness), mode=0o600)
    write_once(directory / DIGEST_KEY_NAME, new_secret(randomness), mode=0o600)
    return load(directory, origin, randomness)


def load(directory: Path, origin: str, randomness: Callable[[int], bytes]) -> LogKeys:
    """The keys of an existing log; a rotation that was interrupted is still to be ended by `settle`. The key of masked values
    is made anew where it is gone.

    Raises KeyFileError when a file is missing, can be read or replaced by others, or does not hold its key; and when
    `log.vkey` beside it is of another key or another origin.
    """
    refuse_others_writing(directory)
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
    digest_key = read_secret_key(directory / DIGEST_KEY_NAME)
    return LogKeys(signer, digest_key, known, values_key.take(directory, randomness))


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
        replace_file(directory / VKEY_NAME, "".join(f"{key.vkey()}\n" for key in known).encode(), mode=0o644)
        upcoming.rename(directory / SIGNING_KEY_NAME)
        directories.sync(directory)
    except OSError as error:
        raise KeyFileError(f"{directory}: the next key cannot be taken: {error.strerror}") from None
    return replace(keys, signer=signer, known=known)


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
        private_key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path}: not an unencrypted PEM private key") from None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: not an Ed25519 key")
    try:
        return Signer.of(origin, private_key)
    except BadNote as error:
        raise KeyFileError(str(error)) from None
