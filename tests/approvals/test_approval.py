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
from countersign.rulebook.values import Requirement

type MakeEvent = Callable[..., ApprovalEvent]
type MakeApproval = Callable[..., Approval]

KINDS = get_args(EventKind)
SECOND = 1_000_000
START = 1_700_000_000 * SECOND

#: The design's way of an approval, written a second time (quorum 1).
WAY: dict[tuple[str, str], State] = {
    ("pending", "approved"): "approved",
    ("pending", "denied"): "denied",
    ("pending", "withdrawn"): "withdrawn",
    ("pending", "revoked"): "revoked",
    ("pending", "expired"): "expired",
    ("pending", "void"): "void",
    ("approved", "withdrawn"): "withdrawn",
    ("approved", "revoked"): "revoked",
    ("approved", "expired"): "expired",
    ("approved", "void"): "void",
    ("approved", "used"): "used",
    ("unreviewed", "reviewed"): "reviewed",
}

#: How each state is reached that its own event alone does not lead to.
BEFORE: dict[str, list[str]] = {"used": ["approved"]}


def led_to(state: str, an_event: MakeEvent, an_approval: MakeApproval) -> Approval:
    """An approval in `state`."""
    begins = "break-glass" if state in ("unreviewed", "reviewed") else "requested"
    kinds = [] if state in ("pending", "unreviewed") else [*BEFORE.get(state, []), state]
    return an_approval(*map(an_event, kinds), begins=begins)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", get_args(State))
def test_only_the_designed_steps_are_possible(
    state: str, kind: str, an_event: MakeEvent, an_approval: MakeApproval
) -> None:
    """Every pair of state and event either leads where the design says or is an error that names both."""
    approval = led_to(state, an_event, an_approval)
    assert approval.state == state
    event = an_event(kind)
    if (state, kind) in WAY:
        assert advance(approval, event).state == WAY[state, kind]
    else:
        with pytest.raises(ValueError, match=f"'{kind}' cannot follow '{state}'"):
            advance(approval, event)
    assert approval.state == state


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("requested", "break-glass")])
def test_an_approval_starts_by_being_requested(kind: str, an_event: MakeEvent) -> None:
    """Nothing is approved (or ended, or reviewed) that nobody asked for."""
    with pytest.raises(ValueError, match="starts with `requested` or `break-glass`"):
        begin(an_event(kind))
    assert begin(an_event("requested")).state == "pending"


def test_what_broke_the_glass_waits_for_its_review_only(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """It is neither live nor over: nobody can join, use, expire or withdraw it, and a review is missing."""
    approval = an_approval(begins="break-glass")
    assert (approval.state, approval.is_live, approval.missing) == ("unreviewed", False, 1)
    assert approval.broke_the_glass
    assert approval.state not in FINAL
    reviewed = advance(approval, an_event("reviewed", reason="it was an emergency"))
    assert (reviewed.state, reviewed.missing, reviewed.why) == ("reviewed", 0, "it was an emergency")
    assert reviewed.broke_the_glass
    assert not an_approval(an_event("approved"), an_event("used")).broke_the_glass


def test_a_review_is_complete_when_enough_people_accepted(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Two reviewers are asked for: one accepts, and it stays open; bob twice is one; carol completes it."""
    accepts = [an_event("reviewed", person=person) for person in ("bob", "bob", "carol")]
    states = [an_approval(*accepts[:number], begins="break-glass", quorum=2) for number in range(4)]
    assert [approval.state for approval in states] == ["unreviewed", "unreviewed", "unreviewed", "reviewed"]
    assert [approval.missing for approval in states] == [2, 1, 1, 0]


@pytest.mark.parametrize("verdict", ["object", "something else"])
def test_one_objection_ends_a_review(verdict: str, an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Whatever is not an acceptance is an objection, and no second person is waited for."""
    approval = an_approval(an_event("reviewed", verdict=verdict, reason="no"), begins="break-glass", quorum=2)
    assert (approval.state, approval.why) == ("reviewed", "no")
    assert [signature.verdict for signature in approval.signatures] == ["object"]


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


def test_any_alternative_is_enough_and_none_in_part(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Two owners, or a lead and an officer: an owner and a lead are neither; the officer then completes the second."""
    alternatives = (
        (Requirement(2, ("group:owners",)),),
        (Requirement(1, ("group:leads",)), Requirement(1, ("group:officers",))),
    )
    owner = an_event("approved", person="bob", signed_as=["group:owners"])
    lead = an_event("approved", person="carol", signed_as=["group:leads"])
    mixed = an_approval(owner, lead, alternatives=alternatives)
    assert (mixed.state, mixed.missing) == ("pending", 1)
    for last in ("group:owners", "group:officers"):
        assert advance(mixed, an_event("approved", person="dan", signed_as=[last])).state == "approved"
    assert advance(mixed, an_event("approved", person="dan", signed_as=["group:leads"])).state == "pending"


def test_a_signature_from_before_0_2_counts_for_its_one_requirement(
    an_event: MakeEvent, an_approval: MakeApproval
) -> None:
    """Old records do not say as what somebody signed: there was one requirement only, and they had met it."""
    old = an_event("approved")
    del old.data["signed_as"]
    assert an_approval(old).state == "approved"
    assert an_approval(old, quorum=2).missing == 1
    assert an_approval(an_event("approved", signed_as=["group:strangers"])).state == "pending"


def test_one_denial_ends_it_whatever_the_quorum(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """One no outweighs the yes before it, and its reason is why."""
    approval = an_approval(
        an_event("approved", person="bob"), an_event("denied", person="carol", reason="not now"), quorum=3
    )
    assert (approval.state, approval.why, approval.missing) == ("denied", "not now", 0)
    assert [signature.verdict for signature in approval.signatures] == ["approve", "deny"]
    assert not approval.is_live


@pytest.mark.parametrize("signed", [[], ["approved"]])
@pytest.mark.parametrize("kind", ["withdrawn", "revoked"])
def test_what_is_taken_back_says_by_whom(
    kind: str, signed: list[str], an_event: MakeEvent, an_approval: MakeApproval
) -> None:
    """The person, and the reason where there is one; pending or granted; it is nobody's signature."""
    before = an_approval(*map(an_event, signed))
    assert advance(before, an_event(kind, person="dan", reason="wrong branch")).why == "by dan: wrong branch"
    ended = advance(before, an_event(kind, person="dan", reason=""))
    assert (ended.state, ended.why, ended.is_live, ended.missing) == (kind, "by dan", False, 0)
    assert ended.signatures == before.signatures


@pytest.mark.parametrize("kind", ["expired", "void"])
def test_an_end_keeps_why(kind: str, an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """Who asks what became of theirs is told."""
    approval = an_approval(an_event(kind, why="the schema has changed"))
    assert (approval.why, approval.is_live) == ("the schema has changed", False)


def test_a_signature_shows_no_token_to_people(an_event: MakeEvent, an_approval: MakeApproval) -> None:
    """The JSON of a signature has who, what, why and when; the token's claims stay in the evidence."""
    (signature,) = an_approval(an_event("approved", person="bob", at=START + 7, reason="ok")).signatures
    shown = {"person": "bob", "verdict": "approve", "reason": "ok", "at": START + 7, "signed_as": ["group:leads"]}
    assert signature.as_json() == shown
    assert signature.signer == {"iss": "https://idp.example", "sub": "bob"}


@given(
    quorum=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["bob", "carol", "dan"])), max_size=8),
    begins=st.sampled_from(["requested", "break-glass"]),
)
def test_the_same_events_always_give_the_same_state(
    quorum: int,
    steps: list[tuple[str, str]],
    begins: str,
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
    events = [an_event(begins, **data), *(an_event(kind, person=person) for kind, person in steps)]
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
        assert after.broke_the_glass == (begins == "break-glass")
        if after.state == "reviewed" and after.signatures[-1].verdict == "accept":
            assert len({one.person for one in after.signatures}) >= quorum
