"""What is held passes at once for those who may break the glass, and somebody has to look at it afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence import StatePlaces
from countersign.evidence.account import sentence
from countersign.evidence.verification import verify
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Answer

_OBJECT = b'{"type":"object"}'
_NARROWER = b'{"type":"object","required":["id"]}'
_PATH = "/schemas/a"


async def _break(
    gateway: Gateway,
    path: str = _PATH,
    body: bytes = _NARROWER,
    groups: tuple[str, ...] = ("firefighters",),
    **values: Any,
) -> Answer:
    """Alice, who fights fires, sends a change with a justification."""
    why = values.get("why", "the shop is down")
    token = gateway.token("alice", "engineers", *groups)
    headers = gateway.headers(("Content-Type", "application/json"), ("Countersign-Break-Glass", why), token=token)
    gateway.service.schemas.setdefault("a", _OBJECT)
    return await gateway.send("PUT", path, body, headers)


async def test_it_passes_at_once_and_stays_open_until_it_is_reviewed(gateway: Gateway) -> None:
    """Exactly as sent, with everything on record before it was sent; the review ends it."""
    answer = await _break(gateway)
    assert (answer.status, answer.body) == (200, b'{"stored":true}')
    (change,) = gateway.service.changes
    assert (change.body, [name for name, _ in change.headers if "ountersign" in name]) == (_NARROWER, [])
    (approval,) = gateway.parts.desk.unreviewed()
    assert approval.request.rule.startswith("fire (approval.yaml:")
    assert approval.request.justification == "the shop is down"
    assert approval.request.approvers == ("group:approvers",)
    assert answer.header("countersign-approval") == [gateway.runtime.approval_url(approval.request.id)]
    records = gateway.records("intent", "decision", "approval", "outcome")
    assert [(record.type, record.fields.get("verdict")) for record in records] == [
        ("intent", None),
        ("decision", "hold"),
        ("approval", "break-glass"),
        ("decision", "break-glass"),
        ("outcome", None),
    ]
    decision = records[3].fields
    assert (decision["approval"], decision["justification"]) == (approval.request.id, "the shop is down")
    assert str(decision["rule"]).startswith("approval.yaml:")
    assert records[4].fields["approval"] == approval.request.id
    reviewed = await gateway.decide(approval, "object", "it could have waited")
    assert (reviewed.state, gateway.parts.desk.unreviewed()) == ("reviewed", ())
    assert gateway.parts.locks._locks == {}


async def test_it_passes_once(gateway: Gateway) -> None:
    """Nothing is left behind that another request could use."""
    await _break(gateway)
    gateway.service.schemas["a"] = _OBJECT
    sending = gateway.sending("PUT", _PATH, _NARROWER)
    (approval,) = await gateway.pending()
    assert len(gateway.service.changes) == 1
    await gateway.decide(approval, "deny", "no")
    assert (await sending).status == 403


async def test_an_approval_that_the_same_request_waits_for_is_void(gateway: Gateway) -> None:
    """Nobody decides any more on what has passed, and who waits for it is told; what waits of other bytes waits on."""
    gateway.service.schemas |= {"a": _OBJECT, "b": _OBJECT}
    token = gateway.token("alice", "engineers")
    headers = gateway.headers(("Content-Type", "application/json"), token=token)
    same = gateway.sending("PUT", _PATH, _NARROWER, headers)
    (asked,) = await gateway.pending()
    other = gateway.sending("PUT", "/schemas/b", _NARROWER, headers)
    await gateway.pending(2)
    assert (await _break(gateway)).status == 200
    answer = await same
    assert (answer.status, answer.code) == (503, "approval-ended")
    (review,) = gateway.parts.desk.unreviewed()
    assert f"passed by breaking the glass meanwhile (to be reviewed as {review.request.id})" in answer.problem["detail"]
    assert gateway.parts.desk.get(asked.request.id).state == "void"
    (waiting,) = await gateway.pending()
    assert waiting.request.subject == "b"
    assert [change.target for change in gateway.service.changes] == [_PATH]
    verdicts = [record.fields["verdict"] for record in gateway.records("approval")]
    assert verdicts == ["requested", "requested", "break-glass", "void"]
    await gateway.decide(waiting, "deny", "no")
    assert (await other).status == 403


@pytest.mark.parametrize(
    ("path", "groups", "code", "detail"),
    [
        (_PATH, (), "break-glass-not-allowed", "not among those who may break the glass"),
        ("/schemas/frozen-a", ("firefighters",), "denied", "the rule 'frozen' denies it"),
    ],
    ids=["nobody of those who may", "what a rule denies"],
)
async def test_what_may_not_be_broken_is_refused(
    path: str, groups: tuple[str, ...], code: str, detail: str, gateway: Gateway
) -> None:
    """403 with the remedy, a denial on record, nothing sent and nothing to review."""
    answer = await _break(gateway, path, groups=groups)
    assert (answer.status, answer.code) == (403, code)
    assert detail in answer.problem["detail"]
    assert gateway.records("decision")[-1].fields["verdict"] == "deny"
    assert gateway.parts.desk.unreviewed() == ()
    assert gateway.parts.desk.live() == ()
    assert gateway.service.changes == []
    assert gateway.parts.locks._locks == {}


@pytest.mark.parametrize("body", [_OBJECT, b'{"type":"object","title":"t"}'])
async def test_where_no_approval_is_needed_it_changes_nothing(body: bytes, gateway: Gateway) -> None:
    """Allowed is allowed: no exception is made, so none is to be reviewed."""
    answer = await _break(gateway, body=body)
    assert (answer.status, answer.header("countersign-approval")) == (200, [])
    assert gateway.parts.desk.unreviewed() == ()
    assert [record.fields["verdict"] for record in gateway.records("decision")] == ["allow"]


async def test_without_a_justification_nothing_is_broken(gateway: Gateway) -> None:
    """400 with the remedy, before anything of the service is read."""
    answer = await _break(gateway, why="-")
    assert (answer.status, answer.code) == (400, "bad-input")
    assert "Countersign-Break-Glass says nothing; write why" in answer.problem["detail"]
    assert gateway.service.received == []
    assert len(gateway.records("refusal")) == 1


async def test_too_many_unreviewed_ones_stop_the_next(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody looks at is no exception; the first one passed."""
    monkeypatch.setattr(limits, "MAX_OPEN_REVIEWS", 1)
    assert (await _break(gateway)).status == 200
    gateway.service.schemas["a"] = _OBJECT
    answer = await _break(gateway)
    assert (answer.status, answer.code) == (503, "too-many-approvals")
    assert len(gateway.service.changes) == 1


@pytest.mark.parametrize("step", ["desk.break_glass", "evidence.broke_the_glass"])
async def test_what_is_not_on_record_is_not_sent(step: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the exception could not be written, nor where its decision could not."""

    async def fails(*_: object) -> None:
        raise EvidenceUnavailable("the disk is full")

    monkeypatch.setattr(
        f"countersign.{'approvals.Desk' if 'desk' in step else 'proxy.evidence_port.EvidencePort'}."
        f"{step.partition('.')[2]}",
        fails,
    )
    answer = await _break(gateway)
    assert (answer.status, answer.code) == (503, "evidence-unavailable")
    assert gateway.service.changes == []
    monkeypatch.undo()
    assert (await _break(gateway)).status == 200


async def test_what_could_not_be_made_void_is_not_sent(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else people would go on deciding about what has passed."""

    async def fails(*_: object) -> None:
        raise EvidenceUnavailable("the disk is full")

    monkeypatch.setattr("countersign.approvals.Desk.void_for", fails)
    answer = await _break(gateway)
    assert (answer.status, answer.code, gateway.service.changes) == (503, "evidence-unavailable", [])


async def test_an_auditor_finds_nothing_wrong_and_every_exception(gateway: Gateway, folder: Path) -> None:
    """One passed and was reviewed, one was refused: the log verifies without a remark, and the words say who and why."""
    assert (await _break(gateway)).status == 200
    await gateway.decide(gateway.parts.desk.unreviewed()[0], "object", "it could have waited")
    gateway.service.schemas["a"] = _OBJECT
    assert (await _break(gateway, groups=())).status == 403
    await gateway.recorded("outcome", 2)
    report = verify(StatePlaces(folder / "state").database, gateway.parts.log.vkey)
    assert (report.ok, report.remarks, report.open_intents) == (True, (), ())
    told = [
        sentence(record) for record in gateway.records() if record.fields.get("verdict") in ("break-glass", "reviewed")
    ]
    assert len(told) == 3
    assert told[0].startswith("alice at http://127.0.0.1:")
    assert "broke the glass: it passes without approval, to be reviewed as " in told[0]
    assert all("justified with: the shop is down" in line for line in told[:2])
    assert told[2].endswith("reviewed and objected to by bob because: it could have waited")


@pytest.fixture
async def restarting(
    gateway: Gateway, folder: Path, provider: KeyServer, service: SchemaService
) -> AsyncIterator[Gateway]:
    """After a change that broke the glass, a stop, other rules, and a start."""
    assert (await _break(gateway)).status == 200
    gateway.master.shutdown()
    await gateway.task
    edit_rules(folder / "rules", "approval.yaml", lambda document: document["rules"][-1].update(expires_seconds=60))
    async with running_gateway(folder, provider, service) as running:
        yield running


async def test_it_is_open_until_it_is_reviewed_whatever_happens(restarting: Gateway) -> None:
    """Over a restart, over other rules, past every deadline."""
    desk = restarting.parts.desk
    await desk.void_outdated(restarting.parts.rules.digest)
    (approval,) = desk.unreviewed()
    assert approval.request.rules != restarting.parts.rules.digest
    desk._clock = lambda: approval.request.expires_at + 1
    await desk.expire_due()
    assert desk.unreviewed() == (approval,)
    assert (await restarting.decide(approval, "accept", "")).state == "reviewed"
