"""Approvals as records of the evidence log, and back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from countersign import limits
from countersign.approvals import ApprovalEvent, Desk
from countersign.approvals.records import ApprovalRecords
from countersign.approvals.store import EventKind
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import Entry, EvidenceLog, Payload
from countersign.rulebook.values import Requirement
from countersign.strict_json import Json
from tests.console.stage import approval_request
from tests.proxy.values import caller

_NOW = 1_800_000_000_000_000
_ENGINEERS = ((Requirement(1, ("group:engineers",)),),)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EvidenceLog]:
    """A real log in a folder of its own."""
    opened = EvidenceLog.open(
        tmp_path / "evidence",
        tmp_path / "keys",
        "countersign.test/audit/1",
        clock=lambda: _NOW,
        randomness=secrets.token_bytes,
        software={"name": "tests"},
    )
    yield opened
    opened.close()


async def _story(log: EvidenceLog) -> tuple[Desk, str]:
    """An approval that was asked for, signed and used."""
    desk = Desk(ApprovalRecords(log), lambda: _NOW)
    approval = await desk.open_or_join(approval_request(1, alternatives=_ENGINEERS))
    bob = caller(subject="sub-bob", people=frozenset({"bob"}))
    await desk.act(approval.request.id, bob, "approve", " looks good ")
    await desk.claim(approval.request.id, "exchange-9", lambda: True)
    return desk, approval.request.id


async def test_every_step_is_a_record_that_can_be_searched(log: EvidenceLog) -> None:
    """Who, what, why and of which request: in the record's fields, the whole event in its payload."""
    _, approval = await _story(log)
    requested, approved, used = log.records(types={"approval"})
    for record in (requested, approved, used):
        assert record.fields["approval"] == approval
        assert (record.fields["connection"], record.fields["subject"]) == ("registry", "customer-value")
    assert [record.fields["verdict"] for record in (requested, approved, used)] == ["requested", "approved", "used"]
    assert requested.fields["reason"] == "a narrowing change needs a steward"
    assert (approved.fields["person"], approved.fields["reason"]) == ("bob", "looks good")
    assert cast("dict[str, Json]", approved.fields["identity"])["sub"] == "sub-bob"
    assert (requested.exchange, approved.exchange, used.exchange) == ("exchange-1", None, "exchange-9")


async def test_a_desk_restored_from_the_records_is_the_same(log: EvidenceLog) -> None:
    """State is a projection of the log: after a restart the grant is used, not open again."""
    desk, approval = await _story(log)
    restored = Desk(ApprovalRecords(log), lambda: _NOW)
    assert restored.get(approval) == desk.get(approval)
    assert restored.get(approval).state == "used"
    assert restored.live() == ()


async def test_the_deepest_schema_that_is_held_does_not_stop_a_restart(log: EvidenceLog) -> None:
    """A record nests a schema deeper than the schema itself is: nobody may hold a change that no start can read."""
    deepest: Json = 1
    for _ in range(limits.MAX_JSON_DEPTH - 1):
        deepest = [deepest]
    schema: Json = {"const": deepest}
    change: dict[str, Json] = {"kind": "schema-created", "before": None, "after": schema}
    asked = approval_request(1, alternatives=_ENGINEERS, before=schema, after=schema, changes=(change,))
    await Desk(ApprovalRecords(log), lambda: _NOW).open_or_join(asked)
    (restored,) = Desk(ApprovalRecords(log), lambda: _NOW).live()
    assert restored.request == asked


async def test_a_pending_approval_is_pending_again_and_knows_what_it_is_about(log: EvidenceLog) -> None:
    """What comes after the restart is recorded with connection, subject and caller too."""
    await Desk(ApprovalRecords(log), lambda: _NOW).open_or_join(approval_request(1, alternatives=_ENGINEERS))
    restored = Desk(ApprovalRecords(log), lambda: _NOW)
    (approval,) = restored.live()
    bob = caller(subject="sub-bob", people=frozenset({"bob"}))
    await restored.act(approval.request.id, bob, "deny", "no")
    record = list(log.records(types={"approval"}))[-1]
    assert (record.fields["verdict"], record.fields["subject"]) == ("denied", "customer-value")


async def test_an_event_that_is_not_durable_did_not_happen(log: EvidenceLog) -> None:
    """With the log closed nobody can sign."""
    desk = Desk(ApprovalRecords(log), lambda: _NOW)
    approval = await desk.open_or_join(approval_request(1, alternatives=_ENGINEERS))
    log.close()
    bob = caller(subject="sub-bob", people=frozenset({"bob"}))
    with pytest.raises(EvidenceUnavailable):
        await desk.act(approval.request.id, bob, "approve", "")
    assert desk.get(approval.request.id).state == "pending"


@pytest.mark.parametrize("event", [b"[]", b'"text"', b"1"])
async def test_a_record_that_is_no_event_stops_the_start(event: bytes, log: EvidenceLog) -> None:
    """It is not passed over: approvals that cannot be read might be denials."""
    fields: dict[str, Json] = {"approval": "a1", "verdict": "requested", "at": _NOW}
    await log.append(Entry("approval", None, fields, {"event": Payload("application/json", event)}))
    with pytest.raises(CountersignError, match="cannot be read; verify the evidence"):
        Desk(ApprovalRecords(log), lambda: _NOW)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("denied", {"person": "bob", "reason": "no", "signer": {}}),
        ("withdrawn", {"person": "alice", "reason": ""}),
        ("revoked", {"person": "bob", "reason": "oh"}),
        ("expired", {"why": "nobody decided"}),
        ("void", {"why": "x"}),
        ("used", {}),
    ],
)
async def test_what_ended_is_forgotten_here(kind: EventKind, data: dict[str, Json], log: EvidenceLog) -> None:
    """Only what can still go on takes room in memory, also after a restart."""
    records = ApprovalRecords(log)
    await records.append(ApprovalEvent("requested", "a1", _NOW, "e1", approval_request(1).as_json()))
    assert "a1" in records._about
    await records.append(ApprovalEvent(kind, "a1", _NOW, None, data))
    assert list(log.records(types={"approval"}))[-1].fields["subject"] == "customer-value"
    restarted = ApprovalRecords(log)
    assert len(list(restarted.replay())) == 2
    assert "a1" not in records._about
    assert "a1" not in restarted._about


async def test_what_broke_the_glass_is_known_until_it_is_reviewed(log: EvidenceLog) -> None:
    """Who did it, why, and who looked at it afterwards; an end of the approval it needed would be none of its own."""
    asked = approval_request(1, alternatives=_ENGINEERS, justification="the shop is down")
    approval = await Desk(ApprovalRecords(log), lambda: _NOW).break_glass(asked)
    restored = Desk(ApprovalRecords(log), lambda: _NOW)
    assert restored.unreviewed() == (approval,)
    bob = caller(subject="sub-bob", people=frozenset({"bob"}))
    await restored.act(approval.request.id, bob, "object", "it could have waited")
    broken, reviewed = (record.fields for record in log.records(types={"approval"}))
    assert (broken["verdict"], broken["justification"], broken["person"]) == ("break-glass", "the shop is down", None)
    assert broken["reason"] == "a narrowing change needs a steward"
    assert (reviewed["verdict"], reviewed["review"], reviewed["person"]) == ("reviewed", "object", "bob")
    assert (reviewed["subject"], reviewed["reason"]) == ("customer-value", "it could have waited")
    assert Desk(ApprovalRecords(log), lambda: _NOW).unreviewed() == ()
