"""Who may sign, take back, withdraw and review, and who may look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import pytest

from countersign import limits
from countersign.approvals.approval import Approval, State
from countersign.approvals.eligibility import ACTIONS, Action, Standing, may_see, needs_reason, possible, require
from countersign.approvals.errors import AlreadyDecided, NotEligible, ReasonNeeded, ReasonTooLong
from countersign.approvals.store import ApprovalEvent
from countersign.identity import Caller
from countersign.rulebook.values import Requirement

type MakeApprover = Callable[..., Caller]
type MakeApproval = Callable[..., Approval]
type MakeEvent = Callable[..., ApprovalEvent]

VERDICTS: tuple[Literal["approve", "deny"], ...] = ("approve", "deny")


#: What each step asks of the approval that it is taken on.
STATES: dict[Action, set[str]] = {
    "approve": {"pending"},
    "deny": {"pending"},
    "revoke": {"pending", "approved"},
    "withdraw": {"pending", "approved"},
    "accept": {"unreviewed"},
    "object": {"unreviewed"},
}


def signer_of(approval: Approval, signer: Caller, action: Action, reason: str) -> str:
    """The person who signs."""
    return require(approval, signer, action, reason).person


@pytest.fixture(params=VERDICTS)
def verdict(request: pytest.FixtureRequest) -> Literal["approve", "deny"]:
    """Both decisions ask the same of the one who makes them."""
    chosen: Literal["approve", "deny"] = request.param
    return chosen


def test_another_person_of_the_group_may_sign(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """bob of leads signs as bob, and as a lead."""
    assert require(an_approval(), an_approver("bob"), verdict, "") == Standing("bob", ("group:leads",))


def test_a_person_signs_as_all_that_they_are_and_the_request_names(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """Of any alternative, in the request's order; a group that it does not name is not kept."""
    alternatives = (
        (Requirement(1, ("group:owners",)), Requirement(1, ("person:carol", "group:owners"))),
        (Requirement(1, ("group:leads",)),),
    )
    carol = an_approver("carol", groups=["strangers", "leads", "owners"])
    standing = require(an_approval(alternatives=alternatives), carol, "approve", "")
    assert standing == Standing("carol", ("group:owners", "person:carol", "group:leads"))


def test_a_person_named_by_the_rule_needs_no_group(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """carol is an approver by name; dan without the group is not."""
    assert signer_of(an_approval(), an_approver("carol", groups=[]), "approve", "") == "carol"
    with pytest.raises(NotEligible, match="group:leads, person:carol"):
        signer_of(an_approval(), an_approver("dan", groups=[]), "approve", "")


def test_a_group_does_not_pass_for_a_person_nor_a_person_for_a_group(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """A group called carol, or a person called leads, is nobody to this rule; nor is a name with a prefix in it."""
    approval = an_approval()
    for signer in (
        an_approver("dan", groups=["carol"]),
        an_approver("leads", groups=[]),
        an_approver("dan", groups=["person:carol", "group:leads"]),
        an_approver("group:leads", groups=[]),
        an_approver("person:carol", groups=[]),
    ):
        with pytest.raises(NotEligible, match="not among the approvers"):
            signer_of(approval, signer, "approve", "")


def test_who_is_not_mapped_to_a_person_cannot_sign(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """No person behind the token: not independent of anybody, in whatever group."""
    with pytest.raises(NotEligible, match=r"not mapped to a person in identity\.yaml"):
        signer_of(an_approval(), an_approver(None), verdict, "")


def test_a_token_of_two_people_cannot_sign(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """A shared token does not say whose decision it is."""
    with pytest.raises(NotEligible, match="more than one person"):
        signer_of(an_approval(), an_approver("bob", people=["bob", "carol"]), "approve", "")
    assert signer_of(an_approval(), an_approver("bob", people=["bob"]), "approve", "") == "bob"


def test_a_token_of_what_a_person_started_cannot_sign(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """bob's pipeline does not decide in bob's name; bob's own token does."""
    own = an_approver("bob")
    with pytest.raises(NotEligible, match="sign with their own"):
        signer_of(an_approval(), replace(own, may_sign=False), verdict, "")
    assert signer_of(an_approval(), own, verdict, "") == "bob"


@pytest.mark.parametrize("spelling", ["Ann@Example.com", "ANN@EXAMPLE.COM", "\uff41nn@example.com"])
def test_two_spellings_of_a_name_are_one_person(
    spelling: str,
    verdict: Literal["approve", "deny"],
    an_approval: MakeApproval,
    an_approver: MakeApprover,
    an_event: MakeEvent,
) -> None:
    """One provider writes an address in small letters and another does not, or lets people choose: neither makes two
    people of one, to decide on their own request or to sign twice."""
    name = "ann@example.com"
    with pytest.raises(NotEligible, match="another person must decide"):
        signer_of(an_approval(caller_people=(name,)), an_approver(spelling), verdict, "")
    signed = an_approval(an_event("approved", person=name), quorum=2, caller_people=("zoe",))
    with pytest.raises(AlreadyDecided, match="has signed already"):
        signer_of(signed, an_approver(spelling), verdict, "")
    assert signer_of(signed, an_approver("anne@example.com"), verdict, "") == "anne@example.com"


def test_nobody_behind_the_request_can_decide_on_it(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """ann started the pipeline: with her own token, another issuer's, or as named approver she still cannot."""
    approval = an_approval(caller_people=("ann", "amy"), approvers=("group:leads", "person:ann"))
    for person in ("ann", "amy"):
        for issuer in ("https://idp.example", "https://other.example"):
            with pytest.raises(NotEligible, match="another person must decide"):
                signer_of(approval, an_approver(person, issuer=issuer), verdict, "")
    assert signer_of(approval, an_approver("bob"), verdict, "") == "bob"


def test_the_callers_own_token_cannot_decide(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """Same issuer and subject as the caller, now mapped to another person: refused; another issuer's is not the same."""
    with pytest.raises(NotEligible, match="their own request"):
        signer_of(an_approval(), an_approver("bob", subject="ci-of-ann"), verdict, "")
    elsewhere = an_approver("bob", subject="ci-of-ann", issuer="https://other.example")
    assert signer_of(an_approval(), elsewhere, verdict, "") == "bob"
    assert signer_of(an_approval(), an_approver("bob", subject="ci-of-bob"), verdict, "") == "bob"


def test_one_person_in_two_groups_signs_once(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """bob has signed as a lead; as an owner, with another token, he is still bob; carol may sign."""
    approval = an_approval(
        an_event("approved", person="bob"), quorum=2, approvers=("group:leads", "group:owners", "person:carol")
    )
    again = an_approver("bob", groups=["owners"], issuer="https://other.example", subject="other-bob")
    for verdict in VERDICTS:
        with pytest.raises(AlreadyDecided, match="bob has signed already; 1 more needed from other people"):
            signer_of(approval, again, verdict, "")
    assert signer_of(approval, an_approver("carol", groups=[]), "approve", "") == "carol"


@pytest.mark.parametrize("kind", ["approved", "denied", "withdrawn", "revoked", "expired", "void"])
def test_what_is_decided_stays_decided(
    kind: str,
    verdict: Literal["approve", "deny"],
    an_approval: MakeApproval,
    an_approver: MakeApprover,
    an_event: MakeEvent,
) -> None:
    """After the end (or the grant) no signature counts any more, and the answer says which it was."""
    with pytest.raises(AlreadyDecided, match=f"{kind} already"):
        signer_of(an_approval(an_event(kind)), an_approver("carol"), verdict, "")


def test_who_may_not_sign_learns_nothing_of_the_state(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """Eligibility is asked first: a stranger is told that they are one, decided or not."""
    with pytest.raises(NotEligible):
        signer_of(an_approval(an_event("denied")), an_approver("dan", groups=[]), "approve", "")


@pytest.mark.parametrize(
    ("needed", "approving", "denying"),
    [((), True, True), (("approve",), False, True), (("deny",), True, False), (("approve", "deny"), False, False)],
)
def test_the_rule_says_which_decision_needs_a_reason(
    needed: tuple[str, ...],
    approving: bool,
    denying: bool,
    an_approval: MakeApproval,
    an_approver: MakeApprover,
) -> None:
    """Blank is no reason; with words every decision passes."""
    approval = an_approval(reason=needed)
    for verdict, passes in zip(VERDICTS, (approving, denying), strict=True):
        for blank in ("", " \t\n", "\u200b", "..."):
            if passes:
                assert signer_of(approval, an_approver(), verdict, blank) == "bob"
            else:
                with pytest.raises(ReasonNeeded, match=f"a reason is asked for to {verdict}"):
                    signer_of(approval, an_approver(), verdict, blank)
        assert signer_of(approval, an_approver(), verdict, "because") == "bob"


def test_a_reason_fits_into_a_record(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """A reason may be as long as the limit, and no longer."""
    words = "x" * limits.MAX_REASON_CHARACTERS
    assert signer_of(an_approval(), an_approver(), "approve", words) == "bob"
    with pytest.raises(ReasonTooLong, match=str(limits.MAX_REASON_CHARACTERS)):
        signer_of(an_approval(), an_approver(), "approve", words + "x")


# -- revoke, withdraw, review ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_each_step_has_its_states(
    action: Action, an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """In every other state the answer is that it is so already; with the right one the same person gets through."""
    ann, bob, carol = an_approver("ann"), an_approver("bob"), an_approver("carol")
    actor = ann if action == "withdraw" else carol
    if action == "revoke":
        actor = bob
    for state in get_args(State):
        begins = "break-glass" if state in ("unreviewed", "reviewed") else "requested"
        kinds = {"pending": ["approved"], "used": ["approved", "used"], "unreviewed": []}.get(state, [state])
        approval = an_approval(*map(an_event, kinds), begins=begins, quorum=2 if state == "pending" else 1)
        assert approval.state == state
        if state in STATES[action]:
            require(approval, actor, action, "because")
        else:
            already = "$" if state in ("pending", "unreviewed") else " already"
            with pytest.raises(AlreadyDecided, match=f"the approval is {state}{already}"):
                require(approval, actor, action, "because")


def test_any_approver_may_revoke_what_is_granted(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """Who signed, and who did not; nobody behind the request, no stranger, no unmapped token."""
    granted = an_approval(an_event("approved", person="bob"))
    for person in ("bob", "carol"):
        assert require(granted, an_approver(person), "revoke", "it is Friday").person == person
    for actor in (an_approver("ann"), an_approver("dan", groups=[]), an_approver(None), an_approver(people=["x", "y"])):
        with pytest.raises(NotEligible):
            require(granted, actor, "revoke", "it is Friday")


def test_while_it_is_pending_one_can_only_take_back_what_one_gave(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """bob signed, carol did not: she is told to deny."""
    pending = an_approval(an_event("approved", person="bob"), quorum=2)
    with pytest.raises(NotEligible, match="deny it instead"):
        require(pending, an_approver("carol"), "revoke", "because")
    assert require(pending, an_approver("bob"), "revoke", "because").person == "bob"


def test_those_behind_a_request_withdraw_it_and_nobody_else(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """Its own token, mapped or not, and each person behind it, with any token; approvers deny or revoke."""
    approval = an_approval(caller_people=("ann", "amy"))
    own = an_approver(None, subject="ci-of-ann")
    assert require(approval, own, "withdraw", "") == Standing("ci-of-ann", ())
    for person in ("ann", "amy"):
        elsewhere = an_approver(person, issuer="https://other.example", groups=["leads"])
        assert require(approval, elsewhere, "withdraw", "") == Standing(person, ())
    for actor in (
        an_approver("bob"),
        an_approver(None),
        an_approver(None, subject="ci-of-ann", issuer="https://other.example"),
    ):
        with pytest.raises(NotEligible, match="only the one who asked"):
            require(approval, actor, "withdraw", "")


@pytest.mark.parametrize("action", ["accept", "object"])
def test_who_broke_the_glass_does_not_review_it(
    action: Action, an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """A reviewer whom it names does; the person behind it, its own token, a stranger and the unmapped do not."""
    broken = an_approval(begins="break-glass", approvers=("group:leads", "person:ann"))
    for actor in (
        an_approver("ann"),
        an_approver("ann", issuer="https://other.example"),
        an_approver("bob", subject="ci-of-ann"),
        an_approver("dan", groups=[]),
        an_approver(None),
    ):
        with pytest.raises(NotEligible):
            require(broken, actor, action, "because")
    assert require(broken, an_approver("bob"), action, "because") == Standing("bob", ("group:leads",))


def test_a_reviewer_reviews_once(an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent) -> None:
    """Of two reviews that are asked for one is bob's; the other is somebody else's."""
    half = an_approval(an_event("reviewed", person="bob"), begins="break-glass", quorum=2)
    actions: tuple[Action, ...] = ("accept", "object")
    for action in actions:
        with pytest.raises(AlreadyDecided, match=r"bob has signed already; 1 more needed from other people$"):
            require(half, an_approver("bob"), action, "because")
        assert require(half, an_approver("carol"), action, "because").person == "carol"


def test_what_was_allowed_is_not_taken_back_without_a_reason(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """Revoking and objecting always need one, accepting and withdrawing never do, whatever the rule says."""
    granted, broken = an_approval(an_event("approved")), an_approval(begins="break-glass")
    cases: tuple[tuple[Approval, Action], ...] = ((granted, "revoke"), (broken, "object"))
    for approval, action in cases:
        assert needs_reason(approval, action)
        with pytest.raises(ReasonNeeded, match=f"to {action}"):
            require(approval, an_approver("bob"), action, " \u200b ")
        require(approval, an_approver("bob"), action, "because")
    strict = {"reason": ("approve", "deny")}
    require(an_approval(begins="break-glass", **strict), an_approver("bob"), "accept", "")
    require(an_approval(**strict), an_approver("ann"), "withdraw", "")


def test_what_is_offered_is_what_passes(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """To each viewer the steps that they can take now, in the order that pages show them."""
    pending = an_approval(quorum=2, reason=("approve", "deny"))
    half = an_approval(an_event("approved", person="bob"), quorum=2)
    granted, used = an_approval(an_event("approved")), an_approval(an_event("approved"), an_event("used"))
    broken = an_approval(begins="break-glass")
    ann, bob, carol, dan = (an_approver(name) for name in ("ann", "bob", "carol", "dan"))
    stranger = an_approver("zoe", groups=[])
    assert [possible(pending, one) for one in (ann, bob, stranger)] == [("withdraw",), ("approve", "deny"), ()]
    assert [possible(half, one) for one in (ann, bob, carol)] == [("withdraw",), ("revoke",), ("approve", "deny")]
    assert [possible(granted, one) for one in (ann, bob, dan)] == [("withdraw",), ("revoke",), ("revoke",)]
    assert [possible(broken, one) for one in (ann, bob, stranger)] == [(), ("accept", "object"), ()]
    assert [possible(used, one) for one in (ann, bob, carol)] == [(), (), ()]


# -- who may look ------------------------------------------------------------------------------------------------------


def test_approvers_and_the_people_behind_the_request_may_see_it(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """The caller's people, the group and the named person see it; a stranger and an unmapped token do not."""
    approval = an_approval()
    assert may_see(approval, an_approver("ann", groups=[]))
    assert may_see(approval, an_approver("bob"))
    assert may_see(approval, an_approver("carol", groups=[]))
    assert may_see(approval, an_approver(None, groups=["leads"]))
    assert may_see(approval, an_approver(None, groups=[], subject="ci-of-ann"))
    assert not may_see(approval, an_approver(None, groups=[], subject="ci-of-ann", issuer="https://other.example"))
    assert not may_see(approval, an_approver("dan", groups=["carol", "person:carol"]))
    assert not may_see(approval, an_approver(None, groups=[]))


def test_what_a_person_started_sees_no_more_than_they_asked_for(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """The code of a pipeline does not read what waits for the one who started it to decide."""
    approval = an_approval()
    for started_by, is_theirs in (("ann", True), ("bob", False), ("carol", False)):
        own = an_approver(started_by)
        assert may_see(approval, own)
        assert may_see(approval, replace(own, may_sign=False)) == is_theirs
