"""The masked twins that mitmweb lists."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import exceptions
from mitmproxy.addons.view import View

from countersign import limits
from countersign.approvals import Approval, Desk
from countersign.console.twins import Twin, Twins
from countersign.rulebook.values import Requirement
from tests.console.stage import CALLERS, NOW, Clock, MemoryStore, approval_request


def twin(**changes: Any) -> Twin:
    return Twin(Approval(approval_request(**changes)))


def message(**changes: Any) -> dict[str, Any]:
    return {**approval_request().message, **changes}


def test_it_shows_the_masked_request() -> None:
    """Method, URL, headers and body as the approval has them, paused, under the approval's id."""
    shown = twin()
    assert shown.id == "00000000-0000-4000-8000-000000000001"
    assert shown.intercepted
    assert shown.request.method == "POST"
    assert shown.request.url == "https://registry.example:8081/subjects/customer-value/versions?normalize=true"
    assert shown.request.headers["x-trace"] == "abc"
    assert shown.request.raw_content == '{"schema": "…", "password": "***"}'.encode()
    assert shown.timestamp_created == NOW
    assert "taxId becomes required | age is at most 120 now" in shown.comment


def test_mitmweb_takes_it_for_a_request() -> None:
    """The page knows its own types of flow only, and crashes on others."""
    assert twin().type == "http"
    assert twin().as_json()["type"] == "http"


def test_nothing_but_a_decision_releases_it() -> None:
    """mitmproxy's own resume and kill do nothing."""
    shown = twin()
    for press in (shown.resume, shown.kill):
        with pytest.raises(exceptions.ControlException):
            press()
    assert shown.intercepted
    assert not shown.killable


@pytest.mark.parametrize(
    "url", ["/only/a/path", "http://[broken/x", "nonsense", "", "https://host:99999/x", "https://h\u202ei/\x1b"]
)
def test_a_url_that_cannot_be_read_is_shown_all_the_same(url: str) -> None:
    """An approval must never be invisible because its request is strange."""
    shown = twin(message=message(url=url))
    document = shown.as_json()
    assert "\u202e" not in str(document)
    assert "\x1b" not in str(document)


@given(method=st.text(), url=st.text(), name=st.text(), value=st.text(), host=st.text(), body=st.none() | st.text())
def test_any_request_has_a_twin(method: str, url: str, name: str, value: str, host: str, body: str | None) -> None:
    """Whatever a request holds, its twin can be made and listed."""
    headers = [[name, value], ["Host", host], ["Content-Encoding", value]]
    shown = twin(message=message(method=method, url=f"https://{url}", headers=headers, body=body))
    assert json.dumps(shown.as_json())
    assert "\x1b" not in str(shown.as_json())


def test_hostile_text_is_escaped() -> None:
    """In headers, method and comment alike."""
    shown = twin(message=message(method="PO\u202eST", headers=[["x-\x1ba", "b\nc"]]), summary=("\u202ex",))
    assert shown.request.method == "PO\\U202EST"
    assert shown.request.headers.fields == ((b"x-\\u001ba", b"b\\u000ac"),)
    assert "\\u202ex" in shown.comment


def test_a_coded_body_is_not_decoded_again() -> None:
    """The masked body is plain already; a Content-Encoding header must not make a bomb of it."""
    shown = twin(message=message(headers=[["Content-Encoding", "deflate"]], body="plain"))
    assert shown.as_json()["request"]["contentLength"] == 5


@pytest.mark.parametrize("body", [None, ""])
def test_a_request_without_a_body_has_something_to_open(body: str | None) -> None:
    """mitmweb shows no content view for an empty body, and the change is in one."""
    assert twin(message=message(body=body)).request.raw_content == b"(no body)"


async def test_the_page_reads_the_content_again_when_the_state_changes() -> None:
    """It does so when the hash of the content differs."""
    desk, view = await desk_and_view(1)
    before = view[0].as_json()["request"]["contentHash"]
    await desk.act(view[0].id, CALLERS["token-bob"], "approve", "")
    Twins(desk, view).follow()
    assert view[0].as_json()["request"]["contentHash"] != before


async def desk_and_view(approvals: int) -> tuple[Desk, View]:
    desk = Desk(MemoryStore(), Clock().microseconds)
    view = View()
    for number in range(1, approvals + 1):
        await desk.open_or_join(approval_request(number))
    Twins(desk, view).follow()
    return desk, view


async def test_every_pending_approval_has_a_twin() -> None:
    """Also those that were asked for before the gateway started."""
    _, view = await desk_and_view(3)
    assert [shown.id[-1] for shown in view] == ["1", "2", "3"]


async def test_following_twice_changes_nothing() -> None:
    """No twin is added again, and the page is not told what it knows."""
    desk, view = await desk_and_view(2)
    told: list[object] = []

    def listen(flow: object) -> None:
        told.append(flow)

    view.sig_view_add.connect(listen)
    view.sig_view_update.connect(listen)
    Twins(desk, view).follow()
    assert told == []
    assert len(view) == 2


async def test_a_decided_twin_stays_and_is_no_longer_paused() -> None:
    """If it went, mitmweb would select the next one under a second click."""
    desk, view = await desk_and_view(2)
    await desk.act(view[0].id, CALLERS["token-bob"], "deny", "no\u202e")
    Twins(desk, view).follow()
    assert [shown.intercepted for shown in view] == [False, True]
    assert view[0].comment.startswith("denied: no\\u202e | ")


async def test_a_signature_short_of_the_quorum_is_shown() -> None:
    """The twin stays paused and says how many are missing."""
    desk, view = await desk_and_view(0)
    approval = await desk.open_or_join(approval_request(alternatives=((Requirement(2, ("group:stewards",)),),)))
    await desk.act(approval.request.id, CALLERS["token-bob"], "approve", "")
    Twins(desk, view).follow()
    assert view[0].intercepted
    assert "1 of 2 signatures missing" in view[0].comment


async def test_decided_twins_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of them goes; what is pending stays."""
    monkeypatch.setattr(limits, "MAX_DECIDED_TWINS", 1)
    desk, view = await desk_and_view(3)
    for shown in [*view][:2]:
        await desk.act(shown.id, CALLERS["token-bob"], "deny", "no")
    Twins(desk, view).follow()
    assert [shown.id[-1] for shown in view] == ["2", "3"]


async def test_an_approval_the_desk_forgot_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shown that cannot be asked about."""
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVALS_KEPT", 0)
    desk, view = await desk_and_view(1)
    await desk.act(view[0].id, CALLERS["token-bob"], "deny", "no")
    Twins(desk, view).follow()
    assert len(view) == 0
