"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import pytest

from countersign.approvals import AlreadyDecided, NotEligible, TooManyApprovals, UnknownApproval
from countersign.console.login_attempts import TooManyAttempts
from countersign.console.problems import Problem, as_problem, problem_document
from countersign.console.sessions import NoSession
from countersign.errors import (
    CountersignError,
    EvidenceUnavailable,
    InvalidCredential,
    ProviderUnavailable,
    TooLarge,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidCredential("x"), 401),
        (NoSession("x"), 401),
        (NotEligible("x"), 403),
        (UnknownApproval("x"), 404),
        (AlreadyDecided("x"), 409),
        (TooLarge("x"), 413),
        (TooManyAttempts("x"), 429),
        (TooManyApprovals("x"), 503),
        (EvidenceUnavailable("x"), 503),
        (ProviderUnavailable("x"), 503),
        (CountersignError("x"), 500),
    ],
)
def test_each_error_has_its_status(error: CountersignError, status: int) -> None:
    """The status, and the text that the error has."""
    with pytest.raises(Problem) as caught, as_problem():
        raise error
    assert (caught.value.status_code, caught.value.detail) == (status, "x")


def test_an_error_nobody_meant_stays_what_it_is() -> None:
    """Its text is not for people outside."""
    with pytest.raises(KeyError), as_problem():
        raise KeyError("secret")


def test_the_document() -> None:
    """The members of RFC 9457, and ours."""
    assert problem_document(409, "why", {"approval": "id"}) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "why",
        "approval": "id",
    }
    assert problem_document(299, "", {})["title"] == "Refused"
