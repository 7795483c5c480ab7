"""A change is applied to the version that was reviewed, or not at all."""

from __future__ import annotations

import pytest
from mitmproxy import http

from countersign.proxy.preconditions import bind_to_reviewed


def sent(etag: str | None, *, exists: bool = True, **given: str) -> dict[str, str]:
    """The conditions that the service gets, where the caller gave `given`."""
    headers = http.Headers([(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()])
    request = http.Request.make("PUT", "https://schemas.example/schemas/a", b"{}", headers)
    bind_to_reviewed(request, etag, exists=exists)
    return {name.lower(): value for name, value in request.headers.items() if name.lower().startswith("if-")}


def test_the_reviewed_version_is_named() -> None:
    """Without a condition of the caller's, the reviewed entity tag is the condition."""
    assert sent('"r1"') == {"if-match": '"r1"'}


def test_a_first_version_must_be_the_first() -> None:
    """Where there was nothing, there must still be nothing."""
    assert sent(None, exists=False) == {"if-none-match": "*"}


@pytest.mark.parametrize("given", ["*", '"r1"', '"r0", "r1"', '"r9","r1"'])
def test_a_wider_condition_becomes_the_reviewed_version(given: str) -> None:
    """`*`, or a list with the reviewed version in it, would also let a later one be changed."""
    assert sent('"r1"', if_match=given) == {"if-match": '"r1"'}


def test_a_condition_that_the_reviewed_version_does_not_meet_stays() -> None:
    """The service answers 412, as the caller asked."""
    assert sent('"r1"', if_match='"r0"') == {"if-match": '"r0"'}
    assert sent(None, exists=False, if_match="*") == {"if-match": "*"}
    assert sent('"r1"', if_none_match="*") == {"if-match": '"r1"', "if-none-match": "*"}


def test_a_second_condition_does_not_take_the_place_of_the_first() -> None:
    """One that any version but a made-up one meets would leave the change unbound."""
    assert sent('"r1"', if_none_match='"made-up"') == {"if-match": '"r1"', "if-none-match": '"made-up"'}
    assert sent(None, exists=False, if_none_match='"made-up"') == {"if-none-match": "*"}


@pytest.mark.parametrize("etag", [None, 'W/"r1"'])
def test_what_binds_nothing_is_not_sent(etag: str | None) -> None:
    """No tag, or a weak one, which never matches a strong comparison."""
    assert sent(etag) == {}
