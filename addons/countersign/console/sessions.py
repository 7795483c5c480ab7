"""Who is logged in: a random id in the browser, the verified Caller here, in memory, for a short time.

Does not check the token: identity/ did, once, at log-in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from countersign import limits
from countersign.errors import CountersignError
from countersign.identity import Caller


class NoSession(CountersignError):
    """Not logged in, or no longer."""


class TooManySessions(CountersignError):
    """No room for one more person."""


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in. A request with a bearer token has one of its own, that is never kept, with the empty id."""

    id: str
    caller: Caller
    ends_at: float  #: seconds since the epoch


class Sessions:
    """The sessions of one console. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def begin(self, caller: Caller) -> Session:
        """A session for who showed a token of their own: it never outlives the token. Raises TooManySessions."""
        return self._begin(caller, min(self._clock() + limits.MAX_SESSION_SECONDS, caller.expires_at))

    def begin_after_login(self, caller: Caller) -> Session:
        """A session for who logged in with a browser. Raises TooManySessions.

        Its end is its own: the `exp` of an ID token says how long that may be shown to us, which was done at once, and
        providers set it to anything from a minute to a day.
        """
        return self._begin(caller, self._clock() + limits.LOGIN_SESSION_SECONDS)

    def _begin(self, caller: Caller, ends_at: float) -> Session:
        """A new id each time; the person's oldest session ends where they have too many."""
        now = self._clock()
        self._sessions = {key: session for key, session in self._sessions.items() if session.ends_at > now}
        own = [key for key, session in self._sessions.items() if session.caller.people == caller.people]
        for key in own[: max(0, len(own) + 1 - limits.MAX_SESSIONS_PER_PERSON)]:
            del self._sessions[key]
        if len(self._sessions) >= limits.MAX_CONSOLE_SESSIONS:
            raise TooManySessions("too many people are logged in; try again when some have left")
        session = Session(secrets.token_urlsafe(32), caller, ends_at)
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str) -> Session:
        """Raises NoSession where there is none, or its time is over."""
        session = self._sessions.get(session_id)
        if session is None or session.ends_at <= self._clock():
            self._sessions.pop(session_id, None)
            raise NoSession("log in first")
        return session

    def is_over(self, session: Session) -> bool:
        """Whether `session` has ended, by time or by log-out."""
        return session.ends_at <= self._clock() or (session.id != "" and session.id not in self._sessions)

    def end(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)

    def end_all(self) -> None:
        """Everybody logs in again: who stands behind a token may have changed."""
        self._sessions.clear()
