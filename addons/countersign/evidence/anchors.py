"""Checkpoints of a log that were kept where its database is not: what an administrator of the database cannot change.

Compares them with the log while it is read. Does not fetch them, and cannot tell whether somebody changed them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from countersign.evidence import checkpoint
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import BadNote, EvidenceDamaged


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where checkpoints were kept."""

    name: str  #: for people
    notes: Callable[[], Iterator[bytes]]  #: signed checkpoints, oldest first; may raise EvidenceDamaged, OSError
    cosigned: Callable[[bytes], object] | None = None  #: raises BadNote for a note that the witness did not sign


def of_file(path: Path) -> Anchor:
    """A checkpoint file."""
    return Anchor(f"the checkpoint file {path}", partial(read_notes, path))


@dataclass(slots=True)
class Vouched:
    """Up to where the log is what one anchor kept."""

    name: str
    size: int = 0  #: records
    checkpoints: int = 0


@dataclass(slots=True)
class _Track:
    anchor: Anchor
    vouched: Vouched
    notes: Iterator[bytes]
    next: tuple[int, bytes] | None = None
    last_size: int = field(default=-1)


class Comparison:
    """Walks the anchors beside the log; `problem(seq, what)` hears every difference."""

    def __init__(self, anchors: Sequence[Anchor], keys: KeyChain, problem: Callable[[int | None, str], None]) -> None:
        self._keys = keys
        self._problem = problem
        self._tracks = [_Track(anchor, Vouched(anchor.name), iter(())) for anchor in anchors]
        for track in self._tracks:
            self._begin(track)

    @property
    def vouched(self) -> tuple[Vouched, ...]:
        """What each anchor vouches for."""
        return tuple(track.vouched for track in self._tracks)

    def at(self, size: int, root: Callable[[], bytes], note: object) -> None:
        """A group commit ended at `size` records, with this root, and `note` in the database."""
        for track in self._tracks:
            while track.next is not None and track.next[0] <= size:
                found, kept = track.next
                if found == size:
                    self._compare(track, size, root(), kept, is_checked=kept == note)
                else:
                    self._problem(found, f"{track.anchor.name} kept a checkpoint where no commit ended")
                self._advance(track)

    def finish(self, size: int) -> None:
        """The log ended at `size` records."""
        for track in self._tracks:
            largest = None
            while track.next is not None:
                largest = track.next[0]
                self._advance(track)
            if largest is not None:
                self._problem(
                    None,
                    f"{track.anchor.name} kept a checkpoint of {largest} records, the log has {size}: its end is gone",
                )

    def _begin(self, track: _Track) -> None:
        try:
            track.notes = track.anchor.notes()
        except (EvidenceDamaged, OSError) as error:
            self._unreadable(track, error)
            return
        self._advance(track)
        if track.next is None:
            self._problem(None, f"{track.anchor.name} holds no checkpoint that can be read")

    def _advance(self, track: _Track) -> None:
        track.next = None
        try:
            note = next(track.notes, None)
            if note is None:
                return
            found = checkpoint.parse(checkpoint.split_note(note)[0])
        except (EvidenceDamaged, BadNote, OSError) as error:
            self._unreadable(track, error)
            return
        if found.origin != self._keys.current.name:
            self._unreadable(track, BadNote(f"a checkpoint of another log, {found.origin}"))
        elif found.size <= track.last_size:
            self._unreadable(track, BadNote(f"a checkpoint of {found.size} records after one of {track.last_size}"))
        else:
            track.last_size = found.size
            track.next = (found.size, note)

    def _compare(self, track: _Track, size: int, root: bytes, note: bytes, *, is_checked: bool) -> None:
        try:
            kept = checkpoint.parse(checkpoint.split_note(note)[0]) if is_checked else self._keys.open(note)
            if track.anchor.cosigned is not None:
                track.anchor.cosigned(note)
        except BadNote as error:
            self._problem(size - 1, f"the checkpoint of {size} records that {track.anchor.name} kept: {error}")
            return
        if kept.root != root:
            self._problem(size - 1, f"{track.anchor.name} kept another tree of {size} records: the log was rewritten")
            return
        track.vouched.size = size
        track.vouched.checkpoints += 1

    def _unreadable(self, track: _Track, error: Exception) -> None:
        self._problem(None, f"{track.anchor.name} cannot be read: {error}")
        track.notes = iter(())
