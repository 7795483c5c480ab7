"""Approvals as a console lists them, for tests that need no console."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from countersign.approvals import Approval
from countersign.approvals.document import approval_document, approval_entry
from countersign.cli.entry import Entry
from tests.console.stage import CALLERS, NOW, approval_request

__all__ = ["NOW", "document", "entry", "whole"]


def document(number: int = 1, viewer: str = "token-bob", state: str = "pending", **changes: Any) -> dict[str, Any]:
    """Alice's request number `number`, as the list shows it to `viewer`."""
    return approval_entry(_approval(number, state, changes), CALLERS[viewer])


def whole(number: int = 1, viewer: str = "token-bob", state: str = "pending", **changes: Any) -> dict[str, Any]:
    """The same with its documents."""
    return approval_document(_approval(number, state, changes), CALLERS[viewer])


def entry(number: int = 1, viewer: str = "token-bob", state: str = "pending", **changes: Any) -> Entry:
    """The same as a value."""
    return Entry.of(document(number, viewer, state, **changes))


def _approval(number: int, state: Any, changes: dict[str, Any]) -> Approval:
    grant_until = (NOW + 300) * 1_000_000 if state == "approved" else 0
    return replace(Approval(approval_request(number, **changes)), state=state, grant_until=grant_until)
