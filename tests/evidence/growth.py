"""A log that is nothing but its tree and its keys: signed checkpoints of any size, and proofs between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign.evidence import tree
from countersign.evidence.checkpoint import Checkpoint, Signer, signed

ORIGIN = "example.com/audit/gateway-1"


def signer(seed: int, name: str = ORIGIN) -> Signer:
    """A key that is always the same for one seed."""
    return Signer.of(name, Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([seed])).digest()))


@dataclass(frozen=True, slots=True)
class Growth:
    """A log of made-up records. Two of another `story` have other records from `fork_at` on."""

    story: str = "as it was"
    fork_at: int = 0
    signers: tuple[Signer, ...] = field(default_factory=lambda: (signer(1),))

    def leaves(self, size: int) -> list[bytes]:
        """Leaf hashes of the first `size` records."""
        stories = (self.story if number >= self.fork_at else "as it was" for number in range(size))
        return [tree.leaf_hash(f"{story} {number}".encode()) for number, story in enumerate(stories)]

    def note(self, size: int) -> bytes:
        """The signed checkpoint at `size` records."""
        return signed(self.signers, size, self.checkpoint(size).root)

    def checkpoint(self, size: int) -> Checkpoint:
        """The same, not signed."""
        return Checkpoint(self.signers[0].verifier.name, size, tree.root_of(self.leaves(size)))

    def proof(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """That the first `old_size` records are a prefix of `size`; nothing where there is nothing to prove."""
        return tree.consistency_proof(self.leaves(size), old_size) if old_size else ()
