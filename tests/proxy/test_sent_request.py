"""What will be sent: read once, and bound to its approval by a fingerprint."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mitmproxy import http

from countersign import limits
from countersign.errors import BadInput, TooLarge, UnsupportedMedia
from countersign.masking import KeyedDigest
from countersign.proxy.header_names import TRANSPORT
from countersign.proxy.sent_request import as_it_came, fingerprint, read_request, semantic_headers
from tests.proxy.values import DIGEST, caller, connection, flow


def _fingerprint(made: http.HTTPFlow | None = None, **changes: Any) -> str:
    usual: dict[str, Any] = {"current_digest": "c1", "rules_digest": "r1", "rule": "others (f:1)", "digest": DIGEST}
    place, who = changes.pop("connection", connection()), changes.pop("caller", caller())
    return fingerprint(made or flow(), place, who, **{**usual, **changes})


def _changed(change: Callable[[http.Request], None]) -> str:
    made = flow()
    change(made.request)
    return _fingerprint(made)


_CHANGES: dict[str, Callable[[http.Request], None]] = {
    "method": lambda request: setattr(request, "method", "POST"),
    "path": lambda request: setattr(request, "path", "/schemas/b?x=1"),
    "query": lambda request: setattr(request, "path", "/schemas/a?x=2"),
    "host": lambda request: setattr(request, "host", "other.example"),
    "port": lambda request: setattr(request, "port", 8443),
    "scheme": lambda request: setattr(request, "scheme", "http"),
    "one byte of the body": lambda request: setattr(request, "raw_content", b'{"type":"objecT"}'),
    "white space in the body": lambda request: setattr(request, "raw_content", b'{"type": "object"}'),
    "no body": lambda request: setattr(request, "raw_content", b""),
    "value of a header": lambda request: request.headers.update({"X-Team": "b"}),
    "bytes of a header that are no UTF-8": lambda request: request.headers.set_all("X-Team", [b"\xe9"]),
    "a header more": lambda request: request.headers.update({"If-Match": "*"}),
    "a header less": lambda request: request.headers.pop("X-Team"),
    "a header twice": lambda request: request.headers.add("X-Team", "a"),
    "content type": lambda request: request.headers.update({"Content-Type": "application/merge-patch+json"}),
    "content encoding": lambda request: request.headers.update({"Content-Encoding": "identity"}),
    "order of headers": lambda request: setattr(
        request, "headers", http.Headers(list(reversed(request.headers.fields)))
    ),
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_whatever_the_service_acts_upon_is_bound(change: Callable[[http.Request], None]) -> None:
    """Any other request has another fingerprint."""
    assert _changed(change) != _fingerprint()


@pytest.mark.parametrize(
    "changes",
    [
        {"caller": caller(subject="sub-bob")},
        {"caller": caller(issuer="https://other.example")},
        {"caller": caller(people=frozenset({"bob"}))},
        {"caller": caller(people=frozenset())},
        {"connection": connection(name="other")},
        {"current_digest": "c2"},
        {"rules_digest": "r2"},
        {"rule": "freeze (f:9)"},
        {"digest": KeyedDigest(b"x" * 32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_who_asks_and_what_was_reviewed_is_bound(changes: dict[str, Any]) -> None:
    """Another caller, connection, current schema, rulebook, rule or key has another fingerprint."""
    assert _fingerprint(**changes) != _fingerprint()


@pytest.mark.parametrize("name", sorted(TRANSPORT - {"host"}))
def test_how_a_message_is_carried_is_not_bound(name: str) -> None:
    """The same request, sent again by another client or over another connection, joins its approval."""
    assert _changed(lambda request: request.headers.update({name: "another"})) == _fingerprint()


@pytest.mark.parametrize("name", ["Proxy-Authorization", "Countersign-Authorization", "Authorization", "Cookie"])
def test_a_fresh_token_joins_the_same_approval(name: str) -> None:
    """Credentials that are not sent on do not count; who they stand for does."""
    assert _changed(lambda request: request.headers.update({name: "Bearer fresh"})) == _fingerprint()


@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_a_credential_that_is_sent_on_is_bound(name: str) -> None:
    """Where the service gets the caller's own credential, it is part of the request."""
    passing = connection(pass_caller_credentials=True)
    first, second = flow(), flow()
    first.request.headers[name] = "one"
    second.request.headers[name] = "two"
    assert _fingerprint(first, connection=passing) != _fingerprint(second, connection=passing)


def test_a_token_that_was_renewed_is_the_same_caller() -> None:
    """Times, ids and keys of the token are not bound: the retry may come an hour later."""
    renewed = caller(issued_at=1_800_003_600, expires_at=1_800_007_200, token_id="j-2", key_thumbprint="t2")
    assert _fingerprint(caller=renewed) == _fingerprint()


def test_names_of_headers_are_compared_without_case() -> None:
    """HTTP/2 sends lower case, HTTP/1.1 as written."""
    made = flow(headers=(("content-type", "application/json"), ("x-team", "a")))
    assert semantic_headers(made.request) == semantic_headers(flow().request)
    assert _fingerprint(made) == _fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        *_CHANGES.values(),
        lambda request: request.headers.update({"Host": "other.example"}),
        lambda request: request.headers.update({"Transfer-Encoding": "chunked"}),
        lambda request: request.headers.update({"Proxy-Authorization": "Bearer t"}),
        lambda request: setattr(request, "authority", "other.example"),
        lambda request: setattr(request, "trailers", http.Headers(x="1")),
        lambda request: setattr(request, "http_version", "HTTP/1.0"),
    ],
)
def test_whatever_is_changed_after_the_reading_is_seen(change: Callable[[http.Request], None]) -> None:
    """Also what an approval is not bound to: how the message is carried, and to whom it says it goes."""
    made = flow()
    came = as_it_came(made, DIGEST)
    assert as_it_came(flow(), DIGEST) == came
    change(made.request)
    assert as_it_came(made, DIGEST) != came


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_request_is_read_with_its_encoding_undone() -> None:
    """The dialect sees the body that the service will read."""
    body = b'{"type":"object"}'
    made = flow(body=gzip.compress(body), headers=(("Content-Encoding", "gzip"), ("Content-Type", "application/json")))
    view = read_request(made)
    assert (view.method, view.target, view.body, view.media_type) == (
        "PUT",
        "/schemas/a?x=1",
        body,
        "application/json",
    )


def _headers(*more: tuple[str, str]) -> http.HTTPFlow:
    return flow(headers=(("Content-Type", "application/json"), *more))


def _with(made: http.HTTPFlow, **parts: Any) -> http.HTTPFlow:
    for name, value in parts.items():
        setattr(made.request, name, value)
    return made


@pytest.mark.parametrize(
    ("made", "error", "text"),
    [
        (_with(flow(), raw_content=None), BadInput, "not kept whole"),
        (_with(flow(), path="/" + "a" * limits.MAX_TARGET_CHARACTERS), TooLarge, "target is longer"),
        (_with(flow(), trailers=http.Headers(x="1")), BadInput, "trailers"),
        (_with(flow(), data=replace(flow().request.data, method=b"put")), BadInput, "not in upper case"),
        (_headers(("X-HTTP-Method-Override", "DELETE")), BadInput, "another method"),
        (_headers(("X-HTTP-Method", "DELETE")), BadInput, "another method"),
        (_headers(("X-Method-Override", "DELETE")), BadInput, "another method"),
        (_headers(("X-Original-URL", "/schemas/b")), BadInput, "another method, target"),
        (_headers(("X-Rewrite-URL", "/schemas/b")), BadInput, "another method, target"),
        (_headers(("Content-Range", "bytes 0-3/9")), BadInput, "another method, target or place"),
        (_headers(("X_HTTP_Method_Override", "DELETE")), BadInput, "spelt with _"),
        (_headers(("If_Match", "*")), BadInput, "spelt with _"),
        (_headers(("content_type", "text/plain")), BadInput, "spelt with _"),
        (_headers(("Countersign_Break_Glass", "fire")), BadInput, "spelt with _"),
        (_headers(("Countersign-Breakglass", "fire")), BadInput, "no header of this name"),
        (_headers(("Connection", "keep-alive, If-Match")), BadInput, "Connection names a header"),
        (_headers(("Connection", "close"), ("Connection", "content-encoding")), BadInput, "Connection names a header"),
        (_headers(("Transfer-Encoding", "gzip, chunked")), BadInput, "transfer coding"),
        (_headers(("Upgrade", "h2c")), BadInput, "no upgrade"),
        (_headers(("Content-Type", "text/plain")), BadInput, "content-type is given more than once"),
        (_headers(("Content-Encoding", "gzip"), ("Content-Encoding", "br")), BadInput, "more than once"),
        (_headers(("Content-Encoding", "gzip")), BadInput, "gzip"),
        (_headers(("Content-Encoding", "compress")), UnsupportedMedia, "content coding"),
    ],
    ids=[
        "streamed", "long", "trailers", "lower case", "override 1", "override 2", "override 3", "target 1", "target 2", "a piece",
        "spelling 1", "spelling 2", "spelling 3", "spelling 4", "misspelt", "named 1", "named 2", "transfer coding", "upgrade", "two types", "two encodings",
        "not what it says", "unknown encoding",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(made: http.HTTPFlow, error: type[BadInput], text: str) -> None:
    """One thing changed, and the request that is read above is refused, with the reason."""
    with pytest.raises(error, match=text):
        read_request(made)


@pytest.mark.parametrize(
    "header",
    [
        ("Connection", "keep-alive, TE"),
        ("Connection", "close"),
        ("Transfer-Encoding", "Chunked"),
        ("Build_Number", "7"),
        ("Range", "bytes=0-3"),
    ],
    ids=lambda header: " ".join(header),
)
def test_what_has_one_reading_only_is_read(header: tuple[str, str]) -> None:
    """The twins: what clients honestly send of the same kind."""
    assert read_request(_headers(header)).body == b'{"type":"object"}'


def test_the_longest_target_is_read() -> None:
    """The twin of the one that is one character longer."""
    path = "/" + "a" * (limits.MAX_TARGET_CHARACTERS - 1)
    assert read_request(_with(flow(), path=path)).target == path


def test_the_digest_of_a_body_is_of_the_bytes_that_are_there() -> None:
    """Made once for the same bytes; others, also equal ones, are looked at again."""
    made = flow(body=b'{"a":1}')
    first = as_it_came(made, DIGEST)
    assert as_it_came(made, DIGEST) == first
    made.request.raw_content = b'{"a":2}'
    assert as_it_came(made, DIGEST) != first
    made.request.raw_content = bytes(bytearray(b'{"a":1}'))
    assert as_it_came(made, DIGEST) == first
    assert as_it_came(made, KeyedDigest(b"x" * 32)) != first
