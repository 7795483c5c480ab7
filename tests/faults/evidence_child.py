"""A program that writes a log until it is stopped, and says on its standard output which records are durable.

One line for each: `durable SEQ LEAF_HASH TYPE EXCHANGE`, in one write, after the log said so. Before: `open`. After the
log refused: `latched WHY`, and `again` before more is tried; when it does not open: `refused ERROR`.
The faults are laid from here around sqlite3, os and Future: the log itself knows nothing of them.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from countersign import limits
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import Entry, EvidenceLog, KeyFileError, Payload, StatePlaces, store
from countersign.evidence.settings import LogSettings

PATIENCE_SECONDS = 30
LATCHED, REFUSED = 3, 4  # exit codes
CALLS_AFTER_THE_LATCH = 5


def say(*words: object) -> None:
    """One line in one write, past every buffer."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Killer:
    """Kills this process at the n-th pass of a named point."""

    def __init__(self, point: str, passes: int) -> None:
        self._point = point
        self._left = passes

    def passing(self, point: str) -> None:
        """A named point is reached."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def soon(self, point: str) -> None:
        """Something longer begins: die within the next milliseconds, in the middle of it."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                at = random.uniform(0, 0.002)
                threading.Timer(at, os.kill, [os.getpid(), signal.SIGKILL]).start()


#: What SQL says when a point is reached: (its beginning, the point before it, the point after it).
STATEMENTS = (
    ("begin immediate", "before begin", "after begin"),
    ("insert into records", "before the inserts", "after the records"),
    ("insert into checkpoints", "before the checkpoint", "after the inserts"),
    ("commit", "before commit", "after commit"),
    ("pragma wal_checkpoint", "before the WAL is copied", "after the WAL is copied"),
    ("pragma integrity_check", "before the recovery reads", "while the recovery reads"),
    ("pragma journal_mode", "before the journal mode", "after the journal mode"),
    ("create table", "before a table", "after a table"),
)
CALLS = ("a flush", "a rename", "the answer")
OTHER_POINTS = ("while the WAL is copied", *(f"{when} {call}" for call in CALLS for when in ("before", "after")))
POINTS = tuple(point for _, *around in STATEMENTS for point in around) + OTHER_POINTS


def lay_points(killer: Killer) -> None:
    """Have every statement, flush and answer of this process pass its points."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            return self._passing(sql, lambda: super(Connection, self).execute(sql, *rest))

        def executemany(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            return self._passing(sql, lambda: super(Connection, self).executemany(sql, *rest))

        def _passing(self, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
            start = sql.lstrip().lower()
            found = [around for beginning, *around in STATEMENTS if start.startswith(beginning)]
            for before, _ in found:
                killer.passing(before)
            if start.startswith("pragma wal_checkpoint"):
                killer.soon("while the WAL is copied")
            cursor = run()
            for _, after in found:
                killer.passing(after)
            return cursor

    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs)  # type: ignore[assignment]
    for name, what in (("fsync", "a flush"), ("fdatasync", "a flush"), ("rename", "a rename"), ("replace", "a rename")):
        setattr(os, name, _around(getattr(os, name), killer, what))
    Future.set_result = _around(Future.set_result, killer, "the answer")  # type: ignore[method-assign]


def _around[**P, T](run: Callable[P, T], killer: Killer, what: str) -> Callable[P, T]:
    def passing(*args: P.args, **kwargs: P.kwargs) -> T:
        killer.passing(f"before {what}")
        result = run(*args, **kwargs)
        killer.passing(f"after {what}")
        return result

    return passing


def forget_durability() -> None:
    """WAL with synchronous=NORMAL: what the log must never be written with."""
    durable = store.make_durable

    def hasty(db: Any) -> None:
        durable(db)
        db.execute("PRAGMA synchronous=normal")

    store.make_durable = hasty


class Client:
    """One caller after the other: an intent, then perhaps a decision, then the outcome; each waits for the last."""

    def __init__(self, log: EvidenceLog, dice: random.Random, exchanges: int, rotate: int) -> None:
        self._log = log
        self._dice = dice
        self._left = exchanges
        self._rotate = rotate

    def run(self) -> None:
        """Until all is written, or the log refuses."""
        try:
            while self._left != 0:
                self._left -= 1
                self._exchange()
                if self._rotate and self._dice.randrange(self._rotate) == 0:
                    self._rotate_key()
        except EvidenceUnavailable as error:
            say("latched", error)

    def _rotate_key(self) -> None:
        try:
            self._log.rotate_key("somebody")
        except KeyFileError as error:
            say("kept-key", error)

    def _exchange(self) -> None:
        exchange = secrets.token_hex(6)
        self._record(Entry("intent", exchange, {"subject": "orders"}, {"request": self._message()}))
        if self._dice.random() < 0.5:
            self._record(Entry("decision", exchange, {"verdict": "allow"}))
        self._record(
            Entry("outcome", exchange, {"status": 200}, {"response": self._message()}), Entry("rules", None, {})
        )

    def _record(self, *entries: Entry) -> None:
        receipts = self._log.submit(*entries).result(PATIENCE_SECONDS)
        for entry, receipt in zip(entries, receipts, strict=True):
            say("durable", receipt.seq, receipt.leaf_hash.hex(), entry.type, entry.exchange)

    def _message(self) -> Payload:
        return Payload("application/json", self._dice.randbytes(self._dice.choice((40, 400, 4_000, 20_000))))


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("origin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument("--exchanges", type=int, default=-1, help="of each client; endless when negative")
    parser.add_argument("--kill", nargs=2, metavar=("POINT", "PASS"), help="SIGKILL at the n-th pass of a point")
    parser.add_argument("--anchor", type=Path, help="a checkpoint file")
    parser.add_argument(
        "--rotate", type=int, default=0, help="the first client rotates the key every so many exchanges"
    )
    parser.add_argument("--hasty", action="store_true", help="synchronous=NORMAL")
    parser.add_argument("--limit", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    given = parser.parse_args()
    for name, value in given.limit:
        assert type(getattr(limits, name)) is int
        setattr(limits, name, int(value))
    random.seed(given.seed)
    if given.kill:
        assert given.kill[0] in POINTS
        lay_points(Killer(given.kill[0], int(given.kill[1])))
    if given.hasty:
        forget_durability()
    return write(given)


def write(given: argparse.Namespace) -> int:
    """Open the log, let the clients write, close it."""
    places = StatePlaces(given.root)
    try:
        log = EvidenceLog.open(
            places.evidence,
            places.keys,
            given.origin,
            clock=lambda: time.time_ns() // 1000,
            randomness=secrets.token_bytes,
            software={},
            settings=LogSettings(anchor_files=(given.anchor,) if given.anchor else ()),
        )
    except CountersignError as error:
        say("refused", f"{type(error).__name__}: {error}")
        return REFUSED
    say("open", log.size)
    clients = [
        Client(log, random.Random(given.seed + n), given.exchanges, 0 if n else given.rotate)
        for n in range(given.clients)
    ]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if log.latched_because is not None:
        say("again")
        for client in clients[:1] * CALLS_AFTER_THE_LATCH:
            client.run()
    log.close()
    say("closed")
    return LATCHED if log.latched_because is not None else 0


if __name__ == "__main__":
    sys.exit(main())
