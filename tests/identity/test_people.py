from __future__ import annotations

from typing import Any

import pytest

from countersign.identity.people import fitting, may_sign, people
from countersign.rulebook.values import PersonMark
from tests.identity.issuing import issuer_at

URL = "https://idp.example"
MARKS = (
    PersonMark(URL, "user_login", "anna-k", "anna"),
    PersonMark(URL, "actor", "bb", "berta"),
    PersonMark("https://other.example", "user_login", "bb", "somebody else"),
)


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"user_login": "anna-k"}, {"anna"}),
        ({"user_login": ["x", "anna-k"]}, {"anna"}),
        ({"user_login": "anna-k", "actor": "bb"}, {"anna", "berta"}),
        ({"user_login": "Anna-K"}, set()),
        ({"user_login": " anna-k"}, set()),
        ({"user_login": "bb"}, set()),
        ({"sub": "anna-k"}, set()),
        ({"user_login": {"anna-k": True}}, set()),
        ({}, set()),
    ],
)
def test_marks_match_exactly(claims: dict[str, Any], found: set[str]) -> None:
    """Issuer, claim and value must be equal, character for character; everybody named is found."""
    assert people(claims, issuer_at(URL), MARKS) == found


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"email": "carla@x"}, {"carla@x"}),
        ({"email": ["carla@x", "dora@x"]}, {"carla@x", "dora@x"}),
        ({"email": "anna@x"}, {"anna"}),
        ({"email": ["anna@x", "dora@x"]}, {"anna", "dora@x"}),
        ({"email": ""}, set()),
        ({"email": "  "}, set()),
        ({"email": 7}, set()),
        ({"email": None}, set()),
        ({"email": True}, set()),
    ],
)
def test_the_person_claim_counts_where_no_mark_speaks(claims: dict[str, Any], found: set[str]) -> None:
    """Its value is the person's name, unless a mark gives that value another name; only text names anybody."""
    marks = (PersonMark(URL, "email", "anna@x", "anna"),)
    assert people(claims, issuer_at(URL, person_claim="email"), marks) == found


def test_marks_and_person_claim_add_up() -> None:
    """A pipeline token that names who started it and who owns it is independent of neither."""
    issuer = issuer_at(URL, person_claim="email")
    assert people({"actor": "bb", "email": "carla@x"}, issuer, MARKS) == {"berta", "carla@x"}


def test_a_mark_of_another_issuer_does_not_speak() -> None:
    """It neither names a person here nor hides the raw value."""
    marks = (PersonMark("https://other.example", "email", "anna@x", "anna"),)
    assert people({"email": "anna@x"}, issuer_at(URL, person_claim="email"), marks) == {"anna@x"}


def test_a_mark_on_another_claim_does_not_hide_a_name() -> None:
    """`bb` as an actor is berta; `bb` as the person claim is whoever bears that name."""
    assert people({"email": "bb"}, issuer_at(URL, person_claim="email"), MARKS) == {"bb"}


def test_nobody_is_mapped_without_rules() -> None:
    """No mark and no person claim: the caller is nobody, and so independent of nobody."""
    assert people({"sub": "anna", "email": "anna@x"}, issuer_at(URL), ()) == frozenset()


@pytest.mark.parametrize(
    ("claims", "own"),
    [
        ({"sub": "anna"}, True),
        ({"user_login": "anna-k"}, False),
        ({"sub": "anna", "user_login": "anna-k"}, False),
        ({"sub": "anna", "user_login": "nobody's"}, True),
        ({"sub": "anna", "user_login": ["x", "anna-k"]}, False),
    ],
)
def test_a_token_of_what_a_person_started_is_not_their_own(claims: dict[str, Any], own: bool) -> None:
    """One mark that does not sign is enough, beside whatever else names the person."""
    marks = (PersonMark(URL, "sub", "anna", "anna"), PersonMark(URL, "user_login", "anna-k", "anna", signs=False))
    assert may_sign(claims, issuer_at(URL), marks) is own
    assert people(claims, issuer_at(URL), marks) == {"anna"}


def test_another_issuers_mark_says_nothing_of_a_token() -> None:
    """The claims may be alike; whose they are counts."""
    marks = (PersonMark("https://other.example", "sub", "anna", "anna", signs=False),)
    assert may_sign({"sub": "anna"}, issuer_at(URL), marks)
    assert not may_sign({"sub": "anna"}, issuer_at("https://other.example"), marks)


def test_the_marks_that_fit_are_found() -> None:
    """In order, of any issuer."""
    assert fitting({"user_login": "bb", "actor": "bb"}, MARKS) == [MARKS[1], MARKS[2]]
