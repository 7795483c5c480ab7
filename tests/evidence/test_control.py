"""The acts of operators on an open log."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace

import pytest
from sqlite_utils import Database

from countersign.errors import EvidenceUnavailable
from countersign.evidence import EvidenceLog, StatePlaces, control, verify
from countersign.evidence.control import Control, Refused
from countersign.evidence.errors import BadEntry
from countersign.rulebook.values import RetentionRule, Source
from countersign.strict_json import Json
from tests.evidence import logs

DAY_US = 24 * 3600 * 1_000_000
BODIES = RetentionRule("bodies", 2, None, ("intent",), ("request",), Source("evidence.yaml", 7))
ALL = RetentionRule("all", 3, "registry", None, None, Source("evidence.yaml", 9))
TILES: dict[str, Json] = {"form": "tiles", "first": 0, "last": 4, "size": 5, "root": "00", "with_payloads": False}


class Acting:
    """A log with an old story and a young one, and the acts on it."""

    def __init__(self, places: StatePlaces) -> None:
        self.places, self.clock = places, logs.Clock()
        self.log = logs.open_log(places, clock=self.clock)
        logs.tell_story(self.log)
        self.clock.now_us += 5 * DAY_US
        self.log.submit(logs.intent("young")).result(5)
        self.needed: Collection[int] = ()
        self.control = Control(self.log, [BODIES, ALL], self._needed, self.clock)
        self.told: list[int] = []

    def do(self, asked: Json) -> dict[str, Json]:
        """As ana asks for it."""
        return self.control.perform(asked, "ana (uid 1000)", self.told.append)

    def _needed(self, db: Database, before_us: int) -> Collection[int]:
        return self.needed


@pytest.fixture
def acting(places: StatePlaces) -> Iterator[Acting]:
    """Such a log."""
    made = Acting(places)
    yield made
    made.log.close()


def last(log: EvidenceLog, kind: str) -> dict[str, Json]:
    """What the newest record of a type says."""
    return dict(list(log.records(types={kind}))[-1].fields)


def test_prune(acting: Acting) -> None:
    """Erases by the rule, says how much of when, and the record says by which rule, who and why."""
    times = [record.time_us for record in acting.log.records(types={"intent"})]
    done = acting.do(control.prune_by(BODIES, "GDPR"))
    selection_us = done.pop("before")
    assert done == {
        "rule": "bodies (evidence.yaml:7)",
        "payloads": 2,
        "bytes": 20,
        "oldest": times[0],
        "newest": times[1],
        "kept": 0,
        "records": 1,
        "is_gone": True,
    }
    assert isinstance(selection_us, int)
    assert abs(acting.clock.now_us - 2 * DAY_US - selection_us) < 1_000_000
    said = last(acting.log, "prune")
    assert (said["rule"], said["actor"], said["reason"]) == ("bodies (evidence.yaml:7)", "ana (uid 1000)", "GDPR")
    assert (said["types"], said["names"], said["before"]) == (["intent"], ["request"], selection_us)
    assert acting.told == [2]
    report = verify(acting.places.database, acting.log.vkey)
    assert (report.ok, report.erased) == (True, 2)


def test_prune_leaves_alone_what_is_needed(acting: Acting) -> None:
    """And says of how many payloads that is so."""
    (first, *_) = (record.seq for record in acting.log.records(types={"intent"}))
    acting.needed = [first]
    done = acting.do(control.prune_by(BODIES, None))
    assert (done["payloads"], done["kept"]) == (1, 1)
    assert last(acting.log, "prune")["reason"] is None


@pytest.mark.parametrize(
    "given",
    [
        replace(BODIES, older_than_days=1),
        replace(BODIES, types=None),
        replace(BODIES, names=("request", "response")),
        replace(BODIES, connection="registry"),
        replace(BODIES, name="body"),
    ],
)
def test_only_rules_in_force(acting: Acting, given: RetentionRule) -> None:
    """A rule that the gateway does not know, or knows otherwise, erases nothing; its place in the file does not matter."""
    with pytest.raises(Refused, match="not in force"):
        acting.do(control.prune_by(given, None))
    assert acting.do(control.prune_by(replace(BODIES, source=Source("evidence.yaml", 99)), None))["payloads"] == 2


def test_one_prune_at_a_time(acting: Acting) -> None:
    """A second one is refused while the first still runs; other acts are not, and afterwards neither is it."""
    begun, finish = threading.Event(), threading.Event()

    def wait(erased: int) -> None:
        begun.set()
        assert finish.wait(5)

    first = threading.Thread(target=lambda: acting.control.prune(BODIES, "bob", None, wait))
    first.start()
    assert begun.wait(5)
    try:
        with pytest.raises(Refused, match="already"):
            acting.do(control.prune_by(ALL, None))
        assert acting.do(control.export_of(TILES))["seq"] == acting.log.size - 1
    finally:
        finish.set()
        first.join(5)
    assert acting.do(control.prune_by(ALL, None))["payloads"] == 0  # of the registry there are intents only


def test_a_prune_that_fails_does_not_block_the_next(acting: Acting) -> None:
    """The client that has gone ends its own prune only."""

    def gone(erased: int) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        acting.control.perform(control.prune_by(BODIES, None), "bob", gone)
    assert acting.do(control.prune_by(BODIES, None))["payloads"] == 0


def test_a_reason_that_is_too_long(acting: Acting) -> None:
    """Is refused before anything is erased."""
    with pytest.raises(BadEntry, match="move its largest field"):
        acting.do(control.prune_by(BODIES, "x" * 20_000))
    assert acting.log.is_healthy
    assert acting.do(control.prune_by(BODIES, ""))["payloads"] == 2
    assert last(acting.log, "prune")["reason"] is None


def test_rotate_key(acting: Acting) -> None:
    """A new epoch, by whom, and both public keys."""
    old = acting.log.vkey
    done = acting.do(control.ROTATE_KEY)
    assert acting.log.vkey == f"{old}\n{done['new']}"
    assert done["old"] == old
    assert (last(acting.log, "key_rotation")["next"], last(acting.log, "key_rotation")["actor"]) == (
        done["new"],
        "ana (uid 1000)",
    )
    assert verify(acting.places.database, acting.log.vkey).ok


def test_export(acting: Acting) -> None:
    """Is recorded with who, in which form, which records, of a tree of which size."""
    done = acting.do(control.export_of(TILES))
    assert last(acting.log, "export") == {**TILES, "actor": "ana (uid 1000)"}
    assert done == {"seq": acting.log.size - 1}
    proof: dict[str, Json] = {**TILES, "form": "proof", "first": 4}
    acting.do(control.export_of(proof))
    assert last(acting.log, "export") == {**proof, "actor": "ana (uid 1000)"}


@pytest.mark.parametrize(
    "change",
    [
        {"form": "zip"},
        {"first": -1},
        {"first": 5},
        {"last": 5},
        {"size": 1000},
        {"root": None},
        {"with_payloads": "no"},
        {"more": 1},
        {"actor": "bob"},
    ],
)
def test_no_export(acting: Acting, change: dict[str, Json]) -> None:
    """What cannot be an export of this log is not recorded as one."""
    with pytest.raises(Refused, match="no export"):
        acting.do(control.export_of({**TILES, **change}))
    assert not list(acting.log.records(types={"export"}))


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"act": "stop"},
        {"act": "rotate-key", "force": True},
        {"act": "prune", "rule": {"name": "bodies"}},
        {"act": "prune", "rule": "bodies", "reason": None},
        {"act": "prune", "rule": {}, "reason": None, "dry_run": True},
        {"act": "export", "what": []},
        {"act": "export", "what": {}, "seq": 1},
    ],
)
def test_no_such_act(acting: Acting, asked: Json) -> None:
    """Whatever is not exactly one of the acts is refused, and nothing is done."""
    size = acting.log.size
    with pytest.raises(Refused, match="no such act"):
        acting.do(asked)
    assert acting.log.size == size


def test_a_log_that_has_stopped(acting: Acting) -> None:
    """Nothing can be done to it, and that is said."""
    acting.log.close()
    for asked in (control.prune_by(BODIES, None), control.ROTATE_KEY, control.export_of(TILES)):
        with pytest.raises(EvidenceUnavailable, match="closed"):
            acting.do(asked)


def test_os_user() -> None:
    """By name where there is one, always with the number."""
    assert control.os_user(0) == "root (uid 0)"
    assert control.os_user(2**31 - 7) == "uid 2147483641"
    assert str(os.geteuid()) in control.os_user(os.geteuid())


def test_the_key_of_masked_values_is_erased(acting: Acting) -> None:
    """The record says who and why; the log has another key at once, and who masks by it is told."""
    told: list[bytes] = []
    acting.control = Control(acting.log, [], acting._needed, acting.clock, lambda: told.append(acting.log.values_key))
    before = acting.log.values_key
    assert acting.do(control.erase_values_key("GDPR")) == {"erased": "values.key"}
    assert told == [acting.log.values_key] != [before]
    assert last(acting.log, "key_erasure") == {"key": "values.key", "actor": "ana (uid 1000)", "reason": "GDPR"}
    assert verify(acting.places.database, acting.log.vkey).ok
