"""Who may sign, and who may look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from countersign import limits
from countersign.approvals.approval import Approval
from countersign.approvals.eligibility import may_see, require_signer
from countersign.approvals.errors import AlreadyDecided, NotEligible, ReasonNeeded, ReasonTooLong
from countersign.approvals.store import ApprovalEvent
from countersign.identity import Caller

type MakeApprover = Callable[..., Caller]
type MakeApproval = Callable[..., Approval]
type MakeEvent = Callable[..., ApprovalEvent]

VERDICTS: tuple[Literal["approve", "deny"], ...] = ("approve", "deny")


@pytest.fixture(params=VERDICTS)
def verdict(request: pytest.FixtureRequest) -> Literal["approve", "deny"]:
    """Both decisions ask the same of the one who makes them."""
    chosen: Literal["approve", "deny"] = request.param
    return chosen


def test_another_person_of_the_group_may_sign(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """bob of leads signs as bob."""
    assert require_signer(an_approval(), an_approver("bob"), verdict, "") == "bob"


def test_a_person_named_by_the_rule_needs_no_group(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """carol is an approver by name; dan without the group is not."""
    assert require_signer(an_approval(), an_approver("carol", groups=[]), "approve", "") == "carol"
    with pytest.raises(NotEligible, match="group:leads, person:carol"):
        require_signer(an_approval(), an_approver("dan", groups=[]), "approve", "")


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
            require_signer(approval, signer, "approve", "")


def test_who_is_not_mapped_to_a_person_cannot_sign(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """No person behind the token: not independent of anybody, in whatever group."""
    with pytest.raises(NotEligible, match=r"not mapped to a person in identity\.yaml"):
        require_signer(an_approval(), an_approver(None), verdict, "")


def test_a_token_of_two_people_cannot_sign(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """A shared token does not say whose decision it is."""
    with pytest.raises(NotEligible, match="more than one person"):
        require_signer(an_approval(), an_approver("bob", people=["bob", "carol"]), "approve", "")
    assert require_signer(an_approval(), an_approver("bob", people=["bob"]), "approve", "") == "bob"


def test_nobody_behind_the_request_can_decide_on_it(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """ann started the pipeline: with her own token, another issuer's, or as named approver she still cannot."""
    approval = an_approval(caller_people=("ann", "amy"), approvers=("group:leads", "person:ann"))
    for person in ("ann", "amy"):
        for issuer in ("https://idp.example", "https://other.example"):
            with pytest.raises(NotEligible, match="another person must decide"):
                require_signer(approval, an_approver(person, issuer=issuer), verdict, "")
    assert require_signer(approval, an_approver("bob"), verdict, "") == "bob"


def test_the_callers_own_token_cannot_decide(
    verdict: Literal["approve", "deny"], an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """Same issuer and subject as the caller, now mapped to another person: refused; another issuer's is not the same."""
    with pytest.raises(NotEligible, match="their own request"):
        require_signer(an_approval(), an_approver("bob", subject="ci-of-ann"), verdict, "")
    elsewhere = an_approver("bob", subject="ci-of-ann", issuer="https://other.example")
    assert require_signer(an_approval(), elsewhere, verdict, "") == "bob"
    assert require_signer(an_approval(), an_approver("bob", subject="ci-of-bob"), verdict, "") == "bob"


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
            require_signer(approval, again, verdict, "")
    assert require_signer(approval, an_approver("carol", groups=[]), "approve", "") == "carol"


@pytest.mark.parametrize("kind", ["approved", "denied", "expired", "void"])
def test_what_is_decided_stays_decided(
    kind: str,
    verdict: Literal["approve", "deny"],
    an_approval: MakeApproval,
    an_approver: MakeApprover,
    an_event: MakeEvent,
) -> None:
    """After the end (or the grant) no signature counts any more, and the answer says which it was."""
    with pytest.raises(AlreadyDecided, match=f"{kind} already"):
        require_signer(an_approval(an_event(kind)), an_approver("carol"), verdict, "")


def test_who_may_not_sign_learns_nothing_of_the_state(
    an_approval: MakeApproval, an_approver: MakeApprover, an_event: MakeEvent
) -> None:
    """Eligibility is asked first: a stranger is told that they are one, decided or not."""
    with pytest.raises(NotEligible):
        require_signer(an_approval(an_event("denied")), an_approver("dan", groups=[]), "approve", "")


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
                assert require_signer(approval, an_approver(), verdict, blank) == "bob"
            else:
                with pytest.raises(ReasonNeeded, match=f"a reason to {verdict}"):
                    require_signer(approval, an_approver(), verdict, blank)
        assert require_signer(approval, an_approver(), verdict, "because") == "bob"


def test_a_reason_fits_into_a_record(an_approval: MakeApproval, an_approver: MakeApprover) -> None:
    """A reason may be as long as the limit, and no longer."""
    words = "x" * limits.MAX_REASON_CHARACTERS
    assert require_signer(an_approval(), an_approver(), "approve", words) == "bob"
    with pytest.raises(ReasonTooLong, match=str(limits.MAX_REASON_CHARACTERS)):
        require_signer(an_approval(), an_approver(), "approve", words + "x")


def test_approvers_and_the_people_behind_the_request_may_see_it(
    an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """The caller's people, the group and the named person see it; a stranger and an unmapped token do not."""
    approval = an_approval()
    assert may_see(approval, an_approver("ann", groups=[]))
    assert may_see(approval, an_approver("bob"))
    assert may_see(approval, an_approver("carol", groups=[]))
    assert may_see(approval, an_approver(None, groups=["leads"]))
    assert not may_see(approval, an_approver("dan", groups=["carol", "person:carol"]))
    assert not may_see(approval, an_approver(None, groups=[]))
