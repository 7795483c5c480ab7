"""What every request passes: the site it comes from, and who sends it."""

from __future__ import annotations

import json

import pytest

from countersign import limits
from tests.console.stage import CALLERS, Browser, Stage

PRIVATE = [
    "/",
    "/approvals",
    "/flows",
    "/state",
    "/options",
    "/api/approvals",
    "/updates",
    "/static/favicon.ico",
    "/approver.js",
    "/approvals.js",
]


@pytest.mark.parametrize("path", PRIVATE)
async def test_nothing_is_answered_to_nobody(stage: Stage, path: str) -> None:
    """A page leads to the log-in, everything else says 401; with a session both answer."""
    answer = await stage.send("GET", path)
    assert answer.code == (303 if path in ("/", "/approvals") else 401)
    if path not in ("/updates",):
        assert (await (await stage.browser("token-bob")).send("GET", path)).code == 200


async def test_a_bearer_token_is_enough(stage: Stage) -> None:
    """For tools: no cookie, no XSRF token, no origin."""
    held = await stage.hold()
    assert (await stage.as_tool("token-bob", "GET", "/api/approvals")).code == 200
    assert (await stage.as_tool("token-bob", "POST", f"/api/approvals/{held.request.id}/approve")).code == 200


@pytest.mark.parametrize(
    "value", ["Bearer token-of-nobody", "Basic eDp0b2tlbi1ib2I=", "Bearer", "token-bob", "Bearer a b"]
)
async def test_a_bad_authorization_is_refused(stage: Stage, value: str) -> None:
    """And does not fall back on the session that comes with it."""
    browser = await stage.browser("token-bob")
    answer = await browser.send("GET", "/api/approvals", {"Authorization": value})
    assert answer.code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_session_ends_with_the_token(stage: Stage) -> None:
    """A second before it answers, at its end it does not."""
    browser = await stage.browser("token-bob-short")
    stage.clock.seconds += 59
    assert (await browser.send("GET", "/flows")).code == 200
    stage.clock.seconds += 1
    assert (await browser.send("GET", "/flows")).code == 401


async def test_a_forged_session_cookie_is_refused(stage: Stage) -> None:
    """Its signature is checked before the id is looked up."""
    browser = await stage.browser("token-bob")
    name = next(name for name in browser.cookies if name.startswith("countersign-"))
    value = browser.cookies[name]
    browser.cookies[name] = value[:-1] + ("0" if value[-1] != "0" else "1")
    assert (await browser.send("GET", "/flows")).code == 401
    browser.cookies[name] = value
    assert (await browser.send("GET", "/flows")).code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-XSRFToken": "2|00000000|00000000000000000000000000000000|1"}, 403),
        ({"X-XSRFToken": ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ],
)
async def test_only_the_console_s_own_page_decides(stage: Stage, headers: dict[str, str], status: int) -> None:
    """A browser's decision needs the page's XSRF token, its origin and its site; each alone missing refuses."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    answer = await browser.send("POST", f"/flows/{held.request.id}/resume", headers)
    assert answer.code == status
    assert stage.desk.get(held.request.id).state == ("approved" if status == 200 else "pending")


async def test_another_site_cannot_use_a_bearer_token_either(stage: Stage) -> None:
    """A page elsewhere that knows a token is still another site."""
    held = await stage.hold()
    path = f"/api/approvals/{held.request.id}/approve"
    headers = {"Authorization": "Bearer token-bob", "Origin": "https://evil.example"}
    assert (await stage.send("POST", path, headers)).code == 403
    assert (await stage.send("POST", path, {"Authorization": "Bearer token-bob"})).code == 200


async def test_a_link_from_elsewhere_opens(stage: Stage) -> None:
    """A Strict cookie does not come with it, so the page steps once onto its own site, and only then asks to log in."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    path = "/approvals/00000000-0000-4000-8000-000000000001"
    first = await stage.send("GET", path, link)
    assert (first.code, first.headers["Refresh"]) == (200, f"0; url={path}")
    second = await stage.send("GET", path, {**link, "Sec-Fetch-Site": "same-origin"})
    assert (second.code, second.headers["Location"]) == (303, "/login?approval=00000000-0000-4000-8000-000000000001")
    framed = await stage.send("GET", path, {**link, "Sec-Fetch-Dest": "iframe"})
    assert framed.code == 403
    assert (await stage.send("GET", "/flows", link)).code == 403


@pytest.mark.parametrize(
    "path", ["/", "/login", "/approvals", "/flows", "/api/approvals", "/approver.js", "/static/favicon.ico"]
)
async def test_every_answer_is_guarded(stage: Stage, path: str) -> None:
    """Nothing from outside, no frames, no sniffing, nothing in shared caches."""
    answer = await (await stage.browser("token-bob")).send("GET", path)
    assert answer.code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    is_file = path in ("/approver.js", "/static/favicon.ico")
    assert answer.headers["Cache-Control"] == ("private, max-age=3600" if is_file else "no-store")
    assert "mitmproxy" not in answer.headers["Server"]


async def test_failed_log_ins_are_counted_over_both_ways(stage: Stage) -> None:
    """The form and the header share one limit; a good token is refused then too, until a minute has passed."""
    for _ in range(limits.MAX_FAILED_LOGINS_PER_MINUTE - 1):
        await stage.as_tool("token-of-nobody", "GET", "/api/approvals")
    assert (await Browser(stage).log_in("token-of-nobody")).code == 401
    stopped = await stage.as_tool("token-bob", "GET", "/api/approvals")
    assert (stopped.code, stopped.headers["Retry-After"]) == (429, "60")
    stage.clock.seconds += 60
    assert (await stage.as_tool("token-bob", "GET", "/api/approvals")).code == 200


async def test_an_error_nobody_meant_tells_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 and a problem document without the error's text; nothing is decided."""
    held = await stage.hold()

    async def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(stage.desk, "act", fail)
    answer = await stage.as_tool("token-bob", "POST", f"/api/approvals/{held.request.id}/approve")
    assert answer.code == 500
    assert json.loads(answer.body)["status"] == 500
    assert b"secret" not in answer.body


async def test_an_oversized_request_is_refused(stage: Stage) -> None:
    """The body is never read into memory."""
    held = await stage.hold()
    answer = await stage.send(
        "POST",
        f"/api/approvals/{held.request.id}/approve",
        {"Authorization": "Bearer token-bob", "Content-Type": "application/json"},
        b" " * (limits.MAX_CONSOLE_BODY_BYTES + 1),
    )
    assert answer.code in (400, 413, 599)
    assert stage.desk.get(held.request.id).state == "pending"


async def test_who_is_known_is_the_token_s_person(stage: Stage) -> None:
    """The session holds the verified caller, and nothing the browser says."""
    held = await stage.hold()
    browser = await stage.browser("token-carol")
    await browser.send("POST", f"/flows/{held.request.id}/resume", {"X-User": "bob"})
    (signature,) = stage.desk.get(held.request.id).signatures
    assert signature.signer == CALLERS["token-carol"].as_evidence()
