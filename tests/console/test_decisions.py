"""Resume, Abort and the API: each one step of the desk, in the name of the person who sent it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from countersign import limits
from tests.console.stage import Stage

UNKNOWN = "00000000-0000-4000-8000-00000000ffff"


async def until_waiting(stage: Stage, number: int) -> None:
    """Until so many wait for news."""
    async with asyncio.timeout(10):
        while stage.console._started()._waiting.total() != number:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("button", "state", "verdict"), [("resume", "approved", "approve"), ("kill", "denied", "deny")]
)
async def test_a_press_is_recorded_for_the_person(stage: Stage, button: str, state: str, verdict: str) -> None:
    """Resume approves, Abort denies."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    answer = await browser.send("POST", f"/flows/{held.request.id}/{button}")
    assert (answer.code, json.loads(answer.body)["state"]) == (200, state)
    (signature,) = stage.desk.get(held.request.id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", verdict, "")


async def test_only_the_one_pressed_is_decided(stage: Stage) -> None:
    """The other stays."""
    first, second = await stage.hold(1), await stage.hold(2)
    browser = await stage.browser("token-bob")
    await browser.send("POST", f"/flows/{first.request.id}/resume")
    assert stage.desk.get(second.request.id).state == "pending"


async def test_the_requester_cannot_approve(stage: Stage) -> None:
    """Alice sees her own change and cannot decide it; Bob can."""
    held = await stage.hold()
    path = f"/flows/{held.request.id}/resume"
    refused = await (await stage.browser("token-alice")).send("POST", path)
    assert refused.code == 403
    assert "alice stands behind this request" in json.loads(refused.body)["detail"]
    assert stage.desk.get(held.request.id).state == "pending"
    assert (await (await stage.browser("token-bob")).send("POST", path)).code == 200


async def test_who_may_not_see_it_cannot_tell_that_it_is_there(stage: Stage) -> None:
    """Dave gets the same answer for Alice's approval as for none, on every way."""
    held = await stage.hold()
    browser = await stage.browser("token-dave")
    for method, path in [
        ("POST", "/flows/{}/resume"),
        ("POST", "/flows/{}/kill"),
        ("GET", "/flows/{}/request/content/auto"),
        ("GET", "/api/approvals/{}"),
        ("POST", "/api/approvals/{}/approve"),
        ("POST", "/api/approvals/{}/deny"),
    ]:
        real = await browser.send(method, path.format(held.request.id))
        none = await browser.send(method, path.format(UNKNOWN))
        assert (real.code, none.code) == (404, 404), path
        assert real.body.replace(held.request.id.encode(), b"") == none.body.replace(UNKNOWN.encode(), b""), path
    assert stage.desk.get(held.request.id).signatures == ()


async def test_the_list_is_the_viewer_s(stage: Stage) -> None:
    """Bob the steward and Alice who asked see it, Dave does not."""
    held = await stage.hold()
    for token, ids in [("token-bob", [held.request.id]), ("token-alice", [held.request.id]), ("token-dave", [])]:
        answer = await stage.as_tool(token, "GET", "/api/approvals")
        assert [approval["id"] for approval in json.loads(answer.body)["approvals"]] == ids


async def test_one_approval_can_be_read(stage: Stage) -> None:
    """Also after it was decided."""
    held = await stage.hold()
    path = f"/api/approvals/{held.request.id}"
    assert json.loads((await stage.as_tool("token-bob", "GET", path)).body)["state"] == "pending"
    await stage.as_tool("token-bob", "POST", f"{path}/deny", {"reason": "no"})
    read = json.loads((await stage.as_tool("token-bob", "GET", path)).body)
    assert (read["state"], read["why_ended"]) == ("denied", "no")
    assert "fingerprint" not in read


async def test_a_press_where_a_reason_is_needed(stage: Stage) -> None:
    """409 with how to give one; the API with a reason then decides."""
    held = await stage.hold(reason=("approve",))
    browser = await stage.browser("token-bob")
    refused = await browser.send("POST", f"/flows/{held.request.id}/resume")
    problem = json.loads(refused.body)
    assert (refused.code, problem["reason_needed"]) == (409, True)
    assert problem["approval"] == held.request.id
    assert problem["approval_url"] == stage.console.approval_url(held.request.id)
    assert "give it on the approval's page, or in a terminal with --reason" in problem["detail"]
    given = await browser.send(
        "POST",
        f"/api/approvals/{held.request.id}/approve",
        {"Content-Type": "application/json"},
        b'{"reason": "checked with the team"}',
    )
    assert given.code == 200
    assert stage.desk.get(held.request.id).signatures[0].reason == "checked with the team"


async def test_who_waits_for_news_and_logs_out_hears_none(stage: Stage) -> None:
    """Nothing is told after the session, also where it was asked for before."""
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", "/approvals")
    asking = asyncio.ensure_future(browser.send("GET", f"/api/approvals?seen={stage.desk.revision}"))
    staying = asyncio.ensure_future(
        (await stage.browser("token-carol")).send("GET", f"/api/approvals?seen={stage.desk.revision}")
    )
    await until_waiting(stage, 2)
    assert (await browser.submit(page, "/logout")).code == 303
    await stage.hold()
    assert ((await asking).code, (await staying).code) == (401, 200)


async def test_one_caller_does_not_take_every_place(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's token can wait as often as a person has pages; who decides still hears the news."""
    monkeypatch.setattr(limits, "MAX_WAITING_PER_CALLER", 2)
    path = f"/api/approvals?seen={stage.desk.revision}"
    waiting = [asyncio.ensure_future(stage.as_tool("token-dave", "GET", path)) for _ in range(2)]
    await until_waiting(stage, 2)
    assert (await stage.as_tool("token-dave", "GET", path)).code == 503
    waiting.append(asyncio.ensure_future(stage.as_tool("token-bob", "GET", path)))
    await until_waiting(stage, 3)
    await stage.hold()
    assert [answer.code for answer in await asyncio.gather(*waiting)] == [200] * 3
    assert (await stage.as_tool("token-dave", "GET", path)).code == 200  # the places are free again


async def test_what_is_decided_stays_decided(stage: Stage) -> None:
    """The second press is 409, and says why."""
    held = await stage.hold()
    await stage.as_tool("token-bob", "POST", f"/api/approvals/{held.request.id}/deny", {"reason": "no"})
    late = await stage.as_tool("token-carol", "POST", f"/api/approvals/{held.request.id}/approve", {"reason": ""})
    assert late.code == 409
    assert "denied already" in json.loads(late.body)["detail"]
    assert "reason_needed" not in json.loads(late.body)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"reason": "x" * limits.MAX_REASON_CHARACTERS}, 200),
        ({"reason": "x" * (limits.MAX_REASON_CHARACTERS + 1)}, 400),
        ({"reason": 1}, 400),
        ({"reason": None}, 400),
        ({"reason": "x", "verdict": "deny"}, 400),
        ({}, 400),
        ([], 400),
        ("x", 400),
    ],
)
async def test_the_reason_is_one_string(stage: Stage, document: Any, status: int) -> None:
    """Anything else is refused, and nothing is signed."""
    held = await stage.hold()
    answer = await stage.as_tool("token-bob", "POST", f"/api/approvals/{held.request.id}/approve", document)
    assert answer.code == status
    assert stage.desk.get(held.request.id).state == ("approved" if status == 200 else "pending")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json; charset=utf-8", b'{"reason": "x"}', 200),
        ("text/plain", b'{"reason": "x"}', 400),
        ("application/json", b'{"reason": "x", "reason": "y"}', 400),
        ("application/json", b'{"reason": "\\ud800"}', 400),
        ("application/json", b"\xff", 400),
        ("application/json", b'{"reason": [[]]}', 413),
        ("", b"", 200),
    ],
)
async def test_the_body_is_strict_json(stage: Stage, content_type: str, body: bytes, status: int) -> None:
    """One reading of it, sent as what it is; no body at all is no reason."""
    held = await stage.hold()
    headers = {"Authorization": "Bearer token-bob", "Content-Type": content_type}
    answer = await stage.send("POST", f"/api/approvals/{held.request.id}/approve", headers, body)
    assert answer.code == status
    assert answer.headers["Content-Type"].startswith(
        "application/json" if status == 200 else "application/problem+json"
    )
