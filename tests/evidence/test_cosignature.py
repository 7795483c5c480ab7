"""Cosignatures in the form of C2SP."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence.checkpoint import encode, split_note
from countersign.evidence.cosignature import CosignatureVerifier, Cosigner, merged, quorum_of
from countersign.evidence.errors import BadNote
from tests.evidence.cosigning import FIRST, SECOND, SECONDS, WITNESSES, cosigned
from tests.evidence.growth import Growth, signer

NAME = "witness.example.com/1"
COSIGNER = Cosigner.of(NAME, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
GROWTH = Growth()
NOTE = GROWTH.note(42)
TEXT = split_note(NOTE)[0]
COSIGNED = NOTE + COSIGNER.line(TEXT, 1_800_000_000).encode()


def test_round_trip() -> None:
    """A cosigned checkpoint says when its witness saw it, and is still its log's."""
    assert COSIGNER.verifier.verify(COSIGNED) == 1_800_000_000
    assert COSIGNER.verifier.has_signed(COSIGNED)
    assert signer(1).verifier.open_checkpoint(COSIGNED).size == 42


def test_a_note_without_it() -> None:
    """The log's own signature is no cosignature."""
    assert not COSIGNER.verifier.has_signed(NOTE)
    with pytest.raises(BadNote, match="0 cosignatures"):
        COSIGNER.verifier.verify(NOTE)


def test_two_of_one_witness() -> None:
    """A note is as old as its one cosignature, so there is one."""
    with pytest.raises(BadNote, match="2 cosignatures"):
        COSIGNER.verifier.verify(COSIGNED + COSIGNER.line(TEXT, 1_800_000_001).encode())


def test_every_byte_counts() -> None:
    """No byte of the text or of the witness's line can be another one."""
    for place in [*range(len(TEXT)), *range(len(NOTE), len(COSIGNED))]:
        altered = COSIGNED[:place] + bytes([COSIGNED[place] ^ 1]) + COSIGNED[place + 1 :]
        with pytest.raises(BadNote):
            COSIGNER.verifier.verify(altered)


def test_another_key_of_the_same_name() -> None:
    """A witness is known by name and key."""
    other = Cosigner.of(NAME, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(BadNote, match="0 cosignatures"):
        other.verifier.verify(COSIGNED)


def test_a_signature_of_the_same_key_over_the_note_alone() -> None:
    """What the key signed as a log is no cosignature: the first line of the message keeps them apart."""
    blob = COSIGNER.verifier.key_id + bytes(8) + COSIGNER.private_key.sign(TEXT.encode())
    with pytest.raises(BadNote, match="does not verify"):
        COSIGNER.verifier.verify(NOTE + f"— {NAME} {encode(blob)}\n".encode())


@pytest.mark.parametrize("length", [71, 73])
def test_length(length: int) -> None:
    """A cosignature is eight bytes of time and 64 of signature."""
    blob = (COSIGNER.verifier.key_id + bytes(73))[: 4 + length]
    with pytest.raises(BadNote, match="length"):
        COSIGNER.verifier.verify(NOTE + f"— {NAME} {encode(blob)}\n".encode())


@pytest.mark.parametrize("time", [-1, 2**63])
def test_no_time(time: int) -> None:
    """A time outside of what the specification allows is not signed, its neighbours are."""
    with pytest.raises(ValueError, match="seconds"):
        COSIGNER.line(TEXT, time)
    for good in (0, 2**63 - 1):
        assert COSIGNER.verifier.verify(NOTE + COSIGNER.line(TEXT, good).encode()) == good


def test_a_signed_time_that_is_none() -> None:
    """A time above 2**63 - 1 is refused also where the witness signed it."""
    signature = COSIGNER.private_key.sign(f"cosignature/v1\ntime {2**63}\n{TEXT}".encode())
    line = f"— {NAME} {encode(COSIGNER.verifier.key_id + (2**63).to_bytes(8) + signature)}\n"
    with pytest.raises(BadNote, match="time"):
        COSIGNER.verifier.verify(NOTE + line.encode())


def test_vkey_round_trip() -> None:
    """A vkey says the same after it was read, also with the line feed of its file."""
    vkey = COSIGNER.verifier.vkey()
    assert CosignatureVerifier.parse(vkey + "\n") == COSIGNER.verifier
    assert CosignatureVerifier.parse(vkey).vkey() == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        NAME,
        signer(1).verifier.vkey(),  # a log's
        COSIGNER.verifier.vkey().replace(NAME, "witness.example.com/2"),
        COSIGNER.verifier.vkey() + "AAAA",
        COSIGNER.verifier.vkey().replace("+" + COSIGNER.verifier.key_id.hex(), "+00000000"),
    ],
)
def test_bad_vkey(vkey: str) -> None:
    """A vkey of another type, or whose name, id or key is not as it was written, is refused."""
    with pytest.raises(BadNote):
        CosignatureVerifier.parse(vkey)


def test_bad_name() -> None:
    """A witness's name is what a key name can be."""
    with pytest.raises(BadNote, match="URL"):
        Cosigner.of("my witness", COSIGNER.private_key)


def test_message() -> None:
    """What is signed is the header line, the time, and the text of the checkpoint; before it stands the time in 8 bytes."""
    blob = next(blob for name, blob in split_note(COSIGNED)[1] if name == NAME)
    assert blob[4:12] == (1_800_000_000).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1800000000\n{TEXT}".encode()
    COSIGNER.private_key.public_key().verify(blob[12:], message)  # raises where it is another message


def test_key_id() -> None:
    """The key id is the beginning of a digest over name, line feed, 0x04 and key."""

    digest = hashlib.sha256(NAME.encode() + b"\n\x04" + COSIGNER.verifier.public_key).digest()
    assert COSIGNER.verifier.key_id == digest[:4]


def test_merged() -> None:
    """One note with every line once, in order: each witness's cosignature verifies as it did alone."""
    note = GROWTH.note(5)
    notes = [cosigned(note, FIRST), cosigned(note, SECOND, FIRST), note]
    assert merged(notes) == cosigned(note, FIRST, SECOND)
    assert merged([note]) == note
    assert [witness.verifier.verify(merged(notes)) for witness in (FIRST, SECOND)] == [SECONDS, SECONDS]


def test_not_merged() -> None:
    """Different checkpoints, and nothing at all, do not become one."""
    for notes in ([GROWTH.note(5), GROWTH.note(6)], [GROWTH.note(5), Growth("otherwise").note(5)], []):
        with pytest.raises(BadNote, match="cannot be one"):
            merged(notes)


@pytest.mark.parametrize(
    ("witnesses", "asked", "quorum"), [(0, None, 0), (1, None, 1), (3, None, 3), (3, 1, 1), (3, 3, 3)]
)
def test_quorum(witnesses: int, asked: int | None, quorum: int) -> None:
    """As many as was asked, and all where nothing was."""
    assert quorum_of([witness.verifier for witness in WITNESSES[:witnesses]], asked) == quorum


@pytest.mark.parametrize(("witnesses", "asked"), [(0, 1), (2, 3), (2, 0), (2, -1)])
def test_no_quorum(witnesses: int, asked: int) -> None:
    """More than there are, and fewer than one, is no quorum."""
    with pytest.raises(ValueError, match="no quorum"):
        quorum_of([witness.verifier for witness in WITNESSES[:witnesses]], asked)


def test_one_key_is_one_witness() -> None:
    """A witness under two names would be a quorum of two by itself."""
    again = CosignatureVerifier.of("witness.example/another", FIRST.verifier.public_key)
    for twice in ([FIRST.verifier, again], [FIRST.verifier, FIRST.verifier]):
        with pytest.raises(ValueError, match="named twice"):
            quorum_of(twice, 1)
    assert quorum_of([again, SECOND.verifier], 1) == 1
