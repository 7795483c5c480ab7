"""Evidence logs with the records of many made-up requests, for the measurements."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from countersign.evidence import Entry, EvidenceLog, Payload
from countersign.strict_json import Json

_CALLER: dict[str, Json] = {"iss": "https://issuer.invalid", "sub": "orders-ci", "people": ["ana"], "kid": "key-1"}
_SCHEMA = {
    "type": "object",
    "properties": {
        f"field-{n}": {"type": "string", "description": "What it holds, in a few words."} for n in range(12)
    },
}
_BODY = json.dumps(_SCHEMA).encode()


@contextmanager
def opened(directory: Path) -> Iterator[EvidenceLog]:
    """The log in a directory, as the gateway opens it; closed at the end."""
    log = EvidenceLog.open(
        directory / "evidence",
        directory / "keys",
        "bench.invalid/audit/gateway/1",
        clock=lambda: time.time_ns() // 1000,
        randomness=secrets.token_bytes,
        software={},
    )
    try:
        yield log
    finally:
        log.close()


def request(name: str) -> tuple[Entry, Entry]:
    """The intent and the outcome of one request that registers a schema."""
    about: dict[str, Json] = {"connection": "orders", "subject": "orders-value", "caller": _CALLER}
    message: dict[str, Json] = {"method": "POST", "target": "/subjects/orders-value/versions", "masking": "a1b2c3"}
    return (
        Entry(
            "intent",
            name,
            {**about, **message, "operation": "register", "effect": "register"},
            {"request": Payload("application/json", _BODY)},
        ),
        Entry(
            "outcome",
            name,
            {**about, "status": 200, "forwarded": True},
            {"response": Payload("application/json", b'{"id": 7}')},
        ),
    )
