"""Decisions are told to whoever wants to hear of them, and wait for nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from countersign.approvals import ApprovalEvent, Desk
from countersign.errors import RulesError
from countersign.identity import Caller
from countersign.notifications.notifier import Notifier
from countersign.proxy.outbound import Outbound
from countersign.rulebook.values import NotifyTarget
from tests.notifications.receivers import Receiver, receiving, until
from tests.notifications.values import KEY, PLANTED, Clock, request, story, target

BASE = "https://gateway.example/approvals/"


class Records:
    """Keeps nothing."""

    async def append(self, event: ApprovalEvent) -> None:
        await asyncio.sleep(0)

    def replay(self) -> tuple[ApprovalEvent, ...]:
        return ()


class Sleeps:
    """Take no time, move the clock, and are counted."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += int(seconds * 1_000_000)
        await asyncio.sleep(0)


def approver(name: str) -> Caller:
    """One of the leads."""
    return Caller(
        issuer="https://idp.example",
        subject=name,
        audience=("gateway",),
        issued_at=1,
        expires_at=2**40,
        token_id=None,
        key_id=None,
        key_thumbprint="thumb",
        may_sign=True,
        people=frozenset({name}),
        groups=frozenset({"leads"}),
        claims={},
    )


@asynccontextmanager
async def notifying(
    targets: Iterable[NotifyTarget], outbound: Outbound, clock: Clock
) -> AsyncIterator[tuple[Desk, Notifier, Sleeps]]:
    """A desk whose steps are told to `targets`."""
    sleeps = Sleeps(clock)
    notifier = Notifier([*targets], outbound.post_bytes, BASE.__add__, clock, sleep=sleeps, random=lambda: 1.0)
    desk = Desk(Records(), clock)
    desk.tell(notifier.heard)
    notifier.start()
    try:
        yield desk, notifier, sleeps
    finally:
        notifier.stop()


def _types(receiver: Receiver) -> list[str]:
    return [json.loads(posted.body)["type"] for posted in receiver.posted]


async def test_the_whole_life_of_an_approval_is_told(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """To a webhook and to a chat, each step once and in order; its use is not."""
    with receiving() as chat:
        targets = [
            target(tmp_path, webhook=receiver.url, name="hook"),
            target(tmp_path, apprise=f"json://127.0.0.1:{chat.port}/x", name="chat"),
        ]
        async with notifying(targets, outbound, clock) as (desk, notifier, _):
            await desk.open_or_join(request(clock.now, quorum=2))
            await desk.act("a1", approver("bob"), "approve", "")
            await desk.act("a1", approver("carol"), "approve", "fine")
            await desk.claim("a1", "x1", lambda: True)
            await desk.open_or_join(request(clock.now, id="a2"))
            clock.now += 3_600_000_000
            await desk.expire_due()
            await desk.break_glass(request(clock.now, id="a3", justification="orders stand still"))
            await until(lambda: [each.delivered for each in notifier.deliveries.values()] == [6, 6])
        assert _types(receiver) == [
            *("approval.requested", "approval.signed", "approval.approved"),
            *("approval.requested", "approval.expired", "approval.break_glass"),
        ]
        assert len(chat.posted) == 6
        assert f"Look and decide: {BASE}a3" in json.loads(chat.posted[-1].body)["message"]
        assert not [secret for secret in PLANTED if secret in f"{receiver.posted} {chat.posted}"]
        assert {name: (each.failed, each.dropped) for name, each in notifier.deliveries.items()} == {
            "hook": (0, 0),
            "chat": (0, 0),
        }


async def test_a_target_hears_only_what_it_asked_for(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """Of decisions only, say."""
    async with notifying([target(tmp_path, webhook=receiver.url, events=("decided",))], outbound, clock) as (
        desk,
        on,
        _,
    ):
        await desk.open_or_join(request(clock.now))
        await desk.act("a1", approver("bob"), "deny", "no")
        await until(lambda: on.deliveries["there"].delivered == 1)
        assert _types(receiver) == ["approval.denied"]


async def test_a_failed_try_is_made_again(receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path) -> None:
    """500, then a 429 that asks for a minute, then 200: the same message each time, and a minute was waited."""
    receiver.answers = [(500, {}), (429, {"Retry-After": "60"}), (200, {})]
    async with notifying([target(tmp_path, webhook=receiver.url)], outbound, clock) as (desk, notifier, sleeps):
        await desk.open_or_join(request(clock.now))
        await until(lambda: notifier.deliveries["there"].delivered == 1)
        assert sleeps.slept[1] == 60.0
        assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1
        for posted in receiver.posted:
            Oracle(KEY.encode()).verify(posted.body, dict(posted.headers))


async def test_a_target_that_hangs_delays_nobody(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """A webhook and a chat that never answer: decisions are made, and the third target hears of them."""
    with receiving() as hook, receiving() as chat:
        for hanging in (hook, chat):
            hanging.may_answer.clear()
        targets = [
            target(tmp_path, webhook=hook.url, name="hanging-hook"),
            target(tmp_path, apprise=f"json://127.0.0.1:{chat.port}/x?rto=20", name="hanging-chat"),
            target(tmp_path, webhook=receiver.url, name="well"),
        ]
        async with notifying(targets, outbound, clock) as (desk, notifier, _):
            await desk.open_or_join(request(clock.now))
            await until(lambda: bool(hook.posted and chat.posted))
            async with asyncio.timeout(2):
                approval = await desk.act("a1", approver("bob"), "approve", "")
            assert approval.state == "approved"
            await until(lambda: notifier.deliveries["well"].delivered == 2)
            assert (len(hook.posted), len(chat.posted)) == (1, 1)
            notifier.stop()
        assert notifier.deliveries["hanging-hook"].dropped == 1


async def test_the_listener_never_raises(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with the news of a step, the step stands; what went wrong is said without what it held."""

    def no_url(approval_id: str) -> str:
        raise RuntimeError("planted")

    notifier = Notifier([target(tmp_path, webhook=receiver.url)], outbound.post_bytes, no_url, clock)
    notifier.start()
    notifier.heard(*story("approved"))
    notifier.stop()
    assert "nobody is told of approval a1 (approved): RuntimeError" in caplog.text
    assert "planted" not in caplog.text


async def test_without_targets_nothing_happens(
    outbound: Outbound, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """No task, and no news are made."""
    before = asyncio.all_tasks()

    def never(approval_id: str) -> str:
        raise AssertionError

    notifier = Notifier((), outbound.post_bytes, never, clock)
    notifier.start()
    notifier.heard(*story())
    assert asyncio.all_tasks() == before
    notifier.stop()
    assert notifier.deliveries == {}
    assert caplog.text == ""


async def test_a_target_of_no_use_stops_the_start(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """With file and line, before any other target was started; one that is unreachable does not."""
    unreachable = target(tmp_path, webhook="http://127.0.0.1:9/x", name="unreachable")
    missing = target(tmp_path, apprise=None, name="missing")
    before = asyncio.all_tasks()
    with pytest.raises(RulesError, match=r"approval\.yaml:7: the target 'missing'"):
        Notifier([unreachable, missing], outbound.post_bytes, BASE.__add__, clock).start()
    assert asyncio.all_tasks() == before
    async with notifying([unreachable], outbound, clock) as (_, notifier, _):
        assert [*notifier.deliveries] == ["unreachable"]
