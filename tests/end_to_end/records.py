"""The evidence of a stage, as an auditor reads it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from countersign.evidence import StatePlaces, store
from countersign.evidence.records import Record
from scripts.story.stage import Stage

PATIENCE_SECONDS = 30


def listed(stage: Stage) -> list[dict[str, Any]]:
    """Every record, as `countersign evidence list --json` tells it, oldest first."""
    output = stage.countersign("evidence", "list", "--json", "--limit", "1000000").output
    return [json.loads(line) for line in reversed(output.splitlines())]


def read(stage: Stage) -> list[Record]:
    """Every record with its payloads."""
    with closing(store.open_for_reading(StatePlaces(stage.state).database)) as db:
        return list(store.read_records(db))


def wait_for(stage: Stage, kind: str, count: int = 1, **fields: object) -> list[Record]:
    """The records of a type whose fields are `fields`, once there are `count`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = [record for record in read(stage) if record.type == kind and fields.items() <= record.fields.items()]
        if len(found) >= count:
            return found
        threading.Event().wait(0.02)
    raise AssertionError(f"no {count} {kind} records with {fields} in time")


def markers(records: list[Record], name: str = "x-marker") -> Iterator[tuple[str, str]]:
    """(exchange, value) of each record whose kept request headers have the field `name`."""
    for record in records:
        if (kept := record.payloads.get("request-headers")) is not None:
            for field, value in json.loads(kept.data):
                if field.lower() == name:
                    yield record.exchange or "", value
