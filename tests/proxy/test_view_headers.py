"""The header fields around a masked view: nothing that is true of the unmasked answer only."""

from __future__ import annotations

import pytest
from mitmproxy import http

from countersign.masking import KeyedDigest
from countersign.proxy.entity_tags import EntityTags
from countersign.proxy.exchange import Via
from countersign.proxy.view_headers import ask_for_view, describe_view

_TAGS = EntityTags(KeyedDigest(b"k" * 32), ["a view"])
_OTHER = EntityTags(KeyedDigest(b"k" * 32), ["another view"])


def read(*headers: tuple[str, str], method: str = "GET") -> http.Request:
    """A read with these header fields, as the service would be sent it."""
    request = http.Request.make(method, "https://service/schemas/a")
    request.headers = http.Headers([(name.encode(), value.encode()) for name, value in headers])
    ask_for_view(request, _TAGS)
    return request


def described(
    *headers: tuple[str, str], body: bytes = b"{}", status: int = 200, method: str = "GET", via: Via = "plain"
) -> http.Headers:
    """The header fields of an answer that had these, once they describe the view."""
    response = http.Response.make(status, body)
    response.headers = http.Headers([(name.encode(), value.encode()) for name, value in headers])
    describe_view(response, http.Request.make(method, "https://service/schemas/a"), via, _TAGS)
    return response.headers


# -- the read ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Range", "If-Range", "If-Modified-Since"])
def test_a_view_is_asked_for_whole(name: str) -> None:
    """No part of it, and not by a date, which is the same in every view; what else the read says stays."""
    assert name not in read((name, "x"), ("Accept", "a/b")).headers
    assert read((name, "x"), ("Accept", "a/b")).headers.fields == ((b"Accept", b"a/b"),)


def test_a_tag_of_the_view_asks_the_service_by_its_own() -> None:
    """So that it can say `not modified`."""
    (shown,) = _TAGS.shown(['"r1"'])
    assert read(("If-None-Match", shown)).headers["If-None-Match"] == '"r1"'
    assert read(("If-Match", shown)).headers["If-Match"] == '"r1"'


def test_any_other_tag_asks_for_the_whole_view() -> None:
    """A copy from another view, or from none, is no copy of this one; a read may require it, in vain."""
    (foreign,) = _OTHER.shown(['"r1"'])
    for tag in (foreign, '"r1"', "*"):
        assert "If-None-Match" not in read(("If-None-Match", tag)).headers
        assert read(("If-Match", tag)).headers["If-Match"] == ("*" if tag == "*" else '"masked-none"')


# -- the answer -------------------------------------------------------------------------------------------------------


def test_the_length_is_that_of_the_view() -> None:
    """However the unmasked answer was framed."""
    assert described(("Content-Length", "99"))["Content-Length"] == "2"
    headers = described(("Transfer-Encoding", "chunked"))
    assert headers["Content-Length"] == "2"
    assert "Transfer-Encoding" not in headers
    assert described(body=b"")["Content-Length"] == "0"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("PUT", 204)])
def test_what_has_no_body_says_no_length(method: str, status: int) -> None:
    """The service's is that of the unmasked body; a body has one."""
    headers = described(("Content-Length", "99"), body=b"", status=status, method=method)
    assert "Content-Length" not in headers
    assert described(("Content-Length", "99"))["Content-Length"] == "2"


@pytest.mark.parametrize("status", [200, 304, 404])
def test_the_tag_is_the_views(status: int) -> None:
    """Also of an answer without a body: it names what the caller has."""
    assert described(("ETag", 'W/"r1"'), status=status)["ETag"] == _TAGS.shown(['W/"r1"'])[0]
    assert "ETag" not in described(("ETag", "r1"), status=status)


@pytest.mark.parametrize(
    "name",
    [
        "Content-MD5",
        "Digest",
        "Content-Digest",
        "Repr-Digest",
        "X-Amz-Checksum-Sha256",
        "x-goog-hash",
        "X_Body_SHA1",
        "Signature",
        "Signature-Input",
        "X-Hub-Signature-256",
        "Content-Range",
        "Accept-Ranges",
        "Trailer",
        "CDN-Cache-Control",
        "Surrogate-Control",
    ],
)
def test_what_is_true_of_the_unmasked_answer_only_is_left_out(name: str) -> None:
    """Digests let anyone guess what was masked, signatures fail, parts are of another whole; the rest stays in order."""
    headers = described(("X-One", "1"), (name, "x"), ("Last-Modified", "then"), (name, "y"))
    assert [field for field, _ in headers.fields] == [
        b"X-One",
        b"Last-Modified",
        b"Content-Length",
        b"Vary",
        b"Cache-Control",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "Proxy-Authorization"),
        (["Accept"], "Accept, Proxy-Authorization"),
        (["Accept, Origin", "X"], "Accept, Origin, X, Proxy-Authorization"),
        (["proxy-authorization"], "proxy-authorization"),
        (["*"], "*"),
    ],
)
def test_the_answer_varies_with_the_credential(before: list[str], after: str) -> None:
    """Beside what it varies with already."""
    assert described(*(("Vary", value) for value in before)).get_all("vary") == [after]


def test_in_reverse_mode_the_credential_has_two_names() -> None:
    """Either may bring the caller's token there."""
    assert described(via="reverse")["Vary"] == "Authorization, Countersign-Authorization"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "private"),
        (["max-age=60"], "max-age=60, private"),
        (["public, max-age=60", "s-maxage=600"], "max-age=60, private"),
        (["no-cache, must-revalidate"], "no-cache, must-revalidate, private"),
        (['PUBLIC, private="set-cookie, x", max-age=60'], "max-age=60, private"),
        (['no-cache="a, public"'], 'no-cache="a, public", private'),
        (["Private, max-age=60"], "Private, max-age=60"),
        (["no-store"], "no-store"),
    ],
)
def test_no_cache_that_callers_share_keeps_a_view(before: list[str], after: str) -> None:
    """The caller's own may, for as long as the service says."""
    assert ", ".join(described(*(("Cache-Control", value) for value in before)).get_all("cache-control")) == after
