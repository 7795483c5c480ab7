"""What passes through a blind tunnel is counted and recorded in time, and the tunnel ends when it must."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable, InvalidCredential
from countersign.identity import Caller
from countersign.proxy.tunnel_account import TunnelAccount
from tests.proxy.values import caller

HALF = limits.TUNNEL_RECORD_BYTES // 2


class Surroundings:
    """Time that tests set, and evidence, a provider and a wire that do what tests say."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.time_of_day = 1000.0
        self.is_healthy = True
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.may_record = asyncio.Event()
        self.may_record.set()
        self.held: list[bool] = []
        self.verified = 0
        self.error: Exception | None = None
        self.caller = replace(caller(), expires_at=2000, leeway_seconds=0)
        self.account = TunnelAccount(
            self.caller,
            self.verify,
            self.record,
            self.held.append,
            lambda: self.is_healthy,
            lambda: self.clock,
            lambda: self.time_of_day,
        )

    async def verify(self) -> Caller:
        self.verified += 1
        if isinstance(self.error, InvalidCredential):
            raise self.error
        return self.caller

    async def record(self, step: str, **passed: Any) -> None:
        await self.may_record.wait()
        if self.error is not None:
            raise self.error
        self.records.append((step, passed))

    async def settle(self) -> None:
        """Let what was started end."""
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def around() -> Surroundings:
    return Surroundings()


async def test_both_ways_are_counted(around: Surroundings) -> None:
    """The record of the end has the bytes of each way, the seconds and the reason; a small tunnel needs no other record."""
    assert around.account.may_pass(3, from_client=True)
    assert around.account.may_pass(5, from_client=False)
    around.clock = 7.9
    assert around.account.may_go_on()
    await around.account.close()
    assert around.records == [("closed", {"sent": 3, "received": 5, "seconds": 7, "reason": "one side closed it"})]
    assert around.verified == 0
    assert not around.account.may_pass(1, from_client=True)  # what is closed is closed


async def test_much_is_recorded_while_it_passes(around: Surroundings) -> None:
    """Beyond the bytes allowed between two records both sides wait for one; below, nobody does."""
    assert around.account.may_pass(HALF, from_client=True)
    assert around.account.may_pass(HALF, from_client=False)
    assert around.held == []
    around.may_record.clear()
    assert around.account.may_pass(1, from_client=True)
    await around.settle()
    assert (around.held, around.records) == ([True], [])
    around.may_record.set()
    await around.settle()
    assert around.held == [True, False]
    assert around.records == [("passing", {"sent": HALF + 1, "received": HALF, "seconds": 0})]
    assert around.account.may_pass(HALF, from_client=True)


async def test_what_the_evidence_cannot_keep_up_with_does_not_pass(around: Surroundings) -> None:
    """Twice the bytes and no record: the tunnel ends, and what did not pass is not counted; with its record it goes on."""
    around.may_record.clear()
    assert around.account.may_pass(3 * HALF, from_client=True)
    await around.settle()
    assert not around.account.may_pass(HALF + 1, from_client=True)
    assert around.account.sent == 3 * HALF
    assert around.account.ended == "more passed than the evidence could keep up with"
    other = Surroundings()
    assert other.account.may_pass(3 * HALF, from_client=True)
    await other.settle()
    assert other.account.may_pass(HALF + 1, from_client=True)


async def test_time_alone_makes_a_record_where_something_passed(around: Surroundings) -> None:
    """Every TUNNEL_RECORD_SECONDS the token is verified again; a record is made when there is something to tell."""
    around.account.may_pass(1, from_client=True)
    for told in (1, 1):
        around.clock += limits.TUNNEL_RECORD_SECONDS + 1
        assert around.account.may_go_on()
        await around.settle()
        assert len(around.records) == told
    assert around.verified == 2
    assert around.account.may_go_on()
    await around.settle()
    assert around.verified == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EvidenceUnavailable("full"), "evidence cannot be written"),
        (InvalidCredential("withdrawn"), "withdrawn"),
        (RuntimeError("hunter2"), "the gateway failed"),
    ],
)
async def test_a_check_that_fails_ends_the_tunnel(around: Surroundings, error: Exception, reason: str) -> None:
    """The token that is no longer good, or a record that cannot be made, is the reason; nothing more passes."""
    around.account.may_pass(1, from_client=True)
    around.clock = limits.TUNNEL_RECORD_SECONDS + 1
    assert around.account.may_go_on()
    await around.settle()
    assert around.account.may_go_on()
    around.error = error
    around.account.may_pass(1, from_client=True)
    around.clock *= 3
    assert around.account.may_go_on()
    await around.settle()
    assert not around.account.may_go_on()
    assert not around.account.may_pass(1, from_client=True)
    assert around.account.ended == reason


@pytest.mark.parametrize(
    ("name", "last", "reason"),
    [
        ("time_of_day", 2000.0, "the caller's token has expired"),
        ("clock", limits.TUNNEL_IDLE_SECONDS, "nothing passed for 600 seconds"),
        ("is_healthy", True, "evidence cannot be written"),
    ],
)
async def test_a_tunnel_ends_in_time(around: Surroundings, name: str, last: float, reason: str) -> None:
    """With the last moment it goes on; after it, it ends, and the reason is in its last record."""
    setattr(around, name, last)
    assert around.account.may_go_on()
    setattr(around, name, last + 1 if name != "is_healthy" else False)
    assert not around.account.may_pass(1, from_client=False)
    await around.account.close()
    assert around.records[-1][1]["reason"] == reason


async def test_a_busy_tunnel_ends_too(around: Surroundings) -> None:
    """Bytes keep it from being idle, not from being open for too long."""
    while around.account.may_pass(1, from_client=True):
        around.clock += limits.TUNNEL_IDLE_SECONDS
        await around.settle()
    assert around.account.ended == "it was open for 28800 seconds"
    assert limits.MAX_TUNNEL_SECONDS < around.clock <= limits.MAX_TUNNEL_SECONDS + limits.TUNNEL_IDLE_SECONDS


async def test_the_last_record_is_the_last(around: Surroundings) -> None:
    """A check that is still waiting for the provider when the tunnel ends tells of nothing any more."""
    around.account.may_pass(1, from_client=True)
    around.clock = limits.TUNNEL_RECORD_SECONDS + 1
    assert around.account.may_go_on()
    await around.account.close()
    await around.settle()
    assert [step for step, _ in around.records] == ["closed"]
    assert around.verified == 1


async def test_an_end_that_cannot_be_recorded_is_told(around: Surroundings) -> None:
    """Whoever closes the account hears of it."""
    around.error = EvidenceUnavailable("full")
    with pytest.raises(EvidenceUnavailable):
        await around.account.close()
    around.error = None
    await around.account.close()
    assert [step for step, _ in around.records] == ["closed"]
