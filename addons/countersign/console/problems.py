"""Refusals of the console as RFC 9457 problem details, and which error is answered with which status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import tornado.web

from countersign.approvals import ApprovalError
from countersign.console.login_attempts import TooManyAttempts
from countersign.console.sessions import NoSession, TooManySessions
from countersign.errors import BadInput, CountersignError, EvidenceUnavailable, InvalidCredential, ProviderUnavailable
from countersign.strict_json import Json

CONTENT_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[CountersignError], int], ...] = (
    (InvalidCredential, 401),
    (NoSession, 401),
    (TooManyAttempts, 429),
    (ProviderUnavailable, 503),
    (TooManySessions, 503),
    (EvidenceUnavailable, 503),
)


class Problem(tornado.web.HTTPError):
    """Ends a request. `detail` says what is wrong and what to do; `members` are extra members of the document."""

    def __init__(self, status: int, detail: str, **members: Json) -> None:
        super().__init__(status)
        self.detail = detail
        self.members = members


def problem_document(status: int, detail: str, members: dict[str, Json]) -> dict[str, Json]:
    """The members of RFC 9457 (`about:blank`: the title is the status's own), then `members`."""
    return {"type": "about:blank", "title": phrase(status), "status": status, "detail": detail, **members}


def phrase(status: int) -> str:
    """The reason phrase of `status`."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


@contextmanager
def as_problem() -> Iterator[None]:
    """Turn an error that this package raises on purpose into a Problem; any other stays what it is, a 500."""
    try:
        yield
    except CountersignError as error:
        raise Problem(_status(error), str(error)) from None


def _status(error: CountersignError) -> int:
    if isinstance(error, ApprovalError | BadInput):
        return error.status
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 500
