"""What the one who waits is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from countersign import limits
from countersign.approvals import Approval, Signature
from countersign.proxy.approval_answers import answer_to
from tests.console.stage import approval_request

_URL = "https://console.example/approvals/a1"
_NO = Signature("bob", "deny", "breaks the app", 1, {})


@pytest.mark.parametrize(
    ("parts", "status", "code", "told"),
    [
        (
            {"state": "pending"},
            423,
            "approval-pending",
            "waits for another person of group:stewards, who decide at https://console.example/approvals/a1 : taxId",
        ),
        ({"state": "denied", "signatures": (_NO,)}, 403, "denied", "bob denied the change: breaks the app"),
        (
            {"state": "denied", "signatures": (replace(_NO, reason=""),)},
            403,
            "denied",
            "bob denied the change",
        ),
        ({"state": "withdrawn", "why": "by alice"}, 403, "withdrawn", "the approval was withdrawn by alice"),
        ({"state": "revoked", "why": "by bob: oh"}, 403, "revoked", "the approval was revoked by bob: oh"),
        (
            {"state": "expired", "why": "nobody decided in time"},
            503,
            "approval-ended",
            "expired: nobody decided in time;",
        ),
        (
            {"state": "void", "why": "x; send the request again"},
            503,
            "approval-ended",
            "void: x; send the request again",
        ),
        ({"state": "used"}, 409, "approval-ended", "used already"),
        ({"state": "approved"}, 503, "approval-ended", "the approval stays for its next try"),
    ],
    ids=lambda value: value.get("state") if isinstance(value, dict) else "",
)
def test_each_state_has_its_answer(parts: dict[str, Any], status: int, code: str, told: str) -> None:
    """403 where somebody said no, 503 where another try makes sense, 409 where it would do the same once more; always
    the approval, and where people see it."""
    approval = Approval(approval_request(1), **parts)
    refusal = answer_to(approval, _URL, 423)
    assert (refusal.status, refusal.code) == (status, code)
    assert told in refusal.detail
    assert refusal.detail.count("send the request again") <= 1
    assert refusal.members == {"approval": approval.request.id, "approval_url": _URL}
    waits = (("Retry-After", str(limits.RETRY_AFTER_SECONDS)),)
    assert refusal.headers == (waits if approval.state == "pending" else ())
