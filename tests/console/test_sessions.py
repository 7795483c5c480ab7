"""Who is logged in, and for how long."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.console.sessions import NoSession, Session, Sessions, TooManySessions
from tests.console.stage import NOW, Clock, caller


def test_a_session_is_found_by_its_id() -> None:
    """And no other id finds it."""
    sessions = Sessions(Clock())
    session = sessions.begin(caller("bob"))
    assert sessions.find(session.id).caller == caller("bob")
    with pytest.raises(NoSession):
        sessions.find(session.id + "x")


def test_it_ends_with_the_token() -> None:
    """Not a second later than the token that opened it."""
    clock = Clock()
    sessions = Sessions(clock)
    session = sessions.begin(caller("bob", lives_seconds=60))
    clock.seconds += 59
    assert not sessions.is_over(sessions.find(session.id))
    clock.seconds += 1
    assert sessions.is_over(session)
    with pytest.raises(NoSession):
        sessions.find(session.id)


def test_it_ends_after_a_working_day() -> None:
    """Also with a token that lives for a year."""
    session = Sessions(Clock()).begin(caller("bob", lives_seconds=365 * 86400))
    assert session.ends_at == NOW + limits.MAX_SESSION_SECONDS


def test_logging_out_ends_it() -> None:
    """One session ends, the person's other one does not."""
    sessions = Sessions(Clock())
    first, second = sessions.begin(caller("bob")), sessions.begin(caller("bob"))
    sessions.end(first.id)
    assert sessions.is_over(first)
    assert sessions.find(second.id) == second


def test_all_can_be_ended() -> None:
    """When the rules on who is who change."""
    sessions = Sessions(Clock())
    session = sessions.begin(caller("bob"))
    sessions.end_all()
    assert sessions.is_over(session)


def test_one_person_cannot_fill_the_room() -> None:
    """Their own oldest session ends; somebody else's stays."""
    sessions = Sessions(Clock())
    carol = sessions.begin(caller("carol"))
    bobs = [sessions.begin(caller("bob")) for _ in range(limits.MAX_SESSIONS_PER_PERSON + 1)]
    assert sessions.is_over(bobs[0])
    assert sessions.find(bobs[1].id) == bobs[1]
    assert sessions.find(carol.id) == carol


def test_a_full_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next person is refused until a session has ended."""
    monkeypatch.setattr(limits, "MAX_CONSOLE_SESSIONS", 1)
    clock = Clock()
    sessions = Sessions(clock)
    sessions.begin(caller("bob", lives_seconds=60))
    with pytest.raises(TooManySessions):
        sessions.begin(caller("carol"))
    clock.seconds += 60
    assert sessions.begin(caller("carol")).caller == caller("carol")


def test_a_bearer_s_session_ends_by_time_only() -> None:
    """It is never kept, so it is not missing either."""
    clock = Clock()
    sessions = Sessions(clock)
    session = Session("", caller("bob"), NOW + 60)
    assert not sessions.is_over(session)
    clock.seconds += 60
    assert sessions.is_over(session)


def test_after_a_log_in_with_a_browser_it_has_its_own_end() -> None:
    """Not the ID token's, which says how long that may be shown, and is a minute with some providers."""
    clock = Clock()
    sessions = Sessions(clock)
    session = sessions.begin_after_login(caller("bob", lives_seconds=60))
    clock.seconds += limits.LOGIN_SESSION_SECONDS - 1
    assert sessions.find(session.id) == session
    clock.seconds += 1
    assert sessions.is_over(session)


def test_every_log_in_has_an_id_of_its_own() -> None:
    """Nobody can be given a session that somebody else knows."""
    sessions = Sessions(Clock())
    ids = {sessions.begin(caller("bob")).id for _ in range(3)} | {sessions.begin_after_login(caller("bob")).id}
    assert len(ids) == 4
    assert all(len(one) >= 43 for one in ids)
