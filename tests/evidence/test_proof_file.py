"""Proofs in files, in the form of C2SP tlog-proof@v1."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.evidence import tree
from countersign.evidence.checkpoint import Checkpoint, Signer, signed
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import BadNote, BadProof
from countersign.evidence.proof_file import ProofFile, Proven, parse, verify_proof

ORIGIN = "example.com/audit/gateway-1"
FIRST, SECOND, OTHER = (
    Signer.of(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)) for seed in (1, 2, 3)
)
WITNESS, STRANGER = (
    Cosigner.of(name, Ed25519PrivateKey.from_private_bytes(bytes(range(seed, seed + 32))))
    for name, seed in (("witness.example/w1", 4), ("witness.example/w2", 5))
)
LEAVES = [b"leaf %d" % number for number in range(13)]
HASHES = [tree.leaf_hash(leaf) for leaf in LEAVES]
CHECKPOINT = Checkpoint(ORIGIN, 13, tree.root_of(HASHES))
NOTE = signed([SECOND], 13, CHECKPOINT.root)
PROOF = ProofFile(5, tree.inclusion_proof(HASHES, 5), NOTE)
KEYS = [FIRST.verifier, SECOND.verifier]


def test_format() -> None:
    """The lines are those of the specification, in their order, and the checkpoint stands as it was signed."""
    lines = PROOF.text().decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert [len(line) for line in lines[2:7]] == [44, 44, 44, 44, 0]
    assert PROOF.text().endswith(b"\n\n" + NOTE)
    with_extra = ProofFile(5, PROOF.path, NOTE, b"more").text().decode().split("\n")
    assert with_extra[:3] == ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 5"]


@given(
    index=st.integers(0, 10**15),
    nodes=st.integers(0, 63),
    extra=st.one_of(st.none(), st.binary(min_size=1, max_size=99)),
)
def test_round_trip(index: int, nodes: int, extra: bytes | None) -> None:
    """What was written is read."""
    made = ProofFile(index, tuple(bytes([number]) * 32 for number in range(nodes)), NOTE, extra)
    assert parse(made.text()) == made


def test_proven() -> None:
    """A record of the log is proven by its bytes, whichever of the log's keys signed."""
    assert verify_proof(PROOF.text(), LEAVES[5], KEYS) == Proven(5, CHECKPOINT, SECOND.verifier, {})
    alone = ProofFile(0, (), signed([FIRST], 1, HASHES[0]))
    assert verify_proof(alone.text(), LEAVES[0], KEYS).signed_by == FIRST.verifier


def test_every_byte_counts() -> None:
    """No byte of a proof can be another one, and none can be left out."""
    text = PROOF.text()
    for place in range(len(text)):
        for altered in (text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :], text[:place] + text[place + 1 :]):
            with pytest.raises((BadProof, BadNote)):
                verify_proof(altered, LEAVES[5], KEYS)


def test_other_records_and_places() -> None:
    """Another record, or the same at another place, is not proven."""
    for leaf, index in ((LEAVES[6], 5), (LEAVES[5] + b" ", 5), (LEAVES[5], 6), (LEAVES[5], 4), (LEAVES[5], 13)):
        with pytest.raises(BadProof):
            verify_proof(ProofFile(index, PROOF.path, NOTE).text(), leaf, KEYS)


def test_keys() -> None:
    """Signed by no key of the log, or checked with none, it proves nothing."""
    with pytest.raises(BadNote, match="0 signatures"):
        verify_proof(PROOF.text(), LEAVES[5], [OTHER.verifier])
    with pytest.raises(BadNote, match="without a public key"):
        verify_proof(PROOF.text(), LEAVES[5], [])


def test_witnesses() -> None:
    """Of the trusted witnesses those that cosigned are named, with the time; a forged cosignature is refused."""
    text = CHECKPOINT.text()
    line = WITNESS.line(text, 1_800_000_000).encode()
    trusted = [WITNESS.verifier, STRANGER.verifier]
    proof = ProofFile(5, PROOF.path, NOTE + line)
    assert verify_proof(proof.text(), LEAVES[5], KEYS, trusted).cosigned == {"witness.example/w1": 1_800_000_000}
    assert verify_proof(PROOF.text(), LEAVES[5], KEYS, trusted).cosigned == {}
    assert verify_proof(proof.text(), LEAVES[5], KEYS).cosigned == {}
    forged = ProofFile(5, PROOF.path, NOTE + WITNESS.line(text.replace("13", "14"), 1_800_000_000).encode())
    with pytest.raises(BadNote, match="does not verify"):
        verify_proof(forged.text(), LEAVES[5], KEYS, trusted)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 5", b"index 05"),
        (b"index 5", b"index -5"),
        (b"index 5", b"index  5"),
        (b"index 5\n", b""),
        (b"index 5", b"Index 5"),
        (b"\nindex", b"\nextra !\nindex"),
        (b"\nindex", b"\nextra YQ==\nextra YQ==\nindex"),
        (b"index 5\n", b"index 5\nYQ==\n"),
        (b"index 5\n", b"index 5\n\n"),
        (b"index 5\n", b"index 5\n" + b"A" * 43 + b"=\n" * 1),
        (b"\n", b"\r\n"),
    ],
)
def test_malformed(old: bytes, new: bytes) -> None:
    """What is not written exactly so is refused."""
    assert old in PROOF.text()
    with pytest.raises((BadProof, BadNote)):
        verify_proof(PROOF.text().replace(old, new), LEAVES[5], KEYS)


def test_too_large() -> None:
    """A file beyond the limit, with a path longer than any tree's, or with nodes of another length, is not read."""
    with pytest.raises(BadProof, match="longer"):
        parse(b"x" * (limits.MAX_PROOF_FILE_BYTES + 1))
    for path in ((bytes(32),) * 64, (bytes(31),), (bytes(33),)):
        with pytest.raises(BadProof, match="path"):
            parse(ProofFile(5, path, NOTE).text())
    assert parse(ProofFile(5, (bytes(32),) * 63, NOTE).text()).index == 5


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Whatever is in a file, it is refused and never crashes."""
    with pytest.raises((BadProof, BadNote)):
        verify_proof(data, LEAVES[5], KEYS)
