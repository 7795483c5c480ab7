"""What the approvals pages call things: times, effects, states, actions. Pure; what it gives may hold hostile text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from countersign.approvals import Approval
from countersign.approvals.change_text import moment
from countersign.approvals.eligibility import Action, possible
from countersign.identity import Caller

_VERBS = {
    "register": "register a new schema for",
    "update": "change",
    "delete": "delete",
    "settings": "change the settings of",
    "data": "write data to",
}

STATES = {
    "pending": "Waiting for a decision",
    "approved": "Approved, not used yet",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "revoked": "Revoked",
    "expired": "Expired",
    "void": "No longer valid",
    "used": "Approved and let through",
    "unreviewed": "Passed without approval, waiting for a review",
    "reviewed": "Passed without approval, reviewed since",
}

SAID = {"approve": "approved", "deny": "denied", "accept": "accepted", "object": "objected"}

RISKS = {"high": "High risk", "medium": "Medium risk", "low": "Low risk"}

#: What one change does to documents.
EFFECTS = {
    "narrows": "refuses documents that were valid",
    "widens": "accepts documents that were refused",
    "narrows-and-widens": "refuses some documents that were valid, and accepts some that were refused",
    "none": "does not change which documents are valid",
    "unknown": "not known: nobody could prove what it does",
}

BACKWARD = {
    "compatible": "Everything that is valid today stays valid.",
    "breaking": "Some documents that are valid today would be refused.",
    "unknown": "Nobody could prove that what is valid today stays valid.",
}

FORWARD = {
    "compatible": "Nothing becomes valid that today's schema refuses.",
    "breaking": "Documents would become valid that today's schema refuses.",
    "unknown": "Nobody could prove that today's schema accepts what becomes valid.",
}

COUNTEREXAMPLES = {
    "backward": "Valid today, refused after this change",
    "forward": "Refused today, valid after this change",
}

#: The button, and what pressing it means.
BUTTONS: dict[Action, tuple[str, str]] = {
    "approve": ("Approve", "lets exactly this request through, once"),
    "deny": ("Deny", "refuses it, whoever else has signed"),
    "revoke": ("Revoke", "takes the approval back before it is used"),
    "withdraw": ("Withdraw", "takes your request back"),
    "accept": ("Accept", "says that it was right to pass this change"),
    "object": ("Object", "says that it should not have passed"),
}

ONE_OF_SEVERAL = "adds your signature; others must sign as well"


@dataclass(frozen=True, slots=True)
class Time:
    """A moment, for machines and for people."""

    iso: str
    text: str


def time_of(microseconds: int) -> Time:
    """A time in microseconds UTC."""
    iso = datetime.fromtimestamp(microseconds // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Time(iso, moment(microseconds))


def duration(seconds: float) -> str:
    """A length of time as people say it: `12 minutes`, `1 hour 20 minutes`, `2 days`; rounded down."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return _counted(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 3 and minutes:
        return f"{_counted(hours, 'hour')} {_counted(minutes, 'minute')}"
    return _counted(hours, "hour") if hours < 48 else _counted(hours // 24, "day")


@dataclass(frozen=True, slots=True)
class Headline:
    """Who wants what where, in the parts of one sentence; those of others apart from ours."""

    people: str
    wants: str
    subject: str
    connection: str

    @property
    def text(self) -> str:
        return f"{self.people} {self.wants} {self.subject} at {self.connection}"


def headline(approval: Approval) -> Headline:
    """The sentence that each page begins with."""
    request = approval.request
    wants = "broke the glass to" if approval.broke_the_glass else "wants to"
    verb = _VERBS.get(request.effect, f"{request.operation} ({request.effect})")
    subject = "the service as a whole" if request.subject is None else request.subject
    return Headline(" and ".join(request.caller_people), f"{wants} {verb}", subject, request.connection)


def standing(approval: Approval, viewer: Caller) -> str:
    """What the viewer has done already, or can do; one line."""
    for signature in approval.signatures:
        if signature.person in viewer.people:
            return f"You {SAID[signature.verdict]} this"
    if not viewer.people.isdisjoint(approval.request.caller_people):
        return "You asked for this"
    actions = possible(approval, viewer)
    can = {"approve": "You can decide", "accept": "You can review this", "revoke": "You can revoke this"}
    return next((line for action, line in can.items() if action in actions), "")


def missing_words(number: int) -> str:
    """How many signatures are still missing."""
    return "no signature missing" if not number else f"{_counted(number, 'signature')} missing"


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
