"""One step of an approval, told: as text for people and as JSON for programs. Pure.

Only the summary and the link: what was proposed, what is there now and the request itself are behind the log-in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from countersign import limits
from countersign.approvals import Approval, ApprovalEvent, signatures
from countersign.approvals.change_text import moment, requirement_text
from countersign.approvals.risk import risk_of
from countersign.approvals.store import EventKind
from countersign.notifications.plain_text import plain
from countersign.rulebook.values import Notable
from countersign.strict_json import Json
from countersign.visible_text import visible_line

#: What each step counts as in `events` of a target. Of `used` nobody hears: the decision was told already.
NOTABLE: Mapping[EventKind, Notable] = {
    "requested": "requested",
    "approved": "decided",
    "denied": "decided",
    "withdrawn": "decided",
    "revoked": "decided",
    "void": "decided",
    "expired": "expired",
    "break-glass": "break-glass",
    "reviewed": "break-glass",
}

_TITLES: Mapping[EventKind, str] = {
    "requested": "Approval needed",
    "approved": "Approved",
    "denied": "Denied",
    "withdrawn": "Withdrawn",
    "revoked": "Revoked",
    "void": "Void",
    "expired": "Expired",
    "break-glass": "Broke the glass, to be reviewed",
    "reviewed": "Reviewed after the glass was broken",
}

_SAID = {"approve": "approved", "deny": "denied", "accept": "reviewed and accepted", "object": "reviewed and objected"}


@dataclass(frozen=True, slots=True)
class News:
    """One step as it is told. Whatever the approval holds, `title` and `lines` are harmless to look at."""

    id: str  #: of this step alone; letters, digits and hyphens
    notable: Notable
    title: str  #: short; a name that it cuts is whole in `lines`
    lines: tuple[str, ...]  #: the last one holds the link
    url: str  #: where people look at it
    at: int  #: microseconds UTC
    type: str  #: `approval.` and the step, as webhooks name it
    data: Mapping[str, Json]

    @property
    def text(self) -> str:
        """For people."""
        return "\n".join(self.lines)

    @property
    def document(self) -> dict[str, Json]:
        """For programs: `type`, `timestamp` and `data`, as Standard Webhooks has them.

        `data` always has: approval (its id), url, state, connection, subject (null: the service as a whole), operation,
        effect, people (behind the caller), justification, rule, why (it is asked for), risk {level, why}, backward,
        forward, summary [...], signatures [{person, verdict, reason, at}], missing (people), why_ended, requested_at,
        deadline (null: it has ended). Times are RFC 3339. Strings have escapes for what cannot be seen, and are
        otherwise as they were: a program that shows them in a chat has to break up mentions itself.
        """
        return {"type": self.type, "timestamp": _iso(self.at), "data": dict(self.data)}

    @property
    def characters(self) -> int:
        """About how much memory it takes."""
        return sum(map(len, self.lines))


def news_of(event: ApprovalEvent, approval: Approval, url: str) -> News:
    """What to tell of `event`, after which `approval` stands as it does; `url` is where people look at it.

    Raises KeyError on a kind that is not in NOTABLE.
    """
    is_partial = event.kind == "approved" and approval.state == "pending"
    kind = "signed" if is_partial else event.kind.replace("-", "_")
    said = f"Signed, {approval.missing} still missing" if is_partial else _TITLES[event.kind]
    return News(
        id=f"{event.approval}-{kind}-{event.at}",
        notable=NOTABLE[event.kind],
        title=_title(said, approval),
        lines=tuple(_lines(approval, url)),
        url=visible_line(url),
        at=event.at,
        type=f"approval.{kind}",
        data=_data(approval, url),
    )


def _title(said: str, approval: Approval) -> str:
    what = _of_what(approval)
    most = limits.MAX_LABEL_PART_CHARACTERS
    short = what if len(what) <= most else f"{what[: most - 1]}…"
    return f"{said}: {plain(approval.request.effect)} of {short}"


def _of_what(approval: Approval) -> str:
    subject = approval.request.subject
    return f"{'the service as a whole' if subject is None else plain(subject)} at {plain(approval.request.connection)}"


def _lines(approval: Approval, url: str) -> Iterator[str]:
    request, risk = approval.request, risk_of(approval.request)
    yield f"What: {plain(request.effect)} of {_of_what(approval)} ({plain(request.operation)})"
    yield f"Asked for by: {plain(', '.join(request.caller_people))}, {moment(request.requested_at)}"
    if request.justification:
        yield f"They say: {plain(request.justification)}"
    yield f"Risk: {risk.level}, {risk.why}"
    yield f"Rule: {plain(request.rule)}: {plain(request.why)}"
    yield f"Summary ({len(request.summary)}):"
    yield from (f"- {plain(line)}" for line in request.summary)
    for signature in approval.signatures:
        reason = f": {signature.reason}" if signature.reason else ""
        yield plain(f"{signature.person} {_SAID[signature.verdict]}{reason}")
    if approval.missing:
        yield f"Needs: {plain(' or '.join(_needs(approval)))}"
    if approval.why:
        yield f"Ended: {plain(approval.why)}"
    if approval.is_live:
        yield f"Ends by itself: {moment(approval.deadline)}"
    yield f"{'Look and decide' if approval.missing else 'Look'}: {visible_line(url)}"


def _needs(approval: Approval) -> Iterator[str]:
    for requirements in approval.request.alternatives:
        lacking = signatures.lacking(requirements, approval.signers)
        yield " and ".join(
            requirement_text({"quorum": each.quorum, "approvers": each.approvers, "missing": missing})
            for each, missing in zip(requirements, lacking, strict=True)
        )


def _data(approval: Approval, url: str) -> dict[str, Json]:
    request, risk = approval.request, risk_of(approval.request)
    return {
        "approval": visible_line(request.id),
        "url": visible_line(url),
        "state": approval.state,
        "connection": visible_line(request.connection),
        "subject": None if request.subject is None else visible_line(request.subject),
        "operation": visible_line(request.operation),
        "effect": visible_line(request.effect),
        "people": [visible_line(person) for person in request.caller_people],
        "justification": visible_line(request.justification),
        "rule": visible_line(request.rule),
        "why": visible_line(request.why),
        "risk": {"level": risk.level, "why": risk.why},
        "backward": visible_line(request.backward),
        "forward": visible_line(request.forward),
        "summary": [visible_line(line) for line in request.summary],
        "signatures": [
            {
                "person": visible_line(signature.person),
                "verdict": signature.verdict,
                "reason": visible_line(signature.reason),
                "at": _iso(signature.at),
            }
            for signature in approval.signatures
        ],
        "missing": approval.missing,
        "why_ended": visible_line(approval.why),
        "requested_at": _iso(request.requested_at),
        "deadline": _iso(approval.deadline) if approval.is_live else None,
    }


def _iso(microseconds: int) -> str:
    """A time in microseconds UTC, as RFC 3339 has it."""
    at = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return at.replace(microsecond=microseconds % 1_000_000, tzinfo=None).isoformat(timespec="microseconds") + "Z"
