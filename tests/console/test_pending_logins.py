"""Who is on the way through a provider's log-in."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.console.landing import Landing
from countersign.console.pending_logins import NoPendingLogin, PendingLogins
from countersign.identity.authorization_code import LoginRequest
from countersign.identity.discovery import LoginEndpoints
from tests.console.stage import Clock

ENDPOINTS = LoginEndpoints(
    "https://a.example/", "https://t.example/", frozenset(), names_itself=False, takes_claims=False
)


def request(state: str) -> LoginRequest:
    return LoginRequest("https://idp.example", ENDPOINTS, "https://console.example/", state, "n", "v")


def begun(clock: Clock, *states: str) -> PendingLogins:
    pending = PendingLogins(clock)
    for state in states:
        pending.add(request(state), "firefox", "old-session", Landing("1"))
    return pending


def test_it_is_found_once() -> None:
    """A second answer with the same state is nobody's; another log-in of the same browser goes on."""
    pending = begun(Clock(), "one", "two")
    found = pending.take("one", "firefox")
    assert (found.request, found.replaces, found.landing) == (request("one"), "old-session", Landing("1"))
    with pytest.raises(NoPendingLogin):
        pending.take("one", "firefox")
    assert pending.take("two", "firefox").request == request("two")


@pytest.mark.parametrize(
    ("state", "browser"),
    [("other", "firefox"), ("", "firefox"), ("one", "chromium"), ("one", ""), ("one", "firef\u00f6x")],
)
def test_it_is_for_its_own_browser_and_state(state: str, browser: str) -> None:
    """Nobody is logged in as somebody else by an answer that another browser asked for."""
    with pytest.raises(NoPendingLogin, match="log in again"):
        begun(Clock(), "one").take(state, browser)
    assert begun(Clock(), "one").take("one", "firefox").request.state == "one"


def test_a_state_that_somebody_else_tried_is_over() -> None:
    """It has leaked."""
    pending = begun(Clock(), "one")
    for browser in ("chromium", "firefox"):
        with pytest.raises(NoPendingLogin):
            pending.take("one", browser)


def test_it_does_not_wait_for_ever() -> None:
    """A second before its end it is found, and then no more."""
    for seconds in (limits.LOGIN_SECONDS - 1, limits.LOGIN_SECONDS):
        clock = Clock()
        pending = begun(clock, "one")
        clock.seconds += seconds
        if seconds < limits.LOGIN_SECONDS:
            assert pending.take("one", "firefox").request.state == "one"
        else:
            with pytest.raises(NoPendingLogin):
                pending.take("one", "firefox")


def test_there_is_room_for_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can begin a log-in, so the memory is bounded: the oldest has to begin again."""
    monkeypatch.setattr(limits, "MAX_PENDING_LOGINS", 2)
    pending = begun(Clock(), "one", "two", "three")
    with pytest.raises(NoPendingLogin):
        pending.take("one", "firefox")
    assert pending.take("two", "firefox").request.state == "two"
    assert pending.take("three", "firefox").request.state == "three"


def test_what_binds_it_is_not_shown() -> None:
    """Neither the browser's cookie nor the session's."""
    found = begun(Clock(), "the-state").take("the-state", "firefox")
    for secret in ("firefox", "old-session", "the-state"):
        assert secret not in repr(found)
