"""Many at once: one approval is one release, and the evidence says what happened."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from countersign.approvals import Approval
from tests.attacks.accounts import accounts_for_everything
from tests.attacks.console import ConsoleClient
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import SchemaService

_OBJECT = b'{"type":"object"}'
_NARROWER = b'{"type":"object","required":["id"]}'
_PATH = "/schemas/a"
_MANY = 50


def _steps(gateway: Gateway, approval: Approval) -> list[str]:
    """What the evidence says of one approval, in order."""
    records = gateway.records("approval")
    return [str(record.fields["verdict"]) for record in records if record.fields["approval"] == approval.request.id]


async def test_50_approvers_are_one_release(gateway: Gateway, console: ConsoleClient) -> None:
    """Each has a token and a name of their own, and asks the console's API at the same moment: one of them decides."""
    gateway.service.schemas["a"] = _OBJECT
    sending = gateway.sending("PUT", _PATH, _NARROWER)
    (approval,) = await gateway.pending()
    tokens = [gateway.token(f"approver-{number}", "approvers") for number in range(_MANY)]
    answers = await asyncio.gather(*(console.act(approval.request.id, "approve", token) for token in tokens))
    assert Counter(answer.code for answer in answers) == {200: 1, 409: _MANY - 1}
    assert (await sending).status == 200
    assert [change.body for change in gateway.service.changes] == [_NARROWER]
    assert _steps(gateway, approval) == ["requested", "approved", "used"]
    accounts_for_everything(gateway)


async def test_50_approvers_cannot_fill_a_quorum_twice(
    folder: Path, provider: KeyServer, service: SchemaService
) -> None:
    """Three are asked for: three of 50 are counted, each once, however often each of them says yes."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    edit_rules(folder / "rules", "approval.yaml", lambda document: document["rules"][-1].update(quorum=3))
    service.schemas["a"] = _OBJECT
    async with running_gateway(folder, provider, service) as gateway:
        console = ConsoleClient(gateway)
        sending = gateway.sending("PUT", _PATH, _NARROWER)
        (approval,) = await gateway.pending()
        few = [gateway.token(f"approver-{number}", "approvers") for number in range(2)] * (_MANY // 2)
        answers = await asyncio.gather(*(console.act(approval.request.id, "approve", token) for token in few))
        assert Counter(answer.code for answer in answers) == {200: 2, 409: _MANY - 2}
        assert service.changes == []
        many = [gateway.token(f"late-{number}", "approvers") for number in range(_MANY)]
        answers = await asyncio.gather(*(console.act(approval.request.id, "approve", token) for token in many))
        assert Counter(answer.code for answer in answers) == {200: 1, 409: _MANY - 1}
        assert (await sending).status == 200
        assert _steps(gateway, approval) == ["requested", "approved", "approved", "approved", "used"]
        assert len(service.changes) == 1
        console.close()


async def test_50_clients_use_one_approval_once(hurried: Gateway) -> None:
    """The same approved request, sent by all at the same moment: one passes, the others are told that it was used, or
    wait for an approval of their own."""
    first = await hurried.send("DELETE", _PATH)
    approval = await hurried.decide((await hurried.pending())[0])
    assert first.problem["approval"] == approval.request.id
    answers = await asyncio.gather(*(hurried.send("DELETE", _PATH) for _ in range(_MANY)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] == 1
    refused = {answer.code for answer in answers if answer.status != 200}
    assert refused <= {"approval-ended", "approval-pending"}
    assert len(hurried.service.changes) == 1
    used = [record for record in hurried.records("approval") if record.fields["verdict"] == "used"]
    assert len(used) == 1
    accounts_for_everything(hurried)


async def test_50_clients_that_wait_together_are_one_release(gateway: Gateway) -> None:
    """All of them joined the approval before it was decided."""
    gateway.service.schemas["a"] = _OBJECT
    sending = [gateway.sending("DELETE", _PATH) for _ in range(_MANY)]
    await until(lambda: sum(flow.intercepted for flow in gateway.watch.flows) == _MANY)
    (approval,) = await gateway.pending()
    await gateway.decide(approval)
    answers = await asyncio.gather(*sending)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: _MANY - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"approval-ended"}
    assert len(gateway.service.changes) == 1
    assert _steps(gateway, approval) == ["requested", "approved", "used"]
    accounts_for_everything(gateway)


@pytest.mark.parametrize(("taken_back", "person"), [("revoke", "carol"), ("withdraw", "alice"), (None, "")])
async def test_what_is_taken_back_before_its_use_is_not_sent(
    taken_back: str | None, person: str, gateway: Gateway, console: ConsoleClient
) -> None:
    """Approved, and the gateway is reading the schema once more: until the claim the approval can be taken back."""
    gateway.service.schemas["a"] = _OBJECT
    sending = gateway.sending("PUT", _PATH, _NARROWER)
    (approval,) = await gateway.pending()
    await gateway.paused()
    gateway.service.may_answer.clear()
    looked_up = len(gateway.service.received)
    assert (await console.act(approval.request.id, "approve", gateway.token("bob", "approvers"))).code == 200
    await gateway.service.wait_for(lambda: len(gateway.service.received) > looked_up)
    if taken_back is not None:
        token = gateway.token(person, "approvers")
        assert (await console.act(approval.request.id, taken_back, token, "not today")).code == 200
    gateway.service.may_answer.set()
    answer = await sending
    if taken_back is None:
        assert (answer.status, len(gateway.service.changes)) == (200, 1)
    else:
        assert answer.status == 403
        assert f"by {person}: not today" in answer.problem["detail"]
        assert gateway.service.changes == []
        assert "used" not in _steps(gateway, approval)
    accounts_for_everything(gateway)


_ACTIONS = (("approve", "bob"), ("revoke", "bob"), ("withdraw", "alice"), ("deny", "carol"))


@pytest.mark.parametrize("first", range(len(_ACTIONS)))
async def test_a_race_of_decisions_has_one_end(first: int, gateway: Gateway, console: ConsoleClient) -> None:
    """Approve, revoke, withdraw and deny at once, each of them first in turn: released or not, and the evidence agrees."""
    gateway.service.schemas["a"] = _OBJECT
    for round_number in range(3):
        sent = b'{"type":"object","required":["id"],"title":"%d"}' % round_number
        gateway.service.schemas["a"] = _OBJECT
        before = len(gateway.service.changes)
        sending = gateway.sending("PUT", _PATH, sent)
        (approval,) = await gateway.pending()
        steps = [
            console.act(approval.request.id, action, gateway.token(person, "approvers"), "because")
            for action, person in (*_ACTIONS[first:], *_ACTIONS[:first])
        ]
        await asyncio.gather(*steps)
        answer = await sending
        changes = gateway.service.changes[before:]
        happened = _steps(gateway, approval)
        end = gateway.parts.desk.get(approval.request.id).state
        if answer.status == 200:
            assert [change.body for change in changes] == [sent]
            assert (end, happened) == ("used", ["requested", "approved", "used"])
        else:
            assert answer.status == 403
            assert changes == []
            assert end in ("denied", "withdrawn", "revoked")
            assert happened[-1] == end
            assert "used" not in happened
    accounts_for_everything(gateway)
