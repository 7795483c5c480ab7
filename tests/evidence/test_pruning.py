"""The erasing of payloads by rule."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import Entry, EvidenceDamaged, Payload, StatePlaces, erasures, pruning, store, verify
from countersign.evidence.appender import Appender
from countersign.evidence.draft import draft
from countersign.evidence.erasures import Extent, Selection
from countersign.evidence.errors import BadEntry
from countersign.evidence.pruning import Plan, Pruned
from countersign.evidence.records import Receipt
from countersign.evidence.report import Report
from countersign.evidence.stored_tree import StoredTree
from countersign.rulebook.values import RetentionRule, Source
from tests.evidence import logs

DAY_US = 24 * 3600 * 1_000_000
SECRET = b"the secret of " * 40


class Telling:
    """A log with six old exchanges in it, a clock two days later, and rules to erase by."""

    def __init__(self, places: StatePlaces) -> None:
        self.places, self.clock = places, logs.Clock()
        self.log = logs.open_log(places, clock=self.clock)
        for number in range(6):
            name = f"x{number}"
            self.log.submit(logs.intent(name, body=SECRET + name.encode())).result(5)
            self.log.submit(logs.outcome(name)).result(5)
        self.old_us = self.clock.now_us
        self.clock.now_us += 2 * DAY_US

    def prune(self, **selected: object) -> Pruned:
        """Erase what is older than the story's end."""
        selection = Selection(self.old_us + 1, **selected)  # type: ignore[arg-type]
        return self.log.prune(selection, logs.nothing_needed, rule="retention.yaml:7", actor="alice", reason="GDPR")

    def plan(self, *selections: Selection, needed: Collection[int] = ()) -> tuple[Plan, ...]:
        """What would be erased."""
        return pruning.plan(self.places.database, selections, lambda db, before_us: needed)

    @property
    def report(self) -> Report:
        """What verification says now."""
        return verify(self.places.database, self.log.vkey)

    def raw(self) -> bytes:
        """All bytes of the database and of its write-ahead log."""
        database = self.places.database
        return b"".join(path.read_bytes() for path in (database, database.with_name(f"{database.name}-wal")))


@pytest.fixture
def telling(places: StatePlaces) -> Iterator[Telling]:
    """Such a log."""
    telling = Telling(places)
    yield telling
    telling.log.close()


def done(pruned: Pruned) -> tuple[int, int, bool]:
    """Records that were written, payloads that were erased, and whether they are gone."""
    return pruned.records, pruned.payloads, pruned.is_gone


def salts(places: StatePlaces) -> dict[tuple[int, str], bytes]:
    """The salt of each stored payload."""
    with closing(sqlite3.connect(places.database)) as db:
        return {(seq, name): salt for seq, name, salt in db.execute("select seq, name, salt from payloads")}


def test_present_and_erased(telling: Telling) -> None:
    """What a rule erased is said to be erased, everything else is there, and the proofs of all records stay."""
    size, root = telling.log.size, telling.log.root
    assert done(telling.prune(types=("intent",))) == (1, 6, True)
    found = {record.seq: record for record in telling.log.records()}
    assert [record.erased for record in found.values() if record.type == "intent"] == [frozenset({"request"})] * 6
    assert all(record.payloads for record in found.values() if record.type == "outcome")
    assert telling.report.ok
    assert (telling.report.payloads, telling.report.erased) == (6, 6)
    assert telling.log.size == size + 1
    with closing(store.open_for_reading(telling.places.database)) as db:
        assert StoredTree(db).root(size) == root


def test_the_record_of_it(telling: Telling) -> None:
    """The prune record says by which rule, who, why, and exactly what."""
    telling.prune(connection="registry", types=("intent",), names=("request",))
    record = next(iter(telling.log.records(types={"prune"})))
    tally = erasures.Tally()
    for seq in range(2, 14, 2):
        tally.add(seq, "request")
    assert record.fields == {
        "before": telling.old_us + 1,
        "connection": "registry",
        "types": ["intent"],
        "names": ["request"],
        "first": 0,
        "last": 13,
        "count": 6,
        "digest": tally.digest,
        "rule": "retention.yaml:7",
        "actor": "alice",
        "reason": "GDPR",
    }


def test_nothing_is_left(telling: Telling) -> None:
    """Neither data nor salt is anywhere in the database or its write-ahead log; those of others still are."""
    known = salts(telling.places)
    assert telling.raw().count(SECRET) >= 6
    telling.prune(types=("intent",))
    raw = telling.raw()
    assert SECRET not in raw
    assert SECRET[:64] not in raw
    for (_, name), salt in known.items():
        assert (salt in raw) == (name == "response")


def test_a_reader_keeps_it(telling: Telling) -> None:
    """While somebody reads an older state, the write-ahead log cannot be emptied, and that is said."""
    with closing(sqlite3.connect(telling.places.database, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from payloads").fetchone()
        assert done(telling.prune()) == (1, 12, False)
        reader.execute("rollback")
    assert telling.log.is_healthy
    assert telling.report.ok


def test_many_commits(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prune is done in steps that others write between; steps in which nothing is erased leave no record."""
    monkeypatch.setattr(limits, "PRUNED_RECORDS_PER_COMMIT", 4)
    before = telling.log.size
    assert done(telling.prune(types=("intent",))) == (4, 6, True)
    assert telling.log.size == before + 4
    ranges = [(r.fields["first"], r.fields["last"], r.fields["count"]) for r in telling.log.records(types={"prune"})]
    assert ranges == [(0, 3, 1), (4, 7, 2), (8, 11, 2), (12, 13, 1)]
    assert (telling.report.ok, telling.report.erased) == (True, 6)
    assert done(telling.prune(types=("intent",))) == (0, 0, True)
    assert telling.log.size == before + 4


def test_large_payloads(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that erases many bytes ends early, between two records, and the next goes on from there."""
    monkeypatch.setattr(limits, "MAX_COMMIT_BYTES", 2 * (len(SECRET) + 2))
    assert done(telling.prune(types=("intent",))) == (3, 6, True)
    ranges = [(r.fields["first"], r.fields["last"], r.fields["count"]) for r in telling.log.records(types={"prune"})]
    assert ranges == [(0, 5, 2), (6, 9, 2), (10, 13, 2)]
    assert (telling.report.ok, telling.report.erased) == (True, 6)


def test_the_write_ahead_log_stays_small(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is overwritten goes through the write-ahead log, which is copied between the steps, not only at the end."""
    monkeypatch.setattr(limits, "MAX_COMMIT_BYTES", 1_000_000)
    monkeypatch.setattr(limits, "WAL_CHECKPOINT_BYTES", 200_000)
    clock, wal = logs.Clock(), places.database.with_name("evidence.db-wal")
    with logs.opened(places, clock=clock) as log:
        for number in range(8):
            log.submit(logs.intent(f"x{number}", body=b"x" * 1_000_000)).result(5)
        clock.now_us += 2 * DAY_US
        sizes: list[int] = []
        selection = Selection(clock.now_us - DAY_US - 1)
        log.prune(selection, logs.nothing_needed, rule="r", actor="a", tell=lambda _: sizes.append(wal.stat().st_size))
    assert len(sizes) == 8
    assert max(sizes) < 3_000_000


def test_large_payloads_of_one_record(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """All payloads of one record go in one commit, however large they are."""
    clock = logs.Clock()
    with logs.opened(places, clock=clock) as log:
        both = {name: Payload("text/plain", SECRET) for name in ("before", "after")}
        log.submit(Entry("approval", "x", {}, both), Entry("approval", "x", {}, both)).result(5)
        clock.now_us += 2 * DAY_US
        monkeypatch.setattr(limits, "MAX_COMMIT_BYTES", 1)
        found = log.prune(Selection(clock.now_us - DAY_US - 1), logs.nothing_needed, rule="r", actor="a")
        assert done(found) == (2, 4, True)
        assert verify(places.database, log.vkey).ok


def test_overlapping_rules(telling: Telling) -> None:
    """A broad rule after a narrow one erases the rest, and each record speaks for its own."""
    assert telling.prune(types=("intent",)).payloads == 6
    assert telling.prune().payloads == 6
    assert telling.prune(names=("response",)).payloads == 0
    assert (telling.report.ok, telling.report.erased, telling.report.payloads) == (True, 12, 0)


def test_only_what_is_old(telling: Telling) -> None:
    """Records that are younger than the rule says keep their payloads."""
    telling.log.submit(logs.intent("young"), logs.outcome("young")).result(5)
    assert telling.prune().payloads == 12
    assert [record.exchange for record in telling.log.records() if record.payloads] == ["young", "young"]


def test_approvals(places: StatePlaces) -> None:
    """The payloads of approvals are erased by the same rules, and their history can still be read."""
    clock = logs.Clock()
    with logs.opened(places, clock=clock) as log:
        log.submit(logs.step("x", "requested"), logs.step("x", "approved")).result(5)
        clock.now_us += 2 * DAY_US
        selection = Selection(clock.now_us - DAY_US - 1, types=("approval",))
        assert log.prune(selection, logs.nothing_needed, rule="r", actor="a").payloads == 2
        assert [record.fields["verdict"] for record in log.history("registry", "orders-value", 9)] == [
            "approved",
            "requested",
        ]
        assert [record.erased for record in log.records(types={"approval"})] == [frozenset({"event"})] * 2
    assert verify(places.database, places.vkey.read_text()).ok
    logs.open_log(places, clock=clock).close()


def test_what_is_needed(telling: Telling) -> None:
    """Stays, whatever the rule says, and no prune record speaks for it; later, it can be erased as well."""
    spared = [2, 5, 13]
    selection = Selection(telling.old_us + 1)
    (planned,) = telling.plan(selection, needed=spared)
    assert (planned.ranges, planned.kept) == (((3, 4), (6, 12)), 3)
    asked: list[int] = []

    def needed(db: Database, before_us: int) -> Collection[int]:
        asked.append(before_us)
        return {seq for (seq,) in db.execute("select seq from records where seq in (2, 5, 13)")}

    found = telling.log.prune(selection, needed, rule="r", actor="a")
    assert (done(found), found.plan) == ((2, 9, True), planned)
    assert asked == [selection.before_us]
    assert [record.seq for record in telling.log.records() if record.payloads] == spared
    assert (telling.report.ok, telling.report.erased, telling.report.payloads) == (True, 9, 3)
    assert altered(telling, "delete from payloads where seq = 5").problems[0].seq == 5
    assert done(telling.prune()) == (1, 3, True)
    assert (telling.report.ok, telling.report.erased) == (True, 12)


def test_plan(telling: Telling) -> None:
    """A plan says how much, of when; it changes nothing, and is what then comes about."""
    before = telling.raw()
    found = {record.seq: record for record in telling.log.records() if record.payloads}
    times = [record.time_us for record in found.values() if record.type == "intent"]
    rules = [Selection(telling.old_us + 1, types=("intent",)), Selection(telling.old_us + 1), Selection(times[0])]
    narrow, broad, none = telling.plan(*rules)
    assert narrow.extent == Extent(6, 6 * (len(SECRET) + 2), times[0], times[-1])
    assert broad.extent.payloads == 6  # those that the narrow rule leaves
    assert (none.extent, none.ranges) == (Extent(), ())
    assert telling.raw() == before
    for rule, planned in zip(rules, (narrow, broad, none), strict=True):
        found_then = telling.log.prune(rule, logs.nothing_needed, rule="r", actor="a")
        assert (found_then.plan.extent, found_then.payloads) == (planned.extent, planned.extent.payloads)


def test_plan_of_nothing(tmp_path: Path) -> None:
    """A database that is not there has nothing to erase, and is not made."""
    with pytest.raises(EvidenceUnavailable, match="cannot be read"):
        pruning.plan(tmp_path / "evidence.db", [Selection(1)], logs.nothing_needed)
    assert list(tmp_path.iterdir()) == []


def test_by_rule() -> None:
    """A rule's days are of 24 hours, counted back from now; what it leaves out means any."""
    rule = RetentionRule("r", 3, "registry", ("intent",), ("request-body",), Source("evidence.yaml", 2))
    assert pruning.by_rule(rule, 10 * DAY_US) == Selection(7 * DAY_US, "registry", ("intent",), ("request-body",))
    anything = RetentionRule("r", 1, None, None, None, Source("evidence.yaml", 2))
    assert pruning.by_rule(anything, 10 * DAY_US) == Selection(9 * DAY_US)


def test_told_to_stop(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hears of the progress can end it between two steps; what was erased until then is recorded."""
    monkeypatch.setattr(limits, "PRUNED_RECORDS_PER_COMMIT", 4)
    told: list[int] = []

    def stop_after_the_second(payloads: int) -> None:
        told.append(payloads)
        if len(told) == 2:
            raise EvidenceUnavailable("enough")

    selection = Selection(telling.old_us + 1, types=("intent",))
    with pytest.raises(EvidenceUnavailable, match="enough"):
        telling.log.prune(selection, logs.nothing_needed, rule="r", actor="a", tell=stop_after_the_second)
    assert told == [1, 3]
    assert (telling.report.ok, telling.report.erased, telling.log.is_healthy) == (True, 3, True)
    assert telling.prune(types=("intent",)).payloads == 3


def test_a_step_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that does not answer is not waited for without end."""
    monkeypatch.setattr(limits, "PRUNE_STEP_SECONDS", 0.01)
    with pytest.raises(EvidenceUnavailable, match="may still come about"):
        pruning.prune(
            lambda made: Future(),
            Plan(Selection(1), ((0, 4),), Extent(), 0),
            lambda fields, time_us: draft(Entry("prune", None, fields), logs.ORIGIN, time_us),
            lambda payloads: None,
        )


def altered(telling: Telling, statement: str, *values: object) -> Report:
    """What verification says of a copy on which a statement was executed."""
    copy = telling.places.root / "copy.db"
    with closing(sqlite3.connect(telling.places.database)) as db, closing(sqlite3.connect(copy)) as target:
        db.backup(target)
    logs.execute(copy, (statement, values))
    return verify(copy, telling.log.vkey)


def test_missing_is_not_erased(telling: Telling) -> None:
    """A payload that is taken away beside what a rule erased is missing, whether a rule could have meant it or not."""
    telling.prune(types=("intent",), connection="registry")
    assert altered(telling, "delete from payloads where 0").ok
    other = altered(telling, "delete from payloads where seq = 3")
    assert [str(problem) for problem in other.problems] == [
        "record 3: the payload response is missing, and no rule erased it"
    ]


def test_more_is_missing_than_was_erased(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of what the predicate covers: here the rule left one payload alone, and somebody took it."""
    select = erasures.select

    def all_but_one(*arguments: object) -> list[tuple[int, str, int]]:
        return [found for found in select(*arguments) if found[0] != 4]  # type: ignore[arg-type]

    monkeypatch.setattr(erasures, "select", all_but_one)
    assert telling.prune(types=("intent",)).payloads == 5
    assert altered(telling, "delete from payloads where 0").ok
    report = altered(telling, "delete from payloads where seq = 4")
    assert [str(problem) for problem in report.problems] == [
        "record 14: it says that 5 payloads were erased, and 6 are: not the same ones"
    ]


def test_restored_payload(telling: Telling) -> None:
    """A payload that is put back from a copy is noticed: the record says that it was erased."""
    with closing(sqlite3.connect(telling.places.database)) as db:
        row = db.execute("select seq, name, salt, data from payloads where seq = 2").fetchone()
    telling.prune(types=("intent",))
    report = altered(telling, "insert into payloads values (?, ?, ?, ?)", *row)
    assert [str(problem) for problem in report.problems] == [
        "record 14: it says that 6 payloads were erased, and 5 are: not the same ones"
    ]
    logs.execute(telling.places.database, ("insert into payloads values (?, ?, ?, ?)", row))
    telling.log.close()
    with pytest.raises(EvidenceDamaged, match="not the same ones"):
        logs.open_log(telling.places)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"count":6', b'"count":5'),
        (b'"digest":"', b'"digest":"0'),
        (b'"types":["intent"]', b'"types":["approval"]'),
        (b'"last":13', b'"last":11'),
        (b'"first":0', b'"first":4'),
        (b'"connection":null', b'"connection":"other"'),
        (b'"names":null', b'"names":["response"]'),
        (b'"before":', b'"before":-'),
    ],
)
def test_altered_prune_record(telling: Telling, old: bytes, new: bytes) -> None:
    """A prune record that says something else fits neither the tree nor what is missing."""
    telling.prune(types=("intent",))
    with closing(sqlite3.connect(telling.places.database)) as db:
        leaf = db.execute("select leaf from records where type = 'prune'").fetchone()[0]
    assert leaf.count(old) == 1
    report = altered(telling, "update records set leaf = ? where type = 'prune'", leaf.replace(old, new))
    told = [str(problem) for problem in report.problems]
    assert any("root is not that" in problem for problem in told)
    assert any("erased" in problem for problem in told)


@pytest.mark.parametrize(
    ("selection", "told_as"),
    [
        (Selection(10 * DAY_US - limits.MIN_RETENTION_SECONDS * 1_000_000 + 1), "younger than 24 hours"),
        (Selection(0, types=()), "leave them out"),
        (Selection(0, names=()), "leave them out"),
    ],
)
def test_check(selection: Selection, told_as: str) -> None:
    """What may still be decided about is not erased, and an empty list is not everything."""
    with pytest.raises(BadEntry, match=told_as):
        pruning.check(selection, 10 * DAY_US)
    pruning.check(Selection(10 * DAY_US - limits.MIN_RETENTION_SECONDS * 1_000_000, types=("intent",)), 10 * DAY_US)


def test_refused(telling: Telling) -> None:
    """A refusal erases nothing and leaves the log healthy."""
    size = telling.log.size
    with pytest.raises(BadEntry, match="younger"):
        telling.log.prune(Selection(telling.clock.now_us), logs.nothing_needed, rule="r", actor="a")
    assert (telling.log.size, telling.report.payloads, telling.log.is_healthy) == (size, 12, True)


def test_a_record_that_is_too_long(telling: Telling) -> None:
    """A reason that fits in no record is the fault of who gave it: refused before anything is done."""
    with pytest.raises(BadEntry, match="move its largest field"):
        telling.log.prune(
            Selection(telling.old_us), logs.nothing_needed, rule="r", actor="a", reason="x" * limits.MAX_RECORD_BYTES
        )
    assert telling.log.is_healthy
    assert telling.report.payloads == 12
    assert telling.prune().payloads == 12


def test_all_or_nothing(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault between the erasing and its record leaves everything, and latches."""

    def fail(*arguments: object) -> bytes:
        raise OSError("no signature")

    with monkeypatch.context() as failing:
        failing.setattr("countersign.evidence.appender.signed", fail)
        with pytest.raises(Exception, match="no signature"):
            telling.prune()
    assert not telling.log.is_healthy
    assert (telling.report.ok, telling.report.payloads) == (True, 12)


def test_steps_are_queued_one_after_the_other() -> None:
    """The next step is submitted when the last is durable: others get their turn in between."""
    submitted: list[Future[tuple[Receipt, ...]]] = []

    def submit(made: object) -> Future[tuple[Receipt, ...]]:
        assert all(future.done() for future in submitted)
        future: Future[tuple[Receipt, ...]] = Future()
        submitted.append(future)
        future.set_result(())
        return future

    told: list[int] = []
    found = pruning.prune(
        submit,
        Plan(Selection(1), ((0, 4), (6, 8), (9, 9)), Extent(), 0),
        lambda fields, time_us: draft(Entry("prune", None, fields), logs.ORIGIN, time_us),
        told.append,
    )
    assert len(submitted) == 4  # three steps, and the emptying of the write-ahead log
    assert (found.records, found.payloads, told) == (0, 0, [0, 0, 0])


def test_written_in_between(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that are submitted during a prune are written between its steps, in the order of their times."""
    monkeypatch.setattr(limits, "PRUNED_RECORDS_PER_COMMIT", 4)
    erase = Appender.erase

    def and_write(self: Appender, *arguments: object) -> tuple[Receipt, ...]:
        telling.log.submit(Entry("rules", None, {}))
        return erase(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Appender, "erase", and_write)
    telling.prune()
    written = list(telling.log.records(after=13))
    assert [record.type for record in written] == ["prune", "rules"] * 4
    assert [record.time_us for record in written] == sorted(record.time_us for record in written)
    assert telling.report.ok
