"""What is told of each step: everything a person needs to know, and nothing that is behind the log-in."""

from __future__ import annotations

import re
from datetime import datetime
from typing import get_args

import pytest

from countersign import limits
from countersign.approvals.store import EventKind
from countersign.notifications.news import NOTABLE, News, news_of
from countersign.rulebook.values import Requirement
from countersign.strict_json import dumps
from tests.notifications.values import HOSTILE, PLANTED, URL, news, story

#: The steps that lead to each kind of news, the type of it, and what it counts as.
_STEPS: dict[str, tuple[tuple[EventKind, ...], str]] = {
    "approval.requested": ((), "requested"),
    "approval.approved": (("approved",), "decided"),
    "approval.denied": (("denied",), "decided"),
    "approval.withdrawn": (("withdrawn",), "decided"),
    "approval.revoked": (("approved", "revoked"), "decided"),
    "approval.void": (("void",), "decided"),
    "approval.expired": (("expired",), "expired"),
}


@pytest.mark.parametrize("kind", _STEPS)
def test_every_step_is_told_as_what_it_is(kind: str) -> None:
    """Its type, what it counts as, and the summary, the link and the requester each time."""
    steps, notable = _STEPS[kind]
    told = news(*steps)
    assert (told.type, told.notable) == (kind, notable)
    assert "- `taxId` becomes required" in told.lines
    assert told.lines[-1].endswith(f": {URL}")
    assert any(line.startswith("Asked for by: ann") for line in told.lines)


def test_a_break_glass_and_its_review_are_told() -> None:
    """First that somebody must look, with the justification; then who did, and what they said."""
    broke = news(first="break-glass", justification="orders stand still")
    assert (broke.type, broke.notable) == ("approval.break_glass", "break-glass")
    assert "They say: orders stand still" in broke.lines
    assert "Needs: 1 person of the group leads (1 missing)" in broke.lines
    reviewed = news("reviewed", first="break-glass")
    assert (reviewed.type, reviewed.notable) == ("approval.reviewed", "break-glass")
    assert "bob1 reviewed and objected: looks fine" in reviewed.lines


def test_one_of_two_signatures_is_told_as_a_signature() -> None:
    """A program that waits for `approval.approved` does not take it for done; people read who is still missing."""
    partly, wholly = news("approved", quorum=2), news("approved", "approved", quorum=2)
    assert (partly.type, partly.notable) == ("approval.signed", "decided")
    assert partly.title.startswith("Signed, 1 still missing: ")
    assert "Needs: 2 people of the group leads (1 missing)" in partly.lines
    assert wholly.type == "approval.approved"
    assert not any(line.startswith("Needs:") for line in wholly.lines)


def test_alternatives_are_told_as_such() -> None:
    """Any one of them, and of that one all."""
    needs = ((Requirement(1, ("group:leads",)), Requirement(1, ("group:dba",))), (Requirement(2, ("person:eve",)),))
    (line,) = [line for line in news(alternatives=needs).lines if line.startswith("Needs:")]
    assert line == (
        "Needs: 1 person of the group leads (1 missing) and 1 person of the group dba (1 missing)"
        " or 2 of eve (2 missing)"
    )


def test_every_kind_of_step_is_told_but_one() -> None:
    """Of its use nobody hears: the decision was told already."""
    assert set(get_args(EventKind.__value__ if hasattr(EventKind, "__value__") else EventKind)) - set(NOTABLE) == {
        "used"
    }
    with pytest.raises(KeyError):
        news_of(*story("approved", "used"), URL)


def test_five_hundred_changes_are_complete() -> None:
    """Each line of the summary, in order, for people and for programs."""
    summary = tuple(f"`property{number}` becomes required" for number in range(500))
    told = news(summary=summary)
    assert [line for line in told.lines if line.startswith("- ")] == [f"- {line}" for line in summary]
    assert told.document["data"]["summary"] == [*summary]  # type: ignore[index,call-overload]


@pytest.mark.parametrize("steps", [(), ("approved",), ("denied",)])
def test_documents_and_messages_are_never_told(steps: tuple[EventKind, ...]) -> None:
    """Neither schema, no change's values, no counterexample, no request; the approval has them all."""
    event, approval = story(*steps)
    held = dumps(approval.request.as_json()).decode()
    assert all(secret in held for secret in PLANTED)
    told = news_of(event, approval, URL)
    everything = told.title + told.text + dumps(told.document).decode()
    assert not [secret for secret in (*PLANTED, "fingerprint") if secret in everything]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless_wherever_it_stands(name: str) -> None:
    """Of all that others wrote; each on its own line, and programs get it without what cannot be seen."""
    hostile = HOSTILE[name]
    told = news(
        *("approved",),
        subject=hostile,
        connection=hostile,
        operation=hostile,
        caller_people=(hostile,),
        rule=hostile,
        why=hostile,
        summary=(hostile, hostile),
        justification=hostile,
        quorum=2,
        approvers=("group:leads", hostile),
    )
    *lines, link = told.lines
    assert link == f"Look and decide: {URL}"
    for line in (told.title, *lines):
        assert line.isprintable()
        assert not re.search(r"[@\uff20<>]|\][(\[:]|://|www\.", line)
    assert len(lines) == len(news("approved", quorum=2, justification="x", summary=("a", "b")).lines) - 1
    assert dumps(told.document).decode().isprintable()


def test_names_of_10000_characters_are_whole_in_the_text_and_short_in_the_title() -> None:
    """A title is a subject line; the text cuts nothing."""
    name = "x" * 10_000
    told = news(subject=name, summary=(f"`{name}` becomes required",))
    assert f"register of {name} at prod" in told.lines[0]
    assert f"- `{name}` becomes required" in told.lines
    assert len(told.title) < limits.MAX_LABEL_PART_CHARACTERS + 50
    assert news().title == "Approval needed: register of orders-value at prod"


def test_a_service_as_a_whole_has_no_subject() -> None:
    """Settings of everybody are said to be so."""
    told = news(subject=None, effect="settings")
    assert "settings of the service as a whole at prod" in told.title
    assert told.document["data"]["subject"] is None  # type: ignore[index,call-overload]


def test_the_document_has_the_members_of_standard_webhooks() -> None:
    """`type`, `timestamp` and `data`; an id that is this step's alone and holds no full stop."""
    at = 1_700_000_000_000_123
    told = news("approved", at=at)
    assert told.document["type"] == "approval.approved"
    assert told.document["timestamp"] == "2023-11-14T22:13:20.000124Z"
    assert datetime.fromisoformat(str(told.document["timestamp"])).timestamp() == pytest.approx(at / 1e6, abs=1e-5)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", told.id)
    assert told.id != news(at=at).id
    assert told.id == news("approved", at=at).id
    assert re.fullmatch(r"[A-Za-z0-9_.]+", news(first="break-glass").type)
    data = told.document["data"]
    assert isinstance(data, dict)
    documented = re.findall(r"\w+", str(News.document.__doc__))
    assert not [name for name in (*data, "level", "person", "verdict", "reason", "at") if name not in documented]
    assert data["signatures"] == [
        {"person": "bob1", "verdict": "approve", "reason": "looks fine", "at": "2023-11-14T22:13:20.000124Z"}
    ]
    assert (data["state"], data["missing"], data["url"], data["approval"]) == ("approved", 0, URL, "a1")


def test_its_size_is_that_of_its_lines() -> None:
    """So that a queue can be bounded."""
    told = news(summary=("x" * 100_000,))
    assert 100_000 < told.characters < 101_000
