from __future__ import annotations

from base64 import b64encode

import pytest

from countersign import limits
from countersign.errors import InvalidCredential
from countersign.identity import from_authorization

TOKEN = "aaa.bbb.ccc-_"


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {TOKEN}",
        f"bearer {TOKEN}",
        f"BEARER   {TOKEN} ",
        basic(f"ci:{TOKEN}"),
        basic(f":{TOKEN}"),
        basic(f"jürgen:{TOKEN}"),
        basic(f"ci:{TOKEN}").replace("Basic", "bAsIc"),
    ],
)
def test_token_is_found(value: str) -> None:
    """Bearer carries the token itself, Basic as the password of any user; schemes have no case (RFC 9110, 11.1)."""
    assert from_authorization(value) == TOKEN


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "send"),
        (TOKEN, "send"),
        (f"Digest {TOKEN}", "send"),
        ("Bearer", "empty"),
        ("Bearer ", "empty"),
        (f"Bearer {TOKEN} {TOKEN}", "characters"),
        (f"Bearer {TOKEN},Bearer {TOKEN}", "characters"),
        (f'Bearer "{TOKEN}"', "characters"),
        (f"Bearer {TOKEN}\n", "characters"),
        (f"Bearer {TOKEN}\r\nX: y", "characters"),
        ("Bearer tökén", "characters"),
        ("Basic !!!!", "base64"),
        ("Basic gICA", "base64"),
        ("Basic é", "base64"),
        (basic(TOKEN), "colon"),
        (basic(f"{TOKEN}:"), "empty"),
        (basic(f"ci:{TOKEN}\n"), "characters"),
        (basic(f"ci:{TOKEN}:{TOKEN}"), "characters"),
    ],
)
def test_anything_else_is_refused(value: str, why: str) -> None:
    """The refusal says what to send, and never repeats what was sent."""
    with pytest.raises(InvalidCredential, match=why) as caught:
        from_authorization(value)
    assert TOKEN not in str(caught.value)


def test_length_is_bounded() -> None:
    """A header of the largest length is read; one character more is not even decoded."""
    longest = "Bearer " + "a" * (limits.MAX_AUTHORIZATION_CHARACTERS - len("Bearer "))
    assert from_authorization(longest)
    with pytest.raises(InvalidCredential, match="longer than"):
        from_authorization(longest + "a")


def test_the_longest_token_fits_into_basic() -> None:
    """A token that may be verified may also be sent as a password."""
    assert from_authorization(basic("ci:" + "a" * limits.MAX_TOKEN_CHARACTERS))
