"""The checkpoint that most witnesses agree on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from countersign.evidence.checkpoint import split_note
from countersign.evidence.cosigned_checkpoints import newest
from countersign.evidence.errors import EvidenceDamaged
from tests.evidence.cosigning import FIRST, SECOND, WITNESSES, cosigned, keep, size_of
from tests.evidence.growth import Growth

LOG = Growth()


def files(directory: Path, *sizes: Sequence[int]) -> list[Path]:
    """A file for each witness, with the checkpoints of these sizes."""
    made = zip(WITNESSES, sizes, strict=False)
    return [keep(directory, witness, map(LOG.note, some), seconds=7) for witness, some in made]


@pytest.mark.parametrize(
    ("sizes", "after", "upto", "expected", "signers"),
    [
        ([(2, 5, 8), (5, 8), (2, 5, 8)], 0, 9, 8, 3),
        ([(2, 5, 8), (2, 5), (2, 5, 8)], 0, 9, 5, 3),
        ([(2, 5, 8), (2, 5), (2, 5, 8)], 5, 9, 8, 2),
        ([(2, 5, 8), (2, 5), (2, 5, 8)], 4, 9, 5, 3),
        ([(2, 5, 8), (3,)], 0, 9, 8, 1),
        ([(2, 5, 8), (5, 8)], 0, 7, 5, 2),
        ([(8,)], 7, 8, 8, 1),
    ],
)
def test_newest(
    tmp_path: Path, sizes: Sequence[Sequence[int]], after: int, upto: int, expected: int, signers: int
) -> None:
    """The one that most cosigned, the newest of several, with the lines of all of them; each witness's line verifies."""
    note = newest(files(tmp_path, *sizes), after, upto)
    assert note is not None
    assert size_of(note) == expected
    signed = [witness for witness in WITNESSES if witness.verifier.has_signed(note)]
    assert [witness.verifier.verify(note) for witness in signed] == [7] * signers
    assert len(split_note(note)[1]) == 1 + signers


@pytest.mark.parametrize(("after", "upto"), [(8, 9), (0, 1), (5, 7)])
def test_none(tmp_path: Path, after: int, upto: int) -> None:
    """Where no witness cosigned a checkpoint of such a size there is none."""
    assert newest(files(tmp_path, (2, 5, 8), (2,)), after, upto) is None
    assert newest([], 0, 9) is None


def test_torn_notes(tmp_path: Path) -> None:
    """What a power cut left without its cosignature is nobody's."""
    path = keep(tmp_path, FIRST, [LOG.note(5)])
    path.write_bytes(path.read_bytes() + LOG.note(8))
    note = newest([path], 0, 9)
    assert note is not None
    assert size_of(note) == 5


def test_two_trees(tmp_path: Path) -> None:
    """Two witnesses that cosigned different trees of one size: the log showed each another one."""
    kept = [keep(tmp_path, FIRST, [LOG.note(5)]), keep(tmp_path, SECOND, [Growth("otherwise").note(5)])]
    with pytest.raises(EvidenceDamaged, match="2 different checkpoints"):
        newest(kept, 0, 9)
    assert newest(kept[:1], 0, 9) == cosigned(LOG.note(5), FIRST)


def test_damage(tmp_path: Path) -> None:
    """A file that holds no checkpoints ends in an error that names it."""
    (path,) = files(tmp_path, (5,))
    path.write_bytes(path.read_bytes() + b"!\n")
    with pytest.raises(EvidenceDamaged, match=path.name):
        newest([path], 0, 9)
