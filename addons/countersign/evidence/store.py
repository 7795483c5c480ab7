"""Connections to the evidence database: one that writes durably, and any number that only read.

Does not check what is stored (that is `verification`), except that a record that is read agrees with its own leaf.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import directory, erasures, records
from countersign.evidence.erasures import Erasures
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Record

#: What reading a damaged database can raise; the second, when SQLite quotes damaged text in its error.
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)

_SYNCHRONOUS_FULL = 2
#: What a reader accepts as one value: a doctored database must not fill the memory.
_MAX_VALUE_BYTES = limits.MAX_PAYLOAD_BYTES + 1024 * 1024


def refuse_read_only(path: Path) -> None:
    """Raises OSError when a database that is there may not be written. Call it before SQLite opens the file.

    SQLite would go on with reading, and leave files beside it that nobody may write when the database is writable again.
    """
    if path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))


def open_for_writing(path: Path) -> Database:
    """The one connection that writes, in WAL mode with synchronous=FULL, created when absent (mode 0600).

    Measured: with synchronous=NORMAL a power cut loses acknowledged records. Raises EvidenceUnavailable when SQLite
    does not take these settings, sqlite3.Error, OSError.
    """
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        directory.sync(path.parent)
    connection = sqlite3.connect(
        path, timeout=limits.DATABASE_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    db = Database(connection, execute_plugins=False)
    try:
        make_durable(db)
    except BaseException:
        db.close()
        raise
    return db


def make_durable(db: Database) -> None:
    """Settings of the writing connection. Raises EvidenceUnavailable when SQLite does not take them; sqlite3.Error.

    SQLite answers a journal mode that it cannot have with the one that it keeps, and no error.
    """
    if (mode := db.execute("PRAGMA journal_mode=wal").fetchone()[0]) != "wal":
        raise EvidenceUnavailable(
            f"SQLite stays in the journal mode {mode} instead of wal; put the log on a local disk"
        )
    db.execute("PRAGMA synchronous=full")
    if db.execute("PRAGMA synchronous").fetchone()[0] != _SYNCHRONOUS_FULL:
        raise EvidenceUnavailable("SQLite refuses synchronous=full")
    for setting in (
        "fullfsync=on",  # macOS: a flush that reaches the disk
        "secure_delete=on",  # what a rule erases is overwritten, not only let go of
        "wal_autocheckpoint=0",  # done between commits, not within one
        f"journal_size_limit={limits.MAX_WAL_BYTES}",
        "foreign_keys=on",
        "trusted_schema=off",
    ):
        db.execute(f"PRAGMA {setting}")


def open_for_reading(path: Path) -> Database:
    """A connection that cannot write. Raises one of UNREADABLE.

    Text that is not UTF-8 is read with surrogates instead of failing, so that damage can be reported.
    """
    uri = path.absolute().as_uri()
    try:
        connection = _connect(f"{uri}?mode=ro")
    except sqlite3.OperationalError:
        # An ended log on read-only media: SQLite wants to create the shared memory of the WAL. No WAL, no writer.
        if not path.is_file() or path.with_name(path.name + "-wal").exists():
            raise
        connection = _connect(f"{uri}?mode=ro&immutable=1")
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    return Database(connection, execute_plugins=False, recursive_triggers=False)


def read_records(
    db: Database,
    *,
    types: Container[str] | None = None,
    after: int = -1,
    where: str = "1",
    parameters: Sequence[object] = (),
    newest_first: bool = False,
) -> Iterator[Record]:
    """Records in order, each from its leaf, checked against its columns and its payloads' commitments.

    `where` is SQL over the columns of `records`, written by us, never by a user; `parameters` fill its placeholders.
    Raises EvidenceDamaged, one of UNREADABLE. Does not check hashes, order or signatures: that is `verification`.
    """
    order = "desc" if newest_first else "asc"
    names = ", ".join(records.COLUMNS)
    query = f"select leaf, {names} from records where seq > ? and ({where}) order by seq {order}"  # noqa: S608 - constants
    erased = erasures.read(db)
    with closing(db.execute(query, [after, *parameters])) as cursor:
        for leaf, *stored in cursor:
            if types is None or stored[2] in types:
                yield _record(db, leaf, tuple(stored), erased)


_OF_ONE_SUBJECT = """connection = ? and subject is ? and (
    type = 'approval'
    or type in ('outcome', 'outcome_unknown')
    and exchange in (select step.exchange from records as step where step.type = 'approval' and step.subject is ?)
)"""


def read_history(db: Database, connection: str, subject: str | None) -> Iterator[Record]:
    """The steps of a subject's approvals, and the outcomes of the requests they were taken for; newest first.

    Each is checked as by `read_records`, and then without its payloads: they can be as large as schemas. Raises
    EvidenceDamaged, one of UNREADABLE.
    """
    parameters = (connection, subject, subject)
    for record in read_records(db, where=_OF_ONE_SUBJECT, parameters=parameters, newest_first=True):
        yield replace(record, payloads={})


def _record(db: Database, leaf: bytes, stored: tuple[object, ...], erased: Erasures) -> Record:
    envelope = records.parse(leaf)
    try:
        records.check_columns(envelope, stored)
        rows = db.execute("select name, salt, data from payloads where seq = ?", [envelope.seq])
        found = {name: (salt, data) for name, salt, data in rows}
        payloads = records.check_payloads(envelope, found, erased.is_erased)
    except EvidenceDamaged as error:
        raise EvidenceDamaged(f"record {envelope.seq}: {error}") from None
    return Record(
        seq=envelope.seq,
        time_us=envelope.time_us,
        type=envelope.type,
        exchange=envelope.exchange,
        leaf=leaf,
        fields=envelope.fields,
        payloads=payloads,
        erased=frozenset(envelope.payloads.keys() - payloads.keys()),
    )


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=limits.DATABASE_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("select 1 from sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
