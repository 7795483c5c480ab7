"""A witness's private key and name, in its state directory.

Does not check who else can read the directory's volume, or a backup of it: a copy of the key is a second witness.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from countersign import limits
from countersign.evidence import directory as directories
from countersign.evidence.cosignature import CosignatureVerifier, Cosigner
from countersign.evidence.errors import BadNote, KeyFileError
from countersign.evidence.key_files import write_once
from countersign.evidence.keys import new_key, read_signer

KEY_NAME = "witness.key"
VKEY_NAME = "witness.vkey"


def create(directory: Path, name: str, randomness: Callable[[int], bytes]) -> Cosigner:
    """The key of a new witness, mode 0600, and its vkey beside it for everybody; what is there already is used.

    `randomness(n)` gives n secret random bytes. Raises KeyFileError, as `load` does, and for another name.
    """
    directories.make_private(directory)
    if not (directory / VKEY_NAME).exists():
        write_once(directory / KEY_NAME, new_key(randomness), mode=0o600)
        vkey = _cosigner(directory, name).verifier.vkey()
        write_once(directory / VKEY_NAME, vkey.encode() + b"\n", mode=0o644)
    cosigner = load(directory)
    if cosigner.verifier.name != name:
        raise KeyFileError(
            f"{directory / VKEY_NAME}: this witness is called {cosigner.verifier.name}; it keeps its name"
        )
    return cosigner


def load(directory: Path) -> Cosigner:
    """The key of an existing witness, under the name in its vkey file.

    Raises KeyFileError when a file is missing, when others may read the key, or when the two do not belong together.
    """
    verifier = read_vkey(directory / VKEY_NAME)
    cosigner = _cosigner(directory, verifier.name)
    if cosigner.verifier != verifier:
        raise KeyFileError(f"{directory / VKEY_NAME}: not the public key of {KEY_NAME}; restore both from one backup")
    return cosigner


def read_vkey(path: Path) -> CosignatureVerifier:
    """The verifier in a witness's vkey file. Raises KeyFileError. Does not check where the file comes from."""
    try:
        with path.open("rb") as file:
            return CosignatureVerifier.parse(file.read(limits.MAX_KEY_FILE_BYTES).decode("ascii"))
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    except (BadNote, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: {error}") from None


def _cosigner(directory: Path, name: str) -> Cosigner:
    return Cosigner.of(name, read_signer(directory / KEY_NAME, name).private_key)
