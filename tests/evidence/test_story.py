"""What the records of a log say to each other."""

from __future__ import annotations

import pytest

from countersign.evidence import Entry
from countersign.evidence.epochs import KeyChain
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.story import Story
from countersign.strict_json import Json
from tests.evidence import logs
from tests.evidence.growth import signer

SECOND_US = 1_000_000
GENESIS = Entry("genesis", None, {"vkey": signer(1).verifier.vkey()})
START = Entry("start", None, {})
UNKNOWN = Entry("outcome_unknown", "x", {"reason": "gateway restarted"})


class Reading:
    """A story that was followed: each entry in a second of its own, from 0 on, where no time is given."""

    def __init__(self, *entries: Entry | tuple[int, Entry]) -> None:
        self.remarks: list[tuple[int, str]] = []
        self.left_open: list[int] = []
        self.keys = KeyChain([signer(1).verifier])
        self.story = Story(self.keys, lambda seq, what: self.remarks.append((seq, what)))
        for seq, told in enumerate((GENESIS, *entries)):
            seconds, entry = told if isinstance(told, tuple) else (seq, told)
            self.left_open += self.story.follow(logs.envelope(entry, seq, seconds * SECOND_US))

    @property
    def open_intents(self) -> list[str]:
        return list(self.story.open_intents)


@pytest.mark.parametrize(
    "closing_entry", [logs.outcome("x"), UNKNOWN, logs.decision("x", "deny")], ids=lambda entry: entry.type
)
def test_intent_must_be_closed_before_a_start(closing_entry: Entry) -> None:
    """An intent whose outcome is missing when the gateway starts again is named; closed in any way it is not."""
    assert Reading(logs.intent("x"), START).left_open == [1]
    closed = Reading(logs.intent("x"), closing_entry, START)
    assert (closed.left_open, closed.remarks) == ([], [])


def test_named_once() -> None:
    """The start after the next does not name it again."""
    assert Reading(logs.intent("x"), START, START).left_open == [1]


@pytest.mark.parametrize("other", [logs.decision("x", "allow"), logs.decision("x", "hold"), logs.outcome("y")])
def test_what_does_not_close_an_intent(other: Entry) -> None:
    """A decision to let it pass, or another exchange's outcome, does not close an intent."""
    assert Reading(logs.intent("x"), other).open_intents == ["x"]


@pytest.mark.parametrize(
    "entries",
    [
        [logs.intent("x"), logs.outcome("x"), logs.outcome("x")],
        [logs.outcome("x")],
        [logs.intent("x"), logs.intent("x"), logs.outcome("x")],
        [logs.intent("x"), logs.decision("x", "deny"), logs.outcome("x"), logs.outcome("x")],
        [logs.intent("x"), logs.decision("x", "deny"), START, logs.outcome("x")],
    ],
)
def test_odd_stories_are_remarked(entries: list[Entry]) -> None:
    """A second outcome, also after a denial, or a second intent is no tampering, but it is told."""
    assert len(Reading(*entries).remarks) == 1


@pytest.mark.parametrize(
    "entries",
    [
        [logs.intent("x"), logs.decision("x", "deny"), logs.outcome("x")],
        [logs.intent("x"), logs.outcome("x")],
        [logs.intent("x"), UNKNOWN, Entry("outcome_unknown", "x", {"reason": "read again", "observed": "applied"})],
    ],
)
def test_usual_stories_are_not(entries: list[Entry]) -> None:
    """A denial and what the client was told of it; an unknown outcome and what was observed later."""
    reading = Reading(*entries)
    assert reading.remarks == []
    assert reading.open_intents == []


def test_without_an_exchange() -> None:
    """An intent or an outcome that names no exchange cannot be followed: it is told."""
    nameless = [Entry("intent", None, {}), Entry("outcome", None, {}), Entry("decision", None, {"verdict": "deny"})]
    assert [seq for seq, _ in Reading(*nameless).remarks] == [1, 2]


def test_genesis() -> None:
    """A log begins with its genesis, with its key, and has one only."""
    Reading(START)
    with pytest.raises(EvidenceDamaged, match="begins with its genesis"):
        Reading(GENESIS)
    story = Story(KeyChain([signer(1).verifier]), lambda seq, what: None)
    with pytest.raises(EvidenceDamaged, match="begins with its genesis"):
        list(story.follow(logs.envelope(START, 0)))
    with pytest.raises(EvidenceDamaged, match="another key"):
        list(story.follow(logs.envelope(Entry("genesis", None, {"vkey": signer(2).verifier.vkey()}), 0)))
    list(story.follow(logs.envelope(GENESIS, 0)))


def test_key_rotation() -> None:
    """The next key is announced to those who check signatures."""
    reading = Reading(Entry("key_rotation", None, {"next": signer(2).verifier.vkey(), "epoch": 1}))
    reading.keys.advance(2)
    assert reading.keys.current == signer(2).verifier


def test_clock_went_back() -> None:
    """Times that go back are told; equal ones are those of one commit."""
    assert Reading((9, START), (9, START)).remarks == []
    assert Reading((9, START), (8, START)).remarks == [(2, "the clock went back")]


def started(**fields: Json) -> Entry:
    """A gateway starts that writes something every ten seconds at least."""
    return Entry("start", None, {"heartbeat_seconds": 10, **fields})


def test_silence() -> None:
    """A gateway that ran and wrote nothing for more than two heartbeats is told; one that was off, or in time, is not."""
    rules = Entry("rules", None, {})
    for silent in (rules, Entry("heartbeat", None, {}), logs.outcome("x"), Entry("stop", None, {})):
        assert any(seq == 2 and "21 seconds" in what for seq, what in Reading((0, started()), (21, silent)).remarks)
    assert Reading((0, started()), (20, rules)).remarks == []
    assert Reading((0, started()), (9, Entry("stop", None, {})), (999, started())).remarks == []
    assert Reading((0, started()), (999, started())).remarks == []
    assert Reading((0, started()), (1, logs.intent("x")), (999, UNKNOWN), (999, started())).remarks == []
    assert Reading((0, started()), (999, Entry("clock_step", None, {})), (1000, rules)).remarks == []
    assert Reading((0, START), (999, rules)).remarks == []


@pytest.mark.parametrize("beat", ["10", 10.5, None, True])
def test_a_heartbeat_that_is_no_number(beat: Json) -> None:
    """A start of another version says nothing about silence."""
    story = Story(KeyChain([signer(1).verifier]), lambda seq, what: pytest.fail(what))
    for seq, entry in enumerate([GENESIS, Entry("start", None, {}), Entry("rules", None, {})]):
        told = logs.envelope(entry, seq, seq * 1000 * SECOND_US)
        if entry.type == "start":
            told = type(told)(
                told.origin, seq, seq, "start", told.time_us, None, {"heartbeat_seconds": beat}, told.payloads
            )
        list(story.follow(told))


def test_anchor_files() -> None:
    """Each is known with the start since when it was named at every start."""
    assert Reading(START).story.anchor_files == {}
    reading = Reading(
        started(anchor_files=["a", "b"]),
        started(anchor_files=["b", "c"]),
        started(anchor_files=["c", "b", "a"]),
    )
    assert reading.story.anchor_files == {"c": 2, "b": 1, "a": 3}
    assert Reading(started(anchor_files=["a"]), START).story.anchor_files == {}


def test_an_anchor_that_is_given_up() -> None:
    """A start that does not name an anchor of the one before it is told: what comes after is vouched for by less."""
    reading = Reading(started(anchor_files=["a", "b"]), started(anchor_files=["b", "c"]), started(anchor_files=["b"]))
    assert [(seq, what.split()[-3]) for seq, what in reading.remarks] == [(2, "a"), (3, "c")]
    assert Reading(started(anchor_files=["a"]), started(anchor_files=["a"])).remarks == []


def test_a_witness_that_is_given_up() -> None:
    """The same of witnesses: one with another key is another one; what is no list of witnesses names none."""
    first: Json = {"name": "w.example/1", "key": "0a0b0c0d"}
    again: Json = {"name": "w.example/1", "key": "0a0b0c0e"}
    named: list[Json] = [[first], [first], [again, first], [again], ["w"], 7]
    reading = Reading(*(started(witnesses=each) for each in named))
    assert [(seq, what.split(" witness ")[1]) for seq, what in reading.remarks] == [
        (4, "w.example/1 (0a0b0c0d) any more"),
        (5, "w.example/1 (0a0b0c0e) any more"),
    ]
