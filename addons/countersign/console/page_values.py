"""What the page of one approval shows, worked out before a template sees it. Pure, and slow where schemas are large.

Everything in an approval was masked before it was asked for. Nothing here is escaped: page_rendering.py does that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from countersign import limits
from countersign.approvals import Approval, ApprovalError
from countersign.approvals.change_text import WITHHELD, requirement_text
from countersign.approvals.document import approval_document
from countersign.approvals.eligibility import Action, needs_reason, possible, require
from countersign.approvals.risk import risk_of
from countersign.approvals.side_by_side import Row, side_by_side
from countersign.console import page_words as words
from countersign.console.page_words import Time
from countersign.evidence.account import caller as caller_words
from countersign.evidence.account import sentence
from countersign.evidence.records import Record
from countersign.identity import Caller
from countersign.strict_json import Json

_SMALLEST_FOLD = 4  # lines; folding fewer takes more room than they do


@dataclass(frozen=True, slots=True)
class Button:
    action: Action
    label: str
    meaning: str
    needs_reason: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of the schemas."""

    title: str
    place: str
    effect: str
    before: str | None
    after: str | None
    counterexample: tuple[str, str] | None  #: what it shows, and the value


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of both schemas next to each other; `is_folded`: unchanged, and out of the way until somebody looks."""

    rows: tuple[Row, ...]
    is_folded: bool


@dataclass(frozen=True, slots=True)
class Signed:
    person: str
    said: str
    time: Time
    reason: str


@dataclass(frozen=True, slots=True)
class Past:
    """One line of the subject's history."""

    time: Time
    who: str
    text: str
    is_this: bool


def approval_values(approval: Approval, viewer: Caller, now: int) -> dict[str, Any]:
    """All that the page of one approval shows of it to `viewer`; `now` in microseconds UTC."""
    request, risk = approval.request, risk_of(approval.request)
    document: dict[str, Any] = approval_document(approval, viewer)
    return {
        "id": request.id,
        "words": words.headline(approval),
        "state": approval.state,
        "state_words": words.STATES[approval.state],
        "why_ended": approval.why,
        "is_live": approval.is_live or approval.state == "unreviewed",
        "version": f"{approval.state}-{len(approval.signatures)}",
        "risk": risk.level,
        "risk_words": words.RISKS[risk.level],
        "risk_why": _capital(risk.why) + ".",
        "justification": request.justification,
        "summary": request.summary,
        "asked": words.time_of(request.requested_at),
        "waits": words.duration((now - request.requested_at) / 1_000_000),
        "deadline": words.time_of(approval.deadline) if approval.is_live else None,
        "ends": words.duration((approval.deadline - now) / 1_000_000),
        "missing": words.missing_words(approval.missing),
        "needs": [[requirement_text(each) for each in requirements] for requirements in document["alternatives"]],
        "signed": [
            Signed(each.person, words.SAID[each.verdict], words.time_of(each.at), each.reason)
            for each in approval.signatures
        ],
        "yours": words.standing(approval, viewer),
        "buttons": buttons(approval, viewer),
        "why_not": _why_not(approval, viewer),
        "backward": words.BACKWARD[request.backward],
        "forward": words.FORWARD[request.forward],
        "reasons": request.reasons,
        "counterexamples": [_counterexample(each) for each in request.counterexamples],
        "withheld": _capital(WITHHELD) + "." if request.withholds_examples else "",
        "changes": [_change(each) for each in request.changes],
        "has_schema_before": request.before is not None,
        "has_schema_after": request.after is not None,
        "stretches": stretches(side_by_side(request.before, request.after)),
        "message": _message(request.message),
        "rule": request.rule,
        "why": request.why,
        "access": request.access,
        "operation": f"{request.operation} ({request.effect})",
        "token": f"{request.caller.get('sub')} at {request.caller.get('iss')}",
        "exchange": request.exchange,
    }


def buttons(approval: Approval, viewer: Caller) -> tuple[Button, ...]:
    """What the viewer can do as things stand."""
    found = []
    for action in possible(approval, viewer):
        label, meaning = words.BUTTONS[action]
        if action == "approve" and approval.missing > 1:
            meaning = words.ONE_OF_SEVERAL
        found.append(Button(action, label, meaning, needs_reason(approval, action)))
    return tuple(found)


def history(records: Sequence[Record], approval_id: str) -> tuple[Past, ...]:
    """`records` of a subject, newest first, in plain words; of which the page names its own."""
    found = []
    for record in records[: limits.MAX_HISTORY_ENTRIES]:
        name = record.fields.get("approval")
        text = sentence(record).removeprefix(f"approval {name} ")
        time = words.time_of(record.time_us)
        found.append(Past(time, caller_words(record.fields), _capital(text), name == approval_id))
    return tuple(found)


def stretches(rows: Sequence[Row]) -> tuple[Stretch, ...]:
    """`rows` in order and complete; what is far from every change is folded."""
    near = [row.mark != "same" for row in rows]
    shown = [False] * len(rows)
    for place, is_changed in enumerate(near):
        if is_changed:
            start = max(0, place - limits.UNCHANGED_LINES_SHOWN)
            end = min(len(rows), place + limits.UNCHANGED_LINES_SHOWN + 1)
            shown[start:end] = [True] * (end - start)
    found: list[Stretch] = []
    begin = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or shown[end] != shown[begin]:
            found.append(Stretch(tuple(rows[begin:end]), not shown[begin] and end - begin >= _SMALLEST_FOLD))
            begin = end
    return tuple(found)


def _change(change: dict[str, Any]) -> Change:
    kind, name = str(change["kind"]).replace("-", " "), change.get("property")
    title = _capital(kind if name is None else f"{kind}: {name}")
    counterexample = change.get("counterexample")
    return Change(
        title,
        str(change["pointer"]),
        words.EFFECTS.get(str(change["effect"]), str(change["effect"])),
        None if change.get("before") is None else _text(change["before"]),
        None if change.get("after") is None else _text(change["after"]),
        None if counterexample is None else _counterexample(counterexample),
    )


def _counterexample(example: dict[str, Any]) -> tuple[str, str]:
    direction = str(example["direction"])
    return words.COUNTEREXAMPLES.get(direction, direction), _text(example["value"])


def _message(message: dict[str, Any]) -> dict[str, Any]:
    headers = "\n".join(f"{name}: {value}" for name, value in message.get("headers") or [])
    line = f"{message.get('method')} {message.get('url')}"
    return {"line": line, "headers": headers, "body": message.get("body") or ""}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _why_not(approval: Approval, viewer: Caller) -> str:
    """Why the viewer cannot decide; empty where they can."""
    try:
        require(approval, viewer, "accept" if approval.broke_the_glass else "approve", "reason")
    except ApprovalError as error:
        return str(error)
    return ""
