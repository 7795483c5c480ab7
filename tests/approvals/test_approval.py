"""The state of one approval: a pure projection of its events."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.approvals.approval import FINAL, Approval, State, advance, begin
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent, EventKind

type MakeEvent = Callable[..., ApprovalEvent]
type MakeApproval = Callable[..., Approval]

KINDS = get_args(EventKind)
SECOND = 1_000_000
START = 1_700_000_000 * SECOND

#: The design's way of an approval, written a second time (quorum 1).
WAY: dict[tuple[str, str], State] = {
    ("pending", "approved"): "approved",
    ("pending", "denied"): "denied",
    ("pending", "expired"): "expired",
    ("pending", "void"): "void",
    ("approved", "expired"): "expired",
    ("approved", "void"): "void",
    ("approved", "used"): "used",
}


def lead_to(state: str, an_event: MakeEvent) -> list[ApprovalEvent]:
    """Events that lead to `state`."""
    if state == "pending":
        return []
    return [an_event("approved"), an_event("used")] if state == "used" else [an_event(state)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", get_args(State))
def test_only_the_designed_steps_are_possible(
    state: str, kind: str, an_event: MakeEvent, an_approval: MakeApproval
) -> None:
    """Every pair of state and event either leads where the design says or is an error that names both."""
    approval = an_approval(*lead_to(state, an_event))
    assert approval.state == state
    event = an_event(kind)
    if (state, kind) in WAY:
        assert advance(approval, event).state == WAY[state, kind]
    else:
        with pytest.raises(ValueError, match=f"'{kind}' cannot follow '{state}'"):
            advance(approval, event)
    assert approval.state == state


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "requested"])
def test_an_approval_starts_by_being_requested(kind: str, an_event: MakeEvent) -> None:
    """Nothing is approved (or ended) that nobody asked for."""
    with pytest.raises(ValueError, match="starts with `requested`"):
        begin(an_event(kind))
    assert begin(an_event("requested")).state == "pending"


def test_a_new_approval_waits_for_all_of_its_quorum(an_approval: MakeApproval) -> None:
    """Pending, nobody has signed, and its deadline is the request's."""
    approval = an_approval(quorum=3)
    assert (approval.state, approval.missing, approval.signatures) == ("pending", 3, ())
    assert approval.deadline == approval.request.expires_at
    assert approval.is_live


def test_the_last_missing_person_makes_it_approved(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Two of two people: pending with one missing, then approved; the grant runs from the last signature."""
    first = an_event("approved", person="bob", at=START + 1)
    second = an_event("approved", person="carol", at=START + 5 * SECOND)
    half = an_approval(first, quorum=2)
    assert (half.state, half.missing, half.grant_until) == ("pending", 1, 0)
    whole = an_approval(first, second, quorum=2)
    assert (whole.state, whole.missing) == ("approved", 0)
    assert whole.deadline == whole.grant_until == START + 605 * SECOND
    assert [signature.person for signature in whole.signatures] == ["bob", "carol"]


def test_one_person_counts_once(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """The same name twice is one of two; another name makes two."""
    twice = an_approval(an_event("approved", person="bob"), an_event("approved", person="bob"), quorum=2)
    assert (twice.state, twice.missing) == ("pending", 1)
    assert advance(twice, an_event("approved", person="carol")).state == "approved"


def test_one_denial_ends_it_whatever_the_quorum(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """One no outweighs the yes before it, and its reason is why."""
    approval = an_approval(
        an_event("approved", person="bob"), an_event("denied", person="carol", reason="not now"), quorum=3
    )
    assert (approval.state, approval.why, approval.missing) == ("denied", "not now", 0)
    assert [signature.verdict for signature in approval.signatures] == ["approve", "deny"]
    assert not approval.is_live


@pytest.mark.parametrize("kind", ["expired", "void"])
def test_an_end_keeps_why(kind: str, an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Who asks what became of theirs is told."""
    approval = an_approval(an_event(kind, why="the schema has changed"))
    assert (approval.why, approval.is_live) == ("the schema has changed", False)


def test_a_signature_shows_no_token_to_people(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """The JSON of a signature has who, what, why and when; the token's claims stay in the evidence."""
    (signature,) = an_approval(an_event("approved", person="bob", at=START + 7, reason="ok")).signatures
    assert signature.as_json() == {"person": "bob", "verdict": "approve", "reason": "ok", "at": START + 7}
    assert signature.signer == {"iss": "https://idp.example", "sub": "bob"}


@given(
    quorum=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["bob", "carol", "dan"])), max_size=8),
)
def test_the_same_events_always_give_the_same_state(
    quorum: int,
    steps: list[tuple[str, str]],
    a_request: Callable[..., ApprovalRequest],
    an_event: MakeEvent,
) -> None:
    """Projected twice: equal, inputs untouched; approved only by enough people, and nothing follows a final state."""

    def project(events: list[ApprovalEvent]) -> list[Approval]:
        states = [begin(events[0])]
        for event in events[1:]:
            try:
                states.append(advance(states[-1], event))
            except ValueError:
                states.append(states[-1])
        return states

    data: Any = a_request(quorum=quorum).as_json()
    events = [an_event("requested", **data), *(an_event(kind, person=person) for kind, person in steps)]
    kept = copy.deepcopy(events)
    states = project(events)
    assert project(kept) == states
    assert events == kept
    for before, after in pairwise(states):
        if before.state in FINAL:
            assert after == before
        if after.state in ("approved", "used"):
            assert len({one.person for one in after.signatures if one.verdict == "approve"}) >= quorum
            assert not any(one.verdict == "deny" for one in after.signatures)
        if after.state == "used" != before.state:
            assert before.state == "approved"
