"""The texts that a log and a witness exchange."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.evidence.errors import BadNote
from countersign.evidence.witness_protocol import Offer, parse_conflict, parse_size
from tests.evidence.growth import Growth

LOG = Growth()
OFFER = Offer(3, LOG.proof(3, 7), LOG.note(7))
HASH = "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk="


def test_round_trip() -> None:
    """A request says the same after it was read, with and without a proof."""
    assert Offer.parse(OFFER.body()) == OFFER
    first = Offer(0, (), LOG.note(7))
    assert first.body() == b"old 0\n\n" + LOG.note(7)
    assert Offer.parse(first.body()) == first


@pytest.mark.parametrize(
    "head",
    [
        "",
        "old",
        "old ",
        "old 03",
        "old -3",
        "old +3",
        "old 3 ",
        "Old 3",
        "old 3\r",
        "old \N{ARABIC-INDIC DIGIT ONE}",
        "old 99999999999999999",
        "3",
        f"{HASH}\nold 3",
        f"old 3\n{HASH[:-5]}=",
        f"old 3\n{HASH.replace('k=', 'l=')}",
        f"old 3\n{HASH} ",
        "old 3\nzz",
        "old 3\nAAAA",
    ],
)
def test_bad_head(head: str) -> None:
    """A first line that is not the old size, or a proof line that is not one hash, is refused."""
    with pytest.raises(BadNote):
        Offer.parse(f"{head}\n\n".encode() + LOG.note(7))
    assert Offer.parse(f"old 3\n{HASH}\n\n".encode() + LOG.note(7)).old_size == 3


def test_proof_lines() -> None:
    """A proof of a tree that can exist has no more than 63 lines."""
    lines = f"{HASH}\n" * limits.MAX_PROOF_LINES
    assert len(Offer.parse(f"old 3\n{lines}\n".encode() + LOG.note(7)).proof) == limits.MAX_PROOF_LINES
    with pytest.raises(BadNote, match="lines"):
        Offer.parse(f"old 3\n{lines}{HASH}\n\n".encode() + LOG.note(7))


def test_long_body() -> None:
    """A request beyond the limit is not even parsed; one of the longest note and proof fits."""
    longest = b"x" * limits.MAX_NOTE_BYTES
    lines = f"{HASH}\n" * limits.MAX_PROOF_LINES
    assert Offer.parse(f"old {10**15}\n{lines}\n".encode() + longest).note == longest
    with pytest.raises(BadNote):
        Offer.parse(b"old 3\n\n" + b"x" * limits.MAX_WITNESS_BODY_BYTES)


def test_without_an_empty_line() -> None:
    """Head and checkpoint are two parts."""
    with pytest.raises(BadNote, match="empty line"):
        Offer.parse(b"old 3\nexample.com/log\n")


def test_size() -> None:
    """A size has one spelling."""
    assert parse_size("0") == 0
    assert parse_size("10") == 10
    for bad in ("", "00", "01", " 1", "1\n", "1e3"):
        with pytest.raises(BadNote):
            parse_size(bad)


@pytest.mark.parametrize("content_type", ["text/x.tlog.size", "Text/X.tlog.size; charset=utf-8"])
def test_conflict(content_type: str) -> None:
    """A 409 names the size that the witness cosigned last."""
    assert parse_conflict(content_type, b"42\n") == 42


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"42\n"),
        ("", b"42\n"),
        ("text/x.tlog.size", b"42"),
        ("text/x.tlog.size", b"042\n"),
        ("text/x.tlog.size", b"42\n\n"),
        ("text/x.tlog.size", b""),
        ("text/x.tlog.size", b"9" * 1000 + b"\n"),
        ("text/x.tlog.size", "४२\n".encode()),
    ],
)
def test_no_conflict(content_type: str, body: bytes) -> None:
    """A 409 that is not of the protocol is not taken for a size."""
    with pytest.raises(BadNote):
        parse_conflict(content_type, body)
