"""From an entry to the bytes of a leaf."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.evidence import records
from countersign.evidence.draft import draft
from countersign.evidence.errors import BadEntry
from countersign.evidence.records import Entry, Payload
from countersign.strict_json import Json

ORIGIN = "example.com/log"
NOW = 1_800_000_000_000_000

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_names = st.text(st.characters(max_codepoint=127), max_size=8)
_scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4), max_leaves=12
)
_fields = st.dictionaries(_names.filter(lambda name: name not in records.COLUMNS), _values, max_size=5)


def seal(entry: Entry, seq: int = 3, batch: int = 2) -> bytes:
    """The leaf of an entry, with salts of zero."""
    return draft(entry, ORIGIN, NOW).seal(ORIGIN, seq, batch, dict.fromkeys(entry.payloads, bytes(32)))


@given(_fields, _texts | st.none(), st.integers(0, 2**53 - 1))
def test_leaf_is_canonical(fields: dict[str, Json], exchange: str | None, seq: int) -> None:
    """Every leaf is, byte for byte, what another implementation of RFC 8785 makes of it, and reads back as it was."""
    entry = Entry("intent", exchange, fields, {"a": Payload("text/plain", b"abc")})
    leaf = seal(entry, seq)
    assert rfc8785.dumps(json.loads(leaf)) == leaf
    envelope = records.parse(leaf)
    assert (envelope.seq, envelope.exchange, dict(envelope.fields)) == (seq, exchange, fields)


def test_members() -> None:
    """The leaf says version, origin, place, group commit, type, time, exchange, fields and payloads, and no more."""
    members = json.loads(seal(Entry("outcome", "x", {"status": 200}, {"response": Payload("text/plain", b"abc")})))
    assert members == {
        "v": 1,
        "origin": ORIGIN,
        "seq": 3,
        "batch": 2,
        "type": "outcome",
        "time": NOW,
        "exchange": "x",
        "fields": {"status": 200},
        "payloads": {
            "response": {
                "length": 3,
                "media_type": "text/plain",
                "commit": records.commitment(bytes(32), b"abc"),
            }
        },
    }


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.0, "float"),
        ([{"deep": -0.5}], "float"),
        (2**53, "integer"),
        (-(2**53), "integer"),
        ("\ud800", "Unicode"),
        ({"é": 1}, "ASCII"),
        ({1: 1}, "ASCII"),
        (b"bytes", "bytes"),
        ((1, 2), "tuple"),
    ],
)
def test_not_canonical(value: Any, told: str) -> None:
    """What implementations of JSON write differently cannot be recorded; the error names the field."""
    with pytest.raises(BadEntry, match=rf"fields\.extra.*{told}"):
        seal(Entry("intent", "x", {"extra": value}))


@pytest.mark.parametrize("value", [2**53 - 1, -(2**53) + 1, "\U0001f512\x00\u2028", {"e": [1, None, True]}])
def test_canonical(value: Any) -> None:
    """The neighbours of what is refused are recorded."""
    assert records.parse(seal(Entry("intent", "x", {"extra": value}))).fields["extra"] == value


def _nested(depth: int) -> Json:
    value: Json = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth() -> None:
    """Nesting is limited far below what the strict reader accepts, so that what was written can be read."""
    records.parse(seal(Entry("intent", "x", {"extra": _nested(limits.MAX_RECORD_DEPTH - 1)})))
    with pytest.raises(BadEntry, match="deeper"):
        seal(Entry("intent", "x", {"extra": _nested(limits.MAX_RECORD_DEPTH + 1)}))


def test_size() -> None:
    """The largest leaf is the limit whatever its place will be; beyond, the caller is told to use a payload."""
    payloads = {"request": Payload("text/plain", b"abc")}
    room = limits.MAX_RECORD_BYTES - len(seal(Entry("intent", "x", {"extra": ""}, payloads), 2**53 - 1, 2**53 - 1))
    largest = Entry("intent", "x", {"extra": "a" * room}, payloads)
    assert len(seal(largest, 2**53 - 1, 2**53 - 1)) == limits.MAX_RECORD_BYTES
    with pytest.raises(BadEntry, match="payload"):
        seal(Entry("intent", "x", {"extra": "a" * (room + 1)}, payloads))


def test_unknown_type() -> None:
    """The list of types is closed."""
    for kind in records.TYPES:
        seal(Entry(kind, None, {}))
    with pytest.raises(BadEntry, match="not a type"):
        seal(Entry("gossip", None, {}))


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("Request", Payload("text/plain", b"")),
        ("", Payload("text/plain", b"")),
        ("request", Payload("text/\ud800", b"")),
        ("request", Payload("text/plain", "text")),  # type: ignore[arg-type]
        ("request", Payload("text/plain", bytearray(b"text"))),  # type: ignore[arg-type]
        ("request", Payload("text/plain", bytes(limits.MAX_PAYLOAD_BYTES + 1))),
    ],
)
def test_bad_payload(name: str, payload: Payload) -> None:
    """A payload has a plain name and holds bytes that nobody can change any more, up to the limit."""
    seal(Entry("intent", "x", {}, {"request": Payload("text/plain", b"")}))
    with pytest.raises(BadEntry):
        seal(Entry("intent", "x", {}, {name: payload}))


def test_many_payloads() -> None:
    """The number of payloads is limited."""
    names = [f"p{number}" for number in range(limits.MAX_PAYLOADS_PER_RECORD + 1)]
    payload = Payload("text/plain", b"")
    seal(Entry("intent", "x", {}, dict.fromkeys(names[1:], payload)))
    with pytest.raises(BadEntry, match="payloads"):
        seal(Entry("intent", "x", {}, dict.fromkeys(names, payload)))


@pytest.mark.parametrize("fields", [{"status": "200"}, {"status": True}, {"subject": 1}, {"caller": ["alice"]}])
def test_bad_searchable_field(fields: dict[str, Json]) -> None:
    """A field that is also a column has the column's type."""
    with pytest.raises(BadEntry, match="searchable"):
        seal(Entry("intent", "x", fields))


def test_bad_exchange() -> None:
    """The id of an exchange is text."""
    with pytest.raises(BadEntry, match="exchange"):
        seal(Entry("intent", 7, {}))  # type: ignore[arg-type]


def test_frozen() -> None:
    """What the caller does with its dictionaries afterwards does not change the record."""
    fields: dict[str, Json] = {"list": [1]}
    payloads = {"request": Payload("text/plain", b"abc")}
    made = draft(Entry("intent", "x", fields, payloads), ORIGIN, NOW)
    fields["list"] = ["changed"]
    payloads["other"] = Payload("text/plain", b"def")
    envelope = records.parse(made.seal(ORIGIN, 0, 0, {"request": bytes(32)}))
    assert envelope.fields == {"list": [1]}
    assert set(envelope.payloads) == {"request"}
