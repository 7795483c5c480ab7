"""What was approved is still what is about to be sent, or it is said what is not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from countersign.approvals import ApprovalRequest
from countersign.decision import Allow, Deny, Hold
from countersign.proxy.approval_recheck import NoLongerSo, require_unchanged
from countersign.proxy.asking import approval_request
from countersign.proxy.exchange import Assessment
from countersign.proxy.runtime import Parts
from countersign.proxy.sent_request import RequestChanged, as_it_came
from countersign.rulebook.values import Condition
from tests.proxy.values import DIGEST, SOURCE, approval_rule, exchange, flow, masked

_HOLD = Hold("needs one", SOURCE, approval_rule("others", Condition(), "hold"), Allow("may", SOURCE))
_FREEZE = Hold("needs two", SOURCE, approval_rule("freeze", Condition(), "hold"), Allow("may", SOURCE))
_THEN = Assessment("c1", "r1", True, None, None, _HOLD, ("one",), (), None, None)
_MADE = flow()
_ASKED = exchange()
_ASKED.received = as_it_came(_MADE, DIGEST)
_ASKED.masked = masked(_MADE)


def _parts(rules: str = "rules-digest") -> Parts:
    return cast("Parts", SimpleNamespace(rules=SimpleNamespace(digest=rules), digest=DIGEST))


def _approved() -> ApprovalRequest:
    return approval_request("a1", _ASKED, _MADE, _THEN, _HOLD, rules="rules-digest", digest=DIGEST, text=str, now=1)


def test_what_is_still_so_gives_its_fingerprint() -> None:
    """The one that the clearance will be bound to; another entity tag of the same schema does not matter."""
    approved = _approved()
    for now in (_THEN, replace(_THEN, etag='"2"')):
        assert require_unchanged(approved, _ASKED, _MADE, _parts(), now) == approved.fingerprint


@pytest.mark.parametrize(
    ("changes", "rules", "why"),
    [
        ({"verdict": Deny("no right", None)}, "rules-digest", "it is no longer allowed: no right"),
        ({"verdict": Allow("equal", SOURCE)}, "rules-digest", "it needs no approval any more: equal"),
        ({}, "other", "the rules have changed since"),
        ({"verdict": _FREEZE}, "rules-digest", "another rule holds it now: needs two"),
        ({"current_digest": "c2"}, "rules-digest", "the current schema"),
        ({"references_digest": "r2"}, "rules-digest", "the current schema, or one that the proposed one refers to"),
        ({"current_digest": "c2", "verdict": Deny("no right", None)}, "rules-digest", "no longer allowed"),
    ],
    ids=["denied", "allowed", "other rules", "another rule", "schema", "reference", "denied first"],
)
def test_what_is_no_longer_so_is_named(changes: dict[str, Any], rules: str, why: str) -> None:
    """One thing changed, and the approval does not count."""
    with pytest.raises(NoLongerSo, match=why):
        require_unchanged(_approved(), _ASKED, _MADE, _parts(rules), replace(_THEN, **changes))


def test_another_request_is_named_first() -> None:
    """Whatever else changed: what is about to be sent was never read."""
    edited = flow(body=b"{}")
    with pytest.raises(RequestChanged):
        require_unchanged(_approved(), _ASKED, edited, _parts("other"), replace(_THEN, verdict=Deny("no", None)))
