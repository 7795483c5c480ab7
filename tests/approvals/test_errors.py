"""Why an approval cannot be acted on."""

from __future__ import annotations

import pytest

from countersign.approvals.errors import (
    AlreadyDecided,
    ApprovalError,
    NotEligible,
    ReasonNeeded,
    TooManyApprovals,
    UnknownApproval,
)
from countersign.errors import BadInput, CountersignError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ApprovalError, 409),
        (UnknownApproval, 404),
        (NotEligible, 403),
        (AlreadyDecided, 409),
        (ReasonNeeded, 409),
        (TooManyApprovals, 503),
    ],
)
def test_each_error_has_the_status_that_the_api_answers_with(error: type[ApprovalError], status: int) -> None:
    """One except clause catches them all, and says the status; none is taken for bad input."""
    with pytest.raises(ApprovalError, match="because") as caught:
        raise error("because")
    assert caught.value.status == status
    assert isinstance(caught.value, CountersignError)
    assert not isinstance(caught.value, BadInput)
