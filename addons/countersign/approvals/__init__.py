"""One approval = one exact request: requested -> signed -> used (or denied, withdrawn, revoked, expired, void).

What broke the glass is unreviewed -> reviewed. Every step is an event.

request.py       what is asked for, as the approver sees it (masked), bound by a keyed fingerprint to exact bytes
approval.py      the state of one approval: a pure projection of its events
signatures.py    how many people must still sign, each counted in one place only
eligibility.py   who may do what: sign, revoke, withdraw, review
risk.py          how risky a change is, in a word
records.py       the same events as records of the evidence log, and back
retention.py     which of them no retention rule erases
store.py         the seam to what keeps the events (the evidence log here; a shared table with several gateways)
document.py      one approval as JSON, for the console's API and for those who read it
change_text.py   one approval as text for people
side_by_side.py  both schemas, aligned line by line
projection.py    every approval that is still known, restored from its events
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
