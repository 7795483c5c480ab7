"""How often one address may fail to log in: slows guessing, and what signature checks cost.

Does not tell apart who shares an address (a reverse proxy, loopback).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from countersign import limits
from countersign.errors import CountersignError, InvalidCredential

_WINDOW_SECONDS = 60


class TooManyAttempts(CountersignError):
    """This address has failed too often; wait a minute."""


class LoginAttempts:
    """Failures of the last minute by address. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}

    def begin(self, address: str) -> None:
        """Count one attempt as failed until `succeed` says otherwise. Raises TooManyAttempts."""
        failures = self._failures.pop(address, deque())
        self._failures[address] = failures  # the newest address last
        while failures and failures[0] <= self._clock() - _WINDOW_SECONDS:
            failures.popleft()
        if len(failures) >= limits.MAX_FAILED_LOGINS_PER_MINUTE:
            raise TooManyAttempts("too many failed log-ins from this address; wait a minute")
        failures.append(self._clock())
        while len(self._failures) > limits.MAX_LOGIN_ADDRESSES:
            del self._failures[next(iter(self._failures))]

    def succeed(self, address: str) -> None:
        """The attempt that began last was none to count."""
        if failures := self._failures.get(address):
            failures.pop()

    @contextmanager
    def attempt(self, address: str) -> Iterator[None]:
        """One attempt from `address`; it counts where it ends with InvalidCredential. Raises TooManyAttempts."""
        self.begin(address)
        try:
            yield
        except InvalidCredential:
            raise
        except BaseException:
            self.succeed(address)
            raise
        self.succeed(address)
