"""mitmweb in a real browser: an approver logs in, sees the change, and decides with Resume and Abort.

Set COUNTERSIGN_SCREENSHOTS to a folder to keep the pictures.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from countersign.approvals import Desk
from tests.browser.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM
from tests.console.stage import CALLERS, Stage, on_stage

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running console whose desk is empty."""
    async with on_stage() as running:
        yield running


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A browser's page; afterwards it has loaded nothing from elsewhere, and no script of it has failed."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(15_000)
        elsewhere: list[str] = []
        failures: list[str] = []
        page.on(
            "request",
            lambda request: None if request.url.startswith(stage.console.url) else elsewhere.append(request.url),
        )
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("console", lambda message: failures.append(message.text) if "Security" in message.text else None)
        yield page
        await browser.close()
        assert [url for url in elsewhere if not url.startswith("data:")] == []
        assert failures == []


async def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path)
    await page.screenshot(path=folder / f"{name}.png")


async def log_in(page: Page, token: str) -> None:
    await page.get_by_label("Your own token").fill(token)
    await page.get_by_role("button", name="Log in").click()


async def open_in_mitmweb(page: Page, token: str) -> None:
    """From the log-in that a link led to, over the approval's page."""
    await log_in(page, token)
    await page.get_by_role("link", name="mitmweb").click()


def resume(page: Page) -> Locator:
    return page.locator('button[title="[a]ccept intercepted flow"]')


def decision(desk: Desk, approval_id: str) -> tuple[str, list[tuple[str, str, str]]]:
    approval = desk.get(approval_id)
    return approval.state, [(sign.person, sign.verdict, sign.reason) for sign in approval.signatures]


async def test_a_link_leads_through_the_log_in_to_the_change_and_resume_approves(
    stage: Stage, page: Page, tmp_path: Path
) -> None:
    """From the URL in a refusal to a recorded approval; a double click does not decide about the next change."""
    held, other = await stage.hold(1), await stage.hold(2, subject="orders-value")
    await page.goto(stage.console.approval_url(held.request.id))
    await picture(page, "1-log-in", tmp_path)
    await log_in(page, "token-of-nobody")
    await expect(page.get_by_role("alert")).to_contain_text("nobody issued this token")
    await open_in_mitmweb(page, "token-bob")

    change = page.locator(".contentview pre")
    for text in (
        "taxId becomes required",
        "required-added at /properties/customer/required",
        '"maximum": 120',
        "alice",
    ):
        await expect(change).to_contain_text(text)
    await expect(page.locator(".contentview h5")).to_have_text("Countersign")
    await expect(page.locator(".countersign-who")).to_contain_text("bob")
    await picture(page, "2-the-change", tmp_path)

    await resume(page).dblclick()
    await expect(page.locator(".countersign-notice")).to_have_text("Approved by you.")
    await expect(resume(page)).to_be_disabled()
    await expect(change).to_contain_text("(approved)")
    await picture(page, "3-approved", tmp_path)
    assert decision(stage.desk, held.request.id) == ("approved", [("bob", "approve", "")])
    assert decision(stage.desk, other.request.id) == ("pending", [])


async def test_abort_denies_and_asks_for_a_reason_where_the_rule_does(stage: Stage, page: Page, tmp_path: Path) -> None:
    """The dialog's text is what is recorded; cancelling it records nothing."""
    held = await stage.hold(reason=("deny",))
    await page.goto(stage.console.url)
    await log_in(page, "token-bob")
    await page.locator(".flow-table tr.intercepted").click()
    await page.get_by_role("button", name="Abort").click()
    await page.get_by_role("button", name="Cancel").click()
    assert decision(stage.desk, held.request.id) == ("pending", [])
    await page.get_by_role("button", name="Abort").click()
    await page.locator("dialog textarea").fill("taxId is not known for everybody")
    await picture(page, "4-reason", tmp_path)
    await page.get_by_role("button", name="Deny").click()
    await expect(page.locator(".countersign-notice")).to_have_text("Denied by you.")
    await picture(page, "5-denied", tmp_path)
    assert decision(stage.desk, held.request.id) == ("denied", [("bob", "deny", "taxId is not known for everybody")])


async def test_what_cannot_be_decided_is_said(stage: Stage, page: Page, tmp_path: Path) -> None:
    """Alice asked for the change herself: the page shows the refusal, which mitmweb alone would not."""
    held = await stage.hold()
    await page.goto(stage.console.approval_url(held.request.id))
    await open_in_mitmweb(page, "token-alice")
    await resume(page).click()
    await expect(page.locator(".countersign-notice")).to_contain_text("alice stands behind this request")
    await picture(page, "6-refused", tmp_path)
    assert decision(stage.desk, held.request.id) == ("pending", [])


async def test_the_list_follows_the_desk(stage: Stage, page: Page, tmp_path: Path) -> None:
    """A new change appears, one decided elsewhere is no longer paused, and hostile text stays text."""
    await page.goto(stage.console.url)
    await log_in(page, "token-bob")
    await expect(page).to_have_url(re.compile("#/flows$"))
    held = await stage.hold(summary=("<img src=x onerror=alert(1)>\x1b[31m\u202e",))
    row = page.locator(".flow-table tr.intercepted")
    await expect(row).to_contain_text("<img src=x onerror=alert(1)>\\u001b[31m\\u202e")
    await picture(page, "7-list", tmp_path)
    await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "no")
    await expect(row).to_have_count(0)
    await expect(page.locator(".flow-table")).to_contain_text("denied: no")


async def test_only_what_an_approver_can_do_is_offered(stage: Stage, page: Page) -> None:
    """No Replay, Duplicate, Delete, Edit, Export; and no key decides without a click."""
    held = await stage.hold()
    await page.goto(stage.console.approval_url(held.request.id))
    await open_in_mitmweb(page, "token-bob")
    await expect(page.locator(".contentview pre")).to_contain_text("taxId")
    visible = [await button.inner_text() for button in await page.locator("header button:visible").all()]
    assert [text.strip() for text in visible] == ["Resume", "Abort"]
    tabs = [await link.inner_text() for link in await page.locator("header nav a:visible").all()]
    assert tabs == ["Flow List", "Flow"]
    for name in ("Edit", "Replace", "Resume All"):
        await expect(page.get_by_text(name, exact=True)).to_be_hidden()
    for key in "aAxXdDrvVz":
        await page.keyboard.press(key)
    await stage.settle()
    assert decision(stage.desk, held.request.id) == ("pending", [])


async def test_several_are_not_decided_at_once(stage: Stage, page: Page) -> None:
    """Two selected: the page asks to select one."""
    first, second = await stage.hold(1), await stage.hold(2)
    await page.goto(stage.console.url)
    await log_in(page, "token-bob")
    rows = page.locator(".flow-table tr.intercepted")
    await rows.nth(0).click()
    await rows.nth(1).click(modifiers=["Control"])
    await expect(page.locator(".flow-table tr.selected")).to_have_count(2)
    await resume(page).click()
    await expect(page.locator(".countersign-notice")).to_contain_text("select one")
    assert {decision(stage.desk, held.request.id)[0] for held in (first, second)} == {"pending"}


async def test_logging_out(stage: Stage, page: Page) -> None:
    """Back at the log-in, and the list is closed."""
    await page.goto(stage.console.url)
    await log_in(page, "token-bob")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Your own token")).to_be_visible()
    await page.goto(stage.console.url)
    await expect(page.get_by_label("Your own token")).to_be_visible()
