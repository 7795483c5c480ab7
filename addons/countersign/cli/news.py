"""What is held, again and again: each list as soon as it is another one, and when the console does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from countersign import limits
from countersign.cli.console_client import ConsoleClient, Refused, Unreachable

_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True, slots=True)
class News:
    """What is held now, as the API lists it."""

    approvals: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer this time; the next try comes by itself."""

    detail: str


def news(client: ConsoleClient, pause: Callable[[float], object]) -> Iterator[News | Trouble]:
    """Ask without end, by long poll; `pause` waits for so many seconds.

    Raises what the first request raises; later Refused where the console will say the same again, as with a token
    whose time is over.
    """
    revision, documents = client.approvals()
    yield News(documents)
    seen: int | None = revision
    delay = limits.WATCH_RETRY_SECONDS
    while True:
        try:
            revision, documents = client.approvals(seen)
        except (Refused, Unreachable) as error:
            if isinstance(error, Refused) and error.status < 500 and error.status not in _PASSING:
                raise
            yield Trouble(str(error))
            pause(delay)
            seen, delay = None, min(2 * delay, limits.MAX_WATCH_RETRY_SECONDS)  # a new gateway counts from the start
        else:
            yield News(documents)
            seen, delay = revision, limits.WATCH_RETRY_SECONDS
            pause(limits.WATCH_PAUSE_SECONDS)
