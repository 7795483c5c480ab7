"""From a held change to the approval that is asked for it: bound to the exact request, described without a secret."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import http

from countersign.approvals import ApprovalRequest
from countersign.decision import Hold, Verdict
from countersign.decision.needed_signatures import in_words
from countersign.masking import KeyedDigest
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.header_names import BREAK_GLASS, JUSTIFICATION
from countersign.proxy.justification import said
from countersign.proxy.sent_request import RequestChanged, as_it_came, fingerprint
from countersign.proxy.service_reader import url_of
from countersign.strict_json import Json


def fingerprint_of(
    exchange: Exchange, flow: http.HTTPFlow, assessment: Assessment, rules: str, digest: KeyedDigest
) -> str:
    """What the request would have to be, to the byte, for an approval of it to count.

    The rule that decides is part of it: what was asked for under a weaker rule is no approval under a stronger one.
    Raises RequestChanged where it is not the one that was read: it would be approved under another one's description.
    """
    if as_it_came(flow, digest) != exchange.received:
        raise RequestChanged("the request was changed while the gateway looked at it; send it again")
    assert exchange.connection is not None
    assert exchange.caller is not None
    return fingerprint(
        flow,
        exchange.connection,
        exchange.caller,
        current_digest=f"{assessment.current_digest} {assessment.references_digest}",
        rules_digest=rules,
        rule=deciding_rule(assessment.verdict),
        digest=digest,
    )


def deciding_rule(verdict: Verdict) -> str:
    """The rule behind a verdict, with its file and line; of a hold also its name."""
    if isinstance(verdict, Hold):
        return f"{verdict.approval.name} ({verdict.rule})"
    return str(verdict.rule)


def approval_request(
    approval_id: str,
    exchange: Exchange,
    flow: http.HTTPFlow,
    assessment: Assessment,
    hold: Hold,
    *,
    rules: str,
    digest: KeyedDigest,
    text: Callable[[str], str],
    now: int,
) -> ApprovalRequest:
    """The approval to ask for. `rules` is the rulebook's digest; `text` masks what is not masked yet; `now` in
    microseconds UTC."""
    connection, operation, caller, masked = exchange.connection, exchange.operation, exchange.caller, exchange.masked
    assert connection is not None
    assert operation is not None
    assert caller is not None
    assert masked is not None
    rule, diff = hold.approval, assessment.diff
    headers: list[Json] = [[name, value] for name, value in masked.headers if name not in (JUSTIFICATION, BREAK_GLASS)]
    message: dict[str, Json] = {
        "method": text(flow.request.method),
        "url": url_of(connection, masked.target or ""),
        "headers": headers,
        "body": None if masked.body.text is None else masked.body.text.decode(),
    }
    return ApprovalRequest(
        id=approval_id,
        fingerprint=fingerprint_of(exchange, flow, assessment, rules, digest),
        exchange=exchange.id,
        connection=connection.name,
        subject=None if operation.subject is None else text(operation.subject),
        operation=operation.name,
        effect=operation.effect,
        caller={**caller.as_evidence(), "label": caller.label},
        caller_people=tuple(sorted(caller.people)),
        rules=rules,
        rule=deciding_rule(hold),
        why=f"asks for {in_words(rule.alternatives)}",
        alternatives=rule.alternatives,
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
        access=text(f"{hold.access.reason} ({hold.access.rule})"),
        justification=said(exchange, JUSTIFICATION),
        counterexamples=assessment.counterexamples,
        withholds_examples=assessment.withholds_examples,
    )
