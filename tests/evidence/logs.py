"""Logs for tests: a clock that ticks, a log with a story in it, and ways to break a copy of it."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from countersign.evidence import Entry, EvidenceLog, Payload, StatePlaces, records
from countersign.evidence.draft import draft
from countersign.evidence.records import Envelope
from countersign.evidence.settings import LogSettings
from countersign.evidence.witness_feed import Post
from countersign.strict_json import Json

ORIGIN = "example.com/audit/gateway-1"
DEFAULT_SETTINGS = LogSettings()
CALLER: dict[str, Json] = {"iss": "https://issuer.example", "sub": "build-42", "people": ["alice"]}


class Clock:
    """Microseconds UTC; every look at it is a millisecond later."""

    def __init__(self, start_us: int = 1_800_000_000_000_000) -> None:
        self.now_us = start_us

    def __call__(self) -> int:
        self.now_us += 1000
        return self.now_us


def open_log(
    places: StatePlaces,
    *,
    clock: Callable[[], int] | None = None,
    origin: str = ORIGIN,
    settings: LogSettings = DEFAULT_SETTINGS,
    steady: Callable[[], int] | None = None,
    post: Post | None = None,
) -> EvidenceLog:
    """Open the log of a state directory."""
    return EvidenceLog.open(
        places.evidence,
        places.keys,
        origin,
        clock=clock or Clock(),
        randomness=secrets.token_bytes,
        software={"countersign": "0.0.test"},
        settings=settings,
        steady=steady,
        post=post,
    )


@contextmanager
def opened(
    places: StatePlaces,
    *,
    clock: Callable[[], int] | None = None,
    settings: LogSettings = DEFAULT_SETTINGS,
    steady: Callable[[], int] | None = None,
    post: Post | None = None,
) -> Iterator[EvidenceLog]:
    """An open log that is closed at the end."""
    log = open_log(places, clock=clock, settings=settings, steady=steady, post=post)
    try:
        yield log
    finally:
        log.close()


def intent(exchange: str, *, body: bytes = b'{"type": "object"}') -> Entry:
    """Somebody wants something."""
    fields: dict[str, Json] = {
        "caller": CALLER,
        "connection": "registry",
        "subject": "orders-value",
        "operation": "register",
    }
    return Entry("intent", exchange, fields, {"request": Payload("application/json", body)})


def decision(exchange: str, verdict: str) -> Entry:
    """What the rules said."""
    return Entry("decision", exchange, {"verdict": verdict, "reason": "breaking change", "rule": "approval.yaml:3"})


def outcome(exchange: str, status: int = 200) -> Entry:
    """What the service answered."""
    payloads = {"response": Payload("application/json", b'{"id": 7}')}
    return Entry("outcome", exchange, {"status": status}, payloads)


def tell_story(log: EvidenceLog) -> None:
    """Two exchanges in four commits: one that was sent and answered, one that was denied."""
    log.submit(intent("exchange-1")).result(5)
    log.submit(decision("exchange-1", "allow")).result(5)
    log.submit(outcome("exchange-1"), intent("exchange-2", body=b"\x00\xff")).result(5)
    log.submit(decision("exchange-2", "deny")).result(5)


def execute(database: Path, *statements: str | tuple[str, Sequence[object]]) -> None:
    """Change a database behind the log's back."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            sql, parameters = (statement, ()) if isinstance(statement, str) else statement
            connection.execute(sql, parameters)


def step(exchange: str | None, verdict: str, *, subject: str | None = "orders-value", name: str = "registry") -> Entry:
    """One step of an approval."""
    fields: dict[str, Json] = {"connection": name, "subject": subject, "approval": "approval-1", "verdict": verdict}
    return Entry("approval", exchange, fields, {"event": Payload("application/json", b'{"before": {}}')})


def outcome_of(exchange: str, *, subject: str | None = "orders-value", kind: str = "outcome") -> Entry:
    """What the service answered about a subject of the registry."""
    return Entry(kind, exchange, {"connection": "registry", "subject": subject, "forwarded": True})


def envelope(entry: Entry, seq: int, time_us: int = 1_800_000_000_000_000, *, batch: int | None = None) -> Envelope:
    """What the leaf of an entry says at its place."""
    leaf = draft(entry, ORIGIN, time_us).seal(
        ORIGIN, seq, seq if batch is None else batch, dict.fromkeys(entry.payloads, bytes(32))
    )
    return records.parse(leaf)


def waited_for(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether something that another thread does came about in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def nothing_needed(db: Database, before_us: int) -> frozenset[int]:
    """For rules that leave nothing alone."""
    return frozenset()
