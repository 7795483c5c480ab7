"""Every approval that is still known, restored from its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from countersign import limits
from countersign.approvals.approval import begin
from countersign.approvals.errors import UnknownApproval
from countersign.approvals.projection import Projection
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent
from countersign.strict_json import Json

type MakeEvent = Callable[..., ApprovalEvent]
type MakeRequest = Callable[..., ApprovalRequest]


@pytest.fixture
def asked(a_request: MakeRequest, an_event: MakeEvent) -> Callable[..., ApprovalEvent]:
    """Makes the event that starts approval `a-<number>`."""

    def make(number: int, kind: str = "requested", **changed: Any) -> ApprovalEvent:
        data: Any = a_request(number, **changed).as_json()
        return an_event(kind, approval=f"a-{number}", **data)

    return make


def test_every_kind_of_event_is_restored(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """Each approval is where its events lead, live ones and unreviewed ones are found as such, and the rest by id."""
    ways = {
        1: [],
        2: ["approved"],
        3: ["denied"],
        4: ["withdrawn"],
        5: ["approved", "revoked"],
        6: ["expired"],
        7: ["approved", "void"],
        8: ["approved", "used"],
    }
    events = [asked(number) for number in ways]
    events += [an_event(kind, approval=f"a-{number}") for number, kinds in ways.items() for kind in kinds]
    events += [asked(9, "break-glass"), asked(10, "break-glass"), an_event("reviewed", approval="a-10")]
    known = Projection(events)
    assert [approval.request.id for approval in known.live()] == ["a-1", "a-2"]
    assert [approval.request.id for approval in known.unreviewed()] == ["a-9"]
    for number, kinds in ways.items():
        assert known.get(f"a-{number}").state == (kinds[-1] if kinds else "pending")
    assert known.get("a-10").state == "reviewed"
    assert [known.is_live(f"a-{number}") for number in (1, 2, 3, 9, 99)] == [True, True, False, False, False]


def test_it_is_found_by_what_it_is_for(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """While it is live; what broke the glass for the same request is not it, and its review does not end it."""
    live = Projection([asked(1), asked(2, "break-glass", fingerprint="fingerprint-1")])
    found = live.live_for("fingerprint-1")
    assert found is not None
    assert found.request.id == "a-1"
    live.keep(live.after(an_event("reviewed", approval="a-2")))
    assert live.live_for("fingerprint-1") == found
    live.keep(live.after(an_event("denied")))
    assert live.live_for("fingerprint-1") is None
    assert live.live_for("fingerprint-2") is None


def test_the_history_of_a_subject_is_found(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """Of that connection and that subject, live or ended; the service as a whole is no subject of another name."""
    known = Projection(
        [
            asked(1),
            asked(2, subject=None),
            asked(3, connection="test"),
            asked(4, "break-glass"),
            an_event("denied"),
        ]
    )
    assert [approval.request.id for approval in known.about("prod", "orders-value")] == ["a-1", "a-4"]
    assert [approval.request.id for approval in known.about("prod", None)] == ["a-2"]
    assert known.about("prod", "None") == ()


def test_looking_ahead_keeps_nothing(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """What an approval would be is not what it is, until it is kept."""
    known = Projection([asked(1)])
    ahead = known.after(an_event("approved"))
    assert (ahead.state, known.get("a-1").state) == ("approved", "pending")
    known.keep(ahead)
    assert known.get("a-1") == ahead


@pytest.mark.parametrize(
    ("late", "then", "state"),
    [
        (["approved"], ["denied"], "void"),  # told that approving failed, the approver thought again
        (["approved"], ["approved"], "void"),
        (["denied"], ["approved", "used"], "denied"),  # never both
        (["approved", "revoked"], ["used"], "revoked"),
        (["approved", "withdrawn"], ["expired"], "withdrawn"),
        (["approved", "used"], ["used"], "used"),  # once is once
        (["approved", "used"], ["revoked"], "used"),
        (["approved"], ["used"], "used"),  # the twin: nothing contradicts anything
    ],
)
def test_contradicting_records_grant_nothing(late: list[str], then: list[str], state: str, an_event: MakeEvent) -> None:
    """A step that was told to have failed may be durable after all: the restart starts, and trusts no such approval."""
    known = Projection(an_event(kind) for kind in ("requested", *late, *then))
    assert known.get("a-1").state == state
    assert known.live() == ()


@pytest.mark.parametrize("then", ["reviewed", "used", "withdrawn", "expired"])
def test_a_review_that_is_contradicted_stays_what_it_was(then: str, an_event: MakeEvent) -> None:
    """Nothing of a break-glass change can be granted; it stays reviewed, or open for review."""
    reviewed = Projection([an_event("break-glass"), an_event("reviewed"), an_event(then)])
    assert reviewed.get("a-1").state == "reviewed"
    if then != "reviewed":
        assert Projection([an_event("break-glass"), an_event(then)]).get("a-1").state == "unreviewed"


def test_a_request_that_was_asked_twice_is_one(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """Told that asking failed, a client asked again: the approval that nobody knew of can be signed by nobody."""
    known = Projection([asked(1), asked(2, fingerprint="fingerprint-1"), asked(3)])
    assert [approval.request.id for approval in known.live()] == ["a-2", "a-3"]
    assert known.get("a-1").state == "void"
    assert "contradict" in known.get("a-1").why
    ended = Projection([asked(1), an_event("denied"), asked(2, fingerprint="fingerprint-1")])
    assert ended.get("a-1").state == "denied"


def test_the_newest_ends_are_kept_for_those_who_ask(
    asked: Callable[..., ApprovalEvent], an_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended first is forgotten first; live ones and those to be reviewed never are."""
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVALS_KEPT", 2)
    events = [asked(number) for number in (1, 2, 3, 4)] + [asked(5, "break-glass")]
    known = Projection([*events, *(an_event("void", approval=f"a-{number}") for number in (2, 3, 1))])
    with pytest.raises(UnknownApproval, match="a-2"):
        known.get("a-2")
    assert [known.get(f"a-{number}").state for number in (3, 1, 4, 5)] == ["void", "void", "pending", "unreviewed"]


def test_large_ends_are_forgotten_before_they_fill_the_memory(
    asked: Callable[..., ApprovalEvent], an_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what they take together; the last one is there even where it is too large alone."""
    large: dict[str, Json] = {"title": "x" * 5000}
    ended = [an_event("void", approval=f"a-{number}") for number in (1, 2, 3)]
    events = [*(asked(number, after=large) for number in (1, 2, 3)), *ended]
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVAL_BYTES", 15_000)
    assert [a.request.id for a in Projection(events).about("prod", "orders-value")] == ["a-2", "a-3"]
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVAL_BYTES", 1)
    assert [a.request.id for a in Projection(events).about("prod", "orders-value")] == ["a-3"]


def test_what_is_live_is_weighed(asked: Callable[..., ApprovalEvent], an_event: MakeEvent) -> None:
    """Of all, and of one caller; what has ended weighs nothing."""
    known = Projection([asked(1), asked(2), asked(3), an_event("void", approval="a-3")])
    (one, _) = known.live()
    assert known.live_bytes() == 2 * one.request.size()
    assert known.live_bytes(one.request.asked_by) == known.live_bytes()
    assert known.live_bytes(("https://idp.example", "another")) == 0


@pytest.mark.parametrize("late", ["expired", "approved", "used", "requested"])
def test_contradicting_records_of_one_long_forgotten_stop_no_start(
    late: str, asked: Callable[..., ApprovalEvent], an_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denial that was told to have failed, many ends of others, and then what was done to it instead."""
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVALS_KEPT", 1)
    events = [asked(1), asked(2), an_event("denied"), an_event("denied", approval="a-2"), an_event(late)]
    known = Projection(events)
    assert known.live() == ()
    assert known.get("a-2").state == "denied"


def test_a_log_that_cannot_be_is_refused(an_event: MakeEvent) -> None:
    """A step of an approval that nobody ever asked for is of no log of ours."""
    with pytest.raises(ValueError, match="starts with `requested`"):
        Projection([an_event("used")])
    assert Projection([an_event("requested")]).get("a-1") == begin(an_event("requested"))
