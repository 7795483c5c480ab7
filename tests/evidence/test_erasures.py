"""Which payloads were erased by rule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.evidence import Entry, StatePlaces, erasures, records, store
from countersign.evidence.erasures import Erasure, Erasures, Extent, Selection, Tally
from countersign.evidence.errors import EvidenceDamaged
from countersign.strict_json import Json
from tests.evidence import logs

NOW_US = 1_800_000_000_000_000
ALL = Selection(NOW_US)


def tallied(*lines: tuple[int, str]) -> Tally:
    """A tally of these payloads."""
    tally = Tally()
    for seq, name in lines:
        tally.add(seq, name)
    return tally


def erasure(seq: int, *lines: tuple[int, str], selection: Selection = ALL, first: int = 0, last: int = 9) -> Erasure:
    """A prune record that says that it erased these."""
    tally = tallied(*lines)
    return Erasure(seq, selection, first, last, tally.count, tally.digest)


def told_differences(found: Sequence[Erasure], *missing: tuple[int, str]) -> list[int]:
    """Prune records that say something else than what is missing of some intents."""
    reading = Erasures(found)
    for seq, name in missing:
        assert reading.count(logs.envelope(logs.intent("x"), seq, NOW_US - 1), name)
    return [seq for seq, _ in reading.differences()]


@pytest.mark.parametrize(
    ("selection", "covers"),
    [
        (Selection(NOW_US), False),
        (Selection(NOW_US + 1), True),
        (Selection(NOW_US + 1, connection="registry"), True),
        (Selection(NOW_US + 1, connection="other"), False),
        (Selection(NOW_US + 1, types=("outcome", "intent")), True),
        (Selection(NOW_US + 1, types=("outcome",)), False),
        (Selection(NOW_US + 1, types=()), False),
        (Selection(NOW_US + 1, names=("request",)), True),
        (Selection(NOW_US + 1, names=("response",)), False),
        (Selection(NOW_US + 1, "registry", ("intent",), ("request",)), True),
    ],
)
def test_selection(selection: Selection, covers: bool) -> None:
    """A rule is about records before a time, of a connection, of types, and about payloads of some names."""
    assert selection.covers(logs.envelope(logs.intent("x"), 5, NOW_US), "request") == covers


def test_a_record_without_a_connection() -> None:
    """A rule about one connection leaves alone what belongs to none."""
    start = logs.envelope(Entry("rules", None, {}), 5, NOW_US)
    assert Selection(NOW_US + 1).covers(start, "text")
    assert not Selection(NOW_US + 1, connection="registry").covers(start, "text")


def test_tally() -> None:
    """The digest is SHA-256 over a line for each payload, so that others can compute it."""
    tally = tallied((3, "request"), (4, "response"))
    assert tally.count == 2
    assert tally.digest == hashlib.sha256(b"3 request\n4 response\n").hexdigest()
    assert tally.digest != tallied((4, "response"), (3, "request")).digest


@pytest.mark.parametrize(("seq", "covered"), [(1, False), (2, True), (5, True), (6, False)])
def test_range(seq: int, covered: bool) -> None:
    """A prune record speaks only for the records that it looked at."""
    one = erasure(8, (3, "request"), first=2, last=5)
    assert one.covers(logs.envelope(logs.intent("x"), seq, NOW_US - 1), "request") == covered
    assert Erasures([one]).is_erased(logs.envelope(logs.intent("x"), seq, NOW_US - 1), "request") == covered


def test_nothing_was_erased() -> None:
    """Without a prune record nothing may be missing."""
    reading = Erasures(())
    assert not reading.count(logs.envelope(logs.intent("x"), 3, NOW_US - 1), "request")
    assert list(reading.differences()) == []


def test_what_is_missing_must_be_what_was_erased() -> None:
    """Fewer (one was put back), more, or others than the prune record says: it is named."""
    said = [erasure(9, (2, "request"), (3, "request"))]
    assert told_differences(said, (2, "request"), (3, "request")) == []
    assert told_differences(said, (2, "request")) == [9]
    assert told_differences(said, (2, "request"), (3, "request"), (4, "request")) == [9]
    assert told_differences(said, (2, "request"), (4, "request")) == [9]


@given(
    ranges=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
    seqs=st.lists(st.integers(0, 30), unique=True, max_size=12).map(sorted),
)
def test_the_first_that_covers(ranges: list[tuple[int, int]], seqs: list[int]) -> None:
    """However ranges lie to each other, each missing payload is the work of the first, as going through all would find."""
    found = [replace(erasure(40 + place), first=min(ends), last=max(ends)) for place, ends in enumerate(ranges)]
    tallies = [Tally() for _ in found]
    reading = Erasures(found)
    for seq in seqs:
        envelope = logs.envelope(logs.intent("x"), seq, NOW_US - 1)
        first = next((place for place, each in enumerate(found) if each.covers(envelope, "request")), None)
        if first is not None:
            tallies[first].add(seq, "request")
        assert reading.is_erased(envelope, "request") == reading.count(envelope, "request") == (first is not None)
    assert [(tally.count, tally.digest) for tally in reading._tallies] == [
        (tally.count, tally.digest) for tally in tallies
    ]


def test_overlapping_rules() -> None:
    """What is missing is the work of the first rule that covers it; a later one speaks for the rest."""
    narrow = erasure(10, (2, "request"), selection=replace(ALL, names=("request",)), last=5)
    broad = erasure(11, (2, "text"), (7, "request"))
    missing = [(2, "request"), (2, "text"), (7, "request")]
    assert told_differences([narrow, broad], *missing) == []
    assert told_differences([narrow, broad], *missing[1:]) == [10]
    assert told_differences([narrow, broad], *missing[:2]) == [11]


def test_select(places: StatePlaces) -> None:
    """What is stored is selected just as its leaves say, in order, within the range."""
    with logs.opened(places) as log:
        logs.tell_story(log)
        last_us = list(log.records())[-1].time_us
        leaves = [(records.parse(record.leaf), record.payloads) for record in log.records()]
    selections = [
        Selection(last_us + 1),
        Selection(leaves[4][0].time_us),
        Selection(last_us + 1, connection="registry"),
        Selection(last_us + 1, types=("outcome",)),
        Selection(last_us + 1, names=("request", "other")),
        Selection(last_us + 1, connection="nowhere' or 1 --"),
        Selection(last_us + 1, "registry", ("intent", "outcome"), ("request",)),
    ]
    with closing(store.open_for_reading(places.database)) as db:
        for selection in selections:
            for first, last in ((0, 99), (4, 5), (3, 3)):
                expected = [
                    (envelope.seq, name)
                    for envelope, payloads in leaves
                    for name in sorted(payloads)
                    if first <= envelope.seq <= last and selection.covers(envelope, name)
                ]
                found = list(erasures.select(db, selection, first, last))
                assert [(seq, name) for seq, name, _ in found] == expected
                assert all(size == len(dict(leaves[seq][1])[name].data) for seq, name, size in found)
        assert len(list(erasures.select(db, selections[0], 0, 99))) == 3


def test_extent() -> None:
    """Figures of parts add up; the times are those of the oldest and the newest."""
    assert Extent() + Extent() == Extent()
    assert Extent() + Extent(2, 30, 5, 9) == Extent(2, 30, 5, 9)
    assert Extent(1, 4, 7, 12) + Extent(2, 30, 5, 9) == Extent(3, 34, 5, 12)


def test_measure(places: StatePlaces) -> None:
    """Counts what is selected, and no payload twice that was put aside for a rule before."""
    with logs.opened(places) as log:
        logs.tell_story(log)
        times = {record.seq: record.time_us for record in log.records()}
    everything = Selection(max(times.values()) + 1)
    intents = replace(everything, types=("intent",))
    with closing(store.open_for_reading(places.database)) as db:
        db.execute("create temp table planned (seq integer, name text, primary key (seq, name)) without rowid")
        assert erasures.measure(db, everything, 0, 99) == Extent(3, 18 + 9 + 2, times[2], times[5])
        assert erasures.measure(db, everything, 0, 2) == Extent(1, 18, times[2], times[2])
        assert erasures.measure(db, intents, 3, 4) == Extent()
        erasures.put_aside(db, intents, 0, 2)
        assert erasures.measure(db, intents, 0, 99) == Extent(1, 2, times[5], times[5])
        assert erasures.measure(db, everything, 0, 99) == Extent(2, 11, times[4], times[5])
        assert len(list(erasures.select(db, everything, 0, 99))) == 3


GOOD: dict[str, Json] = {**erasures.fields(Selection(5, "registry", ("intent",), None), 0, 4, tallied((2, "request")))}


def test_parse() -> None:
    """What was written is read back."""
    found = erasures.parse(logs.envelope(Entry("prune", None, {**GOOD, "rule": "r", "actor": "a"}), 5))
    assert found == Erasure(5, Selection(5, "registry", ("intent",), None), 0, 4, 1, tallied((2, "request")).digest)


@pytest.mark.parametrize(
    "change",
    [
        {"before": "5"},
        {"types": "intent"},
        {"types": [7]},
        {"names": {}},
        {"names": ["request", None]},
        {"first": -1},
        {"first": 5},
        {"last": 5},
        {"count": 0},
        {"count": None},
        {"digest": 3},
    ],
)
def test_a_prune_record_that_says_nothing(change: dict[str, Any]) -> None:
    """A record that does not say what it erased, or speaks for records after it, erases nothing."""
    with pytest.raises(EvidenceDamaged, match="what it erased"):
        erasures.parse(logs.envelope(Entry("prune", None, {**GOOD, **change}), 5))
    without = {name: value for name, value in GOOD.items() if name not in change}
    with pytest.raises(EvidenceDamaged, match="what it erased"):
        erasures.parse(logs.envelope(Entry("prune", None, without), 5))


def test_read(places: StatePlaces) -> None:
    """A log without prunes has none."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    with closing(store.open_for_reading(places.database)) as db:
        assert not erasures.read(db).is_erased(logs.envelope(logs.intent("x"), 2), "request")
