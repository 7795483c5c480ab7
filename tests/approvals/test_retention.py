"""What a retention rule leaves alone, on a real log: after erasing everything else, a start finds what it needs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from countersign.approvals import Desk
from countersign.approvals.records import ApprovalRecords
from countersign.approvals.retention import needed
from countersign.errors import CountersignError
from countersign.evidence import Entry, EvidenceLog, Payload, store
from countersign.evidence.erasures import Selection
from countersign.evidence.places import DATABASE_NAME
from countersign.rulebook.values import Requirement
from countersign.strict_json import Json
from tests.console.stage import approval_request
from tests.proxy.values import caller

_NOW = 1_800_000_000_000_000
_DAY = 24 * 3600 * 1_000_000
_TWO = ((Requirement(2, ("group:engineers",)),),)
_ONE = ((Requirement(1, ("group:engineers",)),),)


class Clock:
    """Microseconds UTC; stands still until a test moves it."""

    now = _NOW

    def __call__(self) -> int:
        return self.now


class Office:
    """A log and its desk."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.folder = folder
        self.log = EvidenceLog.open(
            folder / "evidence",
            folder / "keys",
            "countersign.test/audit/1",
            clock=self.clock,
            randomness=secrets.token_bytes,
            software={"name": "tests"},
        )
        self.desk = self.restarted()

    def restarted(self) -> Desk:
        """The desk that a start would make of the log."""
        return Desk(ApprovalRecords(self.log), self.clock)

    def needed(self, before_us: int) -> list[int]:
        """The records that are left alone."""
        with closing(store.open_for_reading(self.folder / "evidence" / DATABASE_NAME)) as db:
            return sorted(needed(db, before_us))

    def prune(self, before_us: int, connection: str | None = None) -> int:
        """Erase everything that may be erased; how many payloads."""
        selection = Selection(before_us, connection)
        return self.log.prune(selection, needed, rule="everything", actor="tests").payloads

    async def open(self, number: int, alternatives: tuple[tuple[Requirement, ...], ...] = _ONE) -> str:
        """A pending approval."""
        request = approval_request(number, alternatives=alternatives, expires_at=_NOW + 30 * _DAY)
        return (await self.desk.open_or_join(request)).request.id

    async def step(self, approval: str, action: str, person: str = "bob") -> None:
        """What somebody does about it."""
        actor = caller(subject=f"sub-{person}", people=frozenset({person}))
        await self.desk.act(approval, actor, action, "it is so")  # type: ignore[arg-type]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An empty one."""
    made = Office(tmp_path)
    yield made
    made.log.close()


async def test_open_approvals_are_left_alone(office: Office) -> None:
    """Pending, signed by one of two, granted, unreviewed, half reviewed: each is restored as it was, and goes on."""
    pending = await office.open(1)
    signed = await office.open(2, _TWO)
    await office.step(signed, "approve")
    granted = await office.open(3)
    await office.step(granted, "approve")
    broken = await office.desk.break_glass(approval_request(4, alternatives=_ONE))
    half = await office.desk.break_glass(approval_request(5, alternatives=_TWO))
    await office.step(half.request.id, "accept")
    used = await office.open(6)
    await office.step(used, "approve")
    await office.desk.claim(used, "exchange-9", lambda: True)
    denied = await office.open(7)
    await office.step(denied, "deny")
    before = {one.request.id: one for one in (*office.desk.live(), *office.desk.unreviewed())}
    assert before.keys() == {pending, signed, granted, broken.request.id, half.request.id}

    office.clock.now += 2 * _DAY
    assert office.prune(office.clock.now - _DAY) == 5  # of the one that was used, and the one that was denied
    restored = office.restarted()
    assert {one.request.id: one for one in (*restored.live(), *restored.unreviewed())} == before

    office.desk = restored
    await office.step(pending, "approve")
    await office.step(signed, "approve", "carol")
    await office.step(half.request.id, "accept", "carol")
    await office.step(broken.request.id, "object")
    for approval in (pending, signed):
        await restored.claim(approval, "exchange-10", lambda: True)
    with pytest.raises(CountersignError):
        restored.get(used)
    office.clock.now += 40 * _DAY  # the grant has ended too
    await restored.expire_due()
    office.clock.now += 2 * _DAY
    assert office.needed(office.clock.now - _DAY) == []
    assert office.prune(office.clock.now - _DAY) == 15
    assert office.restarted().live() == ()


async def test_an_approval_goes_whole(office: Office) -> None:
    """Where any step of an ended approval is too young, all of it stays: a part of it could look like an open one."""
    approval = await office.open(1)
    office.clock.now += 3 * _DAY
    await office.step(approval, "deny")
    requested, denied = (record.seq for record in office.log.records(types={"approval"}))
    office.clock.now += _DAY
    assert office.needed(_NOW + _DAY) == [requested, denied]
    assert office.prune(_NOW + _DAY) == 0
    assert office.restarted().get(approval).state == "denied"
    assert office.needed(_NOW + 3 * _DAY + 1) == []
    office.clock.now += _DAY
    assert office.prune(_NOW + 3 * _DAY + 1) == 2


async def test_a_clock_that_was_set_back(office: Office) -> None:
    """A step that is older than the request it ends is not erased before it: that would open the approval again."""
    approval = await office.open(1)
    office.clock.now -= 3 * _DAY
    await office.step(approval, "deny")
    office.clock.now += 5 * _DAY
    assert len(office.needed(_NOW - _DAY)) == 2
    assert office.prune(_NOW - _DAY) == 0
    assert office.restarted().live() == ()
    assert office.prune(_NOW + 1) == 2
    assert office.restarted().live() == ()


async def test_other_records(office: Office) -> None:
    """Only approvals are restored from payloads: of everything else nothing is kept."""
    body = {"request-body": Payload("text/plain", b"x")}
    for kind in ("intent", "decision", "outcome", "refusal"):
        await office.log.append(Entry(kind, "x", {}, body))
    office.clock.now += 2 * _DAY
    assert office.needed(office.clock.now - _DAY) == []
    assert office.prune(office.clock.now - _DAY) == 4


async def test_erasing_that_was_interrupted(office: Office) -> None:
    """Where only the first steps of an approval are gone, a start passes over the rest, and so does the next prune."""
    approval = await office.open(1)
    await office.step(approval, "deny")
    requested = next(iter(office.log.records(types={"approval"}))).seq
    office.clock.now += 2 * _DAY
    before_us = office.clock.now - _DAY

    def all_but_the_first(db: object, before: int) -> list[int]:
        return [seq for seq in range(office.log.size) if seq > requested]

    office.log.prune(Selection(before_us), all_but_the_first, rule="r", actor="tests")
    assert office.restarted().live() == ()
    assert office.prune(before_us) == 1


@pytest.mark.parametrize(
    "data", [b"[]", b'{"id": "a1"}', b'{"id": "a1", "alternatives": [[{"quorum": 1, "approvers": ["group:x"]}]]}']
)
async def test_what_cannot_be_read_ends_it(office: Office, data: bytes) -> None:
    """Nothing is erased where nobody can say what is needed."""
    fields: dict[str, Json] = {"approval": "a1", "verdict": "requested", "at": _NOW}
    await office.log.append(Entry("approval", None, fields, {"event": Payload("application/json", data)}))
    office.clock.now += 2 * _DAY
    with pytest.raises(CountersignError, match="verify the evidence"):
        office.prune(office.clock.now - _DAY)
    assert [record.erased for record in office.log.records(types={"approval"})] == [frozenset()]
