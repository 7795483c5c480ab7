"""The keys of one log, one after the other: which of them must have signed at a given place.

An epoch ends with a `key_rotation` record, whose commit is the last that the old key signs and the first that the next
one does: its checkpoint carries both signatures, every later one the next key's. Does not check the records themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from countersign.evidence.checkpoint import Checkpoint, Verifier
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.strict_json import Json


class KeyChain:
    """Follows the keys of a log from its first record on; `known` are those that the reader brought, oldest first."""

    def __init__(self, known: Sequence[Verifier]) -> None:
        if not known:
            raise ValueError("without a public key nothing can be verified")
        self._known = tuple(known)
        self._next: Verifier | None = None
        self.epochs: list[tuple[Verifier, int]] = [(known[0], 0)]  #: each key, and the size at which its epoch began

    @property
    def current(self) -> Verifier:
        """The key of the epoch that was reached."""
        return self.epochs[-1][0]

    def announce(self, fields: dict[str, Json]) -> None:
        """A `key_rotation` record was read. Raises EvidenceDamaged."""
        vkey = fields.get("next")
        try:
            successor = Verifier.parse(vkey) if isinstance(vkey, str) else None
        except BadNote as error:
            raise EvidenceDamaged(f"the next key of the log: {error}") from None
        if successor is None or successor.name != self.current.name or fields.get("epoch") != len(self.epochs):
            raise EvidenceDamaged("the record does not name the next key of this log")
        if self._next is not None:
            raise EvidenceDamaged("the key is rotated twice in one commit")
        if successor in (verifier for verifier, _ in self.epochs):
            raise EvidenceDamaged("the next key of the log is one that it had before")
        if len(self.epochs) < len(self._known) and self._known[len(self.epochs)] != successor:
            raise EvidenceDamaged("the next key of the log is not the one that the vkey file names")
        self._next = successor

    def open(self, note: bytes) -> Checkpoint:
        """The checkpoint in a note of the commit that is being read: signed by every key that must have. Raises BadNote."""
        found = self.current.open_checkpoint(note)
        if self._next is not None:
            self._next.open_checkpoint(note)
        return found

    def advance(self, size: int) -> None:
        """The commit ended at `size` records: an announced key is now the current one."""
        if self._next is not None:
            self.epochs.append((self._next, size))
            self._next = None

    @property
    def missing(self) -> int:
        """How many of the known keys the log has not reached. A whole log has none: its end would have been cut off."""
        return max(0, len(self._known) - len(self.epochs))
