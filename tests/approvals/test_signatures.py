"""How many people must still sign."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.approvals.signatures import lacking, missing
from countersign.rulebook.values import Requirement

LEADS, OWNERS, CAROL = "group:leads", "group:owners", "person:carol"

roles = st.lists(st.sampled_from([LEADS, OWNERS, CAROL, "person:dan"]), max_size=3, unique=True).map(tuple)
some_roles = roles.filter(bool)
requirements_lists = st.lists(st.builds(Requirement, st.integers(1, 3), some_roles), min_size=1, max_size=3).map(tuple)
signers_maps = st.dictionaries(st.sampled_from(["bob", "carol", "dan", "eve", "frank"]), roles, max_size=4)


def lacking_by_trying(requirements: tuple[Requirement, ...], signers: dict[str, tuple[str, ...]]) -> list[list[int]]:
    """What each requirement lacks, for every way to count each signer for one requirement they fit, or for none."""
    ways = [
        [None, *(place for place, each in enumerate(requirements) if set(each.approvers) & set(signed_as))]
        for signed_as in signers.values()
    ]
    return [
        [max(0, each.quorum - way.count(place)) for place, each in enumerate(requirements)] for way in product(*ways)
    ]


@given(requirements=requirements_lists, signers=signers_maps)
def test_it_is_as_good_as_the_best_of_all_assignments(
    requirements: tuple[Requirement, ...], signers: dict[str, tuple[str, ...]]
) -> None:
    """What is said to lack is a way to count the signers, no way lacks fewer, and none of those leaves fewer places
    that only the people named can fill."""
    named = [
        place for place, each in enumerate(requirements) if all(one.startswith("person:") for one in each.approvers)
    ]
    ways = lacking_by_trying(requirements, signers)
    said = [*lacking(requirements, signers)]
    assert said in ways
    fewest = min(map(sum, ways))
    assert sum(said) == fewest == missing((requirements,), signers)
    least = min(sum(way[place] for place in named) for way in ways if sum(way) == fewest)
    assert sum(said[place] for place in named) == least


@given(alternatives=st.lists(requirements_lists, min_size=1, max_size=3), signers=signers_maps)
def test_alternatives_are_each_counted_alone(
    alternatives: list[tuple[Requirement, ...]], signers: dict[str, tuple[str, ...]]
) -> None:
    """The nearest alternative says how many are missing; signatures for parts of several do not add up."""
    best = min(min(map(sum, lacking_by_trying(requirements, signers))) for requirements in alternatives)
    assert missing(alternatives, signers) == best


@given(requirements=requirements_lists, signers=signers_maps, more=some_roles)
def test_one_more_person_is_at_most_one_fewer(
    requirements: tuple[Requirement, ...], signers: dict[str, tuple[str, ...]], more: tuple[str, ...]
) -> None:
    """Whoever signs, as however many approvers, fills one place or none, and empties none."""
    before = sum(lacking(requirements, signers))
    assert before - sum(lacking(requirements, {**signers, "zoe": more})) in (0, 1)


def test_one_person_in_two_groups_counts_once() -> None:
    """bob is a lead and an owner: alone he does not meet "a lead and an owner"; with another owner he does."""
    both_groups = (Requirement(1, (LEADS,)), Requirement(1, (OWNERS,)))
    assert missing((both_groups,), {"bob": (LEADS, OWNERS)}) == 1
    assert missing((both_groups,), {"bob": (LEADS, OWNERS), "eve": (OWNERS,)}) == 0


@pytest.mark.parametrize("second", [LEADS, OWNERS])
def test_one_person_in_two_groups_keeps_no_review_from_completing(second: str) -> None:
    """Whichever group the second person is of, and whoever signed first: bob counts for the other."""
    both_groups = (Requirement(1, (LEADS,)), Requirement(1, (OWNERS,)))
    for signers in (
        {"bob": (LEADS, OWNERS), "eve": (second,)},
        {"eve": (second,), "bob": (LEADS, OWNERS)},
    ):
        assert lacking(both_groups, signers) == (0, 0)


def test_a_named_person_is_kept_for_their_own_place() -> None:
    """carol signed as a lead too: what still lacks is a lead, whom others can be, and not carol, who cannot sign twice."""
    requirements = (Requirement(1, (LEADS,)), Requirement(1, (CAROL,)))
    assert lacking(requirements, {"carol": (LEADS, CAROL)}) == (1, 0)
    assert lacking(requirements, {"carol": (LEADS, CAROL), "bob": (LEADS,)}) == (0, 0)


def test_who_signed_as_nobody_named_counts_for_nothing() -> None:
    """A role of another rule, of no rule, or one that looks alike."""
    requirements = (Requirement(1, (LEADS,)),)
    for signed_as in ((), (OWNERS,), ("leads",), ("person:leads",), (LEADS + " ",)):
        assert lacking(requirements, {"bob": signed_as}) == (1,)
    assert lacking(requirements, {"bob": (LEADS,)}) == (0,)


@pytest.mark.parametrize("alternatives", [(), ((),), ((Requirement(1, (LEADS,)),), ()), ((Requirement(0, (LEADS,)),),)])
def test_nothing_required_is_an_error(alternatives: tuple[tuple[Requirement, ...], ...]) -> None:
    """No alternative, or an empty one, would be complete without anybody."""
    with pytest.raises(ValueError, match=r"empty|without"):
        missing(alternatives, {})
    assert missing(((Requirement(1, (LEADS,)),),), {}) == 1
