"""Every way to change what is stored, one at a time: none passes, and the untouched twin does."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.evidence import Entry, appender, records, schema, store, verify
from countersign.evidence.appender import Appender
from countersign.evidence.checkpoint import Signer, Verifier
from countersign.evidence.draft import draft
from countersign.evidence.examination import Examination
from countersign.evidence.lock import FileWatch
from countersign.evidence.report import Report
from countersign.evidence.stored_log import StoredLog
from countersign.evidence.tree import Frontier, leaf_hash
from tests.evidence import logs
from tests.evidence.conftest import Told

SIGNER = Signer.of(logs.ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
TABLES = ("records", "payloads", "checkpoints", "subtrees")


def examined(path: Path, vkey: str) -> Report:
    """The report on a database."""
    with closing(store.open_for_reading(path)) as db:
        examination = Examination(StoredLog(db), [Verifier.parse(vkey)])
        examination.run()
        return examination.report()


def test_untouched(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A log as it was written is fine: all of it was read, and the key vouches for all of it."""
    report = examined(copy_of_told(), told.vkey)
    assert report.ok
    assert (report.records, report.payloads, report.checkpoints, report.vouched_size) == (8, 3, 6, 8)
    assert not report.problems
    assert not report.remarks
    assert not report.open_intents


def test_every_value_of_every_table(copy_of_told: Callable[[], Path], told: Told) -> None:
    """One bit in any value of any row of any table, null becoming something, something becoming null: all are seen."""
    changed = 0
    for table in TABLES:
        with closing(sqlite3.connect(told.places.database)) as original:
            rows = original.execute(f"select rowid, * from {table}").fetchall()
            names = [column[1] for column in original.execute(f"pragma table_info({table})")]
        for rowid, *values in rows:
            for name, value in zip(names, values, strict=True):
                for other in _neighbours(name, value):
                    path = copy_of_told()
                    logs.execute(path, (f"update {table} set {name} = ? where rowid = ?", [other, rowid]))
                    report = examined(path, told.vkey)
                    assert not report.ok, (table, rowid, name)
                    path.unlink()
                    changed += 1
    assert changed > 100


def _neighbours(name: str, value: object) -> Iterator[object]:
    match value:
        case None:
            yield 200 if name == "status" else "x"
        case int():
            yield value ^ (1 << 20)
        case str():
            yield chr(ord(value[0]) ^ 1) + value[1:]
            yield value + "\0"
            yield value.upper() if value != value.upper() else value.lower() + "x"
        case bytes():
            yield bytes([value[0] ^ 0x80]) + value[1:]
            yield value + b"\n"
            yield value[:-1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_any_blob(data: st.DataObject, told: Told, tmp_path: Path) -> None:
    """Any bit of any leaf, leaf hash, salt, payload or checkpoint: never fine, never a crash."""
    table, column = data.draw(
        st.sampled_from(
            [
                ("records", "leaf"),
                ("records", "leaf_hash"),
                ("payloads", "salt"),
                ("payloads", "data"),
                ("checkpoints", "note"),
            ]
        )
    )
    with closing(sqlite3.connect(told.places.database)) as original:
        rows = original.execute(f"select rowid, {column} from {table}").fetchall()
    rowid, value = data.draw(st.sampled_from(rows))
    place = data.draw(st.integers(0, len(value) - 1))
    bit = data.draw(st.integers(0, 7))
    altered = value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]
    path = Path(shutil.copy(told.places.database, tmp_path / "flipped.db"))
    logs.execute(path, (f"update {table} set {column} = ? where rowid = ?", [altered, rowid]))
    assert not examined(path, told.vkey).ok


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_the_file(data: st.DataObject, told: Told, tmp_path: Path) -> None:
    """A file with a few other bytes never crashes the examination; if it is called fine, it holds the same evidence."""
    content = bytearray(told.places.database.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "flipped.db"
    path.write_bytes(content)
    report = verify(path, told.vkey)
    if report.ok:
        with closing(store.open_for_reading(path)) as db, closing(store.open_for_reading(told.places.database)) as twin:
            assert list(store.read_records(db)) == list(store.read_records(twin))


@pytest.mark.parametrize(
    ("statements", "told_as"),
    [
        (["delete from payloads where seq = 5", "delete from records where seq = 5"], "calls itself"),
        (["delete from records where seq = 7"], "some are gone"),
        (["delete from checkpoints where size = 8"], "checkpoint after this record is missing"),
        (["delete from checkpoints where size = 4"], "checkpoint after this record is missing"),
        (["delete from payloads where seq = 2"], "payload request is missing"),
        (["insert into payloads values (3, 'x', zeroblob(32), x'00')"], "does not name"),
        (["insert into payloads values (99, 'x', zeroblob(32), x'00')"], "belong to no record"),
        (["insert into checkpoints select 5, note from checkpoints where size = 8"], "where no commit ended"),
        (["insert into checkpoints select 9, note from checkpoints where size = 8"], "some are gone"),
        (["insert into records (seq, time, type, leaf, leaf_hash) values (8, 0, 'rules', x'7b7d', x'00')"], "members"),
        (
            ["update records set seq = -1 where seq = 3", "update records set seq = 3 where seq = 6"],
            "calls itself",
        ),
        (["update payloads set salt = (select salt from payloads where seq = 4) where seq = 2"], "not the one"),
        (["update payloads set data = (select data from payloads where seq = 4) where seq = 2"], "not the one"),
        (["update checkpoints set note = (select note from checkpoints where size = 3) where size = 4"], "of size 3"),
        (["delete from records", "delete from payloads", "delete from checkpoints"], "no records"),
        (["create table extra (x)"], "tables"),
        (["create trigger extra after insert on records begin select 1; end"], "tables"),
        (["drop table payloads"], "tables"),
        (["delete from _sqlite_migrations"], "tables"),
        (["drop index idx_records_subject"], "tables"),
    ],
)
def test_attacks(copy_of_told: Callable[[], Path], told: Told, statements: Sequence[str], told_as: str) -> None:
    """Delete, insert, reorder, cut off, swap, change the tables: each is seen, and told in a way that names it."""
    path = copy_of_told()
    assert examined(path, told.vkey).ok
    logs.execute(path, *statements)
    report = examined(path, told.vkey)
    assert not report.ok
    assert any(told_as in str(problem) for problem in report.problems), report.problems


def test_edited_record_with_fresh_hash(copy_of_told: Callable[[], Path], told: Told) -> None:
    """Editing a leaf, its column and its hash consistently still needs the key: the root is another."""
    path = copy_of_told()
    with closing(sqlite3.connect(path)) as db:
        leaf = db.execute("select leaf from records where seq = 6").fetchone()[0].replace(b"deny", b"okay")
    hashed = leaf_hash(leaf)
    logs.execute(path, ("update records set leaf = ?, leaf_hash = ?, verdict = 'okay' where seq = 6", [leaf, hashed]))
    report = examined(path, told.vkey)
    assert any("root" in str(problem) for problem in report.problems)
    assert report.vouched_size == 6


def test_vouched_size_ends_before_the_first_problem(copy_of_told: Callable[[], Path], told: Told) -> None:
    """What stands before the damage is still vouched for, up to the last checkpoint before it."""
    path = copy_of_told()
    logs.execute(path, "update records set subject = 'other' where seq = 5")
    assert examined(path, told.vkey).vouched_size == 4


def test_cut_back_to_an_older_head(copy_of_told: Callable[[], Path], told: Told) -> None:
    """The documented limit: a log cut back to an older checkpoint looks like the log of then; its size says so."""
    path = copy_of_told()
    logs.execute(
        path,
        "delete from checkpoints where size > 4",
        "delete from payloads where seq >= 4",
        "delete from records where seq >= 4",
    )
    report = examined(path, told.vkey)
    assert (report.ok, report.vouched_size, report.open_intents) == (True, 4, ("exchange-1",))


def test_another_key(copy_of_told: Callable[[], Path], told: Told) -> None:
    """Another log's key vouches for nothing, whatever name it has."""
    report = examined(copy_of_told(), SIGNER.verifier.vkey())
    assert (report.ok, report.vouched_size) == (False, 0)
    assert any("another key" in str(problem) for problem in report.problems)
    other = Signer.of("example.com/other", SIGNER.private_key).verifier.vkey()
    assert any("of another log" in str(problem) for problem in examined(copy_of_told(), other).problems)


def test_huge_value(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A value beyond what the log ever writes is not read into memory; it is a problem."""
    path = copy_of_told()
    logs.execute(path, ("update payloads set data = zeroblob(?) where seq = 2", [limits.MAX_PAYLOAD_BYTES + 2**21]))
    report = examined(path, told.vkey)
    assert any("cannot be read any further" in str(problem) for problem in report.problems)


def test_text_that_is_not_utf8(copy_of_told: Callable[[], Path], told: Told) -> None:
    """Text that cannot be decoded is a problem of its column, not a crash."""
    path = copy_of_told()
    logs.execute(path, "update records set subject = cast(x'ff' as text) where seq = 2")
    assert [str(problem) for problem in examined(path, told.vkey).problems] == [
        "record 2: the column subject is not what the record says"
    ]


def test_note_of_another_kind(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A checkpoint that is stored as text by a database without strict tables is a problem."""
    path = copy_of_told()
    logs.execute(
        path,
        "alter table checkpoints rename to old",
        "create table checkpoints (size integer primary key, note)",
        "insert into checkpoints select size, cast(note as text) from old",
        "drop table old",
    )
    assert not examined(path, told.vkey).ok


def test_problems_are_bounded(copy_of_told: Callable[[], Path], told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first problems are kept, all are counted."""
    monkeypatch.setattr(limits, "MAX_REPORTED_PROBLEMS", 2)
    path = copy_of_told()
    logs.execute(path, "update records set leaf_hash = x'00'")
    report = examined(path, told.vkey)
    assert (len(report.problems), report.problem_count) == (2, 8)


def written(path: Path, *commits: Sequence[Entry], times: Sequence[int] | None = None) -> Report:
    """The report on a log that holds exactly these entries after its genesis."""
    with closing(store.open_for_writing(path)) as db:
        schema.migrate(db)
        watch = FileWatch.of([path])
        tail = Appender(db, SIGNER, Frontier(), watch, appender.data_version(db), secrets.token_bytes)
        genesis = Entry("genesis", None, {"vkey": SIGNER.verifier.vkey()})
        for number, entries in enumerate([[genesis], *commits]):
            time_us = 1_800_000_000_000_000 + (times[number] if times else number)
            tail.commit([draft(entry, logs.ORIGIN, time_us) for entry in entries])
    return examined(path, SIGNER.verifier.vkey())


def test_clock_went_back(tmp_path: Path) -> None:
    """Times that go back are told."""
    report = written(tmp_path / "clock.db", [Entry("rules", None, {})], [Entry("rules", None, {})], times=[0, 9, 8])
    assert report.ok
    assert [str(remark) for remark in report.remarks] == ["record 2: the clock went back"]


def test_second_genesis(tmp_path: Path) -> None:
    """A log begins once."""
    again = Entry("genesis", None, {"vkey": SIGNER.verifier.vkey()})
    assert any("begins" in str(problem) for problem in written(tmp_path / "twice.db", [again]).problems)


@pytest.mark.parametrize(("batch", "told_as"), [(0, "where no commit ended"), (7, "a group commit that it is not in")])
def test_forged_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, told_as: str) -> None:
    """A leaf that names another group commit than its own is a problem, even signed by the key."""

    def seal(_: object, origin: str, seq: int, batch_: int, salts: object) -> bytes:
        members = {"v": 1, "origin": origin, "seq": seq, "batch": batch, "type": "rules", "time": 1, "exchange": None}
        return json.dumps({**members, "fields": {}, "payloads": {}}).encode()

    assert written(tmp_path / "good.db", [Entry("rules", None, {})]).ok
    path = tmp_path / "forged.db"
    written(path)
    with closing(store.open_for_writing(path)) as db:
        frontier = Frontier()
        frontier.append(db.execute("select leaf_hash from records").fetchone()[0])
        tail = Appender(db, SIGNER, frontier, FileWatch.of([path]), appender.data_version(db), secrets.token_bytes)
        drafts = [draft(Entry("rules", None, {}), logs.ORIGIN, 1)]
        monkeypatch.setattr("countersign.evidence.draft.Draft.seal", seal)
        tail.commit(drafts)
    report = examined(path, SIGNER.verifier.vkey())
    assert any(told_as in str(problem) for problem in report.problems), report.problems


def test_columns_are_all_examined() -> None:
    """The tables hold no column that nobody compares: the searchable ones, the leaf and its hash."""
    table = next(row[3] for row in schema.expected()[0] if row[0] == "table" and row[1] == "records")
    assert table is not None
    named = {line.split('"')[1] for line in table.splitlines()[1:-1]}
    assert named == {*records.COLUMNS, "leaf", "leaf_hash"}
