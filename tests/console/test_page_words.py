"""What the approvals pages call things."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from countersign.approvals import Approval
from countersign.approvals.approval import Signature, State
from countersign.approvals.eligibility import ACTIONS
from countersign.console import page_words as words
from countersign.rulebook.values import Effect, Requirement
from countersign.schema_change.values import ChangeEffect, Verdict
from tests.console.stage import CALLERS, NOW, approval_request


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "less than a minute"),
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (119, "1 minute"),
        (754, "12 minutes"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (3600 + 20 * 60, "1 hour 20 minutes"),
        (2 * 3600 + 60, "2 hours 1 minute"),
        (3 * 3600 + 60, "3 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (30 * 86400, "30 days"),
    ],
)
def test_durations_as_people_say_them(seconds: float, told: str) -> None:
    """Rounded down, with one unit, or two where it matters."""
    assert words.duration(seconds) == told


def test_a_time_for_machines_and_for_people() -> None:
    """Both in UTC."""
    assert words.time_of(NOW * 1_000_000) == words.Time("2027-01-15T08:00:00Z", "2027-01-15 08:00:00 UTC")


@pytest.mark.parametrize(
    ("effect", "subject", "told"),
    [
        ("register", "customer-value", "alice wants to register a new schema for customer-value at registry"),
        ("update", "customer-value", "alice wants to change customer-value at registry"),
        ("delete", "customer-value", "alice wants to delete customer-value at registry"),
        ("settings", None, "alice wants to change the settings of the service as a whole at registry"),
        ("unheard-of", "x", "alice wants to register (unheard-of) x at registry"),
    ],
)
def test_the_headline_says_who_wants_what_where(effect: str, subject: str | None, told: str) -> None:
    """In one sentence, for each effect."""
    assert words.headline(Approval(approval_request(effect=effect, subject=subject))).text == told


def test_the_headline_of_a_change_that_passed() -> None:
    """Nobody is asked to let it pass any more; several people behind a request are all named."""
    request = approval_request(caller_people=("alice", "eve"))
    told = words.headline(Approval(request, "unreviewed")).text
    assert told == "alice and eve broke the glass to register a new schema for customer-value at registry"


def test_everything_has_a_word() -> None:
    """A new state, action, effect or verdict of the core must be told in words here as well."""
    assert {*words.STATES} == {*get_args(State)}
    assert {*words.BUTTONS} == {*ACTIONS}
    assert {*words.EFFECTS} == {*get_args(ChangeEffect)}
    assert {*words.BACKWARD} == {*words.FORWARD} == {*get_args(Verdict)}
    changing = {*get_args(Effect)} - {"read"}
    assert all(
        f"({effect})" not in words.headline(Approval(approval_request(effect=effect))).text for effect in changing
    )


@pytest.mark.parametrize(
    ("viewer", "state", "people", "told"),
    [
        ("bob", "pending", (), "You can decide"),
        ("alice", "pending", (), "You asked for this"),
        ("dave", "pending", (), ""),
        ("bob", "pending", ("bob",), "You approved this"),
        ("bob", "approved", ("carol",), "You can revoke this"),
        ("bob", "unreviewed", (), "You can review this"),
        ("alice", "unreviewed", (), "You asked for this"),
    ],
)
def test_what_the_viewer_has_to_do_with_it(viewer: str, state: Any, people: tuple[str, ...], told: str) -> None:
    """Each sees it from their own side."""
    request = approval_request(alternatives=((Requirement(2, ("group:stewards",)),),))
    signed = tuple(Signature(person, "approve", "", NOW, {}, ("group:stewards",)) for person in people)
    approval = Approval(request, state, signed, grant_until=NOW * 1_000_000 + 1)
    assert words.standing(approval, CALLERS[f"token-{viewer}"]) == told


@pytest.mark.parametrize(
    ("number", "told"), [(0, "no signature missing"), (1, "1 signature missing"), (3, "3 signatures missing")]
)
def test_missing_signatures(number: int, told: str) -> None:
    """Counted in words."""
    assert words.missing_words(number) == told
