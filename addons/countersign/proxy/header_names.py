"""Which headers mean what to the gateway. Everything that is in none of these sets is part of what gets approved."""

from __future__ import annotations

#: Carry the caller's credential for the gateway; never sent upstream, whatever the connection says.
GATEWAY_CREDENTIALS = ("proxy-authorization", "countersign-authorization")

#: Carry the caller's own credential for the service; sent on only where the connection says so.
CALLER_CREDENTIALS = ("authorization", "cookie")

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

#: Ask the service to read the request as another one than it says; there is no honest use for them here.
METHOD_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
