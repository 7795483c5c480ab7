"""Software that we did not write accepts the checkpoints and proofs that we accept, and refuses those that we refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence.checkpoint import Checkpoint, Signer, signed
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.proof_file import ProofFile
from countersign.evidence.tree import EMPTY_ROOT, inclusion_proof, leaf_hash, root_of
from tests.end_to_end.verifiers import Program
from tests.evidence.growth import ORIGIN, signer

KEY, NEXT_KEY = signer(1), signer(2)
VKEY = KEY.verifier.vkey()
WITNESS = Cosigner.of("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(32)))

LEAVES = [b"record %d" % number for number in range(300)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
ROOT = root_of(HASHES)
NOTE = signed([KEY], len(LEAVES), ROOT)
TEXT = Checkpoint(ORIGIN, len(LEAVES), ROOT).text()
NAME, SIZE, ROOT_TEXT = TEXT.splitlines()


def note(text: str, *signers: Signer) -> bytes:
    """Anything, signed."""
    return f"{text}\n{''.join(each.line(text) for each in signers or [KEY])}".encode()


def flipped(data: bytes, place: int) -> bytes:
    """With one bit changed."""
    place %= len(data)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


GOOD_NOTES = {
    "as it was signed": NOTE,
    "signed by the next key too": signed([KEY, NEXT_KEY], len(LEAVES), ROOT),
    "signed by the key before too": signed([NEXT_KEY, KEY], len(LEAVES), ROOT),
    "cosigned": NOTE + WITNESS.line(TEXT, 1_800_000_000).encode(),
    "with a signature of another kind": NOTE + f"— {ORIGIN} c29tZXRoaW5nIGVsc2U=\n".encode(),
    "the empty log": signed([KEY], 0, EMPTY_ROOT),
    "a log of a quadrillion": signed([KEY], 10**15, ROOT),
}
BAD_NOTES = {
    "nothing": b"",
    "not signed": TEXT.encode() + b"\n",
    "without its signatures": TEXT.encode(),
    "signed by another key of that name": signed([NEXT_KEY], len(LEAVES), ROOT),
    "signed under another name": note(TEXT, signer(1, "example.com/audit/gateway-2")),
    "of another log": note(TEXT.replace(NAME, "example.com/audit/gateway-2")),
    "cosigned only": f"{TEXT}\n{WITNESS.line(TEXT, 1_800_000_000)}".encode(),
    "another name after signing": NOTE.replace(b"gateway-1\n", b"gateway-2\n"),
    "another size after signing": NOTE.replace(b"\n300\n", b"\n301\n"),
    "another root after signing": NOTE.replace(ROOT_TEXT.encode(), b"A" * 43 + b"="),
    "a line more after signing": NOTE.replace(b"\n\n", b"\nmore\n\n"),
    "a bit of the signature": flipped(NOTE, -20),
    "a bit of the key id": flipped(NOTE, NOTE.index(b"\xe2\x80\x94") + len(f"— {ORIGIN} ".encode())),
    "cut off in the signature": NOTE[:-20],
    "cut off in the text": NOTE[:40],
    "without the empty line": NOTE.replace(b"\n\n", b"\n"),
    "with the line ends of Windows": NOTE.replace(b"\n", b"\r\n"),
    "not UTF-8": NOTE + "— w ".encode() + b"\xff\n",
    "a hyphen for the dash": NOTE.replace("—".encode(), b"-"),
    "a zero before the size": note(TEXT.replace(SIZE, "0300")),
    "a size below zero": note(TEXT.replace(SIZE, "-300")),
    "a size with a sign": note(TEXT.replace(SIZE, "+300")),
    "a size in hexadecimal": note(TEXT.replace(SIZE, "0x12c")),
    "no size": note(f"{NAME}\n\n{ROOT_TEXT}\n"),
    "no root": note(f"{NAME}\n{SIZE}\n"),
    "a root that is too short": note(f"{NAME}\n{SIZE}\nAAAA\n"),
    "a root that is too long": note(f"{NAME}\n{SIZE}\n{'A' * 48}\n"),
    "a root that is not base64": note(f"{NAME}\n{SIZE}\n{'!' * 44}\n"),
}
#: What we never write, and so never read; not everybody is as strict.
STRICTER = {
    "an extension line": (note(f"{TEXT}more\n"), {"python", "go"}),
    "signed twice by one key": (NOTE + KEY.line(TEXT).encode(), {"go"}),
    "another base64 of the same root": (note(TEXT.replace(ROOT_TEXT, ROOT_TEXT[:-2] + "B=")), {"go"}),
    "without the last line feed": (NOTE[:-1], {"python"}),
}

PROOF = ProofFile(200, inclusion_proof(HASHES, 200), NOTE)
GOOD_PROOFS = {
    "the first": (ProofFile(0, inclusion_proof(HASHES, 0), NOTE), 0),
    "in the middle": (PROOF, 200),
    "the last": (ProofFile(299, inclusion_proof(HASHES, 299), NOTE), 299),
    "the last of a tile": (ProofFile(255, inclusion_proof(HASHES, 255), NOTE), 255),
    "in an earlier tree": (
        ProofFile(200, inclusion_proof(HASHES[:256], 200), signed([KEY], 256, root_of(HASHES[:256]))),
        200,
    ),
    "of the only one": (ProofFile(0, (), signed([KEY], 1, HASHES[0])), 0),
}
BAD_PROOFS = {
    "of another record": (PROOF, 201),
    "of the same hash under another number": (replace(PROOF, index=201), 200),
    "of a record beyond the end": (replace(PROOF, index=300), 200),
    "of a number that is far beyond": (replace(PROOF, index=200 + 2**40), 200),
    "nothing on the way": (replace(PROOF, path=()), 200),
    "the first hash is missing": (replace(PROOF, path=PROOF.path[1:]), 200),
    "the last hash is missing": (replace(PROOF, path=PROOF.path[:-1]), 200),
    "a hash more": (replace(PROOF, path=(*PROOF.path, bytes(32))), 200),
    "the last hash twice": (replace(PROOF, path=(*PROOF.path, PROOF.path[-1])), 200),
    "the other way round": (replace(PROOF, path=PROOF.path[::-1]), 200),
    "two hashes exchanged": (replace(PROOF, path=(PROOF.path[1], PROOF.path[0], *PROOF.path[2:])), 200),
    "the record itself for a hash": (replace(PROOF, path=(HASHES[200], *PROOF.path[1:])), 200),
    "of a later tree": (replace(PROOF, note=signed([KEY], 299, root_of(HASHES[:299]))), 200),
    "of a tree of another size and the same root": (replace(PROOF, note=signed([KEY], 600, ROOT)), 200),
    "of another root": (replace(PROOF, note=signed([KEY], 300, bytes(32))), 200),
    "of another key": (replace(PROOF, note=signed([NEXT_KEY], 300, ROOT)), 200),
    "not signed": (replace(PROOF, note=TEXT.encode()), 200),
    **{
        f"a bit of hash {number}": (
            replace(PROOF, path=(*PROOF.path[:number], flipped(PROOF.path[number], 5), *PROOF.path[number + 1 :])),
            200,
        )
        for number in range(len(PROOF.path))
    },
}


@pytest.mark.parametrize("name", [*GOOD_NOTES, *BAD_NOTES])
def test_checkpoint(program: Program, name: str, tmp_path: Path) -> None:
    """All say the same of a checkpoint."""
    path = tmp_path / "note"
    path.write_bytes((GOOD_NOTES | BAD_NOTES)[name])
    assert program.accepts("checkpoint", VKEY, path) == (name in GOOD_NOTES)


@pytest.mark.parametrize("name", STRICTER)
def test_stricter(program: Program, name: str, tmp_path: Path) -> None:
    """What others let pass, and we refuse: a checkpoint can be written in one way only."""
    path = tmp_path / "note"
    data, accepted_by = STRICTER[name]
    path.write_bytes(data)
    assert program.accepts("checkpoint", VKEY, path) == (program.name in accepted_by)


@pytest.mark.parametrize("name", [*GOOD_PROOFS, *BAD_PROOFS])
def test_proof(program: Program, name: str, tmp_path: Path) -> None:
    """All say the same of a proof."""
    proof, record = (GOOD_PROOFS | BAD_PROOFS)[name]
    (tmp_path / "proof").write_bytes(proof.text())
    (tmp_path / "leaf").write_bytes(LEAVES[record])
    assert program.accepts("proof", VKEY, tmp_path / "proof", tmp_path / "leaf") == (name in GOOD_PROOFS)
