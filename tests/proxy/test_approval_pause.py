"""Held until the right people said yes; then checked again, and sent exactly once, exactly as approved."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http

from countersign import limits
from countersign.approvals import Approval, NotEligible
from tests.evidence.watching import cosigner
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, freeze, write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Answer

_OBJECT = b'{"type":"object"}'
_NARROWER = b'{ "type":"object",\r\n "required":["id"] }'
_PATH = "/schemas/a"


async def _held(gateway: Gateway, body: bytes = _NARROWER) -> tuple[asyncio.Task[Answer], Approval]:
    """A change that is paused, and the approval that it waits for."""
    gateway.service.schemas.setdefault("a", _OBJECT)
    sending = gateway.sending("PUT", _PATH, body)
    (approval,) = await gateway.pending()
    await gateway.paused()
    return sending, approval


# -- approved and denied ----------------------------------------------------------------------------------------------


async def test_an_approved_change_arrives_byte_for_byte(gateway: Gateway) -> None:
    """It is paused until somebody else says yes, and then sent exactly as it came."""
    sending, approval = await _held(gateway)
    assert gateway.service.changes == []
    await gateway.decide(approval)
    assert (await sending).status == 200
    (change,) = gateway.service.changes
    assert (change.method, change.target, change.body) == ("PUT", _PATH, _NARROWER)
    assert gateway.parts.desk.get(approval.request.id).state == "used"
    assert [record.fields["verdict"] for record in gateway.records("approval")] == ["requested", "approved", "used"]
    assert gateway.records("outcome")[-1].fields["approval"] == approval.request.id


async def test_a_denied_change_is_answered_with_the_reason(gateway: Gateway) -> None:
    """403 with who denied it and why; nothing is sent."""
    sending, approval = await _held(gateway)
    await gateway.decide(approval, "deny", "breaks the mobile app")
    answer = await sending
    assert (answer.status, answer.code) == (403, "denied")
    assert "bob denied the change: breaks the mobile app" in answer.problem["detail"]
    assert answer.problem["approval"] == approval.request.id
    assert gateway.service.changes == []


async def test_a_withdrawn_change_is_answered(gateway: Gateway) -> None:
    """Whoever asked took it back, while it was paused: 403, with what they said."""
    sending, approval = await _held(gateway)
    await gateway.decide(approval, "withdraw", "found a better way", person="alice")
    answer = await sending
    assert (answer.status, answer.code) == (403, "withdrawn")
    assert answer.problem["detail"] == "the approval was withdrawn by alice: found a better way"
    assert answer.problem["approval_url"] == gateway.runtime.approval_url(approval.request.id)
    assert gateway.service.changes == []


async def test_a_revoked_approval_is_answered(folder: Path, provider: KeyServer, service: SchemaService) -> None:
    """The first of two who said yes took it back before the second: 403, with who and why."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    edit_rules(folder / "rules", "approval.yaml", lambda document: document["rules"][-1].update(quorum=2))
    async with running_gateway(folder, provider, service) as gateway:
        sending, approval = await _held(gateway)
        await gateway.decide(approval)
        await gateway.decide(approval, "revoke", "I overlooked the app")
        answer = await sending
        assert (answer.status, answer.code) == (403, "revoked")
        assert answer.problem["detail"] == "the approval was revoked by bob: I overlooked the app"
        assert service.changes == []


async def test_what_the_caller_says_reaches_the_approver_and_not_the_service(gateway: Gateway) -> None:
    """With the request sent again, also where it says something else: it is no part of what is approved."""
    gateway.service.schemas["a"] = _OBJECT
    said = ("Countersign-Justification", "tax office, ticket 7")
    headers = gateway.headers(("Content-Type", "application/json"), said)
    sending = gateway.sending("PUT", _PATH, _NARROWER, headers)
    (approval,) = await gateway.pending()
    assert approval.request.justification == "tax office, ticket 7"
    assert "ountersign" not in json.dumps(approval.request.message)
    another = gateway.sending("PUT", _PATH, _NARROWER)
    await until(lambda: [flow.intercepted for flow in gateway.watch.flows] == [True, True])
    assert len(await gateway.pending()) == 1
    await gateway.decide(approval)
    assert {(await sending).status, (await another).status} == {200, 409}
    (change,) = gateway.service.changes
    assert not [name for name, _ in change.headers if "countersign" in name.lower()]


async def test_the_caller_cannot_approve(gateway: Gateway) -> None:
    """Being in the approvers' group does not help; the change stays paused until another person signs."""
    sending, approval = await _held(gateway)
    with pytest.raises(NotEligible, match="stands behind this request"):
        await gateway.decide(approval, person="alice")
    assert (await gateway.paused()).intercepted
    assert not sending.done()
    await gateway.decide(approval)
    assert (await sending).status == 200


async def test_a_held_change_keeps_nobody_else_waiting(gateway: Gateway) -> None:
    """While people think, other changes of the same subject pass."""
    sending, approval = await _held(gateway)
    assert (await gateway.send("PUT", _PATH, b'{"type":"object","title":"t"}')).status == 200
    gateway.service.schemas["a"] = _OBJECT
    await gateway.decide(approval)
    assert (await sending).status == 200


# -- the hold time ----------------------------------------------------------------------------------------------------


async def test_after_the_hold_time_the_client_is_told_what_to_do(hurried: Gateway) -> None:
    """The status that the rules choose, never a 2xx, with Retry-After, the approval and where it is decided."""
    answer = await hurried.send("PUT", _PATH, _NARROWER)
    assert (answer.status, answer.code) == (409, "approval-pending")
    assert answer.header("retry-after") == [str(limits.RETRY_AFTER_SECONDS)]
    (approval,) = await hurried.pending()
    assert answer.problem["approval"] == approval.request.id
    assert answer.problem["approval_url"] == hurried.runtime.approval_url(approval.request.id)
    assert "group:approvers" in answer.problem["detail"]
    assert hurried.service.changes == []


async def test_a_retry_joins_and_uses_the_grant_once(hurried: Gateway) -> None:
    """The same request joins its approval; once approved it passes, and the next one needs an approval of its own."""
    first = await hurried.send("PUT", _PATH, _NARROWER)
    second = await hurried.send("PUT", _PATH, _NARROWER)
    assert first.problem["approval"] == second.problem["approval"]
    await hurried.decide((await hurried.pending())[0])
    assert (await hurried.send("PUT", _PATH, _NARROWER)).status == 200
    hurried.service.schemas["a"] = _OBJECT
    again = await hurried.send("PUT", _PATH, _NARROWER)
    assert (again.status, again.code) == (409, "approval-pending")
    assert again.problem["approval"] != first.problem["approval"]
    assert len(hurried.service.changes) == 1


async def test_a_grant_is_for_its_caller_and_its_bytes(hurried: Gateway) -> None:
    """Another person's request and one with one byte more ask for their own approvals; the original then passes."""
    await hurried.send("PUT", _PATH, _NARROWER)
    approval = await hurried.decide((await hurried.pending())[0])
    for body, person in ((_NARROWER + b"\n", "alice"), (_NARROWER, "carol")):
        headers = hurried.headers(("Content-Type", "application/json"), token=hurried.token(person))
        answer = await hurried.send("PUT", _PATH, body, headers)
        assert (answer.status, answer.code) == (409, "approval-pending")
        assert answer.problem["approval"] != approval.request.id
    assert hurried.service.changes == []
    assert (await hurried.send("PUT", _PATH, _NARROWER)).status == 200


async def test_two_twins_of_one_request_share_one_approval_and_one_of_them_is_sent(gateway: Gateway) -> None:
    """The second one finds the grant used, and is told so; only a third sending would ask anew."""
    gateway.service.schemas["a"] = _OBJECT
    twins = [gateway.sending("DELETE", _PATH) for _ in range(2)]
    await until(lambda: [flow.intercepted for flow in gateway.watch.flows] == [True, True])
    (approval,) = await gateway.pending()
    await gateway.decide(approval)
    answers = sorted([await sending for sending in twins], key=lambda answer: answer.status)
    assert [answer.status for answer in answers] == [200, 409]
    assert answers[0].header("countersign-approval") == [gateway.runtime.approval_url(approval.request.id)]
    assert (answers[1].code, answers[1].problem["approval"]) == ("approval-ended", approval.request.id)
    assert "used already" in answers[1].problem["detail"]
    assert answers[1].header("retry-after") == []
    assert len(gateway.service.changes) == 1
    assert gateway.parts.desk.live() == ()


async def test_an_approval_that_expired_is_answered(gateway: Gateway) -> None:
    """Nobody decided in time: 503, and the same request asks anew."""
    sending, approval = await _held(gateway)
    gateway.parts.desk._clock = lambda: approval.request.expires_at + 1
    await gateway.parts.desk.expire_due()
    answer = await sending
    assert (answer.status, answer.code) == (503, "approval-ended")
    assert "nobody decided in time" in answer.problem["detail"]
    assert gateway.service.changes == []


async def test_there_is_room_for_so_many(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """With too many approvals waiting, the next change is refused rather than held."""
    gateway.service.schemas["a"] = _OBJECT
    monkeypatch.setattr(limits, "MAX_LIVE_APPROVALS", 0)
    answer = await gateway.send("PUT", _PATH, _NARROWER)
    assert (answer.status, answer.code) == (503, "too-many-approvals")
    assert gateway.service.changes == []


# -- what mitmproxy lets an operator do -------------------------------------------------------------------------------


async def test_a_bare_resume_pauses_again(gateway: Gateway) -> None:
    """Resuming the flow is no decision: without a recorded one it is paused at once, however often."""
    sending, approval = await _held(gateway)
    flow = await gateway.paused()
    for _ in range(3):
        flow.resume()
        assert not flow.intercepted
        await until(lambda: flow.intercepted)
    assert gateway.service.changes == []
    assert not sending.done()
    await gateway.decide(approval)
    assert (await sending).status == 200


_EDITS: dict[str, Callable[[http.Request], Any]] = {
    "body": lambda request: setattr(request, "raw_content", b'{"type":"string"}'),
    "white space": lambda request: setattr(request, "raw_content", _NARROWER + b" "),
    "path": lambda request: setattr(request, "path", "/schemas/b"),
    "method": lambda request: setattr(request, "method", "POST"),
    "header": lambda request: request.headers.update({"X-Normalize": "false"}),
    "port": lambda request: setattr(request, "port", 1),
    "host header": lambda request: request.headers.update({"Host": "other.example"}),
    "transfer coding": lambda request: request.headers.update({"Transfer-Encoding": "chunked"}),
    "credential": lambda request: request.headers.update({"Proxy-Authorization": "Bearer t"}),
}


@pytest.mark.parametrize("edit", _EDITS)
@pytest.mark.parametrize("schema_moves", [False, True], ids=["", "with another schema meanwhile"])
async def test_an_edited_change_is_neither_sent_nor_approved_anew(
    edit: str, schema_moves: bool, gateway: Gateway
) -> None:
    """What people saw is what was read; their approval is void with it, and the client's own bytes ask anew."""
    sending, approval = await _held(gateway)
    _EDITS[edit]((await gateway.paused()).request)
    if schema_moves:
        gateway.service.schemas["a"] = b'{"type":"object","maxProperties":9}'
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.code) == (403, "not-what-was-cleared")
    assert gateway.service.changes == []
    void = gateway.records("approval")[-1].fields
    assert (void["approval"], void["verdict"]) == (approval.request.id, "void")
    assert void["why"] == "the request is no longer the one that was approved"
    gateway.service.schemas["a"] = _OBJECT
    again, another = await _held(gateway)
    await gateway.decide(another)
    assert (await again).status == 200
    assert [change.body for change in gateway.service.changes] == [_NARROWER]


async def test_a_killed_flow_is_not_sent(gateway: Gateway) -> None:
    """Neither before the decision nor after it; the grant stays for a retry."""
    sending, approval = await _held(gateway)
    (await gateway.paused()).kill()
    await gateway.decide(approval)
    with pytest.raises(asyncio.IncompleteReadError):
        await sending
    assert (await gateway.recorded("outcome"))[-1].fields["forwarded"] is False
    assert gateway.service.changes == []
    assert gateway.parts.desk.get(approval.request.id).state == "approved"


# -- everything is checked again --------------------------------------------------------------------------------------


async def test_a_schema_that_changed_meanwhile_voids_the_approval(gateway: Gateway) -> None:
    """What was approved is a difference that is no longer there; a new approval with the new one is asked for."""
    sending, approval = await _held(gateway)
    gateway.service.schemas["a"] = b'{"type":"object","maxProperties":9}'
    await gateway.decide(approval)
    (another,) = await gateway.pending()
    assert gateway.service.changes == []
    ended = gateway.parts.desk.get(approval.request.id)
    assert ended.state == "void"
    assert ended.why.startswith("the current schema")
    assert another.request.id != approval.request.id
    assert another.request.before == {"type": "object", "maxProperties": 9}
    await gateway.decide(another)
    assert (await sending).status == 200
    assert [record.fields["verdict"] for record in gateway.records("decision")] == ["hold", "hold"]
    assert len(gateway.service.changes) == 1


async def test_a_change_that_became_harmless_meanwhile_passes(gateway: Gateway) -> None:
    """The rules decide again on what is there now."""
    sending, approval = await _held(gateway)
    gateway.service.schemas["a"] = _NARROWER
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.header("countersign-approval")) == (200, [])
    ended = gateway.parts.desk.get(approval.request.id)
    assert (ended.state, ended.why) == ("void", "it needs no approval any more: the rule 'equal' lets it pass")


async def test_a_right_that_was_taken_away_meanwhile_voids_the_approval(gateway: Gateway) -> None:
    """The caller may not do it any more: nothing is sent, now or once the right is back, without a new approval."""
    sending, approval = await _held(gateway)
    assessor, rules = gateway.parts.assessor, gateway.parts.rules
    assessor._rules = replace(rules, access=())
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.code) == (403, "denied")
    ended = gateway.parts.desk.get(approval.request.id)
    assert ended.state == "void"
    assert ended.why.startswith("it is no longer allowed: no rule in access.yaml")
    assert [record.fields["verdict"] for record in gateway.records("decision")] == ["hold", "deny"]
    assessor._rules = rules
    again, another = await _held(gateway)
    assert another.request.id != approval.request.id
    assert gateway.service.changes == []
    await gateway.decide(another)
    assert (await again).status == 200


async def test_a_freeze_that_began_meanwhile_voids_the_approval(
    folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """One person said yes under the weaker rule; now two must, and the one is not counted among them."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    begins = datetime.now(UTC) + timedelta(minutes=4)
    freeze(folder / "rules", begins, begins + timedelta(hours=1))
    async with running_gateway(folder, provider, service) as gateway:
        sending, approval = await _held(gateway)
        assert approval.request.rule.startswith("others ")
        gateway.parts.assessor._clock = lambda: int((time.time() + 300) * 1_000_000)
        await gateway.decide(approval)
        (another,) = await gateway.pending()
        ended = gateway.parts.desk.get(approval.request.id)
        assert ended.state == "void"
        assert ended.why.startswith("another rule holds it now: the rule 'freeze'")
        assert (another.request.rule.partition(" ")[0], another.missing) == ("freeze", 2)
        await gateway.decide(another)
        assert service.changes == []
        await gateway.decide(another, person="carol")
        assert (await sending).status == 200
        assert len(service.changes) == 1


async def test_a_freeze_neither_joins_nor_uses_what_was_asked_for_before_it(
    folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """The same request under the stronger rule is another request; when the freeze is over, the first one counts again."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, hold_seconds=0)
    begins = datetime.now(UTC) + timedelta(minutes=4)
    freeze(folder / "rules", begins, begins + timedelta(hours=1))
    service.schemas["a"] = _OBJECT
    async with running_gateway(folder, provider, service) as gateway:
        first = await gateway.send("PUT", _PATH, _NARROWER)
        await gateway.decide((await gateway.pending())[0])
        before = gateway.parts.assessor._clock
        gateway.parts.assessor._clock = lambda: int((time.time() + 300) * 1_000_000)
        frozen = await gateway.send("PUT", _PATH, _NARROWER)
        assert (frozen.status, frozen.code) == (503, "approval-pending")
        assert "2 other people" in frozen.problem["detail"]
        assert frozen.problem["approval"] != first.problem["approval"]
        assert service.changes == []
        gateway.parts.assessor._clock = before
        assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200


async def test_a_subject_that_keeps_changing_ends_the_wait(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many new differences the client is told to try again."""
    monkeypatch.setattr(limits, "MAX_REASSESSMENTS", 1)
    sending, approval = await _held(gateway)
    gateway.service.schemas["a"] = b'{"type":"object","maxProperties":9}'
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.code) == (503, "schema-unavailable")
    assert gateway.service.changes == []


async def test_a_schema_that_cannot_be_read_again_stops_the_change(gateway: Gateway) -> None:
    """The grant stays for a retry when the service is back."""
    sending, approval = await _held(gateway)
    gateway.service.schemas["a"] = b"not JSON"
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.code) == (503, "schema-unavailable")
    gateway.service.schemas["a"] = _OBJECT
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200


async def test_a_token_that_expired_meanwhile_does_not_pass(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The approval is there, its caller is not any more; with a fresh token the grant is used."""
    sending, approval = await _held(gateway)
    with monkeypatch.context() as patch:
        patch.setattr("countersign.proxy.approval_pause.now", lambda: approval.request.requested_at + 700_000_000)
        await gateway.decide(approval)
        answer = await sending
    assert (answer.status, answer.code) == (407, "no-identity")
    assert gateway.service.changes == []
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200


async def test_a_client_that_went_away_leaves_the_grant(gateway: Gateway) -> None:
    """Nothing is sent for somebody who no longer waits; the same request sent again uses the grant."""
    gateway.service.schemas["a"] = _OBJECT
    wire = await gateway.wire()
    headers = gateway.headers(("Content-Type", "application/json"))
    wire.write_request("PUT", gateway.service.url + _PATH, headers, _NARROWER)
    (approval,) = await gateway.pending()
    flow = await gateway.paused()
    wire.close()
    await until(lambda: not flow.client_conn.connected)
    await gateway.decide(approval)
    assert (await gateway.recorded("outcome"))[0].fields["forwarded"] is False
    assert gateway.service.changes == []
    assert gateway.parts.desk.get(approval.request.id).state == "approved"
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200
    assert len(gateway.service.changes) == 1


async def test_an_anchor_that_is_too_old_keeps_the_grant(
    folder: Path, provider: KeyServer, service: SchemaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that is approved while the evidence is not anchored is not sent; once it is anchored, the grant is used."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    witness = {"url": "http://127.0.0.1:9", "vkey": cosigner(0).verifier.vkey()}
    (folder / "rules" / "evidence.yaml").write_text(
        json.dumps({"compliance": True, "anchors": {"witnesses": [witness]}})
    )
    passed_us = 0
    monkeypatch.setattr("countersign.proxy.runtime.steady", lambda: time.monotonic_ns() // 1000 + passed_us)
    async with running_gateway(folder, provider, service) as gateway:
        sending, approval = await _held(gateway)
        passed_us = (limits.REFUSE_UNANCHORED_SECONDS + 60) * 1_000_000
        await gateway.decide(approval)
        answer = await sending
        assert (answer.status, answer.code) == (503, "evidence-not-anchored")
        assert "has not been anchored" in answer.problem["detail"]
        assert (await gateway.send("PUT", _PATH, _NARROWER)).code == "evidence-not-anchored"
        assert (await gateway.send("GET", _PATH)).status == 200
        assert gateway.service.changes == []
        assert gateway.parts.desk.get(approval.request.id).state == "approved"
        passed_us = 0
        assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200
