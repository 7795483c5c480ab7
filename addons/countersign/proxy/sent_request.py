"""What the service will be sent: one reading of it, and the fingerprint that an approval is bound to."""

from __future__ import annotations

from typing import Final

from mitmproxy import http

from countersign import limits
from countersign.dialects import RequestView
from countersign.errors import BadInput, CountersignError, TooLarge
from countersign.identity import Caller
from countersign.masking import KeyedDigest
from countersign.masking.carriers.content_coding import decode
from countersign.proxy.header_names import (
    CALLER_CREDENTIALS,
    CONNECTION_OPTIONS,
    GATEWAY_CREDENTIALS,
    KNOWN,
    OVERRIDES,
    TRANSPORT,
)
from countersign.rulebook.values import Connection
from countersign.strict_json import Json, dumps

_BODY_DIGEST: Final = "countersign.body-digest"


class RequestChanged(CountersignError):
    """The request is no longer the one that was read, judged and shown."""


def read_request(flow: http.HTTPFlow) -> RequestView:
    """The request with its Content-Encoding undone. Raises BadInput, TooLarge, UnsupportedMedia."""
    request = flow.request
    if request.raw_content is None:
        raise BadInput("the body was not kept whole; send it again")
    if len(request.path) > limits.MAX_TARGET_CHARACTERS:
        raise TooLarge(f"the target is longer than {limits.MAX_TARGET_CHARACTERS} characters")
    if not request.data.method.isupper():
        raise BadInput("the method is not in upper case, and methods are told apart by case; send GET, PUT, ...")
    if request.trailers:
        raise BadInput("trailers are not read here; send the request without them")
    _refuse_second_readings(request.headers)
    for name in ("content-encoding", "content-type"):
        if len(request.headers.get_all(name)) > 1:
            raise BadInput(f"{name} is given more than once; send it once")
    body = decode(request.raw_content, request.headers.get("content-encoding"))
    media_type = request.headers.get("content-type")
    return RequestView(request.method, request.path, body, media_type)


def _refuse_second_readings(headers: http.Headers) -> None:
    """Raise BadInput where the service, or what stands before it, could see another request than the gateway does."""
    if any(name in headers for name in OVERRIDES):
        raise BadInput("a header asks for another method, target or place than the request's; send the request itself")
    if any(name.lower().startswith("countersign-") for name in headers):
        raise BadInput(
            "the gateway has no header of this name: it reads Countersign-Justification and Countersign-Break-Glass"
        )
    if "upgrade" in headers:
        raise BadInput("no upgrade to another protocol passes the gateway; send plain HTTP")
    if any("_" in name and name.lower().replace("_", "-") in KNOWN for name in headers):
        raise BadInput("a header is spelt with _, which some services read as -; spell it with -")
    options = ",".join(headers.get_all("connection")).split(",")
    if not all(option.strip().lower() in CONNECTION_OPTIONS for option in options):
        raise BadInput("Connection names a header, which would be lost on the way; send close, keep-alive or nothing")
    if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
        raise BadInput("the transfer coding is not read here; send chunked, or a Content-Length")


def semantic_headers(request: http.Request) -> list[Json]:
    """The headers that are part of what gets approved, as they will be sent, in order."""
    left_out = TRANSPORT.union(GATEWAY_CREDENTIALS, CALLER_CREDENTIALS)
    return [
        [_as_bytes(name.lower()), _as_bytes(value)]
        for name, value in request.headers.items(multi=True)
        if name.lower() not in left_out
    ]


def fingerprint(
    flow: http.HTTPFlow,
    connection: Connection,
    caller: Caller,
    *,
    current_digest: str,
    rules_digest: str,
    rule: str,
    digest: KeyedDigest,
) -> str:
    """The keyed digest of one exact request: who, what, to whom, against which schema, under which rules, by which one."""
    request = flow.request
    caller_headers: list[Json] = [
        [name.lower(), _as_bytes(value)]
        for name, value in request.headers.items(multi=True)
        if connection.pass_caller_credentials and name.lower() in CALLER_CREDENTIALS
    ]
    parts: list[Json] = [
        connection.name,
        f"{request.scheme}://{request.host}:{request.port}",
        _as_bytes(request.method),
        _as_bytes(request.path),
        semantic_headers(request) + caller_headers,
        _body_digest(flow, digest),
        [caller.issuer, caller.subject, *sorted(caller.people)],
        current_digest,
        rules_digest,
        rule,
    ]
    return digest.of(dumps(parts), label="approval")


def as_it_came(flow: http.HTTPFlow, digest: KeyedDigest) -> str:
    """The keyed digest of everything in the request, also of what an approval is not bound to: nothing may change any
    of it between the reading and the sending, or the service would be sent what nobody looked at."""
    request = flow.request
    trailers = request.trailers.fields if request.trailers is not None else ()
    parts: list[Json] = [
        request.scheme,
        request.host,
        request.port,
        *(field.decode("latin-1") for field in (request.data.authority, request.data.method, request.data.path)),
        request.http_version,
        [[name.decode("latin-1"), value.decode("latin-1")] for name, value in (*request.headers.fields, *trailers)],
        _body_digest(flow, digest),
    ]
    return digest.of(dumps(parts), label="received")


def _body_digest(flow: http.HTTPFlow, digest: KeyedDigest) -> str:
    """The keyed digest of the body; made once for the very same bytes, which nobody can change: some milliseconds each time."""
    body = flow.request.raw_content or b""
    known = flow.metadata.get(_BODY_DIGEST)
    if known is None or known[0] is not body or known[1] is not digest:
        known = flow.metadata[_BODY_DIGEST] = (body, digest, digest.of(body, label="request-body"))
    return str(known[2])


def _as_bytes(text: str) -> str:
    """One character for each byte on the wire: what is not UTF-8 comes out of mitmproxy as lone surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
