"""What mitmweb's page asks for, answered per viewer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mitmproxy.tools.web import app

from countersign.console.mitmweb_pages import index_page
from countersign.console.settings import ConsoleError
from countersign.rulebook.values import Requirement
from tests.console.stage import Stage


async def test_the_page_is_mitmweb_s_with_ours_before_it(stage: Stage) -> None:
    """Our script and style come first, nothing comes from outside, and it says who is logged in."""
    page = (await (await stage.browser("token-bob")).send("GET", "/")).body.decode()
    assert '<div id="mitmproxy">' in page
    assert page.index("./approver.js") < page.index("./static/")
    assert "//" not in page.replace("<!doctype", "")
    assert '<meta name="countersign-person" content="bob">' in page


async def test_every_file_the_page_names_is_served(stage: Stage) -> None:
    """Scripts as scripts: a browser refuses them otherwise."""
    browser = await stage.browser("token-bob")
    page = (await browser.send("GET", "/")).body.decode()
    for name in [part.partition('"')[0] for part in page.split('="./')[1:]]:
        answer = await browser.send("GET", f"/{name}")
        assert answer.code == 200, name
        kind = "text/javascript" if name.endswith(".js") else "text/css"
        assert answer.headers["Content-Type"].startswith(kind)


def test_another_page_than_the_known_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new mitmproxy whose page cannot be dressed must not be served undressed."""
    assert "approver.js" in index_page()
    (tmp_path / "index.html").write_text("<html></html>")
    monkeypatch.setattr(app, "__file__", str(tmp_path / "app.py"))
    with pytest.raises(ConsoleError):
        index_page()


async def test_flows_are_the_viewer_s_twins(stage: Stage) -> None:
    """Masked, paused, and only where the viewer may see the approval."""
    held = await stage.hold(1)
    await stage.hold(2, alternatives=((Requirement(1, ("person:carol",)),),))
    flows = json.loads((await (await stage.browser("token-bob")).send("GET", "/flows")).body)
    assert [(flow["id"], flow["intercepted"], flow["type"]) for flow in flows] == [(held.request.id, True, "http")]
    assert json.loads((await (await stage.browser("token-dave")).send("GET", "/flows")).body) == []


@pytest.mark.parametrize("name", ["auto", "Auto", "countersign", "Countersign"])
async def test_the_change_opens_first(stage: Stage, name: str) -> None:
    """Whole, whatever number of lines the page asks for, and with hostile text escaped."""
    held = await stage.hold(summary=("\x1b[2J\u202e",))
    browser = await stage.browser("token-bob")
    answer = await browser.send("GET", f"/flows/{held.request.id}/request/content/{name}.json?lines=2")
    shown = json.loads(answer.body)
    assert shown["view_name"] == "Countersign"
    assert "\\u001b[2J\\u202e" in shown["text"]
    assert '"maximum": 120' in shown["text"]


async def test_the_body_can_be_seen_too(stage: Stage) -> None:
    """As JSON and as it is, both masked and escaped; a body that is no JSON is said to be none."""
    body = '{"a": "\u202e***"}'
    held = await stage.hold(1, message={"method": "POST", "url": "/", "headers": [], "body": body})
    browser = await stage.browser("token-bob")
    for name in ("json", "raw"):
        answer = await browser.send("GET", f"/flows/{held.request.id}/request/content/{name}")
        assert "\\u202e***" in json.loads(answer.body)["text"]
    other = await stage.hold(2, message={"method": "POST", "url": "/", "headers": [], "body": "no json"})
    answer = await browser.send("GET", f"/flows/{other.request.id}/request/content/json")
    assert "cannot show" in json.loads(answer.body)["text"]


@pytest.mark.parametrize("part", ["request/content/protobuf", "request/content/image", "response/content/auto"])
async def test_other_views_and_messages_are_not_there(stage: Stage, part: str) -> None:
    """Every view is a reader of hostile bytes; and what is held has no response."""
    held = await stage.hold()
    assert (await (await stage.browser("token-bob")).send("GET", f"/flows/{held.request.id}/{part}")).code == 404
