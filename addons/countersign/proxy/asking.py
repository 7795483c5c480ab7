"""From a held change to the approval that is asked for it: bound to the exact request, described without a secret."""

from __future__ import annotations

from mitmproxy import http

from countersign.approvals import ApprovalRequest
from countersign.decision import Hold
from countersign.masking import KeyedDigest
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.sent_request import RequestChanged, fingerprint
from countersign.proxy.service_reader import url_of
from countersign.strict_json import Json


def fingerprint_of(
    exchange: Exchange, flow: http.HTTPFlow, assessment: Assessment, rules: str, digest: KeyedDigest
) -> str:
    """What the request would have to be, to the byte, for an approval of it to count.

    Raises RequestChanged where it is not the one that was read: it would be approved under another one's description.
    """
    if digest_of_request(exchange, flow, digest) != exchange.received:
        raise RequestChanged("the request was changed while the gateway looked at it; send it again")
    return _fingerprint(exchange, flow, f"{assessment.current_digest} {assessment.references_digest}", rules, digest)


def digest_of_request(exchange: Exchange, flow: http.HTTPFlow, digest: KeyedDigest) -> str:
    """The keyed digest of the request alone, whatever the schema and the rules are."""
    return _fingerprint(exchange, flow, "", "", digest)


def _fingerprint(exchange: Exchange, flow: http.HTTPFlow, current: str, rules: str, digest: KeyedDigest) -> str:
    assert exchange.connection is not None
    assert exchange.caller is not None
    return fingerprint(
        flow,
        exchange.connection,
        exchange.caller,
        current_digest=current,
        rules_digest=rules,
        digest=digest,
    )


def approval_request(
    approval_id: str,
    exchange: Exchange,
    flow: http.HTTPFlow,
    assessment: Assessment,
    hold: Hold,
    *,
    rules: str,
    digest: KeyedDigest,
    now: int,
) -> ApprovalRequest:
    """The approval to ask for. `rules` is the rulebook's digest; `now` in microseconds UTC."""
    connection, operation, caller, masked = exchange.connection, exchange.operation, exchange.caller, exchange.masked
    assert connection is not None
    assert operation is not None
    assert caller is not None
    assert masked is not None
    rule, diff = hold.approval, assessment.diff
    message: dict[str, Json] = {
        "method": flow.request.method,
        "url": url_of(connection, masked.target or ""),
        "headers": [list(header) for header in masked.headers],
        "body": None if masked.body.text is None else masked.body.text.decode(),
    }
    return ApprovalRequest(
        id=approval_id,
        fingerprint=fingerprint_of(exchange, flow, assessment, rules, digest),
        exchange=exchange.id,
        connection=connection.name,
        subject=operation.subject,
        operation=operation.name,
        effect=operation.effect,
        caller={**caller.as_evidence(), "label": caller.label},
        caller_people=tuple(sorted(caller.people)),
        rules=rules,
        rule=f"{rule.name} ({rule.source})",
        why=hold.reason,
        quorum=rule.quorum,
        approvers=rule.approvers,
        reason=rule.reason,
        summary=assessment.summary,
        changes=assessment.changes,
        backward=diff.backward if diff else "unknown",
        forward=diff.forward if diff else "unknown",
        reasons=diff.reasons if diff else (),
        before=assessment.before,
        after=assessment.after,
        message=message,
        requested_at=now,
        expires_at=now + rule.expires_seconds * 1_000_000,
        grant_seconds=rule.grant_seconds,
    )
