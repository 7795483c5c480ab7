"""The approvals pages over plain HTTP: everything in this file works without a script."""

from __future__ import annotations

import asyncio
import html
import re
import threading
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from mitmproxy.contentviews import Metadata

from countersign import limits
from countersign.approvals import Approval
from countersign.console import page_values
from countersign.console.approval_view import ApprovalContentview
from countersign.console.page_rendering import POLICY
from countersign.errors import EvidenceUnavailable
from countersign.evidence.records import Record
from countersign.identity import Caller
from countersign.rulebook.values import Requirement
from tests.console.stage import CALLERS, ISSUER, NOW, Browser, Stage, approval_request

UNKNOWN = "00000000-0000-4000-8000-00000000ffff"
TWO = ((Requirement(2, ("group:stewards",)),),)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m\u2028" + "n" * 10_000
SHOWN = "<script>alert(1)</script><img src=x onerror=alert(2)>\\u202e\\u001b[31m\\u2028" + "n" * 10_000


class Reading(HTMLParser):
    """A page as somebody reads it: its text, its elements with their attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        """The text, with one blank where there is any white space."""
        return " ".join(self.text.split())


def path_of(approval: Approval) -> str:
    return f"/approvals/{approval.request.id}"


async def read(browser: Browser, path: str, status: int = 200) -> Reading:
    answer = await browser.send("GET", path)
    assert answer.code == status, answer.body
    return Reading(answer.body)


# -- the story --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "state"), [("approve", "approved"), ("deny", "denied")])
async def test_from_the_link_to_the_decision(stage: Stage, action: str, state: str) -> None:
    """Nobody is logged in; the link leads through the log-in to the page, and its form decides, with the reason."""
    held = await stage.hold()
    browser = Browser(stage)
    link = stage.console.approval_url(held.request.id).removeprefix(stage.console.url)
    to_login = await browser.send("GET", link)
    assert (to_login.code, to_login.headers["Location"]) == (303, f"/login?approval={held.request.id}")
    landed = await browser.log_in("token-bob", approval=held.request.id)
    assert (landed.code, landed.headers["Location"]) == (303, link)
    page = await browser.send("GET", link)
    sent = await browser.submit(page, link, action=action, reason=" checked\r\nwith the team ")
    assert (sent.code, sent.headers["Location"]) == (303, f"{link}#status")
    (signature,) = stage.desk.get(held.request.id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", action, "checked\nwith the team")
    words = (await read(browser, link)).words
    assert stage.desk.get(held.request.id).state == state
    assert f"You {'approved' if action == 'approve' else 'denied'} this." in words
    assert "“checked\\u000awith the team”" in words


async def test_the_inbox(stage: Stage) -> None:
    """Everything that waits, in one sentence each, with risk, time and signatures; what Bob may not see is not there."""
    held = await stage.hold(1, alternatives=TWO)
    await stage.hold(2, subject="secret-value", alternatives=((Requirement(1, ("person:carol",)),),))
    granted = await stage.hold(3, subject="granted-value")
    await stage.as_tool("token-carol", "POST", f"/api/approvals/{granted.request.id}/approve", {"reason": ""})
    await stage.desk.break_glass(approval_request(4, subject="burning-value"))
    stage.clock.seconds += 240
    page = await read(await stage.browser("token-bob"), "/approvals")
    for text in (
        "alice wants to register a new schema for customer-value at registry",
        "High risk",
        "2 signatures missing",
        "Asked 4 minutes ago; ends by itself in 6 minutes",
        "taxId becomes required",
        "For you to decide (1)",
        "Waiting for other people (0) Nothing waits for other people.",
        "Approved, not used yet (1)",
        "alice broke the glass to register a new schema for burning-value at registry",
        "Logged in as bob",
    ):
        assert text in page.words, text
    assert "secret-value" not in page.words
    assert {"href": path_of(held)} in page.all("a")


async def test_the_page_says_everything(stage: Stage) -> None:
    """Who, what, where, how risky, why, who must sign; every change, both schemas, the request, the rules."""
    held = await stage.hold(
        alternatives=((Requirement(2, ("group:stewards",)), Requirement(1, ("group:security",))), *TWO),
        justification="the tax office wants it",
        access="pipelines (rules/access.yaml:9)",
        counterexamples=({"direction": "backward", "value": {"age": 121}},),
    )
    page = await read(await stage.browser("token-bob"), path_of(held))
    for text in (
        "alice wants to register a new schema for customer-value at registry",
        "High risk Documents that are valid today would be refused.",
        "the tax office wants it says alice",
        "taxId becomes required",
        "2 people of the group stewards (2 missing) and 1 person of the group security (1 missing)",
        "or 2 people of the group stewards (2 missing)",
        "nobody yet",
        "less than a minute ago (2027-01-15 08:00:00 UTC)",
        "in 10 minutes (2027-01-15 08:10:00 UTC)",
        "documents without taxId are no longer accepted",
        'Valid today, refused after this change: { "age": 121 }',
        "Required added: taxId at /properties/customer/required: refuses documents that were valid",
        "POST https://registry.example:8081/subjects/customer-value/versions?normalize=true",
        "X-Trace: abc",
        '{"schema": "…", "password": "***"}',
        "narrowing (rules/approval.yaml:12): a narrowing change needs a steward",
        "pipelines (rules/access.yaml:9)",
        "exchange-1",
    ):
        assert text in page.words, text
    assert "fingerprint" not in page.text
    assert {"datetime": "2027-01-15T08:00:00Z"} in page.all("time")
    assert {"href": f"/#/flows/{held.request.id}/request"} in page.all("a")
    marked = [attributes["class"] for attributes in page.all("tr") if attributes.get("class")]
    assert {"changed", "added"} & {*marked}


async def test_what_each_can_do(stage: Stage) -> None:
    """Bob decides; Alice withdraws and is told why she cannot decide; after her step nobody can do anything."""
    held = await stage.hold()
    bob, alice = await stage.browser("token-bob"), await stage.browser("token-alice")

    async def buttons(browser: Browser) -> list[str | None]:
        page = await read(browser, path_of(held))
        return [button.get("value") for button in page.all("button") if button.get("name") == "action"]

    assert await buttons(bob) == ["approve", "deny"]
    assert await buttons(alice) == ["withdraw"]
    page = await alice.send("GET", path_of(held))
    await alice.submit(page, path_of(held), action="withdraw", reason="a mistake")
    assert (await buttons(bob), await buttons(alice)) == ([], [])
    assert "Withdrawn by alice: a mistake" in (await read(bob, path_of(held))).words


async def test_revoking_and_reviewing(stage: Stage) -> None:
    """The same form takes back what was granted, and reviews what broke the glass."""
    granted = await stage.hold(1)
    broken = await stage.desk.break_glass(approval_request(2))
    await stage.as_tool("token-carol", "POST", f"/api/approvals/{granted.request.id}/approve", {"reason": ""})
    bob = await stage.browser("token-bob")
    for approval, action, state in [(granted, "revoke", "revoked"), (broken, "object", "reviewed")]:
        page = await bob.send("GET", path_of(approval))
        refused = await bob.submit(page, path_of(approval), action=action, reason="")
        assert refused.code == 409
        assert stage.desk.get(approval.request.id).state != state
        done = await bob.submit(refused, path_of(approval), action=action, reason="the readers broke")
        assert (done.code, stage.desk.get(approval.request.id).state) == (303, state)


# -- refusals ---------------------------------------------------------------------------------------------------------


async def test_a_refusal_keeps_what_was_typed(stage: Stage) -> None:
    """The page again, with the problem at the form and the focus in the field; then the same form gets through."""
    held = await stage.hold(reason=("deny",))
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", path_of(held))
    refused = await browser.submit(page, path_of(held), action="deny", reason=" .. <>\u200d")
    shown = Reading(refused.body)
    assert refused.code == 409
    assert "A reason is needed for this." in shown.words
    (field,) = shown.all("textarea")
    assert ("autofocus" in field, field["aria-invalid"], field["aria-describedby"]) == (True, "true", "hint refusal")
    typed = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", refused.body.decode(), re.DOTALL)
    assert typed is not None
    assert html.unescape(typed[1]) == ".. <>\u200d"
    assert any(attributes.get("role") == "alert" for attributes in shown.all("p"))
    assert (await browser.submit(refused, path_of(held), action="deny", reason="no")).code == 303


@pytest.mark.parametrize(
    ("characters", "status"), [(limits.MAX_REASON_CHARACTERS, 303), (limits.MAX_REASON_CHARACTERS + 1, 413)]
)
async def test_a_reason_fits_into_a_record(stage: Stage, characters: int, status: int) -> None:
    """Line feeds count once, as in the field, though forms send two characters."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", path_of(held))
    reason = "x\r\n" + "y" * (characters - 2)
    assert (await browser.submit(page, path_of(held), action="approve", reason=reason)).code == status


@pytest.mark.parametrize("action", ["", "void", "claim", "APPROVE", "approve "])
async def test_an_action_nobody_knows(stage: Stage, action: str) -> None:
    """400 and nothing done; except that white space around a word is none of it."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", path_of(held))
    answer = await browser.submit(page, path_of(held), action=action, reason="x")
    assert answer.code == (303 if action.strip() == "approve" else 400)
    assert stage.desk.get(held.request.id).state == ("approved" if action.strip() == "approve" else "pending")


async def test_deciding_too_late_is_said(stage: Stage) -> None:
    """Carol was faster: 409, what she did, and no form any more."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", path_of(held))
    await stage.as_tool("token-carol", "POST", f"/api/approvals/{held.request.id}/deny", {"reason": "broken"})
    late = await browser.submit(page, path_of(held), action="approve", reason="")
    assert late.code == 409
    shown = Reading(late.body)
    assert "the approval is denied already: broken" in shown.words
    assert "carol denied" in shown.words
    assert not [button for button in shown.all("button") if button.get("name") == "action"]


async def test_the_requester_cannot_approve_through_the_form(stage: Stage) -> None:
    """Alice's own form with another button's value: 403; Bob's gets through."""
    held = await stage.hold()
    for token, status in [("token-alice", 403), ("token-bob", 303)]:
        browser = await stage.browser(token)
        page = await browser.send("GET", path_of(held))
        assert (await browser.submit(page, path_of(held), action="approve", reason="x")).code == status


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_stranger_cannot_tell_that_it_is_there(stage: Stage, method: str) -> None:
    """Dave sees the same page for Alice's approval as for none."""
    held = await stage.hold()
    browser = await stage.browser("token-dave")
    inbox = Reading((await browser.send("GET", "/approvals")).body)
    assert "customer-value" not in inbox.words
    real = await browser.send(method, path_of(held))
    none = await browser.send(method, f"/approvals/{UNKNOWN}")
    assert (real.code, none.code) == (404, 404)
    assert real.body.replace(held.request.id.encode(), b"") == none.body.replace(UNKNOWN.encode(), b"")
    assert "text/html" in real.headers["Content-Type"]
    assert stage.past.asked == []
    assert (await (await stage.browser("token-bob")).send("GET", path_of(held))).code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
    ],
)
async def test_a_form_of_another_site_decides_nothing(stage: Stage, headers: dict[str, str], status: int) -> None:
    """Even with the right token in it."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    await browser.send("GET", path_of(held))
    body = f"_xsrf={browser.cookies['_mitmproxy_xsrf']}&action=approve".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.send("POST", path_of(held), {**form, **headers}, body, xsrf=False)
    assert answer.code == status
    assert stage.desk.get(held.request.id).state == ("approved" if status == 303 else "pending")


@pytest.mark.parametrize("token", [None, "2|00000000|00000000000000000000000000000000|1", ""])
async def test_a_form_without_the_page_s_token_decides_nothing(stage: Stage, token: str | None) -> None:
    """And the person is told what to do."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", path_of(held))
    fields = {"action": "approve"} if token is None else {"action": "approve", "_xsrf": token}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.send("POST", path_of(held), form, body, xsrf=False)
    assert answer.code == 403
    assert "Open the page again" in Reading(answer.body).words
    assert stage.desk.get(held.request.id).state == "pending"
    assert (await browser.submit(page, path_of(held), action="approve")).code == 303


async def test_a_form_that_cannot_be_read(stage: Stage) -> None:
    """Bytes that are no text: 400, a page, and nothing done."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    await browser.send("GET", path_of(held))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.send("POST", path_of(held), form, b"action=approve&reason=%ff%fe")
    assert (answer.code, "cannot be read" in Reading(answer.body).words) == (400, True)
    assert stage.desk.get(held.request.id).state == "pending"


async def test_an_error_nobody_meant_tells_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """500, a page without the error's text."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")

    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(page_values, "approval_values", fail)
    answer = await browser.send("GET", path_of(held))
    assert (answer.code, b"secret" in answer.body) == (500, False)
    assert "Something went wrong here." in Reading(answer.body).words


# -- hostile and large ------------------------------------------------------------------------------------------------


async def test_hostile_text_is_text_everywhere(stage: Stage) -> None:
    """Markup, control and bidi characters and very long names, in every place a request has."""
    change = {
        "kind": HOSTILE,
        "pointer": HOSTILE,
        "property": HOSTILE,
        "before": HOSTILE,
        "after": {HOSTILE: 1},
        "effect": HOSTILE,
        "counterexample": {"direction": HOSTILE, "value": HOSTILE},
    }
    held = await stage.hold(
        subject=HOSTILE,
        connection=HOSTILE,
        operation=HOSTILE,
        summary=(HOSTILE,),
        changes=(change,),
        reasons=(HOSTILE,),
        before={HOSTILE: HOSTILE},
        after={HOSTILE: [HOSTILE]},
        message={"method": HOSTILE, "url": HOSTILE, "headers": [[HOSTILE, HOSTILE]], "body": HOSTILE},
        rule=HOSTILE,
        why=HOSTILE,
        access=HOSTILE,
        justification=HOSTILE,
        counterexamples=({"direction": HOSTILE, "value": HOSTILE},),
        exchange=HOSTILE,
    )
    fields: dict[str, Any] = {
        "approval": HOSTILE,
        "verdict": HOSTILE,
        "person": HOSTILE,
        "reason": HOSTILE,
        "caller": HOSTILE,
    }
    stage.past.records = [Record(1, NOW * 1_000_000, "approval", None, b"", fields, {})]
    browser = await stage.browser("token-bob")
    for path in ("/approvals", path_of(held)):
        page = await read(browser, path)
        assert len(page.all("script")) == 1, path
        assert page.all("img") == []
        assert SHOWN in page.text
        assert not re.search("[\u202e\x1b\u2028]", page.text)
        assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes), path
    assert page.text.count(SHOWN) >= 24


async def test_five_hundred_changes_are_all_there(stage: Stage) -> None:
    """A list is as long as it is, and so are both schemas."""
    number = 500
    changes = tuple(
        {
            "kind": "required-added",
            "pointer": f"/properties/p{each}/required",
            "property": f"name{each}",
            "before": None,
            "after": f"name{each}",
            "effect": "narrows",
        }
        for each in range(number)
    )
    after = {"properties": {f"p{each}": {"required": [f"name{each}"]} for each in range(number)}}
    held = await stage.hold(
        changes=changes, summary=tuple(f"name{each} becomes required" for each in range(number)), before={}, after=after
    )
    page = await read(await stage.browser("token-bob"), path_of(held))
    for each in range(number):
        assert f"name{each} becomes required" in page.words
        assert f"Required added: name{each} at /properties/p{each}/required: refuses" in page.words
    lines = [line.strip() for line in page.text.split("\n")]
    assert sum('"name' in line for line in lines) >= 2 * number  # in the change, and in the schema
    assert "Each change (500)" in page.words


async def test_pages_are_made_beside_the_event_loop(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of large schemas keeps nobody else waiting."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    begun, go_on = threading.Event(), threading.Event()
    values = page_values.approval_values

    def slow(*arguments: Any) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(10)
        return values(*arguments)

    monkeypatch.setattr(page_values, "approval_values", slow)
    page = asyncio.ensure_future(browser.send("GET", path_of(held)))
    assert await asyncio.to_thread(begun.wait, 10)
    assert (await browser.send("GET", "/api/approvals")).code == 200
    assert not page.done()
    go_on.set()
    assert (await asyncio.wait_for(page, 10)).code == 200


@pytest.mark.parametrize("path", ["/approvals/{}", "/flows/{}/request/content/auto"], ids=["page", "content view"])
async def test_who_asks_for_page_after_page_waits_for_themselves(
    path: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice, whose change is large, keeps nobody from deciding on it: his page comes before the last of hers."""
    held = await stage.hold()
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def first_slow(who: str) -> None:
        made.append(who)
        begun.set()
        assert go_on.wait(10)

    values, view = page_values.approval_values, ApprovalContentview.prettify

    def page_of(approval: Approval, viewer: Caller, now: int) -> dict[str, Any]:
        first_slow(*viewer.people)
        return values(approval, viewer, now)

    def content_of(self: ApprovalContentview, data: bytes, metadata: Metadata) -> str:
        first_slow("alice")
        return view(self, data, metadata)

    monkeypatch.setattr(page_values, "approval_values", page_of)
    monkeypatch.setattr(ApprovalContentview, "prettify", content_of)
    asked = [asyncio.ensure_future(stage.as_tool("token-alice", "GET", path.format(held.request.id))) for _ in range(3)]
    assert await asyncio.to_thread(begun.wait, 10)
    asked.append(asyncio.ensure_future(stage.as_tool("token-bob", "GET", path_of(held))))
    async with asyncio.timeout(5):
        while (ISSUER, "subject-of-bob") not in stage.console._started()._turns:  # noqa: ASYNC110 - has no event
            await asyncio.sleep(0.002)
    go_on.set()
    assert [answer.code for answer in await asyncio.wait_for(asyncio.gather(*asked), 10)] == [200] * 4
    assert (len(made), made[0], made[-1]) == (4, "alice", "alice")


# -- history ----------------------------------------------------------------------------------------------------------


def past(number: int) -> Record:
    fields: dict[str, Any] = {"approval": "a-1", "caller": "alice", "verdict": "denied", "person": f"person-{number}"}
    return Record(number, NOW * 1_000_000, "approval", None, b"", fields, {})


@pytest.mark.parametrize(("more", "is_cut"), [(0, False), (1, True)])
async def test_the_history_of_the_subject(stage: Stage, more: int, is_cut: bool) -> None:
    """The newest; where there are more it says so, and where to find them."""
    stage.past.records = [past(number) for number in range(limits.MAX_HISTORY_ENTRIES + more)]
    held = await stage.hold()
    page = await read(await stage.browser("token-bob"), path_of(held))
    assert stage.past.asked == [("registry", "customer-value", limits.MAX_HISTORY_ENTRIES + 1)]
    assert f"Denied by person-{limits.MAX_HISTORY_ENTRIES - 1}" in page.words
    assert f"person-{limits.MAX_HISTORY_ENTRIES}" not in page.words
    assert ("countersign evidence list --subject" in page.words) == is_cut


async def test_who_only_asked_reads_the_history_of_what_is_theirs(stage: Stage) -> None:
    """What other people asked for, and why it was denied, is for those who decide; so is what is long forgotten here."""
    dave = {"caller": CALLERS["token-dave"].as_evidence(), "caller_people": ("dave",)}
    alices, daves = await stage.hold(1), await stage.hold(2, **dave)
    told = {alices.request.id: "of-alice", daves.request.id: "of-dave", "a-forgotten": "of-others"}
    stage.past.records = [
        replace(past(number), fields={**past(number).fields, "approval": name, "person": words})
        for number, (name, words) in enumerate(told.items())
    ]
    for token, theirs in (("token-dave", {"of-dave"}), ("token-bob", {"of-alice", "of-dave", "of-others"})):
        page = await read(await stage.browser(token), path_of(daves))
        assert {words for words in told.values() if words in page.words} == theirs


async def test_a_history_that_cannot_be_read_is_said(stage: Stage) -> None:
    """The decision does not depend on it."""
    held = await stage.hold()
    browser = await stage.browser("token-bob")
    assert "Nothing." in (await read(browser, path_of(held))).words
    stage.past.problem = EvidenceUnavailable("the disk is gone")
    page = await browser.send("GET", path_of(held))
    assert "The history cannot be read: the disk is gone" in Reading(page.body).words
    assert (await browser.submit(page, path_of(held), action="approve")).code == 303


# -- guards and accessibility -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["inbox", "page", "problem"])
async def test_the_policy_and_the_skeleton(stage: Stage, where: str) -> None:
    """No inline script or style; a language, a title, one main heading, a skip link that leads somewhere."""
    held = await stage.hold()
    path = {"inbox": "/approvals", "page": path_of(held), "problem": f"/approvals/{UNKNOWN}"}[where]
    answer = await (await stage.browser("token-bob")).send("GET", path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Cache-Control"] == "no-store"
    page = Reading(answer.body)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len({*ids})
    for name in ("href", "for", "aria-labelledby", "aria-describedby"):
        for _, attributes in page.elements:
            value = attributes.get(name) or ""
            wanted = value.split() if name != "href" else [value[1:]] if value.startswith("#") else []
            assert {*wanted} <= {*ids}, (name, value)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {"id": "news", "class": "news", "role": "status", "aria-live": "polite"} in page.all("p")


async def test_files_of_the_pages(stage: Stage) -> None:
    """The style and the script that a page names are there; templates are not files."""
    browser = await stage.browser("token-bob")
    page = await read(browser, "/approvals")
    names = [each["src"] for each in page.all("script")] + [
        each["href"] for each in page.all("link") if each["rel"] == "stylesheet"
    ]
    assert len(names) == 2
    for name in names:
        assert (await browser.send("GET", str(name))).code == 200
    for name in ("/inbox.html", "/layout.html", "/approvals.html"):
        assert (await browser.send("GET", name)).code == 403


async def test_logging_out_from_the_page(stage: Stage) -> None:
    """Its button is a form of its own."""
    browser = await stage.browser("token-bob")
    page = await browser.send("GET", "/approvals")
    assert (await browser.submit(page, "/logout")).headers["Location"] == "/login"
    assert (await browser.send("GET", "/approvals")).headers["Location"] == "/login"
