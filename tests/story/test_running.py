"""A running service: what reached it can be read, and it fails on demand."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.story.certificates import Authority
from scripts.story.running import RunningService
from scripts.story.service import Fault

BASIC = {"Authorization": "Basic Z2F0ZXdheTpzZWNyZXQ="}  # gateway:secret


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunningService]:
    with RunningService("store", tmp_path / "store", credential="gateway:secret") as running:
        yield running


def ask(service: RunningService, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request(method, path, body or None, BASIC | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_reached_it_is_told(store: RunningService) -> None:
    """Method, target as it was written, headers and exact bytes, in order."""
    ask(store, "PUT", "/schemas/a%20b?x=1", b'{"type": "object"}', Trace="42")
    ask(store, "GET", "/schemas")
    first, second = store.seen
    assert (first.method, first.target, first.body) == ("PUT", "/schemas/a%20b?x=1", b'{"type": "object"}')
    assert (first.header("trace"), first.header("absent"), first.authorised) == ("42", None, True)
    assert (second.method, second.body) == ("GET", b"")


def test_it_serves_https(tmp_path: Path, authority: Authority) -> None:
    """With a certificate of the authority, for its host."""
    certificate = authority.issue("localhost")
    with RunningService("registry", tmp_path / "r", credential="gateway:secret", certificate=certificate) as service:
        context = ssl.create_default_context(cafile=authority.certificate)
        connection = http.client.HTTPSConnection("localhost", service.port, timeout=10, context=context)
        connection.request("GET", "/subjects", headers=BASIC)
        assert connection.getresponse().read() == b"[]"
        connection.close()


def test_a_connection_lost_after_the_change_leaves_the_change(store: RunningService) -> None:
    """The client learns nothing, and the schema is there: the case that only a second look can settle."""
    store.fail(Fault(match="^PUT ", drop_after_apply=True))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(store, "PUT", "/schemas/order", b"{}")
    assert ask(store, "GET", "/schemas/order") == (200, b"{}")


def test_a_connection_lost_before_the_change_leaves_nothing(store: RunningService) -> None:
    """It reached the service, and nothing came of it; without the fault the same request passes."""
    store.fail(Fault(drop_before_apply=True))
    with pytest.raises(http.client.RemoteDisconnected):
        ask(store, "PUT", "/schemas/order", b"{}")
    store.fail(Fault())
    assert [seen.method for seen in store.seen] == ["PUT"]
    assert ask(store, "GET", "/schemas/order")[0] == 404
    assert ask(store, "PUT", "/schemas/order", b"{}")[0] == 201


def test_an_answer_can_break_off(store: RunningService) -> None:
    """Half of the body comes, then the end."""
    store.fail(Fault(match="^PUT ", drop_within_answer=True))
    with pytest.raises(http.client.IncompleteRead):
        ask(store, "PUT", "/schemas/order", b'{"type": "object"}')
    assert ask(store, "GET", "/schemas/order")[0] == 200


def test_a_status_can_be_ordered(store: RunningService) -> None:
    """Nothing is applied."""
    store.fail(Fault(match="^PUT ", status=500))
    assert ask(store, "PUT", "/schemas/order", b"{}")[0] == 500
    assert ask(store, "GET", "/schemas/order")[0] == 404


def test_a_delay_holds_the_answer_back(store: RunningService) -> None:
    """The request is recorded before, and answered after it."""
    store.fail(Fault(delay_seconds=30))
    connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=0.3)
    connection.request("GET", "/schemas", headers=BASIC)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(store.seen) == 1
