"""What a running gateway is made of, and that there is none before it starts and after it stops."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.errors import CountersignError
from countersign.evidence import StatePlaces, control_client
from countersign.evidence.control import ROTATE_KEY
from countersign.evidence.control_socket import CONTROL_NAME
from countersign.proxy.runtime import Parts, Runtime, new_id, now
from countersign.rulebook.loading import load
from tests.identity.issuing import KeyServer
from tests.notifications.receivers import receiving, until
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import SchemaService


def test_before_the_start_there_are_no_parts() -> None:
    """Asking for one raises what every hook answers with a denial."""
    runtime = Runtime()
    assert not runtime.is_started
    with pytest.raises(CountersignError, match="not started"):
        runtime.parts  # noqa: B018
    with pytest.raises(CountersignError, match="console is not started"):
        runtime.approval_url("a1")
    runtime.stop()


async def test_after_the_stop_every_request_is_refused(gateway: Gateway) -> None:
    """The proxy still listens for a moment while the process ends: nothing passes any more."""
    assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    headers = gateway.headers(("Content-Type", "application/json"))
    gateway.runtime.stop()
    answer = await gateway.send("POST", "/data/a", b"{}", headers)
    assert answer.status in (403, 503)
    assert len(gateway.service.changes) == 1


async def test_connections_and_tunnels_are_found_by_host_and_port(gateway: Gateway) -> None:
    """The tables hold what the rules list, and nothing else."""
    assert {*gateway.parts.connections} == {("127.0.0.1", gateway.service.port)}
    assert len(gateway.parts.tunnels) == 1


async def test_a_state_that_cannot_be_used_gives_the_log_back(
    folder: Path, provider: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where building fails half-way the evidence is closed, so that the next try can open it."""
    rules = load(write_rules(folder / "rules", issuer=provider.url, url="http://127.0.0.1:2"))
    places = StatePlaces(folder / "state")

    def fail(*_: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr("countersign.proxy.runtime.Outbound", fail)
        with pytest.raises(OSError, match="no"):
            Parts(rules, places, "countersign.test/audit/1", None)
    Parts(rules, places, "countersign.test/audit/1", None).close()


async def test_targets_hear_of_approvals(folder: Path, provider: KeyServer, service: SchemaService) -> None:
    """Of a held change and of its decision, with the link to its page."""
    key = folder / "hook-key"
    key.write_text("a key of 24 bytes or more")
    rules = write_rules(folder / "rules", issuer=provider.url, url=service.url) / "approval.yaml"
    with receiving() as receiver:
        target = {"name": "hook", "webhook": receiver.url, "key": {"from_file": str(key)}}
        rules.write_text(json.dumps({**json.loads(rules.read_text()), "notify": [target]}))
        async with running_gateway(folder, provider, service) as gateway:
            sending = gateway.sending("PUT", "/schemas/a", b'{"type":"object"}')
            (approval,) = await gateway.pending()
            await gateway.decide(approval)
            assert (await sending).status == 200
            await until(lambda: len(receiver.posted) == 2)
            asked, approved = (json.loads(posted.body) for posted in receiver.posted)
            assert (asked["type"], approved["type"]) == ("approval.requested", "approval.approved")
            assert asked["data"]["url"] == gateway.runtime.approval_url(approval.request.id)
            assert gateway.parts.notifier is not None


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """With a path that a Unix socket can have."""
    made = Path(tempfile.mkdtemp(prefix="gateway-"))
    yield made
    shutil.rmtree(made)


async def test_operators_are_heard(
    short_folder: Path, provider: KeyServer, service: SchemaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running gateway takes commands, and erases by itself what its rules say, beside its traffic; a stopped one is not there."""
    folder = short_folder / "gateway"
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    retention = "compliance: false\nretention: [{name: all, older_than_days: 2}]\n"
    (folder / "rules" / "evidence.yaml").write_text(retention)
    socket = folder / "state" / "evidence" / CONTROL_NAME
    with monkeypatch.context() as days_ago:
        days_ago.setattr("countersign.proxy.runtime.now", lambda: now() - 5 * 24 * 3600 * 1_000_000)
        async with running_gateway(folder, provider, service) as gateway:
            assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
            assert not gateway.records("prune")
            done = await asyncio.to_thread(control_client.ask, socket, ROTATE_KEY, lambda erased: None)
            assert done["new"] == gateway.parts.log.vkey.splitlines()[-1]
    assert not socket.exists()
    (folder / "rules" / "evidence.yaml").write_text(f"{retention}prune_every_hours: 24\n")
    async with running_gateway(folder, provider, service) as gateway:
        (record,) = await gateway.recorded("prune")
        assert record.fields["actor"] == "the gateway itself"
        assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    assert not control_client.is_served(socket)


async def test_a_path_too_long_for_a_socket(
    short_folder: Path, provider: KeyServer, service: SchemaService, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway serves all the same, and says that it takes no commands."""
    folder = short_folder / ("x" * 100) / "gateway"
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    async with running_gateway(folder, provider, service) as gateway:
        assert (await gateway.send("POST", "/data/a", b"{}")).status == 200
    assert "the gateway takes no commands while it runs" in caplog.text


def test_ids_are_not_to_be_guessed() -> None:
    """128 random bits in hexadecimal, never the same."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(bytes.fromhex(one)) == 16 for one in ids)


def test_time_is_in_microseconds_and_goes_on() -> None:
    """Between the year 2024 and 2100, and never backwards within a test."""
    first = now()
    assert 1_700_000_000_000_000 < first <= now() < 4_102_444_800_000_000
