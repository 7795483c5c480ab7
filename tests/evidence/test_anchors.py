"""Checkpoints that were kept elsewhere, compared with the log while it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from countersign.evidence import anchors
from countersign.evidence.anchors import Anchor, Comparison, Vouched
from countersign.evidence.checkpoint import split_note
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import EvidenceDamaged
from tests.evidence import cosigning
from tests.evidence.cosigning import FIRST, SECOND, keep
from tests.evidence.cosigning import THIRD as STRANGER
from tests.evidence.growth import Growth, signer

LOG = Growth()
COMMITS = (2, 3, 5, 8)


def anchor(*notes: bytes, is_elsewhere: bool = True) -> Anchor:
    """An anchor that kept these."""
    return Anchor("the file", lambda: iter(notes), is_elsewhere)


def cosigned(size: int, *witnesses: Cosigner, seconds: int = 7) -> bytes:
    """The checkpoint of a size with the cosignatures of these."""
    return cosigning.cosigned(LOG.note(size), *witnesses, seconds=seconds)


class Reading:
    """A log of eight records in four commits, the one of size n at the time 100 n, read beside anchors."""

    def __init__(
        self,
        *anchors: Anchor,
        commits: Sequence[int] = COMMITS,
        log: Growth = LOG,
        witnesses: Sequence[Cosigner] = (),
        keys: KeyChain | None = None,
    ) -> None:
        self.problems: list[tuple[int | None, str]] = []
        self.remarks: list[tuple[int | None, str]] = []
        comparison = Comparison(
            anchors,
            [each.verifier for each in witnesses],
            keys or KeyChain([signer(1).verifier]),
            lambda seq, what: self.problems.append((seq, what)),
            lambda seq, what: self.remarks.append((seq, what)),
        )
        comparison.begin()
        for size in commits:
            comparison.at(size, lambda size=size: log.checkpoint(size).root, log.note(size), 100 * size)  # type: ignore[misc]
        comparison.finish(commits[-1])
        self.vouched = comparison.vouched
        self.witnessed = comparison.witnessed

    def told(self, what: str) -> bool:
        """Whether this, and nothing else, is the problem."""
        return len(self.problems) == 1 and what in self.problems[0][1]


@pytest.mark.parametrize("sizes", [(8,), (2, 3, 5, 8), (3, 5), (2,)])
def test_vouches(sizes: Sequence[int]) -> None:
    """An anchor vouches up to the last checkpoint that it kept, however many it missed."""
    reading = Reading(anchor(*map(LOG.note, sizes)))
    assert reading.problems == []
    assert reading.vouched == (Vouched("the file", sizes[-1], len(sizes), 100 * sizes[-1]),)


def test_each_for_itself() -> None:
    """Of several anchors each vouches for what it has seen."""
    reading = Reading(anchor(LOG.note(3)), anchor(LOG.note(2), LOG.note(8)))
    assert [each.size for each in reading.vouched] == [3, 8]
    assert reading.problems == []


def test_no_anchors() -> None:
    """Without an anchor there is nothing to compare."""
    assert Reading().vouched == ()


def test_the_end_is_gone() -> None:
    """An anchor ahead of the log: told once, with the size that there was."""
    reading = Reading(anchor(LOG.note(8), LOG.note(9), LOG.note(11)))
    assert reading.told("kept a checkpoint of 11 records, the log has 8: its end is gone")
    assert reading.vouched[0].size == 8


def test_rewritten() -> None:
    """A log with other records, signed by its own key, differs from the first one on that was kept."""
    reading = Reading(anchor(LOG.note(3), LOG.note(5)), log=Growth("otherwise", fork_at=4))
    assert reading.problems == [(4, "the file kept another tree of 5 records: the log was rewritten")]
    assert reading.vouched[0].size == 3


def test_other_commits() -> None:
    """A checkpoint of a size at which no commit ended is of another log, though the key is the same."""
    assert Reading(anchor(LOG.note(4), LOG.note(8))).told("where no commit ended")


def test_signed_by_another_key() -> None:
    """Who can write to an anchor, but has not the key, makes it vouch for nothing."""
    forged = Growth(signers=(signer(7),)).note(8)
    reading = Reading(anchor(LOG.note(3), forged))
    assert reading.told("the checkpoint of 8 records that the file kept")
    assert reading.vouched[0].size == 3


def test_signed_anew() -> None:
    """The same checkpoint with more signatures, as a witness gives it back, is the same checkpoint."""
    cosigned = LOG.note(8) + signer(9, "witness.example").line("anything").encode()
    assert Reading(anchor(cosigned)).vouched[0].size == 8


@pytest.mark.parametrize(
    ("notes", "told_as"),
    [
        ((), "holds no checkpoint"),
        ((LOG.note(5), LOG.note(3)), "a checkpoint of 3 records after one of 5"),
        ((LOG.note(5), LOG.note(5)), "a checkpoint of 5 records after one of 5"),
        ((LOG.note(5), b"nonsense"), "cannot be read"),
        ((LOG.note(3), Growth(signers=(signer(1, "example.com/other"),)).note(8)), "another log, example.com/other"),
    ],
)
def test_what_is_no_anchor(notes: Sequence[bytes], told_as: str) -> None:
    """An empty anchor, one whose sizes do not increase, damage, and another log's."""
    assert Reading(anchor(*notes)).told(told_as)


@pytest.mark.parametrize("error", [OSError("no such volume"), EvidenceDamaged("no signed checkpoint at byte 7")])
def test_cannot_be_read(error: Exception) -> None:
    """An anchor that cannot be read, from its beginning or from its middle on, is a problem and not an empty one."""

    def broken() -> Iterator[bytes]:
        yield LOG.note(3)
        raise error

    def refused() -> Iterator[bytes]:
        raise error

    late = Reading(Anchor("the file", broken))
    assert late.told("cannot be read")
    assert late.vouched[0].size == 3
    assert any("cannot be read" in what for _, what in Reading(Anchor("the file", refused)).problems)


def test_cosigned() -> None:
    """Each named witness vouches up to the last checkpoint that it cosigned, and when it did; the file for itself."""
    reading = Reading(
        anchor(LOG.note(2), cosigned(3, FIRST, SECOND, seconds=70), cosigned(5, FIRST, seconds=90), LOG.note(8)),
        witnesses=(FIRST, SECOND),
    )
    assert (reading.problems, reading.remarks) == ([], [])
    assert reading.vouched[0].size == 8
    first, second = reading.witnessed
    assert (first.verifier, first.size, first.seconds, first.checkpoints) == (FIRST.verifier, 5, 90, 2)
    assert (second.size, second.seconds, second.checkpoints, second.newest_us) == (3, 70, 1, 300)


def test_cosigned_by_nobody_who_was_named() -> None:
    """A witness that signed nothing vouches for nothing, whoever else signed; and nobody is asked who was not named."""
    reading = Reading(anchor(cosigned(8, STRANGER)), witnesses=(FIRST,))
    assert (reading.problems, reading.witnessed[0].size, reading.witnessed[0].seconds) == ([], 0, 0)
    assert Reading(anchor(cosigned(8, STRANGER))).witnessed == ()
    assert Reading(anchor(cosigned(8, FIRST)), witnesses=(FIRST,)).witnessed[0].size == 8


def test_cosigned_wrongly() -> None:
    """A line in a named witness's name that is not its signature of this checkpoint: the anchor was tampered with."""
    line = FIRST.line(split_note(LOG.note(5))[0], 7).encode()
    for forged in (LOG.note(8) + line, cosigned(8, FIRST) + line, cosigned(8, FIRST, FIRST)):
        reading = Reading(anchor(LOG.note(3), forged), witnesses=(FIRST,))
        assert reading.told("the checkpoint of 8 records that the file kept: the ")
        assert (reading.vouched[0].size, reading.witnessed[0].size) == (3, 0)
    assert Reading(anchor(LOG.note(8) + line)).problems == []


def test_cosigned_in_several_files() -> None:
    """A witness vouches up to the largest size in any of them, by the time of that one."""
    files = anchor(cosigned(8, FIRST, seconds=90)), anchor(cosigned(3, FIRST, seconds=99))
    for several in (files, files[::-1]):
        (witnessed,) = Reading(*several, witnesses=(FIRST,)).witnessed
        assert (witnessed.size, witnessed.seconds, witnessed.checkpoints) == (8, 90, 2)


def test_cosigned_tree_that_is_not_the_log() -> None:
    """What a witness cosigned of another tree is told, wherever it was kept, and vouches for nothing."""
    for is_elsewhere in (True, False):
        kept = anchor(cosigned(3, FIRST), cosigned(8, FIRST), is_elsewhere=is_elsewhere)
        reading = Reading(kept, log=Growth("otherwise", fork_at=4), witnesses=(FIRST,))
        assert reading.told("kept another tree of 8 records: the log was rewritten")
        assert reading.witnessed[0].size == 3


def test_beside_the_log() -> None:
    """A file that the gateway keeps is no anchor by itself; what a witness cosigned in it counts for the witness."""
    reading = Reading(anchor(cosigned(8, FIRST), is_elsewhere=False), witnesses=(FIRST, SECOND))
    assert reading.vouched == ()
    assert [each.size for each in reading.witnessed] == [8, 0]
    assert Reading(anchor(LOG.note(9), is_elsewhere=False)).told("its end is gone")


@pytest.mark.parametrize(
    ("sizes", "told_as"),
    [
        ((2, 3, 5, 8), None),
        ((5, 8), None),
        ((2, 3), None),
        ((2, 5, 8), "lacks 1 checkpoints in its middle, of 3 to 3 records"),
        ((2, 8), "lacks 2 checkpoints in its middle, of 3 to 5 records"),
    ],
)
def test_gaps(sizes: Sequence[int], told_as: str | None) -> None:
    """A checkpoint file that lacks some between two that it has is remarked on, and vouches for all the same."""
    reading = Reading(anchor(*map(LOG.note, sizes)))
    assert (reading.problems, reading.vouched[0].size) == ([], sizes[-1])
    assert [told_as in what for _, what in reading.remarks if told_as] == ([True] if told_as else [])
    assert bool(reading.remarks) == bool(told_as)


def test_gaps_of_a_witness() -> None:
    """A witness is shown some checkpoints only: that it lacks others is as it should be."""
    assert Reading(anchor(cosigned(2, STRANGER), cosigned(8, STRANGER))).remarks == []


def test_torn_between_signatures() -> None:
    """Of a checkpoint with two signatures the first line alone, as a power cut leaves it: remarked on, and no tampering."""
    both = Growth(signers=(signer(1), signer(2)))
    first_line = LOG.note(8)
    assert both.note(8).startswith(first_line)
    assert both.note(8) != first_line

    def keys() -> KeyChain:
        chain = KeyChain([signer(1).verifier])
        chain.announce({"next": signer(2).verifier.vkey(), "epoch": 1})
        return chain

    reading = Reading(anchor(first_line), log=both, keys=keys())
    assert (reading.problems, reading.vouched[0].size) == ([], 8)
    assert "without the last of its signatures" in reading.remarks[0][1]
    whole = Reading(anchor(both.note(8)), log=both, keys=keys())
    assert (whole.problems, whole.remarks, whole.vouched[0].size) == ([], [], 8)
    second_line = both.note(8).replace(first_line.rpartition(b"\n\n")[2], b"")
    assert Reading(anchor(second_line), log=both, keys=keys()).told("that the file kept: the note carries 0 signatures")


def test_the_same_damage_here_and_there() -> None:
    """A note that is the same in the log and in the anchor still has to be of the tree that was read."""
    reading = Reading(anchor(LOG.note(8)), log=_Altered("otherwise"))
    assert reading.told("kept another tree of 8 records")
    assert Reading(anchor(LOG.note(8))).problems == []


class _Altered(Growth):
    """A log whose records were changed, and its checkpoints not."""

    def note(self, size: int) -> bytes:
        return LOG.note(size)


def test_places(tmp_path: Path) -> None:
    """A checkpoint file counts because of where it is; what is found beside a log, or in an export of it, does not."""
    path = keep(tmp_path, FIRST, [LOG.note(8)])
    (beside,) = anchors.beside(tmp_path / "evidence.db", [FIRST.verifier, SECOND.verifier])
    (inside,) = anchors.beside(tmp_path, [SECOND.verifier, FIRST.verifier])
    for made, is_elsewhere in ((anchors.of_file(path), True), (beside, False), (inside, False)):
        assert (made.is_elsewhere, str(path) in made.name) == (is_elsewhere, True)
        assert list(made.notes()) == [cosigning.cosigned(LOG.note(8), FIRST)]


def test_an_empty_file(tmp_path: Path) -> None:
    """An anchor elsewhere that holds nothing is a problem; a gateway's own file is empty until a witness answers."""
    empty = Anchor("the file", lambda: iter(()))
    assert Reading(empty).told("holds no checkpoint that can be read")
    keep(tmp_path, FIRST, [])
    assert Reading(*anchors.beside(tmp_path, [FIRST.verifier]), witnesses=(FIRST,)).problems == []
