"""Reading a leaf, and what hangs on it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from countersign import limits
from countersign.evidence import records
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Envelope
from countersign.strict_json import Json

SALT = bytes(range(32))
COMMIT = records.commitment(SALT, b"abc")
MEMBERS: dict[str, Any] = {
    "v": 1,
    "origin": "example.com/log",
    "seq": 3,
    "batch": 2,
    "type": "decision",
    "time": 1_800_000_000_000_000,
    "exchange": "x",
    "fields": {"caller": {"sub": "build", "people": []}, "verdict": "allow", "connection": "registry"},
    "payloads": {"request": {"length": 3, "media_type": "text/plain", "commit": COMMIT}},
}
STORED = (3, 1_800_000_000_000_000, "decision", "x", "registry", None, "build", "allow", None)


def leaf(**changes: Any) -> bytes:
    """A leaf, with some members changed."""
    return json.dumps({**MEMBERS, **changes}, sort_keys=True, separators=(",", ":")).encode()


def envelope(**changes: Any) -> Envelope:
    """The same, parsed."""
    return records.parse(leaf(**changes))


def test_parse() -> None:
    """A leaf is read into its parts."""
    read = envelope()
    assert (read.seq, read.batch, read.type, read.exchange) == (3, 2, "decision", "x")
    assert read.payloads["request"] == records.Description(3, "text/plain", COMMIT)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"v": 1.0},
        {"type": "gossip"},
        {"seq": "3"},
        {"seq": True},
        {"seq": 3.0},
        {"batch": None},
        {"time": "now"},
        {"exchange": 7},
        {"fields": []},
        {"payloads": []},
        {"payloads": {"request": {}}},
        {"payloads": {"request": {"length": 3, "media_type": "text/plain", "commit": COMMIT[1:]}}},
        {"payloads": {"request": {"length": 3, "media_type": "text/plain", "commit": COMMIT, "more": 1}}},
        {"payloads": {"request": {"length": "3", "media_type": "text/plain", "commit": COMMIT}}},
        {"surplus": 1},
    ],
)
def test_not_an_envelope(changes: dict[str, Any]) -> None:
    """Any member more, of another type, or of another version is damage."""
    with pytest.raises(EvidenceDamaged):
        envelope(**changes)


@pytest.mark.parametrize("missing", sorted(MEMBERS))
def test_member_missing(missing: str) -> None:
    """No member may be missing."""
    with pytest.raises(EvidenceDamaged, match="members"):
        records.parse(json.dumps({name: value for name, value in MEMBERS.items() if name != missing}).encode())


@pytest.mark.parametrize(
    "damaged",
    [
        leaf().replace(b'"seq":3', b'"seq":3,"seq":3'),
        leaf() + b"x",
        None,
        "{}",
        b"",
        b"\xff",
        b"[]",
        leaf(fields={"extra": "a" * limits.MAX_RECORD_BYTES}),
    ],
)
def test_not_strict(damaged: object) -> None:
    """A member given twice, trailing bytes, no JSON, no bytes, and a leaf beyond the limit are damage."""
    with pytest.raises(EvidenceDamaged):
        records.parse(damaged)


def test_columns_agree() -> None:
    """The columns that belong to a leaf pass."""
    assert records.columns(envelope()) == STORED
    records.check_columns(envelope(), STORED)


@pytest.mark.parametrize("place", range(len(STORED)))
def test_columns_differ(place: int) -> None:
    """A difference in any one column is damage, named by the column; types count, and so does null."""
    for other in ("other", 7, None, 1.5, b"bytes", True):
        stored = (*STORED[:place], other, *STORED[place + 1 :])
        if stored != STORED:
            with pytest.raises(EvidenceDamaged, match=records.COLUMNS[place]):
                records.check_columns(envelope(), stored)


def test_number_types_count() -> None:
    """1 and 1.0 are not the same evidence."""
    with pytest.raises(EvidenceDamaged, match="seq"):
        records.check_columns(envelope(), (3.0, *STORED[1:]))


def test_searchable_field_of_the_wrong_kind() -> None:
    """A leaf whose searchable field is of another type was not written by this log."""
    with pytest.raises(EvidenceDamaged, match="status"):
        records.columns(envelope(fields={"status": "200"}))


@pytest.mark.parametrize(
    ("caller", "column"),
    [
        ("build", "build"),
        ({"people": ["alice", "bob"], "sub": "build"}, "alice, bob"),
        ({"people": [], "sub": "build"}, "build"),
        ({"sub": "build"}, "build"),
        ({}, None),
        (None, None),
    ],
)
def test_caller_column(caller: Json, column: str | None) -> None:
    """A caller is found by the people behind it, or else by its subject."""
    assert records.searchable({"caller": caller})[2] == column


def test_commitment() -> None:
    """The commitment is SHA-256 over its name, the salt and the bytes."""
    assert COMMIT == hashlib.sha256(b"countersign-payload-v1" + SALT + b"abc").hexdigest()


def test_payload_agrees() -> None:
    """A payload that fits its commitment comes back with its media type."""
    assert records.check_payloads(envelope(), {"request": (SALT, b"abc")}) == {
        "request": records.Payload("text/plain", b"abc")
    }


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"request": (SALT, b"abd")},
        {"request": (SALT, b"abc\0")},
        {"request": (bytes(32), b"abc")},
        {"request": (SALT + b"a", b"bc")},
        {"request": (SALT, "abc")},
        {"request": (None, b"abc")},
        {"request": (SALT, b"abc"), "other": (SALT, b"abc")},
        {"other": (SALT, b"abc")},
    ],
)
def test_payload_differs(stored: dict[str, tuple[bytes, bytes]]) -> None:
    """A payload that is missing, altered, surplus or shifted into its salt is damage."""
    with pytest.raises(EvidenceDamaged, match="payload"):
        records.check_payloads(envelope(), stored)


def test_payload_of_another_length() -> None:
    """The length that the record states must be that of the payload, though the commitment fits."""
    described = {"length": 4, "media_type": "text/plain", "commit": COMMIT}
    with pytest.raises(EvidenceDamaged, match="not the one"):
        records.check_payloads(envelope(payloads={"request": described}), {"request": (SALT, b"abc")})
