"""One approval as the API shows it."""

from __future__ import annotations

from countersign.approvals import Approval
from countersign.approvals.approval import Signature
from countersign.console.approval_document import approval_document
from tests.console.stage import NOW, approval_request


def test_holds_what_was_asked_and_how_it_stands() -> None:
    """Everything of the request, the state, the signatures without the signer's token data, and what is missing."""
    request = approval_request(quorum=2)
    signature = Signature("bob", "approve", "fine", NOW, {"sub": "subject-of-bob"})
    document = approval_document(Approval(request, signatures=(signature,)))
    expected = request.as_json()
    del expected["fingerprint"]
    assert expected.items() <= document.items()
    assert document["signatures"] == [{"person": "bob", "verdict": "approve", "reason": "fine", "at": NOW}]
    assert (document["state"], document["missing"], document["deadline"]) == ("pending", 1, request.expires_at)


def test_the_fingerprint_stays_inside() -> None:
    """It binds the approval to exact bytes, and is nobody's to see."""
    assert "fingerprint-1" not in str(approval_document(Approval(approval_request())))
