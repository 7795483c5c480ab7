"""From what a caller wants recorded to the bytes of a leaf: checked, frozen, canonical.

Does not check that anything was masked, nor that the fields are true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from countersign import limits, strict_json
from countersign.evidence.errors import BadEntry
from countersign.evidence.records import (
    MAX_INTEGER,
    PAYLOAD_NAME,
    TYPES,
    VERSION,
    Column,
    Entry,
    Payload,
    commitment,
    searchable,
)
from countersign.strict_json import Json

_PLACEHOLDER = "0" * 64


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked entry, frozen as bytes: nothing that the caller does afterwards changes it."""

    type: str
    time_us: int
    exchange: str | None
    fields: bytes  #: canonical JSON
    columns: tuple[Column, ...]  #: the last five of COLUMNS
    payloads: Mapping[str, Payload]
    size: int  #: bytes it takes in memory and on disk, about

    def seal(self, origin: str, seq: int, batch: int, salts: Mapping[str, bytes]) -> bytes:
        """The leaf of this draft at its place in the log."""
        commitments = {name: commitment(salts[name], payload.data) for name, payload in self.payloads.items()}
        return _leaf(self, origin, seq, batch, commitments)


def draft(entry: Entry, origin: str, time_us: int) -> Draft:
    """Check an entry and freeze it. Raises BadEntry, which names what is wrong with it and what to do."""
    if entry.type not in TYPES:
        raise BadEntry(f"{entry.type!r} is not a type of record; see evidence.records.TYPES")
    if len(entry.payloads) > limits.MAX_PAYLOADS_PER_RECORD:
        raise BadEntry(f"a record has at most {limits.MAX_PAYLOADS_PER_RECORD} payloads")
    for name, payload in entry.payloads.items():
        if not PAYLOAD_NAME.fullmatch(name):
            raise BadEntry("the name of a payload is a lower case word of ASCII letters, digits, '.', '_' and '-'")
        if type(payload.data) is not bytes:
            raise BadEntry(f"the payload {name} is not bytes")
        if len(payload.data) > limits.MAX_PAYLOAD_BYTES:
            raise BadEntry(f"the payload {name} is larger than {limits.MAX_PAYLOAD_BYTES} bytes")
        _refuse_uncanonical(payload.media_type, f"media type of {name}")
    if entry.exchange is not None and type(entry.exchange) is not str:
        raise BadEntry("the exchange of a record is a string or None")
    _refuse_uncanonical(entry.exchange, "exchange")
    _refuse_uncanonical(time_us, "time")
    fields = dict(entry.fields)
    _refuse_uncanonical(fields, "fields")
    columns = searchable(fields)
    frozen = strict_json.dumps(fields)
    payloads = dict(entry.payloads)
    size = len(frozen) + sum(len(payload.data) for payload in payloads.values())
    made = Draft(entry.type, time_us, entry.exchange, frozen, columns, payloads, size)
    longest = _leaf(made, origin, MAX_INTEGER, MAX_INTEGER, dict.fromkeys(payloads, _PLACEHOLDER))
    if len(longest) > limits.MAX_RECORD_BYTES:
        raise BadEntry(
            f"a record of type {entry.type} has {len(longest)} bytes, more than {limits.MAX_RECORD_BYTES}; "
            "move its largest field into a payload"
        )
    return made


def _leaf(draft: Draft, origin: str, seq: int, batch: int, commitments: Mapping[str, str]) -> bytes:
    """Canonical JSON around fields that are canonical already; the names stand in sorted order."""
    payloads: dict[str, Json] = {
        name: {"commit": commitments[name], "length": len(payload.data), "media_type": payload.media_type}
        for name, payload in draft.payloads.items()
    }
    return b'{"batch":%d,"exchange":%b,"fields":%b,"origin":%b,"payloads":%b,"seq":%d,"time":%d,"type":%b,"v":%d}' % (
        batch,
        strict_json.dumps(draft.exchange),
        draft.fields,
        strict_json.dumps(origin),
        strict_json.dumps(payloads),
        seq,
        draft.time_us,
        strict_json.dumps(draft.type),
        VERSION,
    )


def _refuse_uncanonical(value: object, place: str, depth: int = 0) -> None:
    """Only what every JSON implementation writes the same way may become evidence."""
    if depth > limits.MAX_RECORD_DEPTH:
        _refuse(place, f"is nested deeper than {limits.MAX_RECORD_DEPTH} levels; move it into a payload")
    match value:
        case None | bool():
            pass
        case int():
            if type(value) is not int or abs(value) > MAX_INTEGER:
                _refuse(place, "is an integer outside of +-(2**53 - 1); write it as a string")
        case str():
            if type(value) is not str or not _is_unicode(value):
                _refuse(place, "is not a plain Unicode string; replace what cannot be encoded")
        case list():
            for item in value:
                _refuse_uncanonical(item, place, depth + 1)
        case dict():
            for name, item in value.items():
                if type(name) is not str or not name.isascii():
                    _refuse(place, "has a member whose name is not ASCII; use a list of name and value")
                _refuse_uncanonical(item, f"{place}.{name[:40]}" if depth < 2 else place, depth + 1)
        case float():
            _refuse(place, "is a float, which implementations write differently; write it as a string")
        case _:
            _refuse(place, f"is a {type(value).__name__}, which is not JSON")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(place: str, problem: str) -> NoReturn:
    raise BadEntry(f"{place} {problem}")
