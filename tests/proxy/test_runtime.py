"""What a running gateway is made of, and that there is none before it starts and after it stops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countersign.errors import CountersignError
from countersign.evidence import StatePlaces
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
    assert len(gateway.service.received) == 1


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


def test_ids_are_not_to_be_guessed() -> None:
    """128 random bits in hexadecimal, never the same."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(bytes.fromhex(one)) == 16 for one in ids)


def test_time_is_in_microseconds_and_goes_on() -> None:
    """Between the year 2024 and 2100, and never backwards within a test."""
    first = now()
    assert 1_700_000_000_000_000 < first <= now() < 4_102_444_800_000_000
