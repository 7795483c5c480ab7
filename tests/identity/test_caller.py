from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from countersign import limits
from countersign.identity import Caller


def caller(subject: str = "ci-42", people: frozenset[str] = frozenset({"berta", "anna"})) -> Caller:
    return Caller(
        issuer="https://idp.example",
        subject=subject,
        audience=("countersign", "other"),
        issued_at=100,
        expires_at=400,
        token_id="j-1",
        key_id="first",
        key_thumbprint="thumb",
        may_sign=True,
        people=people,
        groups=frozenset({"release"}),
        claims=MappingProxyType({"sub": subject, "email": "anna@example.org"}),
    )


def test_evidence_is_exactly_who_and_which_key() -> None:
    """A record keeps the registered claims, the key and the people, as JSON, and no other claim."""
    evidence = caller().as_evidence()
    assert evidence == {
        "iss": "https://idp.example",
        "sub": "ci-42",
        "aud": ["countersign", "other"],
        "iat": 100,
        "exp": 400,
        "jti": "j-1",
        "kid": "first",
        "key_thumbprint": "thumb",
        "people": ["anna", "berta"],
    }
    assert json.loads(json.dumps(evidence)) == evidence


def test_label_names_the_people_or_else_the_subject() -> None:
    """People are who a reader knows; a token that names none shows its subject."""
    assert caller().label == "anna, berta at https://idp.example"
    assert caller(people=frozenset()).label == "ci-42 at https://idp.example"


@pytest.mark.parametrize("hostile", ["ci\nGET /", "ci\x1b[2J", "ci\u202egpj", "ci\x00", "ci\u2028x"])
def test_label_is_one_printable_line(hostile: str) -> None:
    """What a token says cannot forge a log line or steer a terminal."""
    label = caller(hostile, frozenset()).label
    assert label.isprintable()
    assert label.startswith("ci\\u")


def test_label_is_short() -> None:
    """A long subject is cut, visibly."""
    label = caller("x" * 5000, frozenset()).label
    assert len(label) < 2 * limits.MAX_LABEL_PART_CHARACTERS
    assert "…" in label


def test_claims_cannot_be_changed_and_are_not_shown() -> None:
    """Later steps read what the token said; they cannot rewrite it, and a logged Caller does not spill it."""
    with pytest.raises(TypeError):
        caller().claims["sub"] = "root"  # type: ignore[index]
    assert "anna@example.org" not in repr(caller())


def test_callers_are_values() -> None:
    """Two readings of one token are equal, and can stand in a set."""
    assert {caller(), caller()} == {caller()}


def test_good_until_grants_the_leeway() -> None:
    """What the verifier accepts stays good for every later step, and no longer."""
    verified = caller("ci", frozenset())
    assert verified.good_until == verified.expires_at
    assert replace(verified, leeway_seconds=30).good_until == verified.expires_at + 30
