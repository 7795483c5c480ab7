"""Who may do what to an approval: sign it (another known person, whom the rule names, once), revoke it, withdraw it, review it.

No role is exempt. Does not check the token: identity/ has done that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from countersign import limits
from countersign.approvals.approval import Approval
from countersign.approvals.errors import AlreadyDecided, ApprovalError, NotEligible, ReasonNeeded, ReasonTooLong
from countersign.identity import Caller

#: Everything that a person can do to an approval; `accept` and `object` are the two ways to review.
Action = Literal["approve", "deny", "revoke", "withdraw", "accept", "object"]
ACTIONS: tuple[Action, ...] = ("approve", "deny", "revoke", "withdraw", "accept", "object")

_STATES: dict[Action, tuple[str, ...]] = {
    "approve": ("pending",),
    "deny": ("pending",),
    "revoke": ("pending", "approved"),
    "withdraw": ("pending", "approved"),
    "accept": ("unreviewed",),
    "object": ("unreviewed",),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Who acts, and as which of the approvers that the request names (empty: as the one who asked)."""

    person: str
    signed_as: tuple[str, ...]


def require(approval: Approval, actor: Caller, action: Action, reason: str) -> Standing:
    """In whose name `actor` may take `action`.

    Raises NotEligible, AlreadyDecided, ReasonNeeded or ReasonTooLong, each with the reason in words.
    """
    standing = _asker(approval, actor) if action == "withdraw" else _other_person(approval, actor)
    if approval.state not in _STATES[action]:
        already = "" if approval.state in ("pending", "unreviewed") else " already"
        why = f": {approval.why}" if approval.why else ""
        raise AlreadyDecided(f"the approval is {approval.state}{already}{why}")
    has_signed = _is_among(standing.person, approval.signers)
    if action not in ("revoke", "withdraw") and has_signed:
        how = " (to take a signature back, revoke the approval)" if approval.is_live else ""
        raise AlreadyDecided(
            f"{standing.person} has signed already; {approval.missing} more needed from other people{how}"
        )
    if action == "revoke" and approval.state == "pending" and not has_signed:
        raise NotEligible("nothing of yours is there to revoke; deny it instead")
    if needs_reason(approval, action) and not any(character.isalnum() for character in reason):
        raise ReasonNeeded(f"a reason is asked for to {action}")
    if len(reason) > limits.MAX_REASON_CHARACTERS:
        raise ReasonTooLong(f"a reason has at most {limits.MAX_REASON_CHARACTERS} characters; link to the rest")
    return standing


def needs_reason(approval: Approval, action: Action) -> bool:
    """Whether `action` needs a reason: where the rule says so; always to take back, and to object to, what was allowed."""
    return action in ("revoke", "object") or action in approval.request.reason


def possible(approval: Approval, viewer: Caller) -> tuple[Action, ...]:
    """What `viewer` can do to `approval` as it stands, given a reason."""
    found: list[Action] = []
    for action in ACTIONS:
        try:
            require(approval, viewer, action, "reason")
        except ApprovalError:
            continue
        found.append(action)
    return tuple(found)


def may_see(approval: Approval, viewer: Caller) -> bool:
    """Whether `viewer` may read this approval: its approvers, and those behind the request."""
    return _is_behind(approval, viewer) or is_approver(approval, viewer)


def is_approver(approval: Approval, viewer: Caller) -> bool:
    """Whether the request names `viewer` among those who decide. What a person started does not read for them."""
    return viewer.may_sign and bool(_roles(approval, viewer))


def _asker(approval: Approval, actor: Caller) -> Standing:
    if not _is_behind(approval, actor):
        raise NotEligible("only the one who asked can withdraw; approvers deny or revoke")
    return Standing(", ".join(sorted(actor.people)) or actor.subject, ())


def _other_person(approval: Approval, actor: Caller) -> Standing:
    """The one person behind `actor`, who is not behind the request. Raises NotEligible."""
    request = approval.request
    if len(actor.people) != 1:
        known = "stands for more than one person" if actor.people else "is not mapped to a person"
        raise NotEligible(f"{actor.label} {known} in identity.yaml, and so cannot sign")
    (person,) = actor.people
    if not actor.may_sign:
        raise NotEligible(f"this token speaks for something that {person} started; people sign with their own")
    if _is_among(person, request.caller_people):
        raise NotEligible(f"{person} stands behind this request; another person must decide")
    if _is_behind(approval, actor):
        raise NotEligible("the caller cannot decide on their own request")
    roles = _roles(approval, actor)
    if not roles:
        raise NotEligible(f"{person} is not among the approvers of this rule: {', '.join(request.approvers)}")
    return Standing(person, roles)


def _is_among(person: str, people: Iterable[str]) -> bool:
    """Whether `person` is one of `people`, in whatever spelling: providers differ in the case of an address, and some
    let people choose it. Only ever makes people less independent."""
    return _folded(person) in map(_folded, people)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_behind(approval: Approval, actor: Caller) -> bool:
    caller = approval.request.caller
    is_caller = (actor.issuer, actor.subject) == (caller["iss"], caller["sub"])
    return is_caller or not actor.people.isdisjoint(approval.request.caller_people)


def _roles(approval: Approval, actor: Caller) -> tuple[str, ...]:
    """Which of the approvers named in the request `actor` is."""
    mine = {f"person:{person}" for person in actor.people} | {f"group:{group}" for group in actor.groups}
    return tuple(name for name in approval.request.approvers if name in mine)
