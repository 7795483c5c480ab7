"""Witnesses for tests, and what they cosigned."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence import StatePlaces
from countersign.evidence.checkpoint import parse, split_note
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.places import cosigned_name

FIRST, SECOND, THIRD = WITNESSES = tuple(
    Cosigner.of(f"witness.example/w{seed}", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))
    for seed in (1, 2, 3)
)
SECONDS = 1_800_000_100  #: when they saw whatever they saw


def cosigned(note: bytes, *witnesses: Cosigner, seconds: int = SECONDS) -> bytes:
    """A signed checkpoint with the cosignatures of these."""
    return note + "".join(each.line(split_note(note)[0], seconds) for each in witnesses).encode()


def size_of(note: bytes) -> int:
    """How many records a signed checkpoint is of."""
    return parse(split_note(note)[0]).size


def keep(directory: Path, witness: Cosigner, notes: Iterable[bytes], seconds: int = SECONDS) -> Path:
    """The file in which a gateway keeps what a witness cosigned."""
    path = directory / cosigned_name(witness.verifier.key_id)
    path.write_bytes(b"".join(cosigned(note, witness, seconds=seconds) for note in notes))
    return path


def notes_of(file: Path, *sizes: int) -> list[bytes]:
    """Those of a checkpoint file that are of these sizes; all of them where none is named."""
    return [note for note in read_notes(file) if not sizes or size_of(note) in sizes]


def beside(places: StatePlaces, witness: Cosigner, notes: Iterable[bytes], seconds: int = SECONDS) -> Path:
    """The same beside the database of a gateway."""
    return keep(places.evidence, witness, notes, seconds)
