"""What a running gateway is made of, and that there is none before it starts and after it stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.errors import CountersignError
from countersign.evidence import StatePlaces
from countersign.proxy.runtime import Parts, Runtime, new_id, now
from countersign.rulebook.loading import load
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway


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


def test_ids_are_not_to_be_guessed() -> None:
    """128 random bits in hexadecimal, never the same."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(bytes.fromhex(one)) == 16 for one in ids)


def test_time_is_in_microseconds_and_goes_on() -> None:
    """Between the year 2024 and 2100, and never backwards within a test."""
    first = now()
    assert 1_700_000_000_000_000 < first <= now() < 4_102_444_800_000_000
