"""Tells the targets of `notify` in approval.yaml what happens to approvals; no decision ever waits for it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence

from countersign.approvals import Approval, ApprovalEvent
from countersign.notifications.chat import Chat
from countersign.notifications.delivery import Channel, Delivery
from countersign.notifications.news import NOTABLE, news_of
from countersign.notifications.webhook import Post, Webhook
from countersign.rulebook.values import NotifyTarget

logger = logging.getLogger(__name__)

_random = secrets.SystemRandom().random


class Notifier:
    """News for `targets`. `post` is one bounded POST, `approval_url` gives the link, `clock` microseconds UTC."""

    def __init__(
        self,
        targets: Sequence[NotifyTarget],
        post: Post,
        approval_url: Callable[[str], str],
        clock: Callable[[], int],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = _random,
    ) -> None:
        self._approval_url = approval_url
        self._channels: list[Channel] = []
        self._deliveries: list[tuple[NotifyTarget, Delivery]] = []
        for target in targets:
            channel: Channel = Chat(target) if target.apprise is not None else Webhook(target, post, clock)
            named = f"{target.name!r} ({target.source})"
            self._channels.append(channel)
            self._deliveries.append((target, Delivery(named, channel, clock=clock, sleep=sleep, random=random)))

    @property
    def deliveries(self) -> dict[str, Delivery]:
        """By name of the target: what was delivered, failed and dropped so far."""
        return {target.name: delivery for target, delivery in self._deliveries}

    def start(self) -> None:
        """On the running loop. Raises RulesError, with file and line, on a target that could never be told anything.

        Does not check that the targets answer.
        """
        for channel in self._channels:
            channel.check()
        for _, delivery in self._deliveries:
            delivery.start()

    def stop(self) -> None:
        """At once: what still waits is lost. Safe to call twice."""
        for _, delivery in self._deliveries:
            delivery.stop()

    def heard(self, event: ApprovalEvent, approval: Approval) -> None:
        """The desk's listener: never raises, never blocks."""
        if not self._deliveries or event.kind not in NOTABLE:
            return
        try:
            news = news_of(event, approval, self._approval_url(event.approval))
            for target, delivery in self._deliveries:
                if news.notable in target.events:
                    delivery.offer(news)
        except Exception as error:  # noqa: BLE001  # the decision stands, whatever becomes of its news
            logger.error("nobody is told of approval %s (%s): %s", event.approval, event.kind, type(error).__name__)
