from __future__ import annotations

import pytest

from countersign.decision.needed_signatures import in_words, together_in_words
from countersign.rulebook.values import Requirement

LEADS = Requirement(2, ("group:leads",))
SECURITY = Requirement(1, ("group:security",))
TEAMS = Requirement(1, ("group:data", "person:ann"))


@pytest.mark.parametrize(
    ("alternatives", "words"),
    [
        (((SECURITY,),), "one other person's approval"),
        (((TEAMS,),), "one other person's approval"),
        (((LEADS,),), "the approval of 2 other people"),
        (((SECURITY, TEAMS),), "one of group:security and one of group:data or person:ann"),
        (
            ((LEADS,), (SECURITY, TEAMS)),
            "2 of group:leads, or one of group:security and one of group:data or person:ann",
        ),
    ],
)
def test_a_hold_says_in_words_what_it_needs(alternatives: tuple[tuple[Requirement, ...], ...], words: str) -> None:
    """One list is counted; where several count, each is named with its number."""
    assert in_words(alternatives) == words


def test_an_alternative_names_every_list_with_its_number() -> None:
    """Also where there is but one: an explanation lists the alternatives one by one."""
    assert together_in_words([LEADS]) == "2 of group:leads"
    assert together_in_words([SECURITY, LEADS]) == "one of group:security and 2 of group:leads"
