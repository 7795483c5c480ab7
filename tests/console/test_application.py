"""The allow-list over every route of mitmweb's own table: what is not named in it is 403."""

from __future__ import annotations

import json
import re

import pytest
from mitmproxy.tools.web import app

from countersign.console.application import ROUTES
from tests.console.stage import Stage

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
ID = "00000000-0000-4000-8000-000000000001"

#: What an approver may ask of mitmweb's own routes, and nothing else.
ALLOWED = {
    ("GET", "/"),
    ("GET", "/filter-help"),
    ("GET", "/updates"),
    ("GET", "/commands"),
    ("GET", "/events"),
    ("GET", "/flows"),
    ("GET", "/options"),
    ("GET", "/state"),
    ("GET", f"/flows/{ID}/request/content/auto"),
    ("POST", f"/flows/{ID}/resume"),
    ("POST", f"/flows/{ID}/kill"),
}


def an_example_of(pattern: str) -> str:
    """A path that `pattern` of mitmweb's table matches."""
    path = re.sub(r"\(\?:\\\.json\)\?", "", pattern)
    for group, value in {
        r"\(\?P<flow_id>[^)]*\)": ID,
        r"\(\?P<message>[^)]*\)": "request",
        r"\(\?P<content_view>[^)]*\)": "auto",
        r"\(\?P<cmd>[^)]*\)": "replay.client",
    }.items():
        path = re.sub(group, value, path)
    assert re.fullmatch(pattern, path), f"teach this test an example of {pattern}"
    return path


MITMWEB_PATHS = [an_example_of(pattern) for pattern, *_ in app.handlers]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", [*MITMWEB_PATHS, "/favicon.ico", "/robots.txt", "/static/", "/unheard-of", "/login/x"])
async def test_every_route_and_method(stage: Stage, method: str, path: str) -> None:
    """Allowed is what the table says; a new route of a new mitmproxy is refused, and read by this test."""
    await stage.hold()
    browser = await stage.browser("token-bob")
    answer = await browser.send(method, path)
    if (method, path) in ALLOWED:
        assert answer.code == (400 if path == "/updates" else 200)  # a web socket begins otherwise
    else:
        assert answer.code == 403
        assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_the_table_covers_the_routes_that_must_never_be_reached() -> None:
    """If mitmweb renames one of these, somebody has to look."""
    for path in ("/flows/resume", "/flows/kill", "/flows/dump", "/clear", "/options/save", "/processes"):
        assert path in MITMWEB_PATHS
    assert f"/flows/{ID}/request/content.data" in MITMWEB_PATHS


def test_no_route_is_open_ended() -> None:
    """A method is a method, and every path is matched from end to end, without `.*`."""
    for route in ROUTES:
        assert route.method in ("GET", "POST")
        assert ".*" not in route.path.pattern
        assert ".+" not in route.path.pattern


@pytest.mark.parametrize(
    "path",
    [
        "//flows",
        "/flows/",
        "/flows/../options",
        "/static/..",
        "/static/../index.html",
        "/static/%2e%2e/index.html",
        "/approver.html",
        "/login.html",
        f"/flows/{ID}/response/content.data",
        f"/flows/{ID.upper().replace('0', 'A')}/resume",
        f"/flows/{ID}/resume/",
        "/api/approvals/",
        f"/api/approvals/{ID}/void",
    ],
)
async def test_other_spellings_are_refused(stage: Stage, path: str) -> None:
    """The table is compared with the path as it was sent."""
    browser = await stage.browser("token-bob")
    for method in ("GET", "POST"):
        assert (await browser.send(method, path)).code in (403, 404)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "", "169.254.169.254"])
async def test_another_name_is_refused(stage: Stage, host: str) -> None:
    """DNS rebinding: a name of somebody else's that points here. The console's own names are answered."""
    assert (await stage.send("GET", "/login", {"Host": host})).code == 403
    port = stage.console.url.rpartition(":")[2]
    assert (await stage.send("GET", "/login", {"Host": f"localhost:{port}"})).code == 200


async def test_what_the_page_asks_at_its_start_tells_nothing_of_the_gateway(stage: Stage) -> None:
    """No version, option, command, server or log line of the gateway."""
    browser = await stage.browser("token-bob")
    answers = {
        path: json.loads((await browser.send("GET", path)).body)
        for path in ("/state", "/options", "/commands", "/events", "/filter-help.json")
    }
    assert answers["/state"]["servers"] == {}
    assert {*answers["/options"]} == {"web_columns", "content_view_lines_cutoff"}
    assert (answers["/commands"], answers["/events"], answers["/filter-help.json"]) == ({}, [], {"commands": []})


async def test_mitmproxy_s_own_password_opens_nothing(stage: Stage) -> None:
    """Its token parameter and its cookie are not in use; a session is."""
    for password in ("", "y", "None", "unused"):
        assert (await stage.send("GET", f"/flows?token={password}")).code == 401
    assert (await (await stage.browser("token-bob")).send("GET", "/flows")).code == 200
