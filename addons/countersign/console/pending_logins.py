"""Who is on the way through a provider's log-in: kept here, used once, and only by the browser that began it.

Does not check the provider's answer beyond its `state`: identity/ does.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from countersign import limits
from countersign.console.landing import Landing
from countersign.errors import InvalidCredential
from countersign.identity.authorization_code import LoginRequest


class NoPendingLogin(InvalidCredential):
    """No log-in on its way has this state, in this browser."""


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """One log-in on its way. `browser` is what the cookie of the browser that began it says."""

    request: LoginRequest
    browser: str = field(repr=False)
    replaces: str = field(repr=False)  #: the session it had; a Strict cookie does not come back from elsewhere
    landing: Landing
    ends_at: float  #: seconds since the epoch


class PendingLogins:
    """The log-ins on their way, by their `state`. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, PendingLogin] = {}

    def add(self, request: LoginRequest, browser: str, replaces: str, landing: Landing) -> PendingLogin:
        """One more, for LOGIN_SECONDS; the oldest makes room where there are too many."""
        pending = PendingLogin(request, browser, replaces, landing, self._clock() + limits.LOGIN_SECONDS)
        self._pending[request.state] = pending
        while len(self._pending) > limits.MAX_PENDING_LOGINS:
            del self._pending[next(iter(self._pending))]
        return pending

    def take(self, state: str, browser: str) -> PendingLogin:
        """The log-in that `browser` began with `state`, which is over with this. Raises NoPendingLogin.

        A state that comes back with another browser is over as well: it has been seen by somebody.
        """
        pending = self._pending.pop(state, None)
        if (
            pending is None
            or pending.ends_at <= self._clock()
            or not hmac.compare_digest(pending.browser.encode(), browser.encode())
        ):
            raise NoPendingLogin(
                "this log-in was not begun in this browser, took too long, or is over already; log in again"
            )
        return pending
