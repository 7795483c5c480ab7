"""A proof that one record is in the log, as a file that is checked offline: C2SP tlog-proof@v1.

The record itself is not in it: whoever checks the proof has the leaf from elsewhere, and learns whether it is genuine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countersign import limits
from countersign.evidence import checkpoint
from countersign.evidence.checkpoint import Checkpoint, Verifier
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.errors import BadNote, BadProof
from countersign.evidence.tree import leaf_hash, verify_inclusion

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class ProofFile:
    """What such a file says; nothing of it is verified."""

    index: int  #: place of the record in the log, from 0
    path: tuple[bytes, ...]  #: audit path (RFC 6962 section 2.1.1), 32 bytes each
    note: bytes  #: signed checkpoint, perhaps with cosignatures
    extra: bytes | None = None  #: what the application put in; signed by nobody

    def text(self) -> bytes:
        """The file."""
        extra = [] if self.extra is None else [f"extra {checkpoint.encode(self.extra)}"]
        path = [checkpoint.encode(node) for node in self.path]
        return "\n".join([_HEADER, *extra, f"index {self.index}", *path, "", ""]).encode() + self.note


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows."""

    index: int  #: place of the record in the log, from 0
    checkpoint: Checkpoint  #: of a tree that the record is in
    signed_by: Verifier  #: the key of the log that signed it
    cosigned: Mapping[str, int]  #: name of each witness that cosigned it, and when: seconds since 1970


def parse(data: bytes) -> ProofFile:
    """Read a proof file strictly. Raises BadProof, which names what is wrong."""
    if len(data) > limits.MAX_PROOF_FILE_BYTES:
        raise BadProof(f"the proof is longer than {limits.MAX_PROOF_FILE_BYTES} bytes")
    head, blank, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not blank or not lines or lines.pop(0) != _HEADER:
        raise BadProof(f"not a proof file: it begins with the line {_HEADER}, and holds an empty line and a checkpoint")
    try:
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = checkpoint.decode(lines.pop(0).removeprefix("extra "))
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        path = tuple(checkpoint.decode(line) for line in lines)
    except BadNote as error:
        raise BadProof(f"a line of the proof is {error}") from None
    if index is None:
        raise BadProof("the proof does not name the index of the record")
    if len(path) > limits.MAX_PROOF_LINES or any(len(node) != _HASH_BYTES for node in path):
        raise BadProof("the path of the proof is not one of SHA-256 hashes")
    return ProofFile(int(index[1]), path, note, extra)


def verify_proof(
    data: bytes, leaf: bytes, verifiers: Sequence[Verifier], witnesses: Sequence[CosignatureVerifier] = ()
) -> Proven:
    """Check that a log, known by its keys, vouches for these exact bytes as one of its records.

    `verifiers` are the log's keys, one of which must have signed; `witnesses` are those that the caller trusts: who of
    them cosigned is in the answer, and how many it must be is the caller's to decide. Raises BadProof, BadNote; a
    cosignature of one of `witnesses` that does not verify is an error, a missing one is not.

    Does not check that the key was the log's at that size, that the log showed others the same tree (that is what
    witnesses are for), nor what the record says.
    """
    if not verifiers:
        raise BadNote("without a public key of the log nothing can be verified")
    proof = parse(data)
    found, signer = _open(proof.note, verifiers)
    verify_inclusion(leaf_hash(leaf), proof.index, found.size, proof.path, found.root)
    cosigned = {each.name: each.verify(proof.note) for each in witnesses if each.has_signed(proof.note)}
    return Proven(proof.index, found, signer, cosigned)


def _open(note: bytes, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, Verifier]:
    reasons = []
    for verifier in verifiers:
        try:
            return verifier.open_checkpoint(note), verifier
        except BadNote as error:
            reasons.append(str(error))
    raise BadNote("; ".join(dict.fromkeys(reasons)))
