"""Approvals at every step, hostile texts and targets, for the tests of notifications."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from countersign.approvals import Approval, ApprovalEvent, ApprovalRequest
from countersign.approvals.approval import advance, begin
from countersign.approvals.store import EventKind
from countersign.notifications.news import News, news_of
from countersign.rulebook.values import Notable, NotifyTarget, Requirement, SecretPlace, Source
from countersign.strict_json import Json

KEY = "a key of 24 bytes or more"
URL = "https://gateway.example/approvals/a1"
EVERYTHING: tuple[Notable, ...] = ("requested", "decided", "expired", "break-glass")

#: Never in any news.
PLANTED = ("planted-in-before", "planted-in-after", "planted-in-changes", "planted-in-message", "planted-in-example")

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "a mention": "@channel @everyone @here",
    "a full-width mention": "\uff20channel",
    "Slack's mention": "<!here> <!channel> <@U12345678>",
    "Slack's link": "<https://evil.example|the approvals page>",
    "a Markdown link": "[the approvals page](https://evil.example)",
    "a Markdown reference": "[x]: https://evil.example",
    "a Markdown image": "![x](https://evil.example/pixel.png)",
    "a bare link": "https://evil.example/approvals/a1 www.evil.example",
    "an ANSI escape": "\x1b[2J\x1b[31mred",
    "right to left": "\u202egnp.exe\u202c",
    "line feeds": "one\r\ntwo\u2028three",
    "a fence": "```",
    "a spoiler": "||hidden|| ~~struck~~",
    "nothing to see": "a\u200bb\u00adc\U000e0041",
    "a lone surrogate": "\ud800",
}


class Clock:
    """Microseconds UTC that begin now and stand still until a test, or a sleep, moves them."""

    def __init__(self) -> None:
        self.now = time.time_ns() // 1000

    def __call__(self) -> int:
        return self.now


def request(now: int, **changed: Any) -> ApprovalRequest:
    """What ann's pipeline asks for at `now`, to be signed by one of the leads; with planted secrets."""
    values: dict[str, Any] = {
        "id": "a1",
        "fingerprint": "fingerprint",
        "exchange": "x1",
        "connection": "prod",
        "subject": "orders-value",
        "operation": "register-version",
        "effect": "register",
        "caller": {"iss": "https://idp.example", "sub": "ci"},
        "caller_people": ("ann",),
        "rules": "rules-1",
        "rule": "risky (approval.yaml:3)",
        "why": "the change is breaking",
        "reason": (),
        "summary": ("`taxId` becomes required",),
        "changes": ({"kind": "required-added", "after": "planted-in-changes"},),
        "backward": "breaking",
        "forward": "compatible",
        "reasons": (),
        "before": {"const": "planted-in-before"},
        "after": {"const": "planted-in-after"},
        "message": {"method": "POST", "url": "https://registry.example", "headers": [], "body": "planted-in-message"},
        "requested_at": now,
        "expires_at": now + 3_600_000_000,
        "grant_seconds": 600,
        "counterexamples": ({"document": "planted-in-example"},),
    }
    requirement = Requirement(changed.pop("quorum", 1), changed.pop("approvers", ("group:leads",)))
    return ApprovalRequest(**({"alternatives": ((requirement,),)} | values | changed))


def step(kind: EventKind, at: int, person: str = "bob", reason: str = "looks fine") -> ApprovalEvent:
    """One step after the first, with the data that it has."""
    data: dict[str, Json] = {"person": person, "reason": reason, "signer": {}, "signed_as": ["group:leads"]}
    if kind == "reviewed":
        data["verdict"] = "object"
    if kind in ("expired", "void"):
        data = {"why": "nobody decided in time"}
    return ApprovalEvent(kind, "a1", at, None, data)


def story(
    *kinds: EventKind, at: int | None = None, first: EventKind = "requested", **changed: Any
) -> tuple[ApprovalEvent, Approval]:
    """The last of these steps and the approval after it; each one is by another person, a microsecond after the one before."""
    now = time.time_ns() // 1000 if at is None else at
    asked = request(now, **changed)
    event = ApprovalEvent(first, asked.id, now, asked.exchange, asked.as_json())
    approval = begin(event)
    for number, kind in enumerate(kinds, 1):
        event = step(kind, now + number, person=f"bob{number}")
        approval = advance(approval, event)
    return event, approval


def news(*kinds: EventKind, **changed: Any) -> News:
    """The news of the last of these steps."""
    return news_of(*story(*kinds, **changed), URL)


def target(
    folder: Path,
    *,
    apprise: str | None = None,
    webhook: str | None = None,
    key: str | None = KEY,
    events: tuple[Notable, ...] = EVERYTHING,
    name: str = "there",
) -> NotifyTarget:
    """A target whose secret is in a file of its own in `folder`; None: the file is not there."""
    secret = apprise if webhook is None else key
    file = folder / f"secret-of-{name}"
    if secret is not None:
        file.write_text(secret)
    place = SecretPlace(None, str(file))
    return NotifyTarget(
        name=name,
        apprise=place if webhook is None else None,
        webhook=webhook,
        key=None if webhook is None else place,
        events=events,
        source=Source("approval.yaml", 7),
    )
