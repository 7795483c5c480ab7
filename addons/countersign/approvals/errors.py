"""Why an approval cannot be acted on; each says what to do instead."""

from __future__ import annotations

from countersign.errors import CountersignError


class ApprovalError(CountersignError):
    """Base. `status` is the HTTP status the console's API answers with."""

    status = 409


class UnknownApproval(ApprovalError):
    """There is no approval of this id."""

    status = 404


class NotEligible(ApprovalError):
    """This person may not sign this approval."""

    status = 403


class AlreadyDecided(ApprovalError):
    """The approval is no longer pending."""


class ReasonNeeded(ApprovalError):
    """The rule asks for a reason with this decision."""


class ReasonTooLong(ApprovalError):
    """The reason does not fit into a record."""

    status = 413


class TooManyApprovals(ApprovalError):
    """No room for one more pending approval."""

    status = 503
