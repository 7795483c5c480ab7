"""Whether what was approved is still what is about to be sent; where it is not, the approval is void, and says why."""

from __future__ import annotations

from mitmproxy import http

from countersign.approvals import ApprovalRequest
from countersign.decision import Allow, Deny, Hold
from countersign.errors import CountersignError
from countersign.proxy.asking import deciding_rule, fingerprint_of
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.runtime import Parts


class NoLongerSo(CountersignError):
    """Why the approval does not count any more, in words for people."""


def require_unchanged(
    approved: ApprovalRequest, exchange: Exchange, flow: http.HTTPFlow, parts: Parts, assessment: Assessment
) -> str:
    """The fingerprint of the request, which is the one that `approved` is bound to.

    `assessment` was made just now, under the lock of the subject. Raises NoLongerSo where the rules now deny the
    request or need no approval for it, where other rules or another rule ask for it, or where the schemas are others;
    RequestChanged where the request is not the one that was read.
    """
    bound = fingerprint_of(exchange, flow, assessment, parts.rules.digest, parts.digest)
    match assessment.verdict:
        case Deny(reason=reason):
            raise NoLongerSo(f"it is no longer allowed: {reason}")
        case Allow(reason=reason):
            raise NoLongerSo(f"it needs no approval any more: {reason}")
        case Hold() as hold if approved.rules != parts.rules.digest:
            raise NoLongerSo(f"the rules have changed since; {hold.reason}")
        case Hold() as hold if approved.rule != deciding_rule(hold):
            raise NoLongerSo(f"another rule holds it now: {hold.reason}")
    if bound != approved.fingerprint:
        raise NoLongerSo("the current schema, or one that the proposed one refers to, is no longer the one reviewed")
    return bound
