"""Logging in at a real provider with a real browser: from a link to a change, through the provider's form, to the change.

Set COUNTERSIGN_SCREENSHOTS to a folder to keep the pictures.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect

from countersign.identity import BrowserLogin, TokenVerifier
from countersign.proxy.outbound import Outbound
from countersign.rulebook.secret_values import read_secret
from countersign.rulebook.values import IdentityRules, Issuer, LoginClient, PersonMark, Source
from scripts.story.provider import CONSOLE_CLIENT, Person, Provider
from tests.browser.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM
from tests.console.stage import Stage, on_stage

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """nanoidp; Bob is an approver, Mallory has an account and is not known to the rules."""
    people = [Person("bob", "bob-pw", ("stewards",)), Person("mallory", "mallory-pw")]
    with Provider(tmp_path_factory.mktemp("provider"), people=people, clients=[]) as running:
        yield running


@pytest.fixture
async def stage(provider: Provider) -> AsyncIterator[Stage]:
    """A console where people log in with that provider."""
    login = LoginClient(CONSOLE_CLIENT, None, ("openid",))
    issuer = Issuer(
        provider.issuer, ("countersign",), ("RS256",), 30, "groups", None, Source("identity.yaml", 1), login
    )
    rules = IdentityRules((issuer,), (PersonMark(provider.issuer, "sub", "bob", "bob"),))
    outbound = Outbound(None)
    verifier = TokenVerifier(rules, outbound.fetch, time.time)
    service = BrowserLogin(rules, verifier, outbound.post, read_secret, secrets.token_urlsafe)
    async with on_stage(browser_login=service) as running:
        yield running
    outbound.close()


@pytest.fixture
async def context(stage: Stage, provider: Provider) -> AsyncIterator[BrowserContext]:
    """A browser that reaches this machine only: the provider's page asks others for its looks."""

    async def only_here(route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        await (route.continue_() if host in ("127.0.0.1", "localhost") else route.abort())

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 1000, "height": 800})
        context.set_default_timeout(15_000)
        await context.route("**/*", only_here)
        yield context
        await browser.close()


async def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path)
    await page.screenshot(path=folder / f"{name}.png")


async def log_in(page: Page, name: str) -> None:
    await page.get_by_role("link", name="Log in with 127.0.0.1").click()
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill(f"{name}-pw")
    await page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize("has_script", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_a_link_leads_through_the_provider_to_the_change(
    stage: Stage, context: BrowserContext, tmp_path: Path, has_script: bool
) -> None:
    """The address at the end is the change's own, with no code in it, and the Strict cookie has come along."""
    held = await stage.hold()
    link = stage.console.approval_url(held.request.id)
    page = await context.new_page()
    if not has_script:
        session = await context.new_cdp_session(page)
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    await page.goto(link)
    await expect(page.get_by_label("Your own token")).to_be_hidden()
    await picture(page, "login-1-page", tmp_path)
    await log_in(page, "bob")
    await page.wait_for_url(re.compile(re.escape(held.request.id)))
    assert urlsplit(page.url).query == ""
    assert page.url.startswith(stage.console.url)
    answer = await context.request.get(f"{stage.console.url}/flows", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status, [flow["id"] for flow in await answer.json()]) == (200, [held.request.id])
    cookies = {cookie["name"]: cookie for cookie in await context.cookies(stage.console.url)}
    port = stage.console.address[1]
    assert cookies[f"countersign-{port}"]["sameSite"] == "Strict"
    assert cookies[f"countersign-{port}"]["httpOnly"]
    await picture(page, "login-2-logged-in", tmp_path)


async def test_who_is_not_known_is_told_and_may_try_again(
    stage: Stage, context: BrowserContext, tmp_path: Path
) -> None:
    """Mallory has an account at the provider; Bob then logs in with the same browser, from the same page."""
    page = await context.new_page()
    await page.goto(f"{stage.console.url}/login")
    await log_in(page, "mallory")
    await expect(page.get_by_role("alert")).to_contain_text("stands for no person in identity.yaml")
    await picture(page, "login-3-refused", tmp_path)
    await log_in(page, "bob")
    await page.wait_for_url(f"{stage.console.url}/approvals")
    answer = await context.request.get(f"{stage.console.url}/flows", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/login", "/login/callback?code=c&state=s"], ids=["at once", "after a refusal"])
async def test_a_token_can_be_pasted_all_the_same(stage: Stage, context: BrowserContext, path: str) -> None:
    """Behind a fold that the keyboard opens."""
    page = await context.new_page()
    await page.goto(stage.console.url + path)
    await page.get_by_text("Use a token instead").press("Enter")
    await page.get_by_label("Your own token").fill("token-bob")
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"{stage.console.url}/approvals")
