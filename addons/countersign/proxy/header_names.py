"""Which headers mean what to the gateway. Everything that is in none of these sets is part of what gets approved."""

from __future__ import annotations

#: Carry the caller's credential for the gateway; never sent upstream, whatever the connection says.
GATEWAY_CREDENTIALS = ("proxy-authorization", "countersign-authorization")

#: Carry the caller's own credential for the service; sent on only where the connection says so.
CALLER_CREDENTIALS = ("authorization", "cookie")

#: What the caller says to the gateway about the request. Taken off it before anything else is read of it.
JUSTIFICATION = "countersign-justification"
BREAK_GLASS = "countersign-break-glass"

#: Say how this one message is carried, or who it passed through; they change from try to try and mean nothing to the service.
TRANSPORT = frozenset(
    {
        "accept-encoding",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "connection",
        "content-length",
        "date",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "x-request-id",
    }
)

#: Ask the service to read the request as another one than it says: another method, another target, a piece of a body.
#: There is no honest use for them here.
OVERRIDES = (
    "content-range",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
)

#: Say how the body is read, and against which version of the schema the request counts.
MEANINGS = ("content-encoding", "content-type", "if-match", "if-none-match")

#: All that the gateway knows by name. Services behind CGI or WSGI read `If_Match` as `If-Match`: no second spelling passes.
KNOWN = TRANSPORT.union(GATEWAY_CREDENTIALS, CALLER_CREDENTIALS, OVERRIDES, MEANINGS, (JUSTIFICATION, BREAK_GLASS))

#: What `Connection` may list. Whatever else it lists, the next hop takes off the request (RFC 9110, section 7.6.1).
CONNECTION_OPTIONS = frozenset({"", "close", "keep-alive", "te"})
