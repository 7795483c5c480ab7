"""The gateway's own requests: bounded, direct, without redirects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from countersign import limits
from countersign.proxy.outbound import Outbound
from tests.proxy.certificates import Authority
from tests.proxy.upstream import SchemaService


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(None)
    yield made
    made.close()


@asynccontextmanager
async def _answering(answer: Callable[[int], bytes]) -> AsyncIterator[str]:
    """A server that answers every request with the same bytes (of its own port)."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(writer.get_extra_info("sockname")[1]))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_an_answer_comes_back_as_it_was_sent(outbound: Outbound, service: SchemaService) -> None:
    """Status, headers in lower case and the body's bytes, whatever the status is."""
    service.schemas["a"] = b"bytes"
    answer = await outbound.get(service.url + "/schemas/a", {"X-Key": "1"})
    assert (answer.status, answer.body) == (200, b"bytes")
    assert "etag" in answer.headers
    assert (await outbound.get(service.url + "/schemas/none")).status == 404
    assert service.received[0].header("x-key") == ["1"]
    assert service.received[0].header("accept-encoding") == ["identity"]


async def test_bytes_are_posted_as_they_are(outbound: Outbound, service: SchemaService) -> None:
    """With the headers that go with them, and nothing added to the body."""
    answer = await outbound.post_bytes(service.url + "/schemas/b", b'{"a":1}', {"Content-Type": "application/json"})
    assert answer.status == 200
    (received,) = service.received
    assert (received.method, received.body) == ("POST", b'{"a":1}')
    assert received.header("content-type") == ["application/json"]


async def test_a_redirect_is_an_answer_and_not_followed(outbound: Outbound, service: SchemaService) -> None:
    """The credential of a service never goes to where that service points."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {service.url}/schemas/a\r\nContent-Length: 0\r\n\r\n"
    async with _answering(lambda _: head.encode()) as url:
        assert (await outbound.get(url)).status == 302
        with pytest.raises(OSError, match="answered 302"):
            await outbound.fetch(url)
    assert service.connections == 0


async def test_proxies_of_the_environment_are_not_used(
    outbound: Outbound, service: SchemaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS_PROXY leads to the gateway itself on many machines."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await outbound.get(service.url + "/schemas/none")).status == 404


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    ],
    ids=["nothing", "nonsense", "cut short", "too long"],
)
async def test_what_is_no_whole_answer_is_an_error(answer: bytes, outbound: Outbound) -> None:
    """OSError without the headers that were sent; never half a body."""
    async with _answering(lambda _: answer) as url:
        with pytest.raises(OSError, match="no answer") as caught:
            await outbound.get(url, {"Authorization": "Bearer secret"})
    assert "secret" not in str(caught.value)


async def test_an_answer_that_does_not_come_is_given_up(
    outbound: Outbound, service: SchemaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits longer than the limit."""
    monkeypatch.setattr(limits, "OUTBOUND_SECONDS", 0.05)
    service.may_answer.clear()
    with pytest.raises(OSError, match="no answer"):
        await outbound.get(service.url + "/schemas/a")


async def test_certificates_are_checked(secure_service: SchemaService, authority: Authority, tmp_path: Path) -> None:
    """A service whose certificate no trusted authority signed is not talked to; with its authority it is."""
    public, trusting = Outbound(None), Outbound(authority.ca)
    try:
        with pytest.raises(OSError, match="no answer"):
            await public.get(secure_service.url + "/schemas/a")
        assert secure_service.received == []
        assert (await trusting.get(secure_service.url + "/schemas/a")).status == 404
    finally:
        public.close()
        trusting.close()


async def test_a_form_is_posted(outbound: Outbound, service: SchemaService) -> None:
    """Urlencoded, with the headers that are given, and nothing of the form in the address."""
    answer = await outbound.post(service.url + "/schemas/a", {"code": "a&b c", "n": "\u00e9"}, {"X-Key": "1"})
    assert answer.status in (200, 201)
    (got,) = service.received
    assert (got.method, got.target, got.body) == ("POST", "/schemas/a", b"code=a%26b+c&n=%C3%A9")
    assert got.header("content-type") == ["application/x-www-form-urlencoded"]
    assert (got.header("x-key"), got.header("accept-encoding")) == (["1"], ["identity"])


async def test_a_form_does_not_follow_a_redirect(outbound: Outbound, service: SchemaService) -> None:
    """307 would send a log-in's code and secret to where the answer points."""
    head = f"HTTP/1.1 307 Moved\r\nLocation: {service.url}/schemas/a\r\nContent-Length: 0\r\n\r\n"
    async with _answering(lambda _: head.encode()) as url:
        assert (await outbound.post(url, {"code": "c"}, {})).status == 307
    assert service.connections == 0


async def test_a_form_without_an_answer_is_an_error(outbound: Outbound) -> None:
    """OSError, and nothing of the form in its text; a whole answer is none."""
    async with _answering(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort") as url:
        with pytest.raises(OSError, match="no answer") as caught:
            await outbound.post(url, {"code": "secret"}, {"Authorization": "Basic secret"})
    assert "secret" not in str(caught.value)
    async with _answering(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole") as url:
        assert (await outbound.post(url, {"code": "secret"}, {})).body == b"whole"
