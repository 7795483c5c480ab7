from __future__ import annotations

import pytest

from countersign.rulebook.values import Issuer, PersonMark, Source
from tests.rulebook.conftest import RulesDirectory

BOB = "  - person: bob\n"


def test_issuers_and_people_are_read(rules: RulesDirectory) -> None:
    """With defaults, and every mark of a person by itself."""
    identity = rules.load().identity
    assert identity.issuers == (
        Issuer(
            "https://idp.example.com", ("countersign",), ("RS256", "ES256"), 30, "groups", None, Source("identity.yaml", 3)
        ),
    )  # fmt: skip
    assert identity.people[0] == PersonMark("https://idp.example.com", "email", "alice@example.com", "alice")


@pytest.mark.parametrize("algorithm", ["HS256", "none", "RS256K"])
def test_only_asymmetric_algorithms_are_accepted(rules: RulesDirectory, algorithm: str) -> None:
    """With a shared secret, whoever verifies could also sign."""
    rules.replace("identity.yaml", "[RS256, ES256]", f"[RS256, {algorithm}]")
    assert f"algorithms[2] cannot be '{algorithm}'" in rules.problems()[0]
    rules.replace("identity.yaml", algorithm, "PS512")
    assert rules.load().identity.issuers[0].algorithms == ("RS256", "PS512")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("https://idp.example.com #", "http://idp.example.com #", "the issuer is not https"),
        ("[countersign]", "[]", "audiences is empty"),
        (BOB, "  - person: alice\n", "the person 'alice' is listed twice"),
        ("bob@", "alice@", "this mark already names 'alice'"),
        ("claim: email, value: bob", "clam: email, value: bob", "unknown key 'clam' (did you mean 'claim'?)"),
        ("https://idp.example.com, claim: email, value: bob", "https://idp.example.co, claim: email, value: bob",
         "is not in `issuers` (did you mean 'https://idp.example.com'?)"),
    ],
)  # fmt: skip
def test_a_mistake_in_identity_is_refused(rules: RulesDirectory, old: str, new: str, problem: str) -> None:
    """Each with its line and what to write instead."""
    rules.replace("identity.yaml", old, new)
    found = rules.problems()
    assert found[0].startswith("identity.yaml:")
    assert any(problem in one for one in found), found


def test_an_issuer_is_listed_once(rules: RulesDirectory) -> None:
    """Two entries could differ in what they accept."""
    second = "  - {url: https://ci.example.com, audiences: [countersign], algorithms: [RS256]}\n\n# Which"
    rules.replace("identity.yaml", "\n# Which", second)
    assert len(rules.load().identity.issuers) == 2
    rules.replace("identity.yaml", "https://ci.example.com", "'https://idp.example.com'")
    assert "is listed twice" in rules.problems()[0]
