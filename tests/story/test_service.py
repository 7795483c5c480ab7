"""What both services share: who may speak to them, and how requests and answers travel."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path

import pytest

from scripts.story.service import Answer, Fault, Request, Server, json_answer, read_seen

RIGHT = "Basic dTpw"  # u:p


def mirror(request: Request) -> Answer:
    """Tells what it was asked."""
    if request.segments == ("nothing",):
        return Answer(204)
    return json_answer(
        201, [request.method, request.segments, dict(request.query), request.body.decode()], ETag='"1"', X_Two="2"
    )


async def served(
    exchange: Callable[[int], tuple[int, HTTPMessage, bytes]], **files: Path
) -> tuple[int, HTTPMessage, bytes]:
    """Run `exchange` against a server in this loop."""
    server = Server(mirror, credential="u:p", **files)
    port = server.listen(0)
    try:
        return await asyncio.to_thread(exchange, port)
    finally:
        await server.close()


def asking(
    method: str, target: str, body: bytes = b"", authorization: str | None = RIGHT
) -> Callable[[int], tuple[int, HTTPMessage, bytes]]:
    def exchange(port: int) -> tuple[int, HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, target, body or None, {"Authorization": authorization} if authorization else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    return exchange


async def test_a_request_arrives_decoded() -> None:
    """An escaped slash stays within its segment; the query and the body are as sent."""
    status, headers, body = await served(asking("POST", "/a/b%2Fc%20d?x=1&y=&z=%26", b"body"))
    assert (status, headers["ETag"], headers["X-Two"]) == (201, '"1"', "2")
    assert json.loads(body) == ["POST", ["a", "b/c d"], {"x": "1", "y": "", "z": "&"}, "body"]


async def test_an_empty_answer_has_no_body() -> None:
    """204 travels without length and type."""
    status, headers, body = await served(asking("DELETE", "/nothing"))
    assert (status, body) == (204, b"")
    assert headers["Content-Length"] is headers["Content-Type"] is None


async def test_head_has_the_length_and_no_body() -> None:
    """As for GET, without it."""
    status, headers, body = await served(asking("HEAD", "/"))
    assert (status, body) == (201, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "authorization", [None, "Basic dTpx", "Bearer dTpw", "basic dTpw", "Basic dTpw x", "Basic Og=="]
)
async def test_nobody_speaks_to_it_without_the_credential(tmp_path: Path, authorization: str | None) -> None:
    """401 with a challenge; that it reached the service is recorded all the same."""
    seen = tmp_path / "seen"
    status, headers, body = await served(asking("PUT", "/x", b"{}", authorization), seen_file=seen)
    assert (status, json.loads(body)["error_code"]) == (401, 40101)
    assert headers["WWW-Authenticate"].startswith("Basic")
    assert [entry.authorised for entry in read_seen(seen)] == [False]


async def test_what_was_seen_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    """Whoever has the answer can read the record."""
    seen = tmp_path / "seen"
    assert (await served(asking("PUT", "/x?y=%20", b"\x00\x01"), seen_file=seen))[0] == 201
    (entry,) = read_seen(seen)
    assert (entry.method, entry.target, entry.body, entry.authorised) == ("PUT", "/x?y=%20", b"\x00\x01", True)


async def test_a_fault_hits_only_what_it_matches(tmp_path: Path) -> None:
    """By a regular expression over method and target."""
    faults = tmp_path / "faults"
    faults.write_text(json.dumps({"match": "^PUT /x", "status": 503}))
    assert (await served(asking("PUT", "/x", b"1"), faults_file=faults))[0] == 503
    assert (await served(asking("GET", "/x"), faults_file=faults))[0] == 201


def test_a_misspelt_fault_is_an_error() -> None:
    """A fault test with a typing mistake must not pass."""
    with pytest.raises(TypeError):
        Fault(drop_afterapply=True)  # type: ignore[call-arg]
