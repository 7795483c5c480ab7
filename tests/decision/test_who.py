"""Which callers a rule speaks of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from countersign.decision.who import includes
from countersign.identity import Caller
from countersign.rulebook.values import Who
from countersign.strict_json import Json

type MakeCaller = Callable[..., Caller]


def test_who_gives_nothing_speaks_of_nobody(a_caller: MakeCaller) -> None:
    """An empty `who` is a rule for nobody; the same with `everyone` is a rule for all."""
    assert not includes(Who(), a_caller(people=["ann"], groups=["leads"], claims={"ref": "main"}))
    assert includes(Who(everyone=True), a_caller(people=[], groups=[]))


@pytest.mark.parametrize("who", [Who(people=("ann", "bob")), Who(groups=("ci", "leads"))])
def test_any_entry_of_one_list_is_enough(who: Who, a_caller: MakeCaller) -> None:
    """Within people or groups one common name includes the caller, no common name does not."""
    assert includes(who, a_caller(people=["bob", "zoe"], groups=["leads", "all"]))
    assert not includes(who, a_caller(people=["zoe"], groups=["all"]))


@pytest.mark.parametrize(
    "who",
    [
        Who(people=("ann",), groups=("leads",)),
        Who(people=("ann",), claims=(("*", "ref", "main"),)),
        Who(groups=("leads",), claims=(("*", "ref", "main"),)),
        Who(everyone=True, groups=("leads",), people=("ann",), claims=(("*", "ref", "main"),)),
    ],
)
def test_all_that_is_given_must_hold(who: Who, a_caller: MakeCaller) -> None:
    """A caller who fits only some of the given lists is not included; `everyone` does not widen them."""
    fits = {"people": ["ann"], "groups": ["leads"], "claims": {"ref": "main"}}
    assert includes(who, a_caller(**fits))
    given = [name for name in fits if getattr(who, name)]
    for name in given:
        other = {"people": ["zoe"], "groups": ["all"], "claims": {"ref": "dev"}}[name]
        assert not includes(who, a_caller(**{**fits, name: other})), name


def test_a_caller_without_people_or_groups_is_in_no_list(a_caller: MakeCaller) -> None:
    """No people and no groups fit no list, not even one that holds an empty name."""
    assert not includes(Who(people=("",)), a_caller(people=[]))
    assert not includes(Who(groups=("",)), a_caller(groups=[]))


def test_people_and_groups_are_names_not_globs(a_caller: MakeCaller) -> None:
    """A star in a list of people or groups is no wildcard."""
    assert not includes(Who(people=("*",)), a_caller(people=["ann"]))
    assert not includes(Who(groups=("*",)), a_caller(groups=["leads"]))


def test_a_claim_counts_for_its_issuer_only(a_caller: MakeCaller) -> None:
    """The same claim of another issuer does not fit; `*` names every issuer."""
    claims: dict[str, Json] = {"repository": "acme/schemas"}
    ours = a_caller(issuer="https://a.example", claims=claims)
    theirs = a_caller(issuer="https://a.example.evil", claims=claims)
    named = Who(claims=(("https://a.example", "repository", "acme/*"),))
    assert includes(named, ours)
    assert not includes(named, theirs)
    assert includes(Who(claims=(("*", "repository", "acme/*"),)), theirs)


@pytest.mark.parametrize(
    ("value", "glob", "fits"),
    [
        ("refs/heads/main", "refs/heads/*", True),
        ("refs/tags/main", "refs/heads/*", False),
        ("Main", "main", False),
        ("main-evil", "main", False),
        ("v2", "v[0-9]", True),
        (["dev", "main"], "main", True),
        (["dev"], "main", False),
        ([], "*", False),
        (None, "*", False),
        ({"main": "main"}, "*", False),
        ([["main"]], "main", False),
        (True, "true", True),
        (False, "false", True),
        (True, "True", False),
        (7, "7", True),
        (7, "true", False),
        ("", "*", True),
    ],
)
def test_a_claims_value_is_matched_as_a_glob(value: Json, glob: str, fits: bool, a_caller: MakeCaller) -> None:
    """Case counts, the whole value must fit, one entry of a list is enough; true, false and numbers as JSON has them."""
    assert includes(Who(claims=(("*", "ref", glob),)), a_caller(claims={"ref": value})) is fits


def test_a_claim_that_the_token_lacks_fits_nothing(a_caller: MakeCaller) -> None:
    """A missing claim does not fit even `*`; the claim, present, does."""
    who = Who(claims=(("*", "ref", "*"),))
    assert not includes(who, a_caller(claims={}))
    assert includes(who, a_caller(claims={"ref": "x"}))
