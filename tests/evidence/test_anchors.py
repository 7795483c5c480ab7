"""Checkpoints that were kept elsewhere, compared with the log while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from countersign.evidence.anchors import Anchor, Comparison, Vouched
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import BadNote, EvidenceDamaged
from tests.evidence.growth import Growth, signer

LOG = Growth()
COMMITS = (2, 3, 5, 8)


def anchor(*notes: bytes, cosigned: Callable[[bytes], object] | None = None) -> Anchor:
    """An anchor that kept these."""
    return Anchor("the file", lambda: iter(notes), cosigned)


class Reading:
    """A log of eight records in four commits, read beside an anchor."""

    def __init__(self, *anchors: Anchor, commits: Sequence[int] = COMMITS, log: Growth = LOG) -> None:
        self.problems: list[tuple[int | None, str]] = []
        keys = KeyChain([signer(1).verifier])
        comparison = Comparison(anchors, keys, lambda seq, what: self.problems.append((seq, what)))
        for size in commits:
            comparison.at(size, lambda size=size: log.checkpoint(size).root, log.note(size))  # type: ignore[misc]
        comparison.finish(commits[-1])
        self.vouched = comparison.vouched

    def told(self, what: str) -> bool:
        """Whether this, and nothing else, is the problem."""
        return len(self.problems) == 1 and what in self.problems[0][1]


@pytest.mark.parametrize("sizes", [(8,), (2, 3, 5, 8), (3, 5), (2,)])
def test_vouches(sizes: Sequence[int]) -> None:
    """An anchor vouches up to the last checkpoint that it kept, however many it missed."""
    reading = Reading(anchor(*map(LOG.note, sizes)))
    assert reading.problems == []
    assert reading.vouched == (Vouched("the file", sizes[-1], len(sizes)),)


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
    """A note that the witness did not sign vouches for nothing."""

    def refuse(note: bytes) -> None:
        raise BadNote("no cosignature of witness.example")

    reading = Reading(anchor(LOG.note(8), cosigned=refuse))
    assert reading.told("no cosignature")
    assert reading.vouched[0].size == 0
    assert Reading(anchor(LOG.note(8), cosigned=lambda note: None)).vouched[0].size == 8
