"""All approvals of one gateway: opened or joined, signed, taken back, claimed once, expired. Every step is durable
before it counts.

One asyncio loop owns a desk. A step is checked, written and applied under one lock per approval, so two people (or two
requests) cannot both be the one that decides (or uses).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate
from weakref import WeakValueDictionary

from countersign import limits
from countersign.approvals.approval import Approval
from countersign.approvals.eligibility import Action, require
from countersign.approvals.errors import AlreadyDecided, TooManyApprovals
from countersign.approvals.projection import Projection
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent, ApprovalStore, EventKind
from countersign.identity import Caller
from countersign.strict_json import Json


def _to_the_end[**P, R](
    step: Callable[Concatenate[Desk, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Desk, P], Coroutine[Any, Any, R]]:
    """A step goes on when the one who waits for it is cancelled: it may be durable already, and must then count."""

    @wraps(step)
    async def run(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> R:
        task = asyncio.ensure_future(step(desk, *args, **kwargs))
        desk._steps.add(task)  # asyncio itself only keeps weak references to tasks
        task.add_done_callback(desk._steps.discard)
        return await asyncio.shield(task)

    return run


_EVENTS: dict[Action, EventKind] = {
    "approve": "approved",
    "deny": "denied",
    "revoke": "revoked",
    "withdraw": "withdrawn",
    "accept": "reviewed",
    "object": "reviewed",
}

#: What is said in the data of an event; the rest of it was masked before it came here.
_SAID = ("reason", "why")

_ENDS: frozenset[EventKind] = frozenset({"denied", "withdrawn", "revoked", "expired", "void"})

type Listener = Callable[[ApprovalEvent, Approval], None]


class Desk:
    """The approvals of a gateway, restored from `store` when made. `clock` gives microseconds UTC; `mask` takes secrets out
    of what people and services say, before it is kept or shown."""

    def __init__(self, store: ApprovalStore, clock: Callable[[], int], mask: Callable[[str], str] = str) -> None:
        self._store = store
        self._clock = clock
        self._mask = mask
        self._known = Projection(store.replay())
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # a lock lives while it is used
        self._doubtful: set[str] = set()  # ids of live approvals whose end may be durable, though its writing failed
        self._decided: dict[str, asyncio.Future[Approval]] = {}  # of pending approvals that somebody waits for
        self._changed = asyncio.Condition()
        self._revision = 0
        self._listeners: list[Listener] = []
        self._opening = asyncio.Lock()
        self._steps: set[asyncio.Future[Any]] = set()

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, approval_id: str) -> Approval:
        """Raises UnknownApproval."""
        return self._known.get(approval_id)

    def live(self) -> tuple[Approval, ...]:
        """Pending and granted approvals, oldest first."""
        return self._known.live()

    def unreviewed(self) -> tuple[Approval, ...]:
        """Changes that broke the glass and whose review is not complete, oldest first."""
        return self._known.unreviewed()

    def about(self, connection: str, subject: str | None) -> tuple[Approval, ...]:
        """Every approval of a subject that is still known here, oldest first."""
        return self._known.about(connection, subject)

    async def wait_until_decided(self, approval_id: str) -> Approval:
        """The approval as it was when it stopped being pending, or as it is where it had stopped before.

        Waits without bound: callers bring their own deadline. Expires nothing: `expire_due` does. Raises
        UnknownApproval.
        """
        approval = self.get(approval_id)
        if approval.state != "pending":
            return approval
        decided = self._decided.setdefault(approval_id, asyncio.get_running_loop().create_future())
        return await asyncio.shield(decided)  # others may wait for the same one

    @property
    def revision(self) -> int:
        """Counts the steps since this desk was made."""
        return self._revision

    async def wait_for_change(self, seen: int) -> int:
        """The revision as soon as it is another one than `seen`. Waits without bound."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._revision != seen)
            return self._revision

    def tell(self, listener: Listener) -> None:
        """Call `listener` soon after every durable step from now on. It must not block."""
        self._listeners.append(listener)

    # -- steps --------------------------------------------------------------------------------------------------------

    @_to_the_end
    async def open_or_join(self, request: ApprovalRequest) -> Approval:
        """The live approval of exactly this request, or a new one.

        Raises TooManyApprovals, EvidenceUnavailable.
        """
        async with self._opening:
            await self.expire_due()
            joined = self._known.live_for(request.fingerprint)
            if joined is not None:
                return joined
            size = await asyncio.to_thread(request.size)  # it may hold two large schemas
            self._require_room(request, size)
            return await self._record("requested", request.id, request.exchange, request.as_json(), size)

    @_to_the_end
    async def act(self, approval_id: str, actor: Caller, action: Action, reason: str) -> Approval:
        """Take one person's step: approve, deny, revoke, withdraw, or review (accept, object) what broke the glass.

        Raises UnknownApproval, NotEligible, AlreadyDecided, ReasonNeeded, ReasonTooLong, EvidenceUnavailable.
        """
        async with self._lock(approval_id):
            await self._end_if_due(approval_id)
            standing = require(self.get(approval_id), actor, action, reason)
            data: dict[str, Json] = {
                "person": standing.person,
                "reason": reason.strip(),
                "signer": actor.as_evidence(),
                "signed_as": [*standing.signed_as],
            }
            if action in ("accept", "object"):
                data["verdict"] = action
            return await self._record(_EVENTS[action], approval_id, None, data)

    @_to_the_end
    async def break_glass(self, request: ApprovalRequest) -> Approval:
        """Record that `request` passes without approval; it stays open until somebody else has reviewed it.

        Does not check that its caller may break the glass: decision/ does. Raises TooManyApprovals where too many of
        them wait for their review, EvidenceUnavailable.
        """
        async with self._opening:
            if len(self.unreviewed()) >= limits.MAX_OPEN_REVIEWS:
                raise TooManyApprovals("too many break-glass changes wait for their review; review some of them first")
            size = await asyncio.to_thread(request.size)
            return await self._record("break-glass", request.id, request.exchange, request.as_json(), size)

    @_to_the_end
    async def claim(self, approval_id: str, exchange: str, is_connected: Callable[[], bool]) -> Approval:
        """Use the grant, once, for `exchange`, while its client is there.

        Raises AlreadyDecided where it is not granted (any more), or the client has gone; UnknownApproval,
        EvidenceUnavailable.
        """
        async with self._lock(approval_id):
            await self._end_if_due(approval_id)
            if approval_id in self._doubtful:
                why = "a step that ends it could not be recorded in time; send the request again"
                await self._record("void", approval_id, None, {"why": why})
            approval = self.get(approval_id)
            if approval.state != "approved":
                raise AlreadyDecided(f"the approval is {approval.state}, not open to be used")
            if not is_connected():
                raise AlreadyDecided("the client has gone; the grant stays for its next try")
            return await self._record("used", approval_id, exchange, {})

    @_to_the_end
    async def void(self, approval_id: str, why: str) -> None:
        """End a live approval because what it was for is no longer so. One that has ended is left alone."""
        async with self._lock(approval_id):
            if self._known.is_live(approval_id):
                await self._record("void", approval_id, None, {"why": why})

    async def void_for(self, fingerprint: str, why: str) -> None:
        """As `void`, for the live approval of exactly this request, where there is one."""
        approval = self._known.live_for(fingerprint)
        if approval is not None:
            await self.void(approval.request.id, why)

    async def void_outdated(self, rules: str) -> None:
        """End every live approval that was asked for under other rules than those of digest `rules`."""
        for approval in self.live():
            if approval.request.rules != rules:
                await self.void(approval.request.id, "the rules have changed since; send the request again")

    @_to_the_end
    async def expire_due(self) -> None:
        """End every live approval whose time has come."""
        for approval in self.live():
            if approval.deadline <= self._clock():
                async with self._lock(approval.request.id):
                    await self._end_if_due(approval.request.id)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _require_room(self, request: ApprovalRequest, size: int) -> None:
        """Raises TooManyApprovals where one more would be too many, or too much, of all or of its caller."""
        live = self.live()
        if len(live) >= limits.MAX_LIVE_APPROVALS or self._known.live_bytes() + size > limits.MAX_LIVE_APPROVAL_BYTES:
            raise TooManyApprovals("too many approvals are waiting; decide or deny some of them first")
        of_caller = sum(other.request.asked_by == request.asked_by for other in live)
        if (
            of_caller >= limits.MAX_LIVE_APPROVALS_PER_CALLER
            or self._known.live_bytes(request.asked_by) + size > limits.MAX_LIVE_APPROVAL_BYTES_PER_CALLER
        ):
            raise TooManyApprovals("too many approvals of this caller wait; let some of them be decided first")

    def _lock(self, approval_id: str) -> asyncio.Lock:
        return self._locks.setdefault(approval_id, asyncio.Lock())

    async def _end_if_due(self, approval_id: str) -> None:
        """Under the approval's lock: a decision that waited for the lock past the deadline comes too late."""
        if self._known.is_live(approval_id) and self.get(approval_id).deadline <= self._clock():
            what = "the grant was not used" if self.get(approval_id).state == "approved" else "nobody decided"
            await self._record("expired", approval_id, None, {"why": f"{what} in time"})

    async def _record(
        self, kind: EventKind, approval_id: str, exchange: str | None, data: dict[str, Json], size: int | None = None
    ) -> Approval:
        said = {name: self._mask(text) for name in _SAID if isinstance(text := data.get(name), str)}
        event = ApprovalEvent(kind, approval_id, self._clock(), exchange, {**data, **said})
        approval = self._known.after(event)  # first: an event that cannot follow must never be durable
        try:
            await self._store.append(event)
        except BaseException:
            if kind in _ENDS:  # too late is not never: what the log may hold as ended must not be used
                self._doubtful.add(approval_id)
            raise
        self._known.keep(approval, size)
        if approval.state != "pending" and (decided := self._decided.pop(approval_id, None)) is not None:
            decided.set_result(approval)
        if not approval.is_live:
            self._doubtful.discard(approval_id)
        async with self._changed:
            self._revision += 1
            self._changed.notify_all()
        # By the loop: what a listener raises must not undo the step for the one who took it.
        for listener in self._listeners:
            asyncio.get_running_loop().call_soon(listener, event, approval)
        return approval
