"""Pointed at the gateway's own URL instead of through a proxy: the same gate, with the headers of that mode."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest

from scripts.story.stage import SERVICE_CREDENTIAL, Stage
from tests.end_to_end.wire import Reply, Wire, basic, bearer

READ = "/schemas/orders-value"
type Form = Callable[[str, str], tuple[str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway that stands in front of one service, under a URL of its own."""
    folder = tmp_path_factory.mktemp("reverse")
    with Stage(folder, "store", mode="reverse:{service}", hold_seconds=1) as stage:
        stage.ask_service("PUT", READ, b'{"type": "object"}')
        yield stage


def send(stage: Stage, method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> Reply:
    """One request to the gateway's own address."""
    with Wire(stage.port) as wire:
        return wire.send(method, target, [("Host", f"127.0.0.1:{stage.port}"), *headers], body)


@pytest.mark.parametrize("name", ["Countersign-Authorization", "Authorization"])
@pytest.mark.parametrize("form", [bearer, basic])
def test_the_token_comes_in_either_header(store: Stage, name: str, form: Form) -> None:
    """With the token the request passes and the service sees the gateway's credential; without one it is 401."""
    token, before = store.pipeline_token(), len(store.service.seen)
    refused = send(store, "GET", READ)
    assert refused.status == 401
    challenges = " ".join(refused.headers.get_all("WWW-Authenticate") or [])
    assert "Bearer" in challenges
    assert "Basic" in challenges
    assert refused.problem["status"] == 401
    assert len(store.service.seen) == before
    reply = send(store, "GET", READ, form(token, name))
    assert (reply.status, reply.body) == (200, b'{"type": "object"}')
    (sent,) = store.service.seen[before:]
    assert sent.header("Authorization") == "Basic " + base64.b64encode(SERVICE_CREDENTIAL.encode()).decode()
    assert sent.header("Countersign-Authorization") is None
    assert token not in repr(sent)


def test_the_services_own_credential_in_a_request_is_no_identity(store: Stage) -> None:
    """Who knows the service's password is nobody here: 401; a caller's token passes."""
    before = len(store.service.seen)
    known = "Basic " + base64.b64encode(SERVICE_CREDENTIAL.encode()).decode()
    assert send(store, "GET", READ, ("Authorization", known)).status == 401
    assert len(store.service.seen) == before
    assert send(store, "GET", READ, bearer(store.pipeline_token(), "Authorization")).status == 200
    assert len(store.service.seen) == before + 1


def test_an_absolute_target_is_refused(store: Stage) -> None:
    """A request that names a host in its target would be a proxy's; the path alone passes."""
    before, credential = len(store.service.seen), bearer(store.pipeline_token(), "Authorization")
    for url in (f"http://localhost:{store.service.port}{READ}", f"{store.service_url}{READ}"):
        reply = send(store, "GET", url, credential)
        assert (reply.status, reply.problem["status"]) == (403, 403)
    assert len(store.service.seen) == before
    assert send(store, "GET", READ, credential).status == 200
    assert len(store.service.seen) == before + 1


def test_a_risky_change_is_held_here_too(store: Stage) -> None:
    """A narrowing change waits for approval; a change of words passes to the service at once."""
    credential = bearer(store.pipeline_token(), "Authorization")
    writes = len([seen for seen in store.service.seen if seen.method == "PUT"])
    media = ("Content-Type", "application/json")
    held = send(store, "PUT", READ, credential, media, body=json.dumps({"type": "object", "required": ["id"]}).encode())
    assert (held.status, held.problem["title"]) == (503, "Waiting for approval")
    assert len([seen for seen in store.service.seen if seen.method == "PUT"]) == writes
    words = json.dumps({"type": "object", "title": "Order"}).encode()
    assert send(store, "PUT", READ, credential, media, body=words).status == 200
    assert store.service.seen[-1].body == words
