"""Logging in with one's own token, and out again."""

from __future__ import annotations

import pytest

from tests.console.stage import Browser, Stage, on_stage

APPROVAL = "00000000-0000-4000-8000-000000000001"


async def test_a_token_opens_a_session(stage: Stage) -> None:
    """The cookie is HttpOnly, Strict, and ends with the session; the page opens."""
    browser = Browser(stage)
    answer = await browser.log_in("token-bob")
    assert (answer.code, answer.headers["Location"]) == (303, "/approvals")
    cookie = next(value for value in answer.headers.get_list("Set-Cookie") if value.startswith("countersign-"))
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "expires="):
        assert part in cookie
    assert "Secure" not in cookie
    assert b"token-bob" not in answer.body + cookie.encode()
    assert (await browser.send("GET", "/")).code == 200


async def test_cookies_are_secure_where_people_come_over_tls() -> None:
    """Behind a proxy that ends TLS as well; the name then forbids that another host sets it."""
    async with on_stage(public_url="https://approve.example") as stage:
        page = await stage.send("GET", "/login", {"Host": "approve.example"})
        assert "Secure" in page.headers["Set-Cookie"]
        answer = await stage.send(
            "POST",
            "/login",
            {
                "Host": "approve.example",
                "Origin": "https://approve.example",
                "Cookie": page.headers["Set-Cookie"].partition(";")[0],
                "X-XSRFToken": page.headers["Set-Cookie"].partition(";")[0].partition("=")[2],
                "Content-Type": "application/x-www-form-urlencoded",
            },
            b"token=token-bob",
        )
        assert answer.code == 303
        assert answer.headers["Set-Cookie"].startswith("__Host-countersign-")
        assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("token", "status", "why"),
    [
        ("token-of-nobody", 401, "nobody issued this token"),
        ("token-nobody", 403, "no person in identity.yaml"),
        ("token-pair", 403, "more than one person"),
        ("", 401, "credential is empty"),
        ("two+tokens", 401, "no token has"),
    ],
)
async def test_a_refusal_says_why(stage: Stage, token: str, status: int, why: str) -> None:
    """On the log-in page again, and without a session."""
    browser = Browser(stage)
    answer = await browser.log_in(token)
    assert answer.code == status
    assert why in answer.body.decode()
    assert (await browser.send("GET", "/flows")).code == 401


async def test_the_form_needs_its_own_page(stage: Stage) -> None:
    """Nobody can be logged in by another site, as somebody else."""
    body = b"token=token-bob"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": stage.console.url}
    assert (await stage.send("POST", "/login", headers, body)).code == 403


async def test_it_leads_on_to_the_approval(stage: Stage) -> None:
    """Where the person was going; anything that is no approval's id is not followed."""
    on_the_way = await Browser(stage).log_in("token-bob", approval=APPROVAL)
    assert on_the_way.headers["Location"] == f"/approvals/{APPROVAL}"
    elsewhere = await Browser(stage).log_in("token-bob", approval="//evil.example")
    assert elsewhere.headers["Location"] == "/approvals"
    mitmweb = await Browser(stage).log_in("token-bob", to="mitmweb")
    assert mitmweb.headers["Location"] == "/#/flows"


async def test_the_page_has_no_script_and_escapes(stage: Stage) -> None:
    """Its policy allows one style, by its hash, and nothing else."""
    answer = await stage.send("GET", "/login?approval=%22%3E%3Cscript%3E")
    assert b"<script" not in answer.body
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "'sha256-" in answer.headers["Content-Security-Policy"]
    assert b'type="password" autocomplete="off"' in answer.body


async def test_logging_out_ends_the_session_here(stage: Stage) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    browser = await stage.browser("token-bob")
    kept = dict(browser.cookies)
    answer = await browser.send("POST", "/logout")
    assert (answer.code, answer.headers["Location"]) == (303, "/login")
    browser.cookies = kept
    assert (await browser.send("GET", "/flows")).code == 401


async def test_logging_out_needs_the_page(stage: Stage) -> None:
    """Another site cannot log people out."""
    browser = await stage.browser("token-bob")
    assert (await browser.send("POST", "/logout", xsrf=False)).code == 403
    assert (await browser.send("GET", "/flows")).code == 200


async def test_a_new_log_in_replaces_the_old_one(stage: Stage) -> None:
    """With another id; whoever had a copy of the old cookie is logged out, and other browsers are not."""
    browser, elsewhere = await stage.browser("token-bob"), await stage.browser("token-bob")
    copied = Browser(stage)
    copied.cookies = dict(browser.cookies)
    assert (await copied.send("GET", "/flows")).code == 200
    await browser.log_in("token-bob")
    assert browser.cookies != copied.cookies
    assert (await copied.send("GET", "/flows")).code == 401
    assert (await browser.send("GET", "/flows")).code == 200
    assert (await elsewhere.send("GET", "/flows")).code == 200
