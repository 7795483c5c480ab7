from __future__ import annotations

from typing import Any

import pytest

from countersign import limits
from countersign.errors import InvalidCredential
from countersign.identity.claims import RegisteredClaims, check, groups
from tests.identity.issuing import AUDIENCE, NOW, claims_of, issuer_at

URL = "https://idp.example"
ISSUER = issuer_at(URL, leeway_seconds=30)
EXP = int(NOW) + 300


def refusal(changes: dict[str, Any], now: float = NOW) -> str:
    """Why the claims are refused, their unchanged twin not being so."""
    check(claims_of(URL), ISSUER, ISSUER.audiences, NOW)
    with pytest.raises(InvalidCredential) as caught:
        check(claims_of(URL, **changes), ISSUER, ISSUER.audiences, now)
    return str(caught.value)


def test_registered_claims_are_read() -> None:
    """A good token's claims, with one audience made a tuple."""
    found = check(claims_of(URL), ISSUER, ISSUER.audiences, NOW)
    assert found == RegisteredClaims("ci-42", (AUDIENCE,), int(NOW) - 10, EXP, "j-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["other", AUDIENCE]},
        {"jti": ...},
        {"exp": EXP + 0.5},
        {"nbf": int(NOW)},
        {"exp": int(NOW) - 10 + limits.MAX_TOKEN_LIFETIME_SECONDS},
        {"scope": "anything", "nested": {"a": [1]}},
    ],
)
def test_other_good_tokens_pass(changes: dict[str, Any]) -> None:
    """Several audiences, no `jti`, fractions of seconds, `nbf` that has come, a day of life, unknown claims."""
    assert check(claims_of(URL, **changes), ISSUER, ISSUER.audiences, NOW).subject == "ci-42"


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "sub"])
def test_required_claims(name: str) -> None:
    """Without any one of them there is nobody to speak of."""
    assert refusal({name: ...})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "https://evil.example"),
        ("iss", URL + "/"),
        ("iss", [URL]),
        ("iss", None),
        ("sub", ""),
        ("sub", 7),
        ("sub", ["ci-42"]),
        ("sub", None),
        ("aud", "other"),
        ("aud", []),
        ("aud", ["other"]),
        ("aud", [AUDIENCE, 7]),
        ("aud", [[AUDIENCE]]),
        ("aud", {AUDIENCE: 1}),
        ("aud", AUDIENCE + " "),
        ("aud", AUDIENCE.upper()),
        ("jti", 7),
        ("jti", None),
        ("exp", str(EXP)),
        ("exp", True),
        ("exp", None),
        ("exp", [EXP]),
        ("exp", 10**300),
        ("exp", 10**399),
        ("exp", -1),
        ("iat", True),
        ("iat", "1"),
        ("iat", -(10**399)),
        ("nbf", True),
        ("nbf", None),
        ("nbf", "soon"),
        ("nbf", 10**399),
        ("cnf", {"jkt": "thumbprint"}),
        ("cnf", None),
        ("events", {"http://schemas.openid.net/event/backchannel-logout": {}}),
    ],
)
def test_wrong_values_are_refused(name: str, value: object) -> None:
    """Right type and right value, or no caller; `true` is not the number 1."""
    assert refusal({name: value})


def test_expiry_counts_with_leeway() -> None:
    """RFC 7519, 4.1.4: not accepted *on* the moment, which the leeway moves."""
    assert check(claims_of(URL), ISSUER, ISSUER.audiences, EXP + 29.9).subject == "ci-42"
    assert "expired" in refusal({}, now=EXP + 30)


def test_not_before_counts_with_leeway() -> None:
    """A token is valid from `nbf` less the leeway on."""
    assert check(claims_of(URL, nbf=int(NOW) + 30), ISSUER, ISSUER.audiences, NOW).subject == "ci-42"
    assert "not valid yet" in refusal({"nbf": int(NOW) + 31})


def test_issue_in_the_future_counts_with_leeway() -> None:
    """A token that claims to be made later than now was not made by an honest clock."""
    assert check(claims_of(URL, iat=int(NOW) + 30), ISSUER, ISSUER.audiences, NOW).subject == "ci-42"
    assert "future" in refusal({"iat": int(NOW) + 31})


def test_lifetime_is_bounded() -> None:
    """A day passes, a second more does not."""
    day = int(NOW) - 10 + limits.MAX_TOKEN_LIFETIME_SECONDS
    assert check(claims_of(URL, exp=day), ISSUER, ISSUER.audiences, NOW).subject == "ci-42"
    assert "longer than" in refusal({"exp": day + 1})


def test_a_token_lives_for_some_time() -> None:
    """`exp` before `iat` is nonsense, also within the leeway."""
    assert check(claims_of(URL, iat=int(NOW), exp=int(NOW) + 1), ISSUER, ISSUER.audiences, NOW).subject == "ci-42"
    assert "before it was issued" in refusal({"iat": int(NOW), "exp": int(NOW) - 1})


def test_groups_come_from_the_claim_of_the_rule() -> None:
    """A list of names; none where the rule names no claim or the token has none."""
    claims = claims_of(URL, groups=["a", "b", "a"], roles=["c"])
    assert groups(claims, issuer_at(URL, groups_claim="groups")) == {"a", "b"}
    assert groups(claims, issuer_at(URL, groups_claim="roles")) == {"c"}
    assert groups(claims, issuer_at(URL, groups_claim="others")) == frozenset()
    assert groups(claims, issuer_at(URL)) == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": "a"},
        {"groups": None},
        {"groups": {"a": 1}},
        {"groups": ["a", 7]},
        {"groups": [["a"]]},
        {"groups": ..., "_claim_names": {"groups": "src1"}},
    ],
)
def test_groups_that_cannot_be_read_are_refused(changes: dict[str, Any]) -> None:
    """A rule that denies a group must not be passed by a token that hides its groups."""
    issuer = issuer_at(URL, groups_claim="groups")
    assert groups(claims_of(URL, groups=["a"]), issuer) == {"a"}
    with pytest.raises(InvalidCredential, match="groups"):
        groups(claims_of(URL, **changes), issuer)


def test_groups_nobody_asked_for_may_have_any_form() -> None:
    """Only the claim that the rule names is read."""
    assert groups(claims_of(URL, groups="a", _claim_names={"groups": "src1"}), issuer_at(URL)) == frozenset()


def test_the_audience_is_who_asks() -> None:
    """A token for the console is none for the gateway, and the other way round."""
    assert check(claims_of(URL, aud="console"), ISSUER, ["console"], NOW).audience == ("console",)
    for aud, audiences in (("console", ISSUER.audiences), (AUDIENCE, ("console",))):
        with pytest.raises(InvalidCredential, match="`aud`"):
            check(claims_of(URL, aud=aud), ISSUER, audiences, NOW)
