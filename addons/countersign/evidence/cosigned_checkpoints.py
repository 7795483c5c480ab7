"""What several witnesses cosigned of one log, each in a file of its own: the checkpoint that most of them agree on.

Does not verify cosignatures: whoever is shown the checkpoint does, with the keys of the witnesses that they trust.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from countersign.evidence import checkpoint, cosignature
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.errors import BadNote, EvidenceDamaged

type _Sized = tuple[int, bytes]


def newest(files: Sequence[Path], after: int, upto: int) -> bytes | None:
    """The checkpoint of more than `after` and at most `upto` records that most witnesses cosigned, the newest of several.

    With the signature lines of all of them; None where none of them cosigned one. Reads every file, in bounded memory.
    Raises EvidenceDamaged when a file is damaged or two of them are of different logs, OSError.
    """
    best: list[bytes] = []
    for _, same in groupby(heapq.merge(*map(_sized, files)), key=lambda sized: sized[0]):
        found = list(same)
        if after < found[0][0] <= upto and len(found) >= len(best):
            best = [note for _, note in found]
    try:
        return cosignature.merged(best) if best else None
    except BadNote as error:
        raise EvidenceDamaged(f"{', '.join(map(str, files))}: {error}") from None


def _sized(path: Path) -> Iterator[_Sized]:
    for note in read_notes(path):
        try:
            text, signatures = checkpoint.split_note(note)
            found = checkpoint.parse(text)
        except BadNote as error:
            raise EvidenceDamaged(f"{path}: {error}") from None
        if any(name != found.origin for name, _ in signatures):  # a write that was cut off has the log's line alone
            yield found.size, note
