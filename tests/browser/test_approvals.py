"""The approvals pages in a real browser: decided with the keyboard alone, without scripts, and live with them.

Set COUNTERSIGN_SCREENSHOTS to a folder to keep the pictures.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from countersign.approvals import Approval
from countersign.rulebook.values import Requirement
from tests.browser.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM
from tests.console.stage import CALLERS, Stage, on_stage

pytestmark = NEEDS_CHROMIUM

TWO = ((Requirement(2, ("group:stewards",)),),)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m" + "n" * 10_000
SHOWN = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\\u202e\\u001b[31m" + "n" * 10_000
BEFORE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Customer",
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "maxLength": 200},
        "email": {"type": "string", "format": "email"},
        "age": {"type": "integer"},
        "address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id"],
}
AFTER = {**BEFORE, "required": ["id", "taxId"]}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A running console whose desk is empty."""
    async with on_stage() as running:
        yield running


@asynccontextmanager
async def opened(stage: Stage, token: str = "token-bob", **options: Any) -> AsyncIterator[Page]:
    """A browser that somebody is logged in with; it loads nothing from elsewhere, and no script of it fails."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        logged_in = await stage.browser(token)
        await context.add_cookies(
            [{"name": name, "value": value, "url": stage.console.url} for name, value in logged_in.cookies.items()]
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(f"a dialog: {dialog.message}"))
        page.on("console", lambda said: troubles.append(said.text) if "Security Policy" in said.text else None)
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((stage.console.url, "data:")) else troubles.append(request.url)
            ),
        )
        yield page
        await browser.close()
        assert troubles == []


async def picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path)
    await page.screenshot(path=folder / f"approvals-{name}.png", full_page=True)


def url_of(stage: Stage, approval: Approval) -> str:
    return stage.console.approval_url(approval.request.id)


def decision(stage: Stage, approval: Approval) -> tuple[str, list[tuple[str, str, str]]]:
    now = stage.desk.get(approval.request.id)
    return now.state, [(sign.person, sign.verdict, sign.reason) for sign in now.signatures]


async def test_deciding_without_scripts(stage: Stage, tmp_path: Path) -> None:
    """From the inbox to a recorded approval with JavaScript switched off, folded lines included."""
    held = await stage.hold(before=BEFORE, after=AFTER)
    async with opened(stage, java_script_enabled=False) as page:
        await page.goto(stage.console.url + "/approvals")
        await page.get_by_role("link", name="alice wants to register a new schema for customer-value").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("customer-value at registry")
        fold = page.locator("details", has_text="lines stay the same").first
        await expect(fold.get_by_text('"title": "Customer"').first).to_be_hidden()
        await fold.locator("summary").click()
        await expect(fold.get_by_text('"title": "Customer"').first).to_be_visible()
        await page.get_by_label("Reason").fill("checked with the team")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", name="Approved, not used yet")).to_be_visible()
        await expect(page.get_by_text("You approved this.")).to_be_visible()
        await picture(page, "no-script", tmp_path)
    assert decision(stage, held) == ("approved", [("bob", "approve", "checked with the team")])


async def test_the_browser_asks_for_a_reason_where_one_is_needed(stage: Stage) -> None:
    """Deny without one is not even sent; approve needs none."""
    held = await stage.hold(reason=("deny",))
    async with opened(stage, java_script_enabled=False) as page:
        await page.goto(url_of(stage, held))
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_label("Reason")).to_be_focused()
        assert decision(stage, held) == ("pending", [])
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", name="Approved, not used yet")).to_be_visible()


async def test_a_refusal_is_at_the_form(stage: Stage, tmp_path: Path) -> None:
    """What was typed is still there, and the field has the focus."""
    held = await stage.hold(reason=("deny",))
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await page.get_by_label("Reason").fill("...")
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_role("alert")).to_have_text("A reason is needed for this. Write it below.")
        await expect(page.get_by_label("Reason")).to_be_focused()
        await expect(page.get_by_label("Reason")).to_have_value("...")
        await picture(page, "refused", tmp_path)
    assert decision(stage, held) == ("pending", [])


async def test_deciding_with_the_keyboard(stage: Stage) -> None:
    """The skip link comes first, then the way to the form is short, and the focus is always visible."""
    held = await stage.hold(reason=("approve", "deny"), before=BEFORE, after=AFTER)
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        order = []
        for _ in range(9):
            await page.keyboard.press("Tab")
            name = "e => (e.labels && e.labels[0] ? e.labels[0].textContent : e.textContent).trim()"
            order.append(await page.locator(":focus").evaluate(name))
            outline = await page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle")
            assert outline != "none", order[-1]
        assert order == [
            "Skip to the content",
            "Countersign",
            "Approvals",
            "mitmweb",
            "Log out",
            "← All approvals",
            "Reason",
            "Approve",
            "Deny",
        ]
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.type("agreed")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Approved, not used yet")).to_be_visible()
    assert decision(stage, held) == ("approved", [("bob", "approve", "agreed")])


async def test_the_inbox_is_live(stage: Stage) -> None:
    """A new change appears, one that Carol decides goes, and a screen reader hears of both."""
    async with opened(stage) as page:
        await page.goto(stage.console.url + "/approvals")
        await expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
        held = await stage.hold()
        await expect(page.get_by_role("link", name="alice wants to register")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("Updated: 1 for you to decide")
        await page.get_by_role("link", name="alice wants to register").focus()
        await stage.hold(2, subject="orders-value")
        await expect(page.get_by_role("link", name="orders-value")).to_be_visible()
        await expect(page.get_by_role("link", name="customer-value")).to_be_focused()
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "no")
        await expect(page.get_by_role("link", name="customer-value")).to_have_count(0)


async def test_what_is_typed_survives_news(stage: Stage) -> None:
    """Carol signs while Bob writes: the page says so, and his text, his caret and his open fold stay."""
    held = await stage.hold(alternatives=TWO, before=BEFORE, after=AFTER)
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await page.locator("details summary").first.click()
        await page.get_by_label("Reason").fill("I have looked at")
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "approve", "fine")
        await expect(page.get_by_text("carol approved")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("1 signature missing")
        await expect(page.get_by_label("Reason")).to_be_focused()
        await page.keyboard.type(" it")
        await expect(page.get_by_label("Reason")).to_have_value("I have looked at it")
        await expect(page.locator("details").first).to_have_attribute("open", "")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("heading", name="Approved, not used yet")).to_be_visible()
    assert decision(stage, held)[1][1] == ("bob", "approve", "I have looked at it")


async def test_a_page_in_the_background_asks_nothing(stage: Stage) -> None:
    """Hidden: its request ends and no other follows; shown again, it is up to date."""
    async with opened(stage) as page:
        await page.goto(stage.console.url + "/approvals")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        async def show(state: str) -> None:
            await page.evaluate(
                """state => {
                    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
                    document.dispatchEvent(new Event("visibilitychange"));
                }""",
                state,
            )

        await page.wait_for_function("performance.getEntriesByType('resource').length > 0")
        await show("hidden")
        await asyncio.sleep(0.3)
        asked.clear()
        await stage.hold()
        await asyncio.sleep(0.5)
        assert asked == []
        await show("visible")
        await expect(page.get_by_role("link", name="alice wants to register")).to_be_visible()


async def test_a_session_that_ends_is_said_and_nothing_typed_is_lost(stage: Stage) -> None:
    """The page does not walk away from under the one who writes."""
    held = await stage.hold()
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await page.get_by_label("Reason").fill("half a sentence")
        stage.console.end_sessions()
        await stage.hold(2)
        await expect(page.get_by_role("status")).to_contain_text("You are logged out")
        await expect(page.get_by_label("Reason")).to_have_value("half a sentence")


async def test_a_double_click_is_one_decision(stage: Stage) -> None:
    """Not a decision and a refusal of the same."""
    held = await stage.hold()
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await page.get_by_role("button", name="Approve").dblclick()
        await expect(page.get_by_role("heading", name="Approved, not used yet")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)


async def test_hostile_text_does_nothing(stage: Stage, tmp_path: Path) -> None:
    """No script runs, nothing is loaded, nothing is hidden, and the page is no wider than the screen."""
    change = {
        "kind": HOSTILE, "pointer": HOSTILE, "property": HOSTILE, "before": HOSTILE, "after": HOSTILE,
        "effect": "narrows", "counterexample": {"direction": "backward", "value": HOSTILE},
    }  # fmt: skip
    held = await stage.hold(
        subject=HOSTILE,
        summary=(HOSTILE,),
        changes=(change,),
        before={HOSTILE: 1},
        after={HOSTILE: 2},
        message={"method": "POST", "url": HOSTILE, "headers": [[HOSTILE, HOSTILE]], "body": HOSTILE},
        justification=HOSTILE,
    )
    for width in (1280, 390):
        async with opened(stage, viewport={"width": width, "height": 900}) as page:
            for address in (stage.console.url + "/approvals", url_of(stage, held)):
                await page.goto(address)
                assert SHOWN in (await page.locator("main").text_content() or "")
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
                assert await page.locator("main script, main img").count() == 0
            await picture(page, f"hostile-{width}", tmp_path)


async def test_five_hundred_changes(stage: Stage) -> None:
    """All of them, and the decision is still at hand."""
    changes = tuple(
        {"kind": "required-added", "pointer": f"/properties/p{each}/required", "property": f"name{each}",
         "before": None, "after": f"name{each}", "effect": "narrows"}
        for each in range(500)
    )  # fmt: skip
    after = {"properties": {f"p{each}": {"required": [f"name{each}"]} for each in range(500)}}
    held = await stage.hold(changes=changes, before={}, after=after, message={"body": json.dumps(after)})
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await expect(page.locator(".changes > li")).to_have_count(500)
        await page.locator(".changes > li").last.scroll_into_view_if_needed()
        await expect(page.get_by_role("button", name="Approve")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_both_pages_fit(stage: Stage, scheme: Any, width: int, tmp_path: Path) -> None:
    """On a desk and on a telephone, in light and in dark; and every control can be hit (WCAG 2.2, 2.5.8)."""
    held = await stage.hold(before=BEFORE, after=AFTER)
    async with opened(stage, viewport={"width": width, "height": 844}, color_scheme=scheme) as page:
        for name, address in (("inbox", stage.console.url + "/approvals"), ("page", url_of(stage, held))):
            await page.goto(address)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            for button in await page.get_by_role("button").all():
                box = await button.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 24
            await picture(page, f"{name}-{scheme}-{width}", tmp_path)


async def test_mitmweb_and_the_pages_lead_to_each_other(stage: Stage) -> None:
    """Who knows mitmweb finds it, with the same change selected, and the way back."""
    held = await stage.hold()
    async with opened(stage) as page:
        await page.goto(url_of(stage, held))
        await page.get_by_role("link", name="mitmweb").click()
        await expect(page.locator(".contentview pre")).to_contain_text("taxId becomes required")
        await page.get_by_role("link", name="Approvals").click()
        await expect(page).to_have_url(re.compile("/approvals$"))
        await page.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(re.compile("/login"))
