"""The last step: what is about to be sent is what was cleared; only then the service's credential is put on it.

Takes the deny stamp off. Everything was recorded before.
"""

from __future__ import annotations

from mitmproxy import http

from countersign.decision.approval import UNAPPROVED_EFFECTS
from countersign.errors import CountersignError
from countersign.proxy.asking import fingerprint_of
from countersign.proxy.credentials import upstream_credential
from countersign.proxy.exchange import exchange_of, is_waited_for, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.preconditions import bind_to_reviewed
from countersign.proxy.refusal import NOTHING_ALLOWED, Refusal
from countersign.proxy.runtime import Runtime
from countersign.proxy.views import ask_for_own_view


class UpstreamCredential(FailClosed):
    name = "countersign_upstream_credential"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def request(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        parts = self._runtime.parts
        assert exchange is not None
        clearance, connection, assessment = exchange.clearance, exchange.connection, exchange.assessment
        is_ready = exchange.intended and not flow.is_replay  # what is answered already is not sent as well
        if clearance is None or connection is None or assessment is None or not is_ready:
            return refuse(flow, NOTHING_ALLOWED)
        if clearance.fingerprint != fingerprint_of(exchange, flow, assessment, parts.rules.digest, parts.digest):
            return refuse(flow, Refusal(403, "not-what-was-cleared", "the request is not the one that was cleared"))
        if not is_waited_for(flow):
            return refuse(flow, Refusal(403, "client-gone", "the client has gone"))
        try:
            credential = upstream_credential(connection)
        except CountersignError as error:
            return refuse(flow, Refusal(503, "no-service-credential", str(error)))
        for name, value in credential:
            flow.request.headers[name] = value
        if (
            exchange.operation is not None
            and exchange.operation.current is not None
            and exchange.operation.current.etag
        ):
            bind_to_reviewed(flow.request, assessment.etag, exists=assessment.exists)
        ask_for_own_view(exchange, flow.request, parts)
        _frame(flow.request)
        if exchange.operation is not None and exchange.operation.effect not in UNAPPROVED_EFFECTS:
            parts.known.forget(connection, exchange.operation.subject)
        exchange.forwarded = True
        flow.response = None
        return None

    def response(self, flow: http.HTTPFlow) -> None:
        """A session that the service opened for the gateway's credential is as good as the credential: nobody gets it.
        What passed with an approval, or without the one it needed, says under which."""
        exchange = exchange_of(flow)
        if exchange is None or not exchange.forwarded:
            return
        assert flow.response is not None
        assert exchange.connection is not None
        if exchange.connection.credential is not None:
            flow.response.headers.pop("set-cookie", None)
        if exchange.clearance is not None and exchange.clearance.approval is not None:
            flow.response.headers["Countersign-Approval"] = self._runtime.approval_url(exchange.clearance.approval)


def _frame(request: http.Request) -> None:
    """Say how long the body is. HTTP/2 need not say it, and may lie about a body that never comes; mitmproxy writes both
    to an HTTP/1 service as they are, which would then read the body as the next request, or the next request as the
    body: one that nobody looked at goes through, with the gateway's credential."""
    if "transfer-encoding" in request.headers:
        return
    if request.raw_content or "content-length" in request.headers:
        request.headers["Content-Length"] = str(len(request.raw_content or b""))
