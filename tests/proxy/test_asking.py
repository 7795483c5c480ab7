"""From a held change to the approval that is asked for it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from mitmproxy import http

from countersign.decision import Allow, Deny, Hold
from countersign.proxy.asking import approval_request, deciding_rule, fingerprint_of
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.message_masking import request_message
from countersign.proxy.sent_request import RequestChanged, as_it_came
from countersign.rulebook.values import Condition, MaskingRule, Source
from tests.proxy.values import DIGEST, SOURCE, approval_rule, caller, exchange, flow, masked, masking, operation

_RULE = approval_rule("others", Condition(), "hold")
_ACCESS = Allow("the rule 'engineers' allows it", Source("access.yaml", 7))
_HOLD = Hold("needs one", SOURCE, _RULE, _ACCESS)


def _assessment(digest: str = "c1", **changes: Any) -> Assessment:
    usual: dict[str, Any] = {
        "summary": ("one change",),
        "changes": ({"kind": "k"},),
        "before": {"b": 1},
        "after": {"a": 1},
        "counterexamples": ({"value": 1},),
    }
    return Assessment(digest, "r1", True, None, None, **{"verdict": _HOLD, **usual, **changes})


def _read(made: http.HTTPFlow, **parts: Any) -> Exchange:
    """An exchange whose request was read as it is now."""
    rule = MaskingRule("m", ("*",), ("*",), ("request",), ("$..password",), ("X-Team",), (), "redact", 0, SOURCE)
    message = request_message(exchange(justification="it is red"), made)
    asked = exchange(masked=masking(rule).masker.message(**message), **parts)
    asked.received = as_it_came(made, DIGEST)
    return asked


def test_an_approval_is_bound_to_the_schema_and_the_rules() -> None:
    """Reviewed against another schema, asked for under other rules, or by another rule, it is another approval."""
    made = flow()
    asked = _read(made)
    first = fingerprint_of(asked, made, _assessment(), "r1", DIGEST)
    assert fingerprint_of(asked, made, _assessment(), "r1", DIGEST) == first
    assert fingerprint_of(asked, made, _assessment("c2"), "r1", DIGEST) != first
    others = replace(_assessment(), references_digest="r2")
    assert fingerprint_of(asked, made, others, "r1", DIGEST) != first
    assert fingerprint_of(asked, made, _assessment(), "r2", DIGEST) != first
    for rule, source in (("freeze", SOURCE), ("others", Source("approval.yaml", 99))):
        stronger = Hold("x", source, approval_rule(rule, Condition(), "hold"), _ACCESS)
        assert fingerprint_of(asked, made, _assessment(verdict=stronger), "r1", DIGEST) != first
    assert fingerprint_of(asked, made, _assessment(verdict=Allow("x", SOURCE)), "r1", DIGEST) != first


def test_the_rule_behind_a_verdict() -> None:
    """By name and place where it has one; nothing at all allowed what no rule denies."""
    assert deciding_rule(_HOLD) == f"others ({SOURCE})"
    assert deciding_rule(Allow("x", SOURCE)) == str(SOURCE)
    assert deciding_rule(Deny("x", None)) == "None"


@pytest.mark.parametrize("part", ["raw_content", "path", "method"])
def test_a_request_that_is_no_longer_the_one_that_was_read_has_no_fingerprint(part: str) -> None:
    """It would be approved under the description of another one."""
    made = flow()
    asked = _read(made)
    setattr(made.request, part, b"{}" if part == "raw_content" else "/other" if part == "path" else "POST")
    with pytest.raises(RequestChanged, match="changed while"):
        fingerprint_of(asked, made, _assessment(), "r1", DIGEST)


def test_a_request_that_was_never_read_has_no_fingerprint() -> None:
    """Nothing can be cleared that nobody looked at."""
    with pytest.raises(RequestChanged):
        fingerprint_of(exchange(), flow(), _assessment(), "r1", DIGEST)


def test_the_approver_gets_everything_and_no_secret() -> None:
    """The rule that asks, who may sign, until when, what changes, and the masked message."""
    made = flow(body=b'{"type":"object","password":"hunter2"}')
    asked = _read(made)
    request = approval_request(
        "a1", asked, made, _assessment(), _HOLD, rules="r1", digest=DIGEST, text=str, now=1_000_000
    )
    assert request.fingerprint == fingerprint_of(asked, made, _assessment(), "r1", DIGEST)
    assert (request.id, request.exchange, request.connection, request.subject) == ("a1", "e1", "schemas", "a")
    assert (request.caller["label"], request.caller_people) == (caller().label, ("alice",))
    assert request.rule == f"others ({SOURCE})"
    assert (request.alternatives, request.reason) == (_RULE.alternatives, ("deny",))
    assert request.access == "the rule 'engineers' allows it (access.yaml:7)"
    assert request.counterexamples == ({"value": 1},)
    assert request.justification == "it is red"
    assert request.message["headers"] == [["Content-Type", "application/json"], ["X-Team", "[masked]"]]
    assert (request.requested_at, request.expires_at, request.grant_seconds) == (1_000_000, 3_601_000_000, 600)
    assert (request.before, request.after, request.summary) == ({"b": 1}, {"a": 1}, ("one change",))
    assert request.message["url"] == "https://schemas.example:443/schemas/a?x=1"
    assert "hunter2" not in str(request.as_json())
    assert "password" in str(request.message["body"])


def test_what_was_not_compared_is_unknown() -> None:
    """A delete or a setting has no verdict of a comparison, and `unknown` is never shown as harmless."""
    made = flow()
    request = approval_request(
        "a1", _read(made), made, _assessment(), _HOLD, rules="r1", digest=DIGEST, text=str, now=0
    )
    assert (request.backward, request.forward, request.reasons) == ("unknown", "unknown", ())


def test_a_body_that_is_not_kept_is_not_shown() -> None:
    """Where masking keeps no body, the approver's message has none."""
    made = flow(method="DELETE", body=b"")
    request = approval_request(
        "a1", _read(made), made, _assessment(), _HOLD, rules="r1", digest=DIGEST, text=str, now=0
    )
    assert request.message["method"] == "DELETE"
    assert not request.message["body"]


def test_the_hold_of_the_decision_is_what_is_asked_for() -> None:
    """Another rule asks other people."""
    made = flow()
    other = approval_rule("owners", Condition(), "hold")
    request = approval_request(
        "a1",
        _read(made),
        made,
        _assessment(),
        Hold("x", SOURCE, other, _ACCESS),
        rules="r1",
        digest=DIGEST,
        text=str,
        now=0,
    )
    assert request.rule.startswith("owners ")


def test_what_masking_has_not_seen_is_masked_here() -> None:
    """The subject, the method and the access rule's reason, in words of callers and rules."""
    made = flow(method="HUNTER2")
    asked = exchange(masked=masked(made), operation=operation(subject="of-hunter2"))
    asked.received = as_it_came(made, DIGEST)
    hold = replace(_HOLD, access=Allow("hunter2 may", SOURCE))
    request = approval_request(
        "a1",
        asked,
        made,
        _assessment(),
        hold,
        rules="r1",
        digest=DIGEST,
        text=lambda text: re.sub("hunter2", "[masked]", text, flags=re.IGNORECASE),
        now=0,
    )
    assert (request.subject, request.message["method"]) == ("of-[masked]", "[masked]")
    assert request.access.startswith("[masked] may")
    assert "hunter2" not in str(request.as_json()).lower()
