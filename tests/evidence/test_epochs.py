"""The keys of a log, one after the other."""

from __future__ import annotations

import pytest

from countersign.evidence.checkpoint import Checkpoint, signed
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.strict_json import Json
from tests.evidence.growth import ORIGIN, signer

FIRST, SECOND, THIRD = (signer(seed) for seed in (1, 2, 3))
ROOT = bytes(32)


def rotation(seed: int = 2, epoch: int = 1) -> dict[str, Json]:
    """The fields of a record that names the next key."""
    return {"next": signer(seed).verifier.vkey(), "epoch": epoch, "actor": "tests"}


def test_no_key() -> None:
    """Without a key nothing is a checkpoint."""
    with pytest.raises(ValueError, match="public key"):
        KeyChain([])


def test_rotation() -> None:
    """Before it the old key signs, its own commit both do, after it the new one; and no other combination does."""
    chain = KeyChain([FIRST.verifier])
    by_first, by_both, by_second = (signed(signers, 3, ROOT) for signers in ([FIRST], [FIRST, SECOND], [SECOND]))
    found = Checkpoint(ORIGIN, 3, ROOT)
    assert chain.open(by_first) == chain.open(by_both) == found
    with pytest.raises(BadNote, match="0 signatures"):
        chain.open(by_second)

    chain.announce(rotation())
    assert chain.open(by_both) == found
    for one_only in (by_first, by_second):
        with pytest.raises(BadNote, match="0 signatures"):
            chain.open(one_only)

    chain.advance(3)
    assert chain.current == SECOND.verifier
    assert chain.epochs == [(FIRST.verifier, 0), (SECOND.verifier, 3)]
    assert chain.open(by_second) == chain.open(by_both) == found
    with pytest.raises(BadNote, match="0 signatures"):
        chain.open(by_first)


def test_a_commit_without_a_rotation() -> None:
    """The end of another commit changes no key."""
    chain = KeyChain([FIRST.verifier])
    chain.advance(3)
    assert chain.epochs == [(FIRST.verifier, 0)]


@pytest.mark.parametrize(
    ("fields", "told_as"),
    [
        ({}, "does not name the next key"),
        ({"next": 7, "epoch": 1}, "does not name the next key"),
        ({"next": "nonsense", "epoch": 1}, "next key of the log"),
        (rotation(epoch=2), "does not name the next key"),
        ({**rotation(), "epoch": "1"}, "does not name the next key"),
        ({**rotation(), "next": signer(2, "example.com/other").verifier.vkey()}, "does not name the next key"),
        (rotation(1), "had before"),
        (rotation(3), "vkey file"),
    ],
)
def test_what_names_no_next_key(fields: dict[str, Json], told_as: str) -> None:
    """A record that names no key, another log's, one that the log had, or one that was not published."""
    chain = KeyChain([FIRST.verifier, SECOND.verifier])
    with pytest.raises(EvidenceDamaged, match=told_as):
        chain.announce(fields)
    chain.announce(rotation())
    chain.advance(1)
    assert chain.current == SECOND.verifier


def test_twice_in_one_commit() -> None:
    """One commit ends one epoch."""
    chain = KeyChain([FIRST.verifier])
    chain.announce(rotation())
    with pytest.raises(EvidenceDamaged, match="twice"):
        chain.announce(rotation(3))
    chain.advance(1)
    chain.announce(rotation(3, epoch=2))


def test_back_to_an_old_key() -> None:
    """A key that was given up does not come back, also when it is two epochs old."""
    chain = KeyChain([FIRST.verifier])
    chain.announce(rotation())
    chain.advance(1)
    with pytest.raises(EvidenceDamaged, match="had before"):
        chain.announce(rotation(1, epoch=2))


def test_missing() -> None:
    """A log that never came to a key that is known has lost its end; keys that are learnt are not missing."""
    chain = KeyChain([FIRST.verifier, SECOND.verifier])
    assert chain.missing == 1
    chain.announce(rotation())
    assert chain.missing == 1
    chain.advance(1)
    assert chain.missing == 0
    chain.announce(rotation(3, epoch=2))
    chain.advance(2)
    assert chain.missing == 0
    assert chain.current == THIRD.verifier
