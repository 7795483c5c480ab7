"""One approval as the console lists it, as a value and in words. Holds visible text only, so it is safe to print.

Checks nothing of what the console says but that the id can be sent back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from countersign.approvals.change_text import approval_text, moment, requirement_text
from countersign.cli.console_client import Unreachable, checked_id
from countersign.visible_text import visible_line

_SECOND = 1_000_000
_UNITS = ((24 * 3600, "d"), (3600, "h"), (60, "min"), (1, "s"))
_OPEN = ("pending", "approved", "unreviewed")
#: What a person can do, as they say it, and as it is told afterwards.
VERBS = {
    "approve": "approve",
    "deny": "deny",
    "revoke": "revoke",
    "withdraw": "withdraw",
    "accept": "review and accept",
    "object": "review and object to",
}
_DONE = {
    "approve": "approved",
    "deny": "denied",
    "revoke": "revoked",
    "withdraw": "withdrawn",
    "accept": "reviewed and accepted",
    "object": "reviewed and objected to",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One approval. Times are microseconds UTC."""

    id: str
    state: str
    what: str  #: the effect and the subject in quotes
    where: str
    who: str
    risk: str
    risk_why: str
    justification: str
    summary: tuple[str, ...]
    missing: int  #: people, the fewest
    needs: str  #: which people that are
    requested_at: int
    deadline: int
    signers: tuple[str, ...]
    why_ended: str
    break_glass: bool
    you_may: tuple[str, ...]
    needs_reason: tuple[str, ...]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Entry:
        """`document` as the API shows it. Raises Unreachable where no console of this version would say that."""
        try:
            return cls(
                id=checked_id(document["id"]),
                state=visible_line(document["state"]),
                what=visible_line(_what(document)),
                where=visible_line(document["connection"]),
                who=visible_line(", ".join(document["caller_people"])),
                risk=visible_line(document["risk"]["level"]),
                risk_why=visible_line(document["risk"]["why"]),
                justification=visible_line(document["justification"]),
                summary=tuple(visible_line(line) for line in document["summary"]),
                missing=int(document["missing"]),
                needs=visible_line(_needs(document["alternatives"])),
                requested_at=int(document["requested_at"]),
                deadline=int(document["deadline"]),
                signers=tuple(visible_line(signature["person"]) for signature in document["signatures"]),
                why_ended=visible_line(document["why_ended"]),
                break_glass=bool(document["break_glass"]),
                you_may=tuple(map(str, document["you_may"])),
                needs_reason=tuple(map(str, document["needs_reason"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unreachable("the answer is not a console's of this version") from None

    @property
    def is_open(self) -> bool:
        """Whether anybody can still do anything to it."""
        return self.state in _OPEN

    def gone(self) -> Entry:
        """The same once it is no longer listed: how it ended where that is known, and nothing that can be done."""
        return replace(self, state="ended" if self.is_open else self.state, you_may=(), missing=0)

    def waited(self, now: float) -> str:
        """Since it was asked for, in its largest unit. `now` is seconds since the epoch; clocks that disagree give 0 s."""
        seconds = max(0, int(now) - self.requested_at // _SECOND)
        size, unit = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
        return f"{seconds // size} {unit}"

    @property
    def standing(self) -> str:
        """Where it stands, in a word or two: `2 missing`, `granted`, `to review`, or how it ended."""
        words = {"pending": f"{self.missing} missing", "approved": "granted", "unreviewed": "to review"}
        return words.get(self.state, self.state)

    @property
    def ending(self) -> str:
        """Where it stands; of what has ended also by whom and why, as far as the console told it."""
        people = ", ".join(self.signers)
        match self.state:
            case "denied" if people:
                return _because(f"denied by {self.signers[-1]}", self.why_ended)
            case "used":
                return f"approved by {people}, and let through" if people else "let through"
            case "reviewed" if people:
                return _because(f"reviewed by {people}", self.why_ended)
            case "withdrawn" | "revoked" if self.why_ended:
                return f"{self.state} {self.why_ended}"  # which begins with `by`
        return self.standing if self.is_open else _because(self.state, self.why_ended)

    @property
    def sentence(self) -> str:
        """What is asked for, where, and by whom."""
        return f"{self.what} at {self.where}, asked for by {self.who}"


def entry_text(entry: Entry, now: float) -> str:
    """`entry` as lines of a list."""
    ends = "" if entry.state == "unreviewed" else f", ends {moment(entry.deadline)}"
    glass = "  BREAK-GLASS: it passed without approval\n" if entry.break_glass else ""
    says = f"  they say: {entry.justification}\n" if entry.justification else ""
    needs = f"  still needs {entry.needs}\n" if entry.needs else ""
    may = ", ".join(
        VERBS.get(action, action) + (" (with a reason)" if action in entry.needs_reason else "")
        for action in entry.you_may
    )
    return (
        f"{entry.id}  {entry.risk} risk, waits {entry.waited(now)}, {entry.standing}{ends}\n"
        f"  {entry.sentence}\n{glass}{says}{needs}  you may: {may or 'only look'}"
        + "".join(f"\n  * {line}" for line in entry.summary)
    )


def whole_text(document: dict[str, Any]) -> str:
    """All of one approval, as the API shows it, as lines. Raises Unreachable where no console of this version says that."""
    try:
        return approval_text(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreachable("the answer is not a console's of this version") from None


def outcome(entry: Entry, action: str) -> str:
    """What became of an approval by a step just recorded, and what is still missing."""
    if entry.state == "pending":
        return f"Recorded; {entry.missing} more needed from other people: {entry.needs}."
    if action in ("accept", "object"):
        return f"Recorded; the change is {_DONE[action]}."
    if entry.state == "approved":
        return "Approved: the request can pass now, once."
    return f"Recorded: the approval is {entry.state}."


def _because(what: str, why: str) -> str:
    return f"{what}: {why}" if why else what


def _what(document: dict[str, Any]) -> str:
    subject = document["subject"]
    return f"{document['effect']} of " + (
        "the service as a whole" if subject is None else json.dumps(subject, ensure_ascii=False)
    )


def _needs(alternatives: list[list[dict[str, Any]]]) -> str:
    """Who is missing: any one of the alternatives, and of that one all."""
    parts = [[requirement_text(each) for each in part if each["missing"]] for part in alternatives]
    return ", or ".join(" and ".join(part) for part in parts if part)
