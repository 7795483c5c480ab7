"""All approvals of one gateway: opened or joined, signed, claimed once, expired. Every step is durable before it counts.

One asyncio loop owns a desk. A step is checked, written and applied under one lock per approval, so two people (or two
requests) cannot both be the one that decides (or uses).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, Literal
from weakref import WeakValueDictionary

from countersign import limits
from countersign.approvals.approval import Approval, advance, begin
from countersign.approvals.eligibility import require_signer
from countersign.approvals.errors import AlreadyDecided, TooManyApprovals, UnknownApproval
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


class Desk:
    """The approvals of a gateway, restored from `store` when made. `clock` gives microseconds UTC."""

    def __init__(self, store: ApprovalStore, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._approvals: dict[str, Approval] = {}
        self._live: dict[str, str] = {}  # fingerprint -> id
        self._ended: deque[str] = deque()  # ids, the first that ended first
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # a lock lives while it is used
        self._decided: dict[str, asyncio.Future[Approval]] = {}  # of pending approvals that somebody waits for
        self._changed = asyncio.Condition()
        self._opening = asyncio.Lock()
        self._steps: set[asyncio.Future[Any]] = set()
        for event in store.replay():
            self._restore(event)

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, approval_id: str) -> Approval:
        """Raises UnknownApproval."""
        try:
            return self._approvals[approval_id]
        except KeyError:
            raise UnknownApproval(f"there is no approval {approval_id[:64]!r}") from None

    def live(self) -> tuple[Approval, ...]:
        """Pending and granted approvals, oldest first."""
        return tuple(self._approvals[approval_id] for approval_id in self._live.values())

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

    async def wait_for_change(self) -> None:
        """Return after the next step of any approval."""
        async with self._changed:
            await self._changed.wait()

    # -- steps --------------------------------------------------------------------------------------------------------

    @_to_the_end
    async def open_or_join(self, request: ApprovalRequest) -> Approval:
        """The live approval of exactly this request, or a new one.

        Raises TooManyApprovals, EvidenceUnavailable.
        """
        async with self._opening:
            await self.expire_due()
            joined = self._live.get(request.fingerprint)
            if joined is not None:
                return self._approvals[joined]
            if len(self._live) >= limits.MAX_LIVE_APPROVALS:
                raise TooManyApprovals("too many approvals are waiting; decide or deny some of them first")
            if (
                sum(_same_caller(request, other.request) for other in self.live())
                >= limits.MAX_LIVE_APPROVALS_PER_CALLER
            ):
                raise TooManyApprovals(
                    "too many approvals of this caller are waiting; let some of them be decided first"
                )
            return await self._record("requested", request.id, request.exchange, request.as_json())

    @_to_the_end
    async def sign(
        self, approval_id: str, signer: Caller, verdict: Literal["approve", "deny"], reason: str
    ) -> Approval:
        """Add one person's decision.

        Raises UnknownApproval, NotEligible, AlreadyDecided, ReasonNeeded, EvidenceUnavailable.
        """
        async with self._lock(approval_id):
            await self._end_if_due(approval_id)
            person = require_signer(self.get(approval_id), signer, verdict, reason)
            data: dict[str, Json] = {"person": person, "reason": reason.strip(), "signer": signer.as_evidence()}
            return await self._record("approved" if verdict == "approve" else "denied", approval_id, None, data)

    @_to_the_end
    async def claim(self, approval_id: str, exchange: str, is_connected: Callable[[], bool]) -> Approval:
        """Use the grant, once, for `exchange`, while its client is there.

        Raises AlreadyDecided where it is not granted (any more), or the client has gone; UnknownApproval,
        EvidenceUnavailable.
        """
        async with self._lock(approval_id):
            await self._end_if_due(approval_id)
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
            approval = self._approvals.get(approval_id)
            if approval is not None and approval.is_live:
                await self._record("void", approval_id, None, {"why": why})

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

    def _lock(self, approval_id: str) -> asyncio.Lock:
        return self._locks.setdefault(approval_id, asyncio.Lock())

    async def _end_if_due(self, approval_id: str) -> None:
        """Under the approval's lock: a decision that waited for the lock past the deadline comes too late."""
        approval = self._approvals.get(approval_id)
        if approval is not None and approval.is_live and approval.deadline <= self._clock():
            what = "the grant was not used" if approval.state == "approved" else "nobody decided"
            await self._record("expired", approval_id, None, {"why": f"{what} in time"})

    async def _record(self, kind: EventKind, approval_id: str, exchange: str | None, data: dict[str, Json]) -> Approval:
        event = ApprovalEvent(kind, approval_id, self._clock(), exchange, data)
        approval = self._after(event)  # first: an event that cannot follow must never be durable
        await self._store.append(event)
        self._keep(approval_id, approval)
        async with self._changed:
            self._changed.notify_all()
        return approval

    def _restore(self, event: ApprovalEvent) -> None:
        """A step whose writing took too long was told to have failed, and may be durable all the same; what was done
        after it can contradict it. Nobody may build on such an approval."""
        try:
            self._keep(event.approval, self._after(event))
        except ValueError:
            known = self._approvals.get(event.approval)
            if known is None:
                raise  # no request of ours was ever made for it
            if known.is_live:
                void = replace(known, state="void", why="its records contradict each other; send the request again")
                self._keep(event.approval, void)

    def _after(self, event: ApprovalEvent) -> Approval:
        known = self._approvals.get(event.approval)
        return begin(event) if known is None else advance(known, event)

    def _keep(self, approval_id: str, approval: Approval) -> None:
        """Ended approvals stay in the evidence; here only the newest are kept for those who ask about them."""
        self._approvals[approval_id] = approval
        if approval.state != "pending" and (decided := self._decided.pop(approval_id, None)) is not None:
            decided.set_result(approval)
        if approval.is_live:
            self._live[approval.request.fingerprint] = approval_id
            return
        self._live.pop(approval.request.fingerprint, None)
        self._ended.append(approval_id)
        if len(self._ended) > limits.MAX_ENDED_APPROVALS_KEPT:
            del self._approvals[self._ended.popleft()]


def _same_caller(one: ApprovalRequest, other: ApprovalRequest) -> bool:
    return all(one.caller.get(name) == other.caller.get(name) for name in ("iss", "sub"))
