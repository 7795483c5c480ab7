"""What the inbox of the approvals shows, worked out before a template sees it. Pure.

Nothing here is escaped: page_rendering.py does that. Does not check who may see what: the handler does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from countersign.approvals import Approval
from countersign.approvals.eligibility import possible
from countersign.approvals.risk import Risk, risk_of
from countersign.console import page_words as words
from countersign.console.page_words import Headline, Time
from countersign.identity import Caller

_SUMMARY_LINES = 2  # of one approval in the list; its own page has them all


@dataclass(frozen=True, slots=True)
class Entry:
    """One approval in a list."""

    approval: Approval
    words: Headline
    risk: Risk
    risk_words: str
    asked: Time
    waits: str  #: how long already
    ends: str  #: how long still; empty: it waits until somebody looks
    missing: str
    yours: str  #: what the viewer has to do with it
    summary: tuple[str, ...]
    more: int  #: lines of the summary that only its own page shows


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    nothing: str  #: said where there are no entries
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    sections: tuple[Section, ...]
    news: str  #: what there is, in a few words, for those who cannot see it
    version: str  #: another one when anything but time has changed


def inbox(approvals: Iterable[Approval], viewer: Caller, now: int) -> Inbox:
    """`approvals` are those that `viewer` may see, oldest first; `now` in microseconds UTC."""
    mine: list[Approval] = []
    others: list[Approval] = []
    granted: list[Approval] = []
    broken: list[Approval] = []
    digest = hashlib.sha256()
    for approval in approvals:
        digest.update(f"{approval.request.id} {approval.state} {len(approval.signatures)}\n".encode())
        if approval.state == "unreviewed":
            broken.append(approval)
        elif approval.state == "approved":
            granted.append(approval)
        else:
            (mine if "approve" in possible(approval, viewer) else others).append(approval)

    def section(name: str, title: str, nothing: str, found: Sequence[Approval]) -> Section:
        return Section(name, title, nothing, tuple(_entry(approval, viewer, now) for approval in found))

    return Inbox(
        (
            section("yours", "For you to decide", "Nothing waits for you.", mine),
            section("others", "Waiting for other people", "Nothing waits for other people.", others),
            section("granted", "Approved, not used yet", "No approval waits to be used.", granted),
            section("broken", "Passed without approval, to be reviewed", "No break-glass change waits.", broken),
        ),
        f"{len(mine)} for you to decide, {len(others)} waiting for other people, {len(granted)} approved and not used, "
        f"{len(broken)} to be reviewed",
        digest.hexdigest()[:16],
    )


def _entry(approval: Approval, viewer: Caller, now: int) -> Entry:
    request, risk = approval.request, risk_of(approval.request)
    return Entry(
        approval,
        words.headline(approval),
        risk,
        words.RISKS[risk.level],
        words.time_of(request.requested_at),
        words.duration((now - request.requested_at) / 1_000_000),
        "" if approval.broke_the_glass else words.duration((approval.deadline - now) / 1_000_000),
        words.missing_words(approval.missing),
        words.standing(approval, viewer),
        request.summary[:_SUMMARY_LINES],
        max(0, len(request.summary) - _SUMMARY_LINES),
    )
