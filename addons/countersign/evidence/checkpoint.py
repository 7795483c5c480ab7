"""Checkpoints: a log's size and root hash as C2SP tlog-checkpoint text inside a C2SP signed note (Ed25519, type 0x01).

Does not check that the root is that of any records (that is `verification`), nor whether an older checkpoint was larger.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countersign import limits
from countersign.evidence.errors import BadNote

_ED25519 = b"\x01"
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/:@-]*")  # the schema-less URLs that signed-note recommends
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_SIGNATURE_LINE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many records it has, and their Merkle root."""

    origin: str
    size: int  #: records
    root: bytes  #: 32 bytes

    def text(self) -> str:
        """The three lines of tlog-checkpoint, without extension lines (they would not be auditable)."""
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key by its name, as the C2SP `vkey` string carries it."""

    name: str
    key_id: bytes  #: 4 bytes
    public_key: bytes  #: 32 bytes

    @classmethod
    def of(cls, name: str, public_key: bytes) -> Verifier:
        """The verifier of an Ed25519 public key (32 bytes, RFC 8032) under a key name. Raises BadNote."""
        check_origin(name)
        digest = hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()
        return cls(name, digest[:4], public_key)

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read `name+key id+base64(0x01 || public key)`. Raises BadNote when it is not one, or its id is not its key's."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = decode(encoded)
        if len(key) != 33 or key[:1] != _ED25519:
            raise BadNote("the vkey does not hold an Ed25519 key; use the file log.vkey beside the log's signing key")
        verifier = cls.of(name, key[1:])
        if verifier.key_id.hex() != key_id:
            raise BadNote("the vkey's id is not that of its key and name; copy the whole line again")
        return verifier

    def vkey(self) -> str:
        """The one-line form that is given to auditors and to other software."""
        return f"{self.name}+{self.key_id.hex()}+{encode(_ED25519 + self.public_key)}"

    def open(self, note: bytes) -> str:
        """The text of a signed note, when this key signed it. Raises BadNote.

        Signatures of other keys are ignored, as the specification demands; they may be witnesses'.
        """
        text, signatures = split_note(note)
        mine = [blob[4:] for name, blob in signatures if name == self.name and blob[:4] == self.key_id]
        if len(mine) != 1:
            raise BadNote(f"the note carries {len(mine)} signatures of {self.name}; it must be one")
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(mine[0], text.encode())
        except InvalidSignature:
            raise BadNote(f"the signature of {self.name} does not verify") from None
        return text

    def open_checkpoint(self, note: bytes) -> Checkpoint:
        """The checkpoint in a note that this key signed, and whose origin is this key's name. Raises BadNote."""
        checkpoint = parse(self.open(note))
        if checkpoint.origin != self.name:
            raise BadNote(f"the checkpoint is of another log than {self.name}")
        return checkpoint


@dataclass(frozen=True, slots=True)
class Signer:
    """The log's private key and the verifier that matches it."""

    private_key: Ed25519PrivateKey
    verifier: Verifier

    @classmethod
    def of(cls, name: str, private_key: Ed25519PrivateKey) -> Signer:
        """A signer whose key name is `name`. Raises BadNote when the name cannot be one."""
        return cls(private_key, Verifier.of(name, private_key.public_key().public_bytes_raw()))

    def sign(self, size: int, root: bytes) -> bytes:
        """The signed checkpoint of this log at `size` records with this root hash (32 bytes)."""
        return signed([self], size, root)

    def line(self, text: str) -> str:
        """The signature line of this key under the text of a note."""
        signature = self.private_key.sign(text.encode())
        return f"— {self.verifier.name} {encode(self.verifier.key_id + signature)}\n"


def parse(text: str) -> Checkpoint:
    """Read checkpoint text of exactly three lines. Raises BadNote."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise BadNote("a checkpoint of this log has exactly three lines")
    origin, size, root = lines[:3]
    check_origin(origin)
    if not _SIZE.fullmatch(size):
        raise BadNote("the size of the checkpoint is not a decimal number")
    root_hash = decode(root)
    if len(root_hash) != 32:
        raise BadNote("the root hash of the checkpoint is not 32 bytes")
    return Checkpoint(origin, int(size), root_hash)


def parse_vkeys(text: str) -> tuple[Verifier, ...]:
    """The public keys of one log, one vkey per line, oldest first. Raises BadNote."""
    found = tuple(Verifier.parse(line) for line in text.splitlines() if line.strip())
    if not found:
        raise BadNote("there is no vkey; use the file log.vkey beside the log's signing key")
    if len({verifier.name for verifier in found}) > 1 or len(set(found)) < len(found):
        raise BadNote("the vkeys are not those of one log, each once, oldest first")
    return found


def signed(signers: Sequence[Signer], size: int, root: bytes) -> bytes:
    """The checkpoint of one log at `size` records, signed by each of its keys in `signers`."""
    text = Checkpoint(signers[0].verifier.name, size, root).text()
    return f"{text}\n{''.join(signer.line(text) for signer in signers)}".encode()


def check_origin(origin: str) -> None:
    """Refuse what cannot name a log: it must be usable as a key name of a signed note. Raises BadNote."""
    if len(origin) > limits.MAX_ORIGIN_CHARACTERS or not _KEY_NAME.fullmatch(origin):
        raise BadNote(
            "the origin of a log is a URL without its scheme, such as example.com/audit/gateway-1: letters, digits "
            f"and ._~/:@-, at most {limits.MAX_ORIGIN_CHARACTERS} characters"
        )


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a signed note, and the key name and blob (key id, signature) of each line. Raises BadNote.

    Verifies no signature.
    """
    if len(note) > limits.MAX_NOTE_BYTES:
        raise BadNote(f"the note is longer than {limits.MAX_NOTE_BYTES} bytes")
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError:
        raise BadNote("the note is not UTF-8") from None
    if any(character < " " and character != "\n" for character in decoded):
        raise BadNote("the note holds a control character")
    text, separator, signatures = decoded.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise BadNote("the note has no signatures")
    lines = [_SIGNATURE_LINE.fullmatch(line) for line in signatures[:-1].split("\n")]
    parsed = [(line[1], decode(line[2])) for line in lines if line is not None]
    if len(parsed) != len(lines):
        raise BadNote("a signature line of the note is malformed")
    return text + "\n", parsed


def encode(data: bytes) -> str:
    """Base64 as notes have it (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """The bytes in base64. Raises BadNote.

    Strict: one encoding per value, or a byte of a stored signature could change without anybody noticing.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None
    if encode(data) != text:
        raise BadNote("not canonical base64")
    return data
