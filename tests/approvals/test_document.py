"""One approval as the API shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from countersign.approvals.approval import Approval
from countersign.approvals.document import approval_document, approval_entry
from countersign.approvals.store import ApprovalEvent
from countersign.identity import Caller
from countersign.rulebook.values import Requirement
from countersign.strict_json import dumps

type MakeApproval = Callable[..., Approval]
type MakeApprover = Callable[..., Caller]
type MakeEvent = Callable[..., ApprovalEvent]

TWO_WAYS = (
    (Requirement(2, ("group:leads",)),),
    (Requirement(1, ("group:owners",)), Requirement(1, ("person:carol",))),
)


def test_holds_what_was_asked_and_how_it_stands(an_approval: MakeApproval, an_event: MakeEvent) -> None:
    """Everything of the request, the state, the signatures without the signer's token, the risk, and what is missing."""
    approval = an_approval(
        an_event("approved", person="bob", at=7), quorum=2, justification="the audit", access="writers"
    )
    document = approval_document(approval)
    expected = approval.request.as_json()
    del expected["fingerprint"], expected["alternatives"]
    assert expected.items() <= document.items()
    signature = {"person": "bob", "verdict": "approve", "reason": "fine", "at": 7, "signed_as": ["group:leads"]}
    assert document["signatures"] == [signature]
    assert (document["state"], document["missing"], document["deadline"]) == ("pending", 1, approval.request.expires_at)
    assert document["risk"] == {"level": "high", "why": "documents that are valid today would be refused"}
    assert (document["quorum"], document["approvers"]) == (2, ["group:leads", "person:carol"])
    assert (document["break_glass"], document["why_ended"]) == (False, "")
    assert dumps(document)


def test_the_fingerprint_stays_inside(an_approval: MakeApproval) -> None:
    """It binds the approval to exact bytes, and is nobody's to see; nor is the token that signed."""
    assert "fingerprint-1" not in str(approval_document(an_approval()))


def test_each_alternative_says_what_it_lacks(an_approval: MakeApproval, an_event: MakeEvent) -> None:
    """Of every requirement, counted as if that alternative were taken; nothing is missing when one is complete."""
    owner = an_event("approved", person="bob", signed_as=["group:owners", "group:leads"])
    carol = an_event("approved", person="carol", signed_as=["person:carol"])

    def lacks(*events: ApprovalEvent) -> list[Any]:
        alternatives: Any = approval_document(an_approval(*events, alternatives=TWO_WAYS))["alternatives"]
        return [[(each["quorum"], each["approvers"], each["missing"]) for each in part] for part in alternatives]

    leads, owners, named = (2, ["group:leads"]), (1, ["group:owners"]), (1, ["person:carol"])
    assert lacks() == [[(*leads, 2)], [(*owners, 1), (*named, 1)]]
    assert lacks(owner) == [[(*leads, 1)], [(*owners, 0), (*named, 1)]]
    assert lacks(owner, carol) == [[(*leads, 0)], [(*owners, 0), (*named, 0)]]


def test_a_viewer_is_told_what_they_can_do(
    an_approval: MakeApproval, an_event: MakeEvent, an_approver: MakeApprover
) -> None:
    """And what of it needs a reason; without a viewer nothing is said of it."""
    pending, granted = an_approval(reason=("deny",)), an_approval(an_event("approved"))
    said = [
        (document["you_may"], document["needs_reason"])
        for document in (
            approval_document(pending, an_approver("bob")),
            approval_document(granted, an_approver("bob")),
            approval_document(granted, an_approver("ann")),
            approval_document(granted, an_approver("zoe", groups=[])),
        )
    ]
    assert said == [(["approve", "deny"], ["deny"]), (["revoke"], ["revoke"]), (["withdraw"], []), ([], [])]
    assert "you_may" not in approval_document(pending)


def test_what_broke_the_glass_says_so(an_approval: MakeApproval, an_event: MakeEvent) -> None:
    """Before and after its review; an ordinary one does not."""
    for approval in (an_approval(begins="break-glass"), an_approval(an_event("reviewed"), begins="break-glass")):
        assert approval_document(approval)["break_glass"] is True
    assert approval_document(an_approval(an_event("denied")))["break_glass"] is False


@pytest.mark.parametrize("viewer", [None, "bob"])
def test_a_list_has_the_same_without_the_documents(
    viewer: str | None, an_approval: MakeApproval, an_approver: MakeApprover
) -> None:
    """What a line of a list needs is there, and nothing that can be as large as a schema."""
    caller = None if viewer is None else an_approver(viewer)
    large = "x" * 100_000
    approval = an_approval(
        before={"title": large},
        after={"title": large},
        changes=({"before": large},),
        message={"body": large},
        counterexamples=({"direction": "backward", "value": large},),
        reasons=(large,),
    )
    entry, document = approval_entry(approval, caller), approval_document(approval, caller)
    assert entry.items() <= document.items()
    assert {"id", "summary", "state", "missing", "risk", "deadline", "caller_people", "alternatives"} <= entry.keys()
    assert len(dumps(entry)) < 10_000
