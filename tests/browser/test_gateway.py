"""`mitmdump -s addons/gateway.py` alone, with Confluent's client held and a real browser that decides.

Set COUNTERSIGN_SCREENSHOTS to a folder to keep the pictures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from scripts.story.process import Child
from scripts.story.scene import Scene
from scripts.story.stage import Stage
from tests.browser.chromium import ARGUMENTS, CHROMIUM, NEEDS_CHROMIUM

pytestmark = NEEDS_CHROMIUM

IN_PRODUCTION = {"type": "object", "properties": {"id": {"type": "string"}}}
TIGHTENED = {**IN_PRODUCTION, "required": ["id"]}
SECRET = "sk_live_51HxSecretOfTheBrowser"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The real gateway before a registry."""
    with Stage(tmp_path_factory.mktemp("browser"), "registry") as running:
        assert running.gateway_command()[1] == "-s"  # mitmdump with the script, and no wrapper
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    """A new browser, as nobody yet."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(15_000)
        # the provider's page asks others for its looks
        page.route(lambda url: "//127.0.0.1:" not in url, lambda route: route.abort())
        yield page
        browser.close()


def hold(stage: Stage, subject: str, schema: Mapping[str, Any] = TIGHTENED) -> tuple[Scene, Child, str]:
    """A pipeline that waits, and the approval it waits for."""
    scene = Scene(stage)
    scene.put_in_production(subject, IN_PRODUCTION)
    waiting = scene.start_registering(subject, schema)
    return scene, waiting, scene.wait_for_approval()


def follow_link(stage: Stage, page: Page, approval: str) -> None:
    """From the link in a refusal, as nobody, to the approval's page, as bob."""
    page.goto(f"{stage.console_url}/approvals/{approval}")
    page.get_by_role("link", name="Log in with").click()
    page.get_by_label("Username").fill("bob")
    page.get_by_label("Password").fill("bob-pw")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"**/approvals/{approval}")


def open_change(stage: Stage, page: Page, approval: str) -> None:
    """The same change in mitmweb."""
    follow_link(stage, page, approval)
    page.goto(f"{stage.console_url}/#/flows/{approval}/request")
    expect(page.locator(".contentview pre")).to_contain_text("1 field becomes required: `id`")
    expect(page.locator(".contentview pre")).to_contain_text("valid today, refused by the new schema")


def signed_by(stage: Stage, approval: str) -> list[tuple[str, str]]:
    """Who the evidence says decided, and what."""
    answer = stage.countersign("evidence", "list", "--type", "approval", "--json", "--limit", "1000")
    records = [json.loads(line) for line in answer.output.splitlines()]
    return [
        (record["fields"]["person"], record["fields"]["verdict"])
        for record in records
        if record["fields"]["approval"] == approval and record["fields"]["person"]
    ]


def test_resume_releases_the_change(stage: Stage, page: Page, tmp_path: Path) -> None:
    """A logged-in approver's Resume lets exactly the client's bytes through, and the evidence names the person."""
    scene, waiting, approval = hold(stage, "orders-resumed")
    before = scene.writes()
    open_change(stage, page, approval)
    folder = Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path)
    page.screenshot(path=folder / "gateway-held.png")
    assert waiting.is_running
    assert scene.writes() == before
    page.locator('button[title="[a]ccept intercepted flow"]').click()
    waiting.wait(seconds=30)
    page.screenshot(path=folder / "gateway-resumed.png")
    assert waiting.output.startswith("registered")
    assert scene.writes() == before + 1
    assert scene.last_write().body == scene.bytes_without_gateway("orders-resumed", TIGHTENED)
    assert signed_by(stage, approval) == [("bob", "approved")]


def test_abort_refuses_the_change(stage: Stage, page: Page) -> None:
    """Abort (mitmweb's kill) with the reason the rule asks for: the client is told, and nothing reaches the service."""
    scene, waiting, approval = hold(stage, "orders-aborted")
    before = scene.writes()
    open_change(stage, page, approval)
    page.get_by_role("button", name="Abort").click()
    page.locator("dialog textarea").fill("customers without an id exist")
    page.get_by_role("button", name="Deny").click()
    waiting.wait(seconds=30)
    assert waiting.output.startswith("refused 403 40300 bob denied the change: customers without an id exist")
    assert scene.writes() == before
    assert signed_by(stage, approval) == [("bob", "denied")]


def test_the_page_releases_the_change_with_a_reason(stage: Stage, page: Page, tmp_path: Path) -> None:
    """Who has never seen mitmweb decides on the approval's own page; what is secret is on no page."""
    properties = {"id": {"type": "string"}, "apiKey": {"type": "string", "default": SECRET}}
    scene, waiting, approval = hold(stage, "orders-on-the-page", {**TIGHTENED, "properties": properties})
    before = scene.writes()
    follow_link(stage, page, approval)
    main = page.locator("main")
    expect(main).to_contain_text("orders-on-the-page")
    expect(main).to_contain_text("1 field becomes required: `id`")
    assert "apiKey" in (main.text_content() or "")
    assert SECRET not in page.content()
    page.get_by_label("Reason").fill("agreed with the team")
    page.screenshot(
        path=Path(os.environ.get("COUNTERSIGN_SCREENSHOTS") or tmp_path) / "gateway-page.png", full_page=True
    )
    page.get_by_role("button", name="Approve").click()
    waiting.wait(seconds=30)
    assert waiting.output.startswith("registered")
    assert scene.writes() == before + 1
    assert SECRET.encode() in scene.last_write().body
    assert signed_by(stage, approval) == [("bob", "approved")]
    expect(page.get_by_role("heading", name="Approved and let through")).to_be_visible()
    page.reload()
    expect(main).to_contain_text("Approved by bob because: agreed with the team")
    expect(main).to_contain_text("The service answered 200")
