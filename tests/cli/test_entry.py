"""One approval of a list, as a value and in words."""

from __future__ import annotations

from typing import Any

import pytest

from countersign.cli.console_client import Unreachable
from countersign.cli.entry import Entry, entry_text, outcome, whole_text
from countersign.rulebook.values import Requirement
from tests.cli.listed import NOW, document, entry, whole

TWO_PARTS = (
    (Requirement(2, ("group:leads",)), Requirement(1, ("group:stewards",))),
    (Requirement(1, ("person:cto",)),),
)


def test_it_holds_visible_text_only() -> None:
    """What others wrote is made visible before anything is done with it."""
    hostile = entry(subject="\x1b[2Jgone", caller_people=("\u202eecila",), summary=("\x07",), justification="\x00")
    assert hostile.what == 'register of "\\u001b[2Jgone"'
    assert (hostile.who, hostile.summary, hostile.justification) == ("\\u202eecila", ("\\u0007",), "\\u0000")


@pytest.mark.parametrize(
    "change",
    [{"id": "../approvals"}, {"id": 7}, {"subject": 7, "effect": None, "summary": 7}, {"risk": {}}, {"you_may": None}],
)
def test_what_no_console_would_say_is_no_entry(change: dict[str, Any]) -> None:
    """A wrong address must not look like an approval, and an id must fit into a path."""
    with pytest.raises(Unreachable):
        Entry.of(document() | change)
    assert Entry.of(document()).id == document()["id"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (3 * 86400, "3 d")]
)
def test_waiting_is_told_in_its_largest_unit(seconds: int, said: str) -> None:
    """Clocks that disagree make nobody wait for a negative time."""
    assert entry().waited(NOW + seconds) == said


@pytest.mark.parametrize(
    ("state", "standing"),
    [("pending", "1 missing"), ("approved", "granted"), ("unreviewed", "to review"), ("denied", "denied")],
)
def test_where_it_stands(state: str, standing: str) -> None:
    """A word or two for each state."""
    assert entry(state=state).standing == standing


def test_an_end_says_by_whom_and_why() -> None:
    """As far as the console told it; what is open stands as before."""
    carol = {"person": "carol", "verdict": "deny", "reason": "", "at": 1, "signed_as": []}

    def ending(state: str, why: str, *people: str) -> str:
        signatures = [carol | {"person": person} for person in people]
        return Entry.of(document(state=state) | {"why_ended": why, "signatures": signatures}).ending

    assert ending("denied", "not now", "bob", "carol") == "denied by carol: not now"
    assert ending("denied", "", "carol") == "denied by carol"
    assert ending("used", "", "bob", "carol") == "approved by bob, carol, and let through"
    assert ending("reviewed", "it had to be", "carol") == "reviewed by carol: it had to be"
    assert ending("withdrawn", "by alice: wrong branch") == "withdrawn by alice: wrong branch"
    assert ending("expired", "nobody decided in time") == "expired: nobody decided in time"
    assert ending("expired", "") == "expired"
    assert (ending("pending", ""), entry().gone().ending) == ("1 missing", "ended")


def test_what_is_gone_can_only_be_looked_at() -> None:
    """How it ended is kept where it is known."""
    assert (entry().gone().state, entry().gone().you_may) == ("ended", ())
    assert entry(state="denied").gone().state == "denied"
    assert entry().you_may == ("approve", "deny")


def test_a_list_entry_says_who_what_where_and_what_is_missing() -> None:
    """Risk, waiting time, each part that is missing, and what the viewer may do, with what needs a reason."""
    text = entry_text(entry(alternatives=TWO_PARTS, reason=("deny",), justification="INC-7"), NOW + 7300)
    for part in (
        "high risk, waits 2 h, 1 missing",
        'register of "customer-value" at registry, asked for by alice',
        "still needs 2 people of the group leads (2 missing) and 1 person of the group stewards (1 missing), or cto (1 missing)",
        "you may: approve, deny (with a reason)",
        "they say: INC-7",
        "* taxId becomes required",
    ):
        assert part in text


def test_broken_glass_is_said_loudly() -> None:
    """It passed already; that must not look like a change that waits."""
    assert "BREAK-GLASS" in entry_text(entry(state="unreviewed"), NOW)
    assert "BREAK-GLASS" not in entry_text(entry(), NOW)


@pytest.mark.parametrize(
    ("state", "action", "said"),
    [
        ("pending", "approve", "1 more needed from other people: 1 person of the group stewards"),
        ("approved", "approve", "Approved: the request can pass now, once"),
        ("denied", "deny", "the approval is denied."),
        ("withdrawn", "withdraw", "the approval is withdrawn."),
        ("reviewed", "object", "the change is reviewed and objected to."),
    ],
)
def test_the_outcome_says_what_is_still_missing(state: str, action: str, said: str) -> None:
    """After a step people know whether it is done."""
    assert said in outcome(entry(state=state), action)


def test_the_whole_is_the_approval_s_text() -> None:
    """All of it; and what is no approval is said to be none."""
    assert '"maximum": 120' in whole_text(whole())
    with pytest.raises(Unreachable):
        whole_text(document())
