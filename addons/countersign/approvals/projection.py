"""Every approval that is still known: what the events say, by id; the live ones by what they are for; the unreviewed;
and the newest of those that ended.

Writes nothing, waits for nothing, and asks nobody's permission: desk.py does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from countersign import limits
from countersign.approvals.approval import Approval, advance, begin
from countersign.approvals.errors import UnknownApproval
from countersign.approvals.store import ApprovalEvent
from countersign.strict_json import Json


class Projection:
    """Restored from `events`, oldest first. Raises ValueError where they are no log of ours."""

    def __init__(self, events: Iterable[ApprovalEvent]) -> None:
        self._approvals: dict[str, Approval] = {}
        self._live: dict[str, str] = {}  # fingerprint -> id
        self._unreviewed: dict[str, None] = {}  # ids of break-glass changes, oldest first
        self._ended: deque[str] = deque()  # ids, the first that ended first
        self._sizes: dict[str, int] = {}  # bytes of JSON, by id
        self._ended_bytes = 0
        begun: set[str] = set()
        for event in events:
            self._restore(event, begun)

    def get(self, approval_id: str) -> Approval:
        """Raises UnknownApproval."""
        try:
            return self._approvals[approval_id]
        except KeyError:
            raise UnknownApproval(f"there is no approval {approval_id[:64]!r}") from None

    def is_live(self, approval_id: str) -> bool:
        """Whether it is known, and a request can still join or use it."""
        approval = self._approvals.get(approval_id)
        return approval is not None and approval.is_live

    def live(self) -> tuple[Approval, ...]:
        """Pending and granted approvals, oldest first."""
        return tuple(self._approvals[approval_id] for approval_id in self._live.values())

    def live_bytes(self, caller: tuple[Json, Json] | None = None) -> int:
        """What the requests of live approvals take together, as JSON; of all, or of the caller (issuer, subject)."""
        live = (approval for approval in self.live() if caller in (None, approval.request.asked_by))
        return sum(self._sizes[approval.request.id] for approval in live)

    def live_for(self, fingerprint: str) -> Approval | None:
        """The pending or granted approval of exactly this request, if there is one."""
        approval_id = self._live.get(fingerprint)
        return None if approval_id is None else self._approvals[approval_id]

    def unreviewed(self) -> tuple[Approval, ...]:
        """Changes that broke the glass and whose review is not complete, oldest first."""
        return tuple(self._approvals[approval_id] for approval_id in self._unreviewed)

    def about(self, connection: str, subject: str | None) -> tuple[Approval, ...]:
        """Every approval of a subject that is still known here, oldest first."""
        return tuple(
            approval
            for approval in self._approvals.values()
            if (approval.request.connection, approval.request.subject) == (connection, subject)
        )

    def after(self, event: ApprovalEvent) -> Approval:
        """What its approval is after `event`, which is not kept. Raises ValueError where it cannot follow."""
        known = self._approvals.get(event.approval)
        return begin(event) if known is None else advance(known, event)

    def keep(self, approval: Approval, size: int | None = None) -> None:
        """From now on it is so; `size` in bytes of a new one, where it is known. Ended approvals stay in the evidence; here only the newest are kept for those who ask."""
        approval_id, fingerprint = approval.request.id, approval.request.fingerprint
        self._approvals[approval_id] = approval
        if approval_id not in self._sizes:
            self._sizes[approval_id] = approval.request.size() if size is None else size
        if approval.is_live:
            self._live[fingerprint] = approval_id
            return
        if approval.state == "unreviewed":
            self._unreviewed[approval_id] = None
            return
        if self._live.get(fingerprint) == approval_id:
            del self._live[fingerprint]
        self._unreviewed.pop(approval_id, None)
        self._ended.append(approval_id)
        self._ended_bytes += self._sizes[approval_id]
        while len(self._ended) > limits.MAX_ENDED_APPROVALS_KEPT or (
            len(self._ended) > 1 and self._ended_bytes > limits.MAX_ENDED_APPROVAL_BYTES
        ):
            forgotten = self._ended.popleft()
            self._ended_bytes -= self._sizes.pop(forgotten)
            del self._approvals[forgotten]

    def _restore(self, event: ApprovalEvent, begun: set[str]) -> None:
        """A step whose writing took too long was told to have failed, and may be durable all the same; what was done
        after it can contradict it. Nobody may build on such an approval. `begun` has the ids of all so far."""
        known = self._approvals.get(event.approval)
        if known is None and event.approval in begun:
            return  # it ended so long ago that it is forgotten here
        begun.add(event.approval)
        try:
            approval = self.after(event)
        except ValueError:
            if known is None:
                raise  # no request of ours was ever made for it
            self._distrust(known)
            return
        other = self.live_for(approval.request.fingerprint)
        if approval.is_live and other is not None and other.request.id != event.approval:
            self._distrust(other)  # who asked for that one was told to have failed, and asked again
        self.keep(approval)

    def _distrust(self, approval: Approval) -> None:
        if approval.is_live:
            self.keep(replace(approval, state="void", why="its records contradict each other; send the request again"))
