"""One record of the log: the envelope whose exact bytes are the leaf of the tree, and what hangs on it.

The leaf is canonical JSON (RFC 8785: ASCII names, integers below 2**53, no floats). Messages are too large and too
personal for it: they are payloads, stored beside it under a salted commitment, and can be erased without breaking it.

Members of `fields` with these names are also searchable columns, and the command line tells them in plain words:
`connection`, `subject`, `verdict` (strings), `status` (an integer) and `caller`: a string, or an object whose `people`
(a list of names) are searched for, or else its `sub`. Does not check that anything was masked: that is done before an entry is made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from countersign import limits, strict_json
from countersign.errors import BadInput
from countersign.evidence.errors import BadEntry, EvidenceDamaged
from countersign.strict_json import Json

#: Every type of record there is. Changing what one means is a new type: old logs must still be readable.
TYPES = (
    "genesis",  # the first record of a log: its public key
    "start",  # a gateway began to write; what it found
    "stop",  # it ended in order
    "intent",  # before anything is sent for a request: who wants what
    "decision",  # allow, deny or hold, and the rule that said so
    "outcome",  # what the service answered
    "outcome_unknown",  # nobody knows whether the service acted
    "refusal",  # turned away before there was an intent
    "approval",  # a step in an approval: requested, signed, denied, expired, used
    "tunnel",  # a blind connection was opened or closed
    "rules",  # the rules in force
    "clock_step",  # the clock was set
    "heartbeat",  # nothing else happened: the log was there all the same
    "key_rotation",  # the key that signs from here on
    "key_erasure",  # a key that kept masked values comparable is gone
    "prune",  # payloads were erased by a rule
    "export",  # somebody took a copy of the log
)
#: What only the log itself may say.
OWN_TYPES = frozenset({"genesis", "start", "stop", "clock_step", "heartbeat", "key_rotation", "key_erasure", "prune"})
COLUMNS = ("seq", "time", "type", "exchange", "connection", "subject", "caller", "verdict", "status")
SALT_BYTES = 32
VERSION = 1
MAX_INTEGER = 2**53 - 1  # beyond, JSON numbers are not the same everywhere

type Column = int | str | None

_MEMBERS = {"v", "origin", "seq", "batch", "type", "time", "exchange", "fields", "payloads"}
PAYLOAD_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_COMMITMENT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Payload:
    """A masked message or document that belongs to a record."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller wants recorded."""

    type: str  #: one of TYPES
    exchange: str | None  #: id of the exchange this belongs to
    fields: Mapping[str, Json]
    payloads: Mapping[str, Payload] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A record that is durable."""

    seq: int  #: place in the log, from 0
    time_us: int  #: microseconds since 1970, UTC
    leaf_hash: bytes  #: 32 bytes, RFC 6962


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read back, its payloads checked against their commitments."""

    seq: int
    time_us: int
    type: str
    exchange: str | None
    leaf: bytes = field(repr=False)
    fields: Mapping[str, Json]
    payloads: Mapping[str, Payload]
    erased: frozenset[str] = frozenset()  #: names of payloads that a rule erased


@dataclass(frozen=True, slots=True)
class Description:
    """What the leaf says about one payload."""

    length: int  #: bytes
    media_type: str
    commitment: str  #: hexadecimal SHA-256


@dataclass(frozen=True, slots=True)
class Envelope:
    """A leaf, parsed."""

    origin: str
    seq: int
    batch: int  #: seq of the first record of the same group commit: a checkpoint of exactly this size came before it
    type: str
    time_us: int
    exchange: str | None
    fields: Mapping[str, Json]
    payloads: Mapping[str, Description]


def nothing_is_erased(envelope: Envelope, name: str) -> bool:
    """Of a log in which no rule erased anything."""
    return False


def commitment(salt: bytes, data: bytes) -> str:
    """Hexadecimal SHA-256("countersign-payload-v1" || salt || data): binds the record to a payload without showing it."""
    digest = hashlib.sha256(b"countersign-payload-v1" + salt)
    digest.update(data)
    return digest.hexdigest()


def parse(leaf: object) -> Envelope:
    """Read a leaf strictly, as the database gave it. Raises EvidenceDamaged when this log did not write it so."""
    if not isinstance(leaf, bytes):
        raise EvidenceDamaged("the leaf is not stored as it was written")
    if len(leaf) > limits.MAX_RECORD_BYTES:
        raise EvidenceDamaged(f"the leaf is longer than {limits.MAX_RECORD_BYTES} bytes")
    try:
        members = strict_json.loads(leaf)
    except BadInput as error:
        raise EvidenceDamaged(f"the leaf cannot be read: {error.detail}") from None
    if not isinstance(members, dict) or set(members) != _MEMBERS:
        raise EvidenceDamaged("the leaf does not have the members of a record")
    match members:
        case {
            "origin": str(origin),
            "type": str(kind),
            "exchange": None | str() as exchange,
            "fields": dict(fields),
            "payloads": dict(payloads),
        } if kind in TYPES and _integer(members["v"]) == VERSION:
            seq, batch, time_us = (_integer(members[name]) for name in ("seq", "batch", "time"))
            described = {name: _description(name, value) for name, value in payloads.items()}
            return Envelope(origin, seq, batch, kind, time_us, exchange, fields, described)
    raise EvidenceDamaged("the leaf is of another version, or of an unknown type")


def searchable(fields: Mapping[str, Json]) -> tuple[Column, ...]:
    """The last five values of COLUMNS, from the fields of a record. Raises BadEntry when one is of the wrong kind."""
    caller = fields.get("caller")
    if isinstance(caller, dict):
        people = caller.get("people")
        named = [person for person in people if isinstance(person, str)] if isinstance(people, list) else []
        caller = ", ".join(named) if named else caller.get("sub")
    texts: dict[str, Json] = {
        "connection": fields.get("connection"),
        "subject": fields.get("subject"),
        "caller": caller,
        "verdict": fields.get("verdict"),
    }
    found: list[Column] = []
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise BadEntry(f"the field {name} must be a string, because it is searchable")
        found.append(value)
    status = fields.get("status")
    if status is not None and type(status) is not int:
        raise BadEntry("the field status must be an integer, because it is searchable")
    return (*found, status)


def columns(envelope: Envelope) -> tuple[Column, ...]:
    """The values of COLUMNS that belong to a leaf. Raises EvidenceDamaged."""
    try:
        found = searchable(envelope.fields)
    except BadEntry as error:
        raise EvidenceDamaged(str(error)) from None
    return (envelope.seq, envelope.time_us, envelope.type, envelope.exchange, *found)


def check_columns(envelope: Envelope, stored: tuple[object, ...]) -> None:
    """Compare stored column values with the leaf's. Raises EvidenceDamaged naming the column that differs."""
    for name, expected, found in zip(COLUMNS, columns(envelope), stored, strict=True):
        if type(found) is not type(expected) or found != expected:
            raise EvidenceDamaged(f"the column {name} is not what the record says")


def check_payloads(
    envelope: Envelope,
    stored: Mapping[str, tuple[bytes, bytes]],
    is_erased: Callable[[Envelope, str], bool] = nothing_is_erased,
) -> dict[str, Payload]:
    """The payloads of a record from their stored (salt, data). Raises EvidenceDamaged when one is not as committed.

    Those that `is_erased` speaks for may be missing.
    """
    if extra := stored.keys() - envelope.payloads.keys():
        raise EvidenceDamaged(f"{len(extra)} payloads are stored that the record does not name")
    checked: dict[str, Payload] = {}
    for name, described in envelope.payloads.items():
        if name not in stored:
            if is_erased(envelope, name):
                continue
            raise EvidenceDamaged(f"the payload {name} is missing, and no rule erased it")
        salt, data = stored[name]
        if type(salt) is not bytes or type(data) is not bytes or len(salt) != SALT_BYTES:
            raise EvidenceDamaged(f"the payload {name} is not stored as it was written")
        if len(data) != described.length or commitment(salt, data) != described.commitment:
            raise EvidenceDamaged(f"the payload {name} is not the one that was recorded")
        checked[name] = Payload(described.media_type, data)
    return checked


def _description(name: str, value: Json) -> Description:
    if isinstance(value, dict) and set(value) == {"length", "media_type", "commit"}:
        media_type, commit = value["media_type"], value["commit"]
        if isinstance(media_type, str) and isinstance(commit, str) and _COMMITMENT.fullmatch(commit):
            return Description(_integer(value["length"]), media_type, commit)
    raise EvidenceDamaged(f"the leaf describes the payload {name} in an unknown way")


def _integer(value: Json) -> int:
    if type(value) is not int:
        raise EvidenceDamaged("a number of the record is not an integer")
    return value
