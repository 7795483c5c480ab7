"""Checkpoints of a log that were kept where its database is not: what an administrator of the database cannot change.

A file of checkpoints counts because of where it was kept; what a witness cosigned counts wherever it is kept, when the
cosignature verifies. Compares them with the log while it is read. Does not fetch them, and cannot tell whether somebody
changed a file elsewhere too, or whether a witness signs whatever it is asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from countersign.evidence import checkpoint
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.places import cosigned_name


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where checkpoints were kept."""

    name: str  #: for people
    notes: Callable[[], Iterator[bytes]]  #: signed checkpoints, oldest first; may raise EvidenceDamaged, OSError
    is_elsewhere: bool = True  #: False: beside the log, where only what a witness cosigned counts


def of_file(path: Path) -> Anchor:
    """A checkpoint file that was kept elsewhere."""
    return Anchor(f"the checkpoint file {path}", partial(read_notes, path))


def beside(log: Path, witnesses: Sequence[CosignatureVerifier]) -> list[Anchor]:
    """What the gateway kept of the cosignatures of these witnesses, beside its database or in an export of it."""
    directory = log if log.is_dir() else log.parent
    paths = [directory / cosigned_name(witness.key_id) for witness in witnesses]
    return [
        Anchor(f"the file of cosigned checkpoints {path}", partial(read_notes, path), is_elsewhere=False)
        for path in paths
        if path.exists()
    ]


@dataclass(slots=True)
class Vouched:
    """Up to where the log is what one anchor kept."""

    name: str
    size: int = 0  #: records
    checkpoints: int = 0
    newest_us: int = 0  #: time of the last of these records


@dataclass(slots=True)
class Witnessed:
    """Up to where the log is what one witness saw."""

    verifier: CosignatureVerifier
    size: int = 0  #: records
    checkpoints: int = 0
    seconds: int = 0  #: since 1970, by the witness's clock: when it saw the last of these records
    newest_us: int = 0  #: time of the last of these records


@dataclass(slots=True)
class _Track:
    anchor: Anchor
    vouched: Vouched
    notes: Iterator[bytes]
    next: tuple[int, bytes] | None = None
    last_size: int = -1
    is_of_a_witness: bool = False  # which is shown some checkpoints only
    lacks: int = 0  # so many checkpoints between two that it kept
    first_lacking: int = 0  # the size of the first of them
    last_lacking: int = 0


class Comparison:
    """Walks the anchors beside the log; `problem(seq, what)` hears every difference, `remark` what is only odd."""

    def __init__(
        self,
        anchors: Sequence[Anchor],
        witnesses: Sequence[CosignatureVerifier],
        keys: KeyChain,
        problem: Callable[[int | None, str], None],
        remark: Callable[[int | None, str], None],
    ) -> None:
        self._keys = keys
        self._problem = problem
        self._remark = remark
        self._tracks = [_Track(anchor, Vouched(anchor.name), iter(())) for anchor in anchors]
        self.witnessed = tuple(Witnessed(verifier) for verifier in witnesses)  #: what each witness vouches for

    @property
    def vouched(self) -> tuple[Vouched, ...]:
        """What each anchor that was kept elsewhere vouches for."""
        return tuple(track.vouched for track in self._tracks if track.anchor.is_elsewhere)

    def begin(self) -> None:
        """Read the first checkpoint of each. To be called once."""
        for track in self._tracks:
            try:
                track.notes = track.anchor.notes()
            except (EvidenceDamaged, OSError) as error:
                self._unreadable(track, error)
                continue
            self._advance(track)
            if track.next is None and track.anchor.is_elsewhere:  # a gateway begins its own file before it has any
                self._problem(None, f"{track.anchor.name} holds no checkpoint that can be read")

    def at(self, size: int, root: Callable[[], bytes], note: object, newest_us: int) -> None:
        """A group commit ended at `size` records, the last of this time, with this root, and `note` in the log."""
        for track in self._tracks:
            if track.next is not None and track.next[0] > size and track.vouched.size:
                track.lacks += 1
                track.first_lacking, track.last_lacking = track.first_lacking or size, size
            while track.next is not None and track.next[0] <= size:
                found, kept = track.next
                if found == size:
                    self._compare(track, root(), kept, note if isinstance(note, bytes) else b"", newest_us)
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
            if track.lacks and not track.is_of_a_witness:
                self._remark(
                    None,
                    f"{track.anchor.name} lacks {track.lacks} checkpoints in its middle, of {track.first_lacking} to "
                    f"{track.last_lacking} records: it was not in use then, or they were taken out. Those after them vouch "
                    "for these records too",
                )

    def _advance(self, track: _Track) -> None:
        track.next = None
        try:
            note = next(track.notes, None)
            if note is None:
                return
            text, signatures = checkpoint.split_note(note)
            found = checkpoint.parse(text)
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
            track.is_of_a_witness |= any(name != found.origin for name, _ in signatures)

    def _compare(self, track: _Track, root: bytes, kept: bytes, note: bytes, newest_us: int) -> None:
        name, size = track.anchor.name, track.last_size
        try:
            is_torn = kept != note and note.startswith(kept)  # a power cut between two signature lines
            is_checked = is_torn or (note != b"" and kept.startswith(note))
            found = checkpoint.parse(checkpoint.split_note(kept)[0]) if is_checked else self._keys.open(kept)
            seen = [(each, each.verifier.verify(kept)) for each in self.witnessed if each.verifier.has_signed(kept)]
        except BadNote as error:
            self._problem(size - 1, f"the checkpoint of {size} records that {name} kept: {error}")
            return
        if found.root != root:
            self._problem(size - 1, f"{name} kept another tree of {size} records: the log was rewritten")
            return
        if is_torn:
            self._remark(size - 1, f"{name} kept the checkpoint after this record without the last of its signatures")
        track.vouched = Vouched(name, size, track.vouched.checkpoints + 1, newest_us)
        for each, seconds in seen:
            each.size, each.checkpoints, each.seconds, each.newest_us = size, each.checkpoints + 1, seconds, newest_us

    def _unreadable(self, track: _Track, error: Exception) -> None:
        self._problem(None, f"{track.anchor.name} cannot be read: {error}")
        track.notes = iter(())
