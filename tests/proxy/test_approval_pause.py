"""Held until the right people said yes; then checked again, and sent exactly once, exactly as approved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import http

from countersign import limits
from countersign.approvals import Approval, NotEligible
from tests.proxy.stage import Gateway, until
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
    """The second one finds the grant used, and asks anew."""
    gateway.service.schemas["a"] = _OBJECT
    twins = [gateway.sending("DELETE", _PATH) for _ in range(2)]
    await until(lambda: [flow.intercepted for flow in gateway.watch.flows] == [True, True])
    (approval,) = await gateway.pending()
    await gateway.decide(approval)
    (another,) = await gateway.pending()
    assert another.request.id != approval.request.id
    assert len(gateway.service.changes) == 1
    await gateway.decide(another, "deny", "once is enough")
    assert sorted([(await sending).status for sending in twins]) == [200, 403]
    assert len(gateway.service.changes) == 1


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
}


@pytest.mark.parametrize("edit", _EDITS)
@pytest.mark.parametrize("schema_moves", [False, True], ids=["", "with another schema meanwhile"])
async def test_an_edited_change_is_neither_sent_nor_approved_anew(
    edit: str, schema_moves: bool, gateway: Gateway
) -> None:
    """What people saw is what was read; the grant stays for the client's own bytes."""
    sending, approval = await _held(gateway)
    _EDITS[edit]((await gateway.paused()).request)
    if schema_moves:
        gateway.service.schemas["a"] = b'{"type":"object","maxProperties":9}'
    await gateway.decide(approval)
    answer = await sending
    assert (answer.status, answer.code) == (403, "not-what-was-cleared")
    assert gateway.service.changes == []
    assert len({record.fields["approval"] for record in gateway.records("approval")}) == 1
    gateway.service.schemas["a"] = _OBJECT
    assert (await gateway.send("PUT", _PATH, _NARROWER)).status == 200


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
    assert gateway.parts.desk.get(approval.request.id).state == "void"
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
    assert (await sending).status == 200
    assert gateway.parts.desk.get(approval.request.id).state == "void"


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
