"""Cosignatures: a witness's statement that a checkpoint is the largest it saw of a log, and when (C2SP tlog-cosignature, Ed25519).

Does not check that the checkpoint is consistent with anything (that is `witness`), nor that its own log signed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countersign.evidence.checkpoint import check_origin, decode, encode, split_note
from countersign.evidence.errors import BadNote

_COSIGNATURE = b"\x04"
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_MAX_TIME = 2**63 - 1  # tlog-cosignature


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A witness's public key by its name, as the C2SP `vkey` string of type 0x04 carries it."""

    name: str
    key_id: bytes  #: 4 bytes
    public_key: bytes  #: 32 bytes

    @classmethod
    def of(cls, name: str, public_key: bytes) -> CosignatureVerifier:
        """The verifier of an Ed25519 public key (32 bytes, RFC 8032) under a witness's name. Raises BadNote."""
        check_origin(name)
        digest = hashlib.sha256(name.encode() + b"\n" + _COSIGNATURE + public_key).digest()
        return cls(name, digest[:4], public_key)

    @classmethod
    def parse(cls, vkey: str) -> CosignatureVerifier:
        """Read `name+key id+base64(0x04 || public key)`. Raises BadNote when it is not one, or its id is not its key's."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = decode(encoded)
        if len(key) != 33 or key[:1] != _COSIGNATURE:
            raise BadNote("the vkey does not hold a witness's Ed25519 key; use the vkey that the witness publishes")
        verifier = cls.of(name, key[1:])
        if verifier.key_id.hex() != key_id:
            raise BadNote("the vkey's id is not that of its key and name; copy the whole line again")
        return verifier

    def vkey(self) -> str:
        """The one-line form that is given to logs, to auditors and to other software."""
        return f"{self.name}+{self.key_id.hex()}+{encode(_COSIGNATURE + self.public_key)}"

    def has_signed(self, note: bytes) -> bool:
        """Whether a line of the note is under this key's name and id. Verifies nothing. Raises BadNote."""
        return bool(self._blobs(split_note(note)[1]))

    def verify(self, note: bytes) -> int:
        """When this witness cosigned a note: seconds since the epoch. Raises BadNote when it did not.

        Lines of other keys, the log's own too, are ignored. Does not check that the time is near: the caller knows now.
        """
        text, signatures = split_note(note)
        blobs = self._blobs(signatures)
        if len(blobs) != 1:
            raise BadNote(f"the note carries {len(blobs)} cosignatures of {self.name}; it must be one")
        if len(blobs[0]) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise BadNote(f"the cosignature of {self.name} has not the length of one")
        time = int.from_bytes(blobs[0][:_TIME_BYTES])
        if time > _MAX_TIME:
            raise BadNote(f"the cosignature of {self.name} has a time that is none")
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(blobs[0][_TIME_BYTES:], _message(time, text))
        except InvalidSignature:
            raise BadNote(f"the cosignature of {self.name} does not verify") from None
        return time

    def _blobs(self, signatures: list[tuple[str, bytes]]) -> list[bytes]:
        return [blob[4:] for name, blob in signatures if name == self.name and blob[:4] == self.key_id]


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's private key and the verifier that matches it. The key must not be used for anything else."""

    private_key: Ed25519PrivateKey
    verifier: CosignatureVerifier

    @classmethod
    def of(cls, name: str, private_key: Ed25519PrivateKey) -> Cosigner:
        """A cosigner whose key name is `name`. Raises BadNote when the name cannot be one."""
        return cls(private_key, CosignatureVerifier.of(name, private_key.public_key().public_bytes_raw()))

    def line(self, text: str, time: int) -> str:
        """The signature line under the text of a checkpoint, as of `time`, seconds since the epoch.

        Does not check anything of the checkpoint. Raises ValueError for a time that cannot be one.
        """
        if not 0 <= time <= _MAX_TIME:
            raise ValueError("the time of a cosignature is a number of seconds since 1970")
        blob = self.verifier.key_id + time.to_bytes(_TIME_BYTES) + self.private_key.sign(_message(time, text))
        return f"— {self.verifier.name} {encode(blob)}\n"


def quorum_of(witnesses: Sequence[CosignatureVerifier], asked: int | None) -> int:
    """How many of these witnesses must have cosigned: as many as was asked, all where nothing was (None).

    Raises ValueError for what can never be, and where a key is named twice: one party would be a quorum by itself.
    """
    if len({each.public_key for each in witnesses}) < len(witnesses):
        raise ValueError("a witness is named twice; each counts once")
    quorum = len(witnesses) if asked is None else asked
    if not min(1, len(witnesses)) <= quorum <= len(witnesses):
        raise ValueError(
            f"{quorum} of {len(witnesses)} witnesses is no quorum; ask for 1 to all of those that are named"
        )
    return quorum


def merged(notes: Sequence[bytes]) -> bytes:
    """One note with every signature line of some notes of one checkpoint, each line once, in their order.

    Verifies no signature. Raises BadNote when they are of different checkpoints, or one is no note.
    """
    texts = {split_note(note)[0] for note in notes}
    if len(texts) != 1:
        raise BadNote(f"{len(texts)} different checkpoints cannot be one")
    lines = dict.fromkeys(line for note in notes for line in note.rpartition(b"\n\n")[2].splitlines(keepends=True))
    return texts.pop().encode() + b"\n" + b"".join(lines)


def _message(time: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
