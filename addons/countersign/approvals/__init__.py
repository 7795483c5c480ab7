"""One approval = one exact request: requested -> signed -> used (or denied, expired, void). Every step is an event.

request.py       what is asked for, as the approver sees it (masked), bound by a keyed fingerprint to exact bytes
approval.py      the state of one approval: a pure projection of its events
eligibility.py   who may sign: another person, of the right groups, once
store.py         the seam to what keeps the events (the evidence log here; a shared table with several gateways)
change_text.py   one approval as text for people
desk.py          all approvals of a gateway: open or join, sign, claim once, expire, wait
"""

from countersign.approvals.approval import Approval, Signature
from countersign.approvals.desk import Desk
from countersign.approvals.errors import (
    AlreadyDecided,
    ApprovalError,
    NotEligible,
    ReasonNeeded,
    TooManyApprovals,
    UnknownApproval,
)
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent, ApprovalStore

__all__ = [
    "AlreadyDecided",
    "Approval",
    "ApprovalError",
    "ApprovalEvent",
    "ApprovalRequest",
    "ApprovalStore",
    "Desk",
    "NotEligible",
    "ReasonNeeded",
    "Signature",
    "TooManyApprovals",
    "UnknownApproval",
]
