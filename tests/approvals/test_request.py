"""What an approver is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.approvals.request import ApprovalRequest
from countersign.rulebook.values import Requirement
from countersign.strict_json import Json, dumps, loads

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
    alternatives=st.lists(
        st.lists(
            st.builds(Requirement, st.integers(1, 5), st.lists(st.text(max_size=5), min_size=1, max_size=3).map(tuple)),
            min_size=1,
            max_size=3,
        ).map(tuple),
        min_size=1,
        max_size=3,
    ).map(tuple),
    counterexamples=st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=2), max_size=2).map(tuple),
    justification=st.text(max_size=5),
    reason=st.sampled_from([(), ("approve",), ("approve", "deny")]),
)
def test_a_request_comes_back_from_json_as_it_went(a_request: MakeRequest, **values: Any) -> None:
    """Written to the evidence and read again, a request is equal to what was asked for."""
    request = a_request(**values)
    stored = loads(dumps(request.as_json()))
    assert isinstance(stored, dict)
    assert ApprovalRequest.from_json(stored) == request


def test_what_is_left_out_of_the_json_is_not_in_it(a_request: MakeRequest) -> None:
    """Lists leave out the documents, which can be large; the rest stays as it is."""
    request = a_request(after={"required": ["taxId"]})
    short = request.as_json(leave_out={"after", "message"})
    assert short.keys() == request.as_json().keys() - {"after", "message"}
    assert short.items() <= request.as_json().items()


@pytest.mark.parametrize("name", ["id", "alternatives", "caller_people", "rule", "changes"])
def test_a_member_that_is_missing_is_an_error(name: str, a_request: MakeRequest) -> None:
    """Nothing is filled in of what every version has written."""
    data = a_request().as_json()
    assert ApprovalRequest.from_json(data) == a_request()
    del data[name]
    with pytest.raises(TypeError, match=name):
        ApprovalRequest.from_json(data)


def test_a_member_too_many_is_an_error(a_request: MakeRequest) -> None:
    """What this version does not know it does not pass over."""
    with pytest.raises(TypeError, match="role"):
        ApprovalRequest.from_json(a_request().as_json() | {"role": "admin"})


@pytest.mark.parametrize(
    "name", ["caller_people", "alternatives", "reason", "summary", "changes", "reasons", "counterexamples"]
)
def test_a_text_is_not_taken_for_a_list(name: str, a_request: MakeRequest) -> None:
    """`"ann"` is not the people a, n and n."""
    with pytest.raises(TypeError, match=name):
        ApprovalRequest.from_json(a_request().as_json() | {name: "ann"})


@pytest.mark.parametrize("alternatives", [["ann"], [[{"quorum": 1, "approvers": "ann"}]]])
def test_a_text_is_not_taken_for_requirements(alternatives: list[Json], a_request: MakeRequest) -> None:
    """Nor is a text inside of them."""
    with pytest.raises(TypeError, match="is a list"):
        ApprovalRequest.from_json(a_request().as_json() | {"alternatives": alternatives})


def before_0_2(request: ApprovalRequest) -> dict[str, Json]:
    """What the first version wrote of `request`: one quorum, one list of approvers, nothing of what came later."""
    data = request.as_json()
    for name in ("alternatives", "access", "justification", "counterexamples"):
        del data[name]
    return data | {"quorum": 2, "approvers": ["group:leads", "person:carol"]}


def test_a_request_from_before_0_2_is_read(a_request: MakeRequest) -> None:
    """Its quorum and approvers are the one requirement."""
    old = before_0_2(a_request())
    assert ApprovalRequest.from_json(old) == a_request(quorum=2)
    assert (old["quorum"], "alternatives" in old) == (2, False)


@pytest.mark.parametrize("changed", [{"approvers": "ann"}, {"approvers": None}, {"alternatives": []}])
def test_a_request_is_of_one_version(changed: dict[str, Json], a_request: MakeRequest) -> None:
    """An old one's approvers are a list, and one that has members of both versions is of neither."""
    with pytest.raises(TypeError):
        ApprovalRequest.from_json(before_0_2(a_request()) | changed)


def test_everybody_named_is_named_once_and_the_smallest_quorum_counts(a_request: MakeRequest) -> None:
    """Over all alternatives; of each alternative all of its requirements."""
    request = a_request(
        alternatives=(
            (Requirement(1, ("group:leads",)), Requirement(2, ("group:owners", "person:carol"))),
            (Requirement(2, ("person:carol", "group:leads", "person:dan")),),
        )
    )
    assert request.approvers == ("group:leads", "group:owners", "person:carol", "person:dan")
    assert request.quorum == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"quorum": 0},
        {"quorum": -1},
        {"approvers": ()},
        {"caller_people": ()},
        {"alternatives": ()},
        {"alternatives": ((),)},
        {"alternatives": ((Requirement(1, ("group:leads",)),), ())},
        {"alternatives": ((Requirement(1, ("group:leads",)), Requirement(0, ("group:leads",))),)},
    ],
)
def test_a_request_that_nobody_else_must_sign_cannot_be_made(changed: dict[str, Any], a_request: MakeRequest) -> None:
    """No quorum, no approvers, an empty alternative, or nobody to be independent of: refused."""
    with pytest.raises(ValueError, match=r"quorum|people"):
        a_request(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"caller_people": []},
        {"alternatives": []},
        {"alternatives": [[]]},
        {"alternatives": [[{"quorum": 0, "approvers": ["group:leads"]}]]},
        {"alternatives": [[{"quorum": 1, "approvers": []}]]},
    ],
)
def test_nor_does_one_come_out_of_the_evidence(changed: dict[str, Json], a_request: MakeRequest) -> None:
    """The same when it is read; the unchanged record is."""
    stored = a_request().as_json()
    with pytest.raises(ValueError, match=r"quorum|people"):
        ApprovalRequest.from_json(stored | changed)
    assert ApprovalRequest.from_json(stored) == a_request()
