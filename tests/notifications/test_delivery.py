"""News arrive in order, are tried again, and never hold anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from countersign import limits
from countersign.notifications.delivery import Delivery, GivenUp, NotDelivered
from countersign.notifications.news import News
from tests.notifications.receivers import until
from tests.notifications.values import Clock, news


class Scripted:
    """A channel that does what the next of `script` says, and then takes everything."""

    def __init__(self) -> None:
        self.script: list[Exception] = []
        self.taken: list[str] = []
        self.tries = 0
        self.is_open = asyncio.Event()
        self.is_open.set()

    def check(self) -> None:
        """There is nothing to check."""

    async def send(self, news: News) -> None:
        self.tries += 1
        await self.is_open.wait()
        if self.script:
            raise self.script.pop(0)
        self.taken.append(news.id)


class Stage:
    """One delivery over a scripted channel; its sleeps take no time, and move the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.channel = Scripted()
        self.slept: list[float] = []
        self.jitter = 1.0
        self.delivery = Delivery(
            "'chat' (approval.yaml:7)", self.channel, clock=clock, sleep=self._sleep, random=lambda: self.jitter
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += int(seconds * 1_000_000)
        await asyncio.sleep(0)

    def offer(self, count: int, **changed: object) -> list[str]:
        """Offer so many news, a microsecond apart, and tell their ids."""
        made = [news(at=self.clock.now + number, **changed) for number in range(count)]
        for each in made:
            self.delivery.offer(each)
        return [each.id for each in made]


@pytest.fixture
async def stage(clock: Clock) -> AsyncIterator[Stage]:
    made = Stage(clock)
    made.delivery.start()
    yield made
    made.delivery.stop()


async def test_news_arrive_in_order(stage: Stage) -> None:
    """Each once."""
    offered = stage.offer(5)
    await until(lambda: stage.delivery.delivered == 5)
    assert stage.channel.taken == offered
    assert (stage.delivery.failed, stage.delivery.dropped, stage.slept) == (0, 0, [])
    late = stage.offer(1)
    await until(lambda: stage.delivery.delivered == 6)
    assert stage.channel.taken == offered + late


async def test_what_fails_is_tried_again_before_what_came_later(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """With ever longer waits; whoever reads the log hears of it once."""
    stage.channel.script = [NotDelivered("answered 500")] * 3 + [ValueError("holds a URL")]
    offered = stage.offer(2)
    await until(lambda: stage.delivery.delivered == 2)
    assert stage.channel.taken == offered
    first = limits.FIRST_RETRY_SECONDS
    assert stage.slept == [first, 2 * first, 4 * first, 8 * first]
    assert len(caplog.messages) == 1
    assert "'chat' (approval.yaml:7), and is tried again: answered 500" in caplog.text


async def test_an_unforeseen_error_ends_neither_the_task_nor_gets_into_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A library's exception can hold the URL: only its kind is told."""
    stage.channel.script = [RuntimeError("https://hooks.example/secret")]
    stage.offer(1)
    await until(lambda: stage.delivery.delivered == 1)
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_jitter_shortens_a_wait_by_half_at_most(stage: Stage) -> None:
    """So that many gateways do not knock in step."""
    stage.jitter = 0.0
    stage.channel.script = [NotDelivered("no")]
    stage.offer(1)
    await until(lambda: stage.delivery.delivered == 1)
    assert stage.slept == [limits.FIRST_RETRY_SECONDS / 2]


async def test_a_target_that_asks_for_more_time_gets_it(stage: Stage) -> None:
    """And one that asks for less than the back-off does not."""
    stage.channel.script = [NotDelivered("busy", 77.0), NotDelivered("busy", 0.5)]
    stage.offer(1)
    await until(lambda: stage.delivery.delivered == 1)
    assert stage.slept == [77.0, 2 * limits.FIRST_RETRY_SECONDS]


async def test_old_news_are_given_up(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A target that is away for hours holds its queue up no longer than that; the wait is bounded meanwhile."""
    stage.channel.script = [NotDelivered("answered 500")] * 1000
    began = stage.clock.now
    offered = stage.offer(1)
    await until(lambda: stage.delivery.failed == 1)
    assert max(stage.slept) == limits.MAX_RETRY_SECONDS
    assert stage.clock.now - began <= limits.MAX_NEWS_AGE_SECONDS * 1_000_000
    assert f"the news {offered[0]} never reached 'chat' (approval.yaml:7): answered 500" in caplog.text
    stage.channel.script.clear()
    fresh = stage.offer(1)
    await until(lambda: stage.delivery.delivered == 1)
    assert stage.channel.taken == fresh


async def test_what_will_never_be_taken_is_given_up_at_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """And the next goes on without a wait."""
    stage.channel.script = [GivenUp("answered 410, gone")]
    offered = stage.offer(2)
    await until(lambda: stage.delivery.delivered == 1)
    assert (stage.delivery.failed, stage.slept, stage.channel.taken) == (1, [], offered[1:])
    assert f"does not take the news {offered[0]}: answered 410, gone" in caplog.text


@pytest.mark.parametrize(
    ("limit", "changed"),
    [("MAX_QUEUED_NEWS", {}), ("MAX_QUEUED_NEWS_CHARACTERS", {"summary": ("x" * 10_000,)})],
)
async def test_a_full_queue_drops_the_oldest(
    limit: str,
    changed: dict[str, object],
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without waiting, and with one warning; what is being sent just now is not dropped."""
    monkeypatch.setattr(limits, limit, 3 if limit == "MAX_QUEUED_NEWS" else 35_000)
    stage.channel.is_open.clear()
    (in_hand,) = stage.offer(1, **changed)
    await until(lambda: stage.channel.tries == 1)
    offered = stage.offer(10, **changed)
    assert stage.delivery.dropped == 7
    assert caplog.text.count("the oldest is dropped") == 1
    stage.channel.is_open.set()
    await until(lambda: stage.delivery.delivered == 4)
    assert stage.channel.taken == [in_hand, *offered[-3:]]


async def test_one_news_larger_than_the_bound_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is for what piles up, not for what is large."""
    monkeypatch.setattr(limits, "MAX_QUEUED_NEWS_CHARACTERS", 10)
    stage.offer(1)
    await until(lambda: stage.delivery.delivered == 1)


async def test_stopping_is_immediate(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it waits for; what is lost is said."""
    stage = Stage(clock)
    stage.delivery.start()
    stage.channel.is_open.clear()
    stage.offer(3)
    await until(lambda: stage.channel.tries == 1)
    stage.delivery.stop()
    assert stage.delivery.dropped == 2
    assert "2 news of approvals were not sent to 'chat'" in caplog.text
    stage.channel.is_open.set()
    stage.offer(1)
    await asyncio.sleep(0)
    stage.delivery.stop()
    assert (stage.channel.taken, stage.delivery.dropped) == ([], 2)


async def test_before_the_start_nothing_is_kept(clock: Clock) -> None:
    """And after it, it is."""
    stage = Stage(clock)
    stage.offer(1)
    stage.delivery.start()
    (later,) = stage.offer(1)
    arrived: Callable[[], bool] = lambda: stage.delivery.delivered == 1  # noqa: E731
    await until(arrived)
    stage.delivery.stop()
    assert stage.channel.taken == [later]
