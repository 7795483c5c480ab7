"""How often one address may fail."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import pytest

from countersign import limits
from countersign.console.login_attempts import LoginAttempts, TooManyAttempts
from countersign.errors import InvalidCredential, ProviderUnavailable
from tests.console.stage import Clock

LIMIT = limits.MAX_FAILED_LOGINS_PER_MINUTE


def test_failures_are_counted_per_address() -> None:
    """One address is stopped, another is not, and a minute later the first may try again."""
    clock = Clock()
    attempts = LoginAttempts(clock)
    for _ in range(LIMIT):
        attempts.begin("192.0.2.1")
    with pytest.raises(TooManyAttempts):
        attempts.begin("192.0.2.1")
    attempts.begin("192.0.2.2")
    clock.seconds += 60
    attempts.begin("192.0.2.1")


def test_success_does_not_count() -> None:
    """A tool that asks every second with a good token is never stopped."""
    attempts = LoginAttempts(Clock())
    for _ in range(LIMIT * 2):
        attempts.begin("192.0.2.1")
        attempts.succeed("192.0.2.1")
    attempts.begin("192.0.2.1")


def test_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that tried longest ago is forgotten; the newest is not."""
    monkeypatch.setattr(limits, "MAX_LOGIN_ADDRESSES", 2)
    attempts = LoginAttempts(Clock())
    for _ in range(LIMIT):
        attempts.begin("192.0.2.1")
    attempts.begin("192.0.2.2")
    attempts.begin("192.0.2.3")
    attempts.begin("192.0.2.1")
    for _ in range(LIMIT - 1):
        attempts.begin("192.0.2.3")
    with pytest.raises(TooManyAttempts):
        attempts.begin("192.0.2.3")


@pytest.mark.parametrize(
    ("ends_with", "counts"), [(InvalidCredential("bad"), True), (ProviderUnavailable("down"), False), (None, False)]
)
def test_only_what_the_person_got_wrong_counts(ends_with: Exception | None, counts: bool) -> None:
    """A provider that is down, or a log-in that succeeds, stops nobody."""
    attempts = LoginAttempts(Clock())
    for _ in range(LIMIT):
        with suppress(InvalidCredential, ProviderUnavailable), attempts.attempt("192.0.2.1"):
            if ends_with is not None:
                raise ends_with
    with pytest.raises(TooManyAttempts) if counts else nullcontext(), attempts.attempt("192.0.2.1"):
        pass
