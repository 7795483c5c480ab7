from __future__ import annotations

import pytest

from countersign.rulebook.values import Issuer, LoginClient, PersonMark, SecretPlace, Source
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


def test_a_mark_can_say_that_the_token_is_not_the_persons_own(rules: RulesDirectory) -> None:
    """A pipeline's token: it names who started it, and cannot sign."""
    assert rules.load().identity.people[0].signs
    rules.replace("identity.yaml", "value: alice@example.com }", "value: alice@example.com, signs: false }")
    assert not rules.load().identity.people[0].signs


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


LOGIN = """    groups_claim: groups
    login:
      client_id: countersign-console
"""


def _with_login(rules: RulesDirectory, *more: str) -> None:
    rules.replace("identity.yaml", "    groups_claim: groups\n", LOGIN + "".join(f"      {line}\n" for line in more))


@pytest.mark.parametrize(
    ("more", "client"),
    [
        ((), LoginClient("countersign-console", None, ("openid",))),
        (
            ("client_secret: {from_env: SECRET}", "scopes: [email, openid]"),
            LoginClient("countersign-console", SecretPlace("SECRET", None), ("email", "openid")),
        ),
        (
            ("client_secret: {from_file: /run/secret}",),
            LoginClient("countersign-console", SecretPlace(None, "/run/secret"), ("openid",)),
        ),
    ],
)
def test_a_log_in_is_read(rules: RulesDirectory, more: tuple[str, ...], client: LoginClient) -> None:
    """Public, or with a secret that is somewhere else; without it nobody logs in with this issuer."""
    assert rules.load().identity.issuers[0].login is None
    _with_login(rules, *more)
    assert rules.load().identity.issuers[0].login == client


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("client_secret: s3cret",), "client_secret must be keys with values"),
        (("client_secret: {from_env: A, from_file: /b}",), "must have exactly one of from_env, from_file"),
        (("scopes: [email]",), "identity.yaml:9: without the scope 'openid'"),
        (("scopes: []",), "scopes is empty"),
        (("scopes: ['openid email']",), "scopes[1] is not well formed"),
        (("redirect: x",), "unknown key 'redirect'"),
    ],
)
def test_a_mistake_in_a_log_in_is_refused(rules: RulesDirectory, more: tuple[str, ...], problem: str) -> None:
    """Each is a good log-in with one line too many."""
    _with_login(rules, *more)
    found = rules.problems()
    assert any(problem in one for one in found), found


def test_a_log_in_s_tokens_open_nothing_else(rules: RulesDirectory) -> None:
    """The console's own name is no audience: its ID tokens would be callers' tokens."""
    _with_login(rules)
    rules.load()
    rules.replace("identity.yaml", "[countersign]", "[countersign, countersign-console]")
    (problem,) = rules.problems()
    assert "client_id 'countersign-console' is also in `audiences`" in problem
    assert "register the console as a client of its own" in problem
