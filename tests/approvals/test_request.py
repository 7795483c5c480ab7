"""What an approver is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.approvals.request import ApprovalRequest
from countersign.strict_json import dumps, loads

type MakeRequest = Callable[..., ApprovalRequest]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    before=json_values,
    after=json_values,
    changes=st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=2), max_size=2).map(tuple),
    subject=st.none() | st.text(max_size=5),
    quorum=st.integers(1, 5),
    approvers=st.lists(st.text(max_size=5), min_size=1, max_size=3).map(tuple),
    reason=st.sampled_from([(), ("approve",), ("approve", "deny")]),
)
def test_a_request_comes_back_from_json_as_it_went(a_request: MakeRequest, **values: Any) -> None:
    """Written to the evidence and read again, a request is equal to what was asked for."""
    request = a_request(**values)
    stored = loads(dumps(request.as_json()))
    assert isinstance(stored, dict)
    assert ApprovalRequest.from_json(stored) == request


def test_json_of_a_request_shares_nothing_with_it(a_request: MakeRequest) -> None:
    """Who changes the JSON does not change the request."""
    request = a_request(after={"required": ["taxId"]})
    data = request.as_json()
    assert isinstance(data["after"], dict)
    data["after"]["required"] = []
    assert request.after == {"required": ["taxId"]}


@pytest.mark.parametrize("name", ["id", "quorum", "caller_people", "approvers", "changes"])
def test_a_member_that_is_missing_is_an_error(name: str, a_request: MakeRequest) -> None:
    """Every member is needed: nothing is filled in."""
    data = a_request().as_json()
    assert ApprovalRequest.from_json(data) == a_request()
    del data[name]
    with pytest.raises(TypeError, match=name):
        ApprovalRequest.from_json(data)


def test_a_member_too_many_is_an_error(a_request: MakeRequest) -> None:
    """What this version does not know it does not pass over."""
    with pytest.raises(TypeError, match="role"):
        ApprovalRequest.from_json(a_request().as_json() | {"role": "admin"})


@pytest.mark.parametrize("name", ["caller_people", "approvers", "reason", "summary", "changes", "reasons"])
def test_a_text_is_not_taken_for_a_list(name: str, a_request: MakeRequest) -> None:
    """`"ann"` is not the people a, n and n."""
    with pytest.raises(TypeError, match=name):
        ApprovalRequest.from_json(a_request().as_json() | {name: "ann"})


@pytest.mark.parametrize("changed", [{"quorum": 0}, {"quorum": -1}, {"approvers": ()}, {"caller_people": ()}])
def test_a_request_that_nobody_else_must_sign_cannot_be_made(changed: dict[str, Any], a_request: MakeRequest) -> None:
    """No quorum, no approvers, or nobody to be independent of: refused, in memory and out of the evidence."""
    with pytest.raises(ValueError, match="quorum"):
        a_request(**changed)
    stored = a_request().as_json() | {
        name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()
    }
    with pytest.raises(ValueError, match="quorum"):
        ApprovalRequest.from_json(stored)
