"""News on their way to one target: a bounded queue and a task of its own, in order, tried again with back-off.

Kept in memory only: what waits when the gateway stops is lost, and is still in the evidence and on the approvals page.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from countersign import limits
from countersign.errors import CountersignError
from countersign.notifications.news import News

logger = logging.getLogger(__name__)


class NotDelivered(CountersignError):
    """It did not arrive, or nobody knows; it is worth another try. `retry_after`: seconds, where the target says so."""

    def __init__(self, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class GivenUp(CountersignError):
    """It will never be taken."""


class Channel(Protocol):
    """A way to one target."""

    def check(self) -> None:
        """Raises RulesError where it could never send: a secret that is not there, a URL that is none."""

    async def send(self, news: News) -> None:
        """One try. Raises NotDelivered, GivenUp; the text names neither secrets nor URLs."""


class Delivery:
    """The news of one target, `name`, over `channel`.

    `clock` gives microseconds UTC, `sleep` waits for seconds, `random` gives 0.0 to 1.0.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        *,
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self.delivered = 0
        self.failed = 0  #: given up after one or more tries
        self.dropped = 0  #: never tried: the queue was full, or the gateway stopped
        self._name = name
        self._channel = channel
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._queue: deque[News] = deque()
        self._characters = 0
        self._arrived = asyncio.Event()
        self._is_dropping = False  # and has said so
        self._task: asyncio.Task[None] | None = None

    def offer(self, news: News) -> None:
        """Queue `news`, at once and without fail; the oldest make room. Before the start and after the end: ignored."""
        if self._task is None:
            return
        self._queue.append(news)
        self._characters += news.characters
        while len(self._queue) > limits.MAX_QUEUED_NEWS or (
            self._characters > limits.MAX_QUEUED_NEWS_CHARACTERS and len(self._queue) > 1
        ):
            self._take()
            self.dropped += 1
            if not self._is_dropping:
                self._is_dropping = True
                logger.warning("too much news of approvals waits for %s: the oldest is dropped", self._name)
        self._arrived.set()

    def start(self) -> None:
        """On the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"news for {self._name}")

    def stop(self) -> None:
        """At once: what still waits is lost."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if self._queue:
            self.dropped += len(self._queue)
            logger.warning("%d news of approvals were not sent to %s any more", len(self._queue), self._name)
            self._queue.clear()
            self._characters = 0

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            while self._queue:
                if await self._deliver(self._take()):
                    self.delivered += 1
                    self._is_dropping = False
                else:
                    self.failed += 1
            self._arrived.clear()

    def _take(self) -> News:
        news = self._queue.popleft()
        self._characters -= news.characters
        return news

    async def _deliver(self, news: News) -> bool:
        """Whether it arrived in the end."""
        for attempt in itertools.count():
            try:
                await self._channel.send(news)
            except GivenUp as error:
                logger.warning("%s does not take the news %s: %s", self._name, news.id, error)
                return False
            except NotDelivered as error:
                detail, asked = str(error), error.retry_after
            except Exception as error:  # noqa: BLE001  # one broken channel must not end the task; its text may hold a URL
                detail, asked = type(error).__name__, 0.0
            else:
                return True
            delay = self._delay(attempt, asked)
            if self._clock() + delay * 1_000_000 > news.at + limits.MAX_NEWS_AGE_SECONDS * 1_000_000:
                logger.warning("the news %s never reached %s: %s", news.id, self._name, detail)
                return False
            if attempt == 0:
                logger.warning("the news %s did not reach %s, and is tried again: %s", news.id, self._name, detail)
            await self._sleep(delay)
        raise AssertionError("unreachable")

    def _delay(self, attempt: int, asked: float) -> float:
        """Seconds: exponential with jitter, so that gateways do not knock in step; longer where the target asks."""
        most = min(limits.FIRST_RETRY_SECONDS * 2.0 ** min(attempt, 32), limits.MAX_RETRY_SECONDS)
        return max(most * (1 + self._random()) / 2, asked)
