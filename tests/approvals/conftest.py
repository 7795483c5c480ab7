"""A store in memory that a test can hold open or break, a clock that a test moves, and factories of values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from countersign.approvals.approval import Approval, advance, begin
from countersign.approvals.desk import Desk
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent
from countersign.errors import EvidenceUnavailable
from countersign.identity import Caller
from countersign.rulebook.values import Requirement
from countersign.strict_json import Json, dumps, loads

SECOND = 1_000_000
START = 1_700_000_000 * SECOND


class MemoryStore:
    """Keeps events as the JSON they are; `append` always gives way once, as a real one does."""

    def __init__(self) -> None:
        self._events: list[tuple[ApprovalEvent, bytes]] = []
        self.gate = asyncio.Event()  #: cleared: an append waits here
        self.gate.set()
        self.reached = asyncio.Event()  #: an append has begun
        self.is_broken = False  #: an append fails, and nothing is kept
        self.is_late = False  #: an append is told to have failed, and becomes durable all the same

    async def append(self, event: ApprovalEvent) -> None:
        written = event, dumps(event.data)
        self.reached.set()
        await asyncio.sleep(0)
        await self.gate.wait()
        if self.is_broken:
            raise EvidenceUnavailable("the disk is full")
        self._events.append(written)
        if self.is_late:
            raise EvidenceUnavailable("not durable after 2 seconds")

    def replay(self) -> tuple[ApprovalEvent, ...]:
        return tuple(replace(event, data=self._object(data)) for event, data in self._events)

    @property
    def kinds(self) -> list[str]:
        """What is durable, oldest first."""
        return [event.kind for event, _ in self._events]

    @staticmethod
    def _object(data: bytes) -> dict[str, Json]:
        value = loads(data)
        assert isinstance(value, dict)
        return value


class Clock:
    """Microseconds UTC that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def _caller(
    person: str | None = "bob",
    *,
    groups: Iterable[str] = ("leads",),
    issuer: str = "https://idp.example",
    subject: str | None = None,
    people: Iterable[str] | None = None,
) -> Caller:
    names = people if people is not None else ([] if person is None else [person])
    return Caller(
        issuer=issuer,
        subject=subject or f"sub-{person}",
        audience=("gateway",),
        issued_at=1_700_000_000,
        expires_at=1_700_003_600,
        token_id="t-1",
        key_id="k-1",
        key_thumbprint="thumb",
        may_sign=True,
        people=frozenset(names),
        groups=frozenset(groups),
        claims={},
    )


def _request(number: int = 1, **changed: Any) -> ApprovalRequest:
    caller = _caller("ann", subject="ci-of-ann", groups=())
    values: dict[str, Any] = {
        "id": f"a-{number}",
        "fingerprint": f"fingerprint-{number}",
        "exchange": f"x-{number}",
        "connection": "prod",
        "subject": "orders-value",
        "operation": "register-version",
        "effect": "register",
        "caller": caller.as_evidence(),
        "caller_people": ("ann",),
        "rules": "rules-1",
        "rule": "'risky' (approval.yaml:3)",
        "why": "the rule 'risky' asks for one other person's approval",
        "reason": (),
        "summary": ("`taxId` becomes required",),
        "changes": ({"kind": "required-added", "before": None, "after": ["taxId"]},),
        "backward": "breaking",
        "forward": "compatible",
        "reasons": (),
        "before": {"type": "object"},
        "after": {"type": "object", "required": ["taxId"]},
        "message": {"method": "POST", "url": "https://r", "headers": [["host", "registry"]], "body": "{}"},
        "requested_at": START,
        "expires_at": START + 3_600 * SECOND,
        "grant_seconds": 600,
    }
    requirement = Requirement(changed.pop("quorum", 1), changed.pop("approvers", ("group:leads", "person:carol")))
    return ApprovalRequest(**({"alternatives": ((requirement,),)} | values | changed))


def _event(kind: Any, *, person: str = "bob", at: int = START, approval: str = "a-1", **data: Json) -> ApprovalEvent:
    filled: dict[str, Json] = {}
    if kind in ("approved", "denied", "revoked", "withdrawn", "reviewed"):
        filled = {
            "person": person,
            "reason": "fine",
            "signer": {"iss": "https://idp.example", "sub": person},
            "signed_as": [] if kind == "withdrawn" else ["group:leads"],
        }
    if kind == "reviewed":
        filled["verdict"] = "accept"
    if kind in ("expired", "void"):
        filled = {"why": "so it was"}
    if kind in ("requested", "break-glass"):
        filled = _request().as_json()
    return ApprovalEvent(kind, approval, at, "x-2" if kind == "used" else None, filled | data)


def _approval(*events: ApprovalEvent, begins: Any = "requested", **changed: Any) -> Approval:
    request = _request(**changed)
    state = begin(ApprovalEvent(begins, request.id, START, request.exchange, request.as_json()))
    for event in events:
        state = advance(state, event)
    return state


@pytest.fixture
def store() -> MemoryStore:
    """An empty store that works."""
    return MemoryStore()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the moment of every request."""
    return Clock()


@pytest.fixture
def desk(store: MemoryStore, clock: Clock) -> Desk:
    """A desk over the empty store."""
    return Desk(store, clock)


@pytest.fixture(scope="session")
def fresh() -> Callable[[], tuple[MemoryStore, Clock, Desk]]:
    """Makes a store, a clock and a desk for one example of a property test."""

    def make() -> tuple[MemoryStore, Clock, Desk]:
        store, clock = MemoryStore(), Clock()
        return store, clock, Desk(store, clock)

    return make


@pytest.fixture(scope="session")
def an_approver() -> Callable[..., Caller]:
    """Makes the Caller of one person (`bob` of `leads`), or of `people`."""
    return _caller


@pytest.fixture(scope="session")
def a_request() -> Callable[..., ApprovalRequest]:
    """Makes request number n by ann's pipeline: quorum 1, signed by `group:leads` or `person:carol`."""
    return _request


@pytest.fixture(scope="session")
def an_event() -> Callable[..., ApprovalEvent]:
    """Makes an event of a kind, with the data that kind has."""
    return _event


@pytest.fixture(scope="session")
def an_approval() -> Callable[..., Approval]:
    """Makes an approval out of events after the one it `begins` with; other keyword arguments change its request."""
    return _approval
