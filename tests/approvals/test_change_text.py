"""One approval as text for people."""

from __future__ import annotations

from typing import Any

import pytest

from countersign.approvals import Approval
from countersign.approvals.approval import Signature
from countersign.approvals.change_text import approval_text, moment
from countersign.console.approval_document import approval_document
from tests.console.stage import NOW, approval_request


def text(**changes: Any) -> str:
    return approval_text(approval_document(Approval(approval_request(**changes))))


@pytest.mark.parametrize(
    "part",
    [
        "00000000-0000-4000-8000-000000000001 (pending)",
        'register of "customer-value" at registry',
        "alice (token of https://login.example",
        "narrowing (rules/approval.yaml:12): a narrowing change needs a steward",
        "1 person of group:stewards; 1 missing",
        "breaking (does the new schema accept all that the old one accepts?)",
        "documents without taxId are no longer accepted",
        "  * taxId becomes required",
        "  1. required-added at /properties/customer/required [narrows]",
        "before:   null",
        'after:    "taxId"',
        '    "age": {\n      "type": "integer"\n    }',
        '"maximum": 120',
        "POST https://registry.example:8081/subjects/customer-value/versions?normalize=true",
        "X-Trace: abc",
        '{"schema": "…", "password": "***"}',
    ],
)
def test_says(part: str) -> None:
    """What an approver needs is in it: who, what, where, why, each change, both schemas, the request."""
    assert part in text()


def test_signatures_and_reasons_are_shown() -> None:
    """Who has signed already, what they said, and what this rule asks for."""
    signed = Approval(
        approval_request(quorum=2), signatures=(Signature("bob", "approve", "fine", NOW * 1_000_000, {}),)
    )
    assert "bob approved at 2027-01-15 08:00:00 UTC: fine" in approval_text(approval_document(signed))
    assert "asks for one to approve and to deny" in text(reason=("approve", "deny"))


def test_absent_schemas_are_said() -> None:
    """Nothing there is not shown as null."""
    assert "(there is none)" in text(before=None)
    assert "(none is proposed)" in text(after=None)


def test_a_request_about_the_whole_service() -> None:
    """Without a subject the text says so, and differs from a subject of that name."""
    assert "the service as a whole at registry" in text(subject=None)
    assert '"None" at registry' in text(subject="None")


def test_a_text_cannot_forge_lines() -> None:
    """A line feed in a summary, a name or a URL stays inside its line."""
    forged = text(summary=("one\nApproved by  carol",), subject="x\nSigned carol", why="\u202e")
    assert "\nApproved by  carol" not in forged
    assert "\nSigned carol" not in forged
    assert "\u202e" not in forged


def test_nothing_is_cut() -> None:
    """Long schemas and bodies are shown whole."""
    shown = text(after={"enum": [f"value-{number}" for number in range(5000)]}, summary=("s" * 10_000,))
    assert '"value-4999"' in shown
    assert "s" * 10_000 in shown


def test_moment() -> None:
    """Microseconds UTC, to the second."""
    assert moment(NOW * 1_000_000 + 999_999) == "2027-01-15 08:00:00 UTC"
