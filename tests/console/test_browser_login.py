"""Logging in with a browser: at nanoidp over real HTTP, and at a provider that gives what it should not."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tornado.httpclient import HTTPResponse

from countersign import limits
from countersign.errors import CountersignError
from countersign.identity import BrowserLogin, TokenVerifier
from countersign.rulebook.values import IdentityRules, LoginClient, PersonMark, SecretPlace
from scripts.story.provider import CONSOLE_CLIENT, Person, Provider
from tests.console.stage import Browser, Stage, on_stage
from tests.identity.issuing import KeyServer, claims_of, fetch, issuer_at, post, rsa_key, serving

APPROVAL = "00000000-0000-4000-8000-000000000001"
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """nanoidp; Bob is a person of ours, Mallory has an account there and is not."""
    people = [Person("bob", "bob-pw", ("stewards",)), Person("mallory", "mallory-pw")]
    with Provider(tmp_path_factory.mktemp("provider"), people=people, clients=[]) as running:
        yield running


def service(*urls: str, client: str = CONSOLE_CLIENT, secret: SecretPlace | None = None) -> BrowserLogin:
    def no_secret(place: SecretPlace) -> str:
        raise CountersignError("the file /run/secret cannot be read")

    login = LoginClient(client, secret, ("openid",))
    issuers = tuple(issuer_at(url, login=login, groups_claim="groups") for url in urls)
    rules = IdentityRules(issuers, tuple(PersonMark(url, "sub", "bob", "bob") for url in urls))
    return BrowserLogin(rules, TokenVerifier(rules, fetch, time.time), post, no_secret, secrets.token_urlsafe)


@pytest.fixture
async def stage(provider: Provider) -> AsyncIterator[Stage]:
    """A console with the log-in at nanoidp."""
    async with on_stage(browser_login=service(provider.issuer)) as running:
        yield running


@dataclass
class Visitor:
    """Somebody with a browser, who can be sent to nanoidp."""

    stage: Stage
    provider: Provider
    name: str = "bob"
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.stage)

    async def go(self, path: str = "/login/start?issuer=0") -> str:
        """To the provider and through its form; returns the path that it leads back to."""
        answer = await self.browser.send("GET", path)
        assert answer.code == 303, answer.body
        back = await asyncio.to_thread(self.provider.log_in_with_browser, answer.headers["Location"], self.name)
        assert back.startswith(f"{self.stage.console.url}/login/callback?")
        return back.removeprefix(self.stage.console.url)

    async def come(self, path: str) -> HTTPResponse:
        """Open `path` as a redirect from elsewhere does: without the Strict cookies."""
        lax = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items() if name.endswith("-login"))
        return await self.browser.send("GET", path, {**FROM_ELSEWHERE, "Cookie": lax})

    async def is_logged_in(self) -> bool:
        return (await self.browser.send("GET", "/flows")).code == 200


@pytest.fixture
def bob(stage: Stage, provider: Provider) -> Visitor:
    return Visitor(stage, provider)


def said(answer: HTTPResponse) -> str:
    """What the page says of a refusal."""
    found = re.search(r'class="refusal" role="alert">([^<]*)<', answer.body.decode())
    assert found is not None, answer.body
    return found[1]


# -- the way in -------------------------------------------------------------------------------------------------------


async def test_the_page_leads_to_each_provider(stage: Stage, provider: Provider) -> None:
    """A link, since no form may lead elsewhere; the field for a token is folded away; no script."""
    page = await stage.send("GET", f"/login?approval={APPROVAL}")
    text = page.body.decode()
    host = urlsplit(provider.issuer).netloc
    link = f'<a class="provider" href="/login/start?issuer=0&amp;approval={APPROVAL}">Log in with {host}</a>'
    assert link in text
    assert "<details>" in text
    assert "<script" not in text
    assert "script-src" not in page.headers["Content-Security-Policy"]


async def test_a_person_logs_in_at_their_provider(bob: Visitor) -> None:
    """The session cookie is Strict and new; the answer is a page that leads on, since a redirect would not carry it."""
    page = await bob.browser.send("GET", "/login/start?issuer=0")
    cookie = page.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "expires="):
        assert part in cookie
    assert "Secure" not in cookie
    answer = await bob.come(await bob.go())
    assert (answer.code, answer.headers["Refresh"]) == (200, "0; url=/approvals")
    assert '<a class="provider" href="/approvals">' in answer.body.decode()
    assert answer.headers["Referrer-Policy"] == "same-origin"  # the address holds a code
    (session,) = answer.headers.get_list("Set-Cookie")
    assert session.startswith("countersign-")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "expires="):
        assert part in session
    assert await bob.is_logged_in()


async def test_they_can_sign_what_the_rules_let_them(bob: Visitor) -> None:
    """The groups came along: Bob is a steward."""
    held = await bob.stage.hold()
    await bob.come(await bob.go())
    await bob.browser.send("GET", "/")  # the page, with its own token
    answer = await bob.browser.send("POST", f"/flows/{held.request.id}/resume")
    assert answer.code == 200
    assert bob.stage.desk.get(held.request.id).state == "approved"


@pytest.mark.parametrize(
    ("query", "path"),
    [
        (f"&approval={APPROVAL}", f"/approvals/{APPROVAL}"),
        ("&to=mitmweb", "/#/flows"),
        ("&approval=//evil.example", "/approvals"),
        ("&next=//evil.example&to=//evil.example", "/approvals"),
    ],
)
async def test_it_leads_on_to_where_the_person_was_going(bob: Visitor, query: str, path: str) -> None:
    """And nowhere else."""
    answer = await bob.come(await bob.go(f"/login/start?issuer=0{query}"))
    assert answer.headers["Refresh"] == f"0; url={path}"


async def test_the_session_has_its_own_end(bob: Visitor) -> None:
    """An hour, whatever the ID token says."""
    await bob.come(await bob.go())
    bob.stage.clock.seconds += limits.LOGIN_SESSION_SECONDS - 1
    assert await bob.is_logged_in()
    bob.stage.clock.seconds += 1
    assert not await bob.is_logged_in()


async def test_a_new_log_in_replaces_the_browser_s_old_session(bob: Visitor) -> None:
    """Its id is another one, and a copy of the old cookie is worth nothing, though it did not come back with Bob."""
    await bob.come(await bob.go())
    copied = Browser(bob.stage)
    copied.cookies = dict(bob.browser.cookies)
    assert (await copied.send("GET", "/flows")).code == 200
    await bob.come(await bob.go())
    assert bob.browser.cookies != copied.cookies
    assert (await copied.send("GET", "/flows")).code == 401
    assert await bob.is_logged_in()


async def test_two_tabs_do_not_disturb_each_other(bob: Visitor) -> None:
    """Two links from a chat, opened at once."""
    first, second = await bob.go(f"/login/start?issuer=0&approval={APPROVAL}"), await bob.go()
    assert (await bob.come(second)).code == 200
    assert (await bob.come(first)).headers["Refresh"] == f"0; url=/approvals/{APPROVAL}"


# -- what is no way in ------------------------------------------------------------------------------------------------

STATE = re.compile(r"state=[\w-]+")


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        (lambda path: STATE.sub("state=" + "x" * 43, path), 403, "not begun in this browser"),
        (lambda path: STATE.sub("state=", path), 403, "not begun in this browser"),
        (lambda path: STATE.sub("", path), 403, "not begun in this browser"),
        (lambda path: path + "&" + STATE.search(path)[0], 403, "not begun in this browser"),  # type: ignore[index]
        (lambda path: path + "&code=another", 401, "`code` more than once"),
        (lambda path: re.sub(r"code=[\w-]+", "code=made-up", path), 401, "does not accept the code"),
        (lambda path: re.sub(r"code=[\w-]+", "", path), 401, "neither a code nor an error"),
        (lambda path: path + "&iss=https%3A%2F%2Fevil.example", 401, "not from the provider that was asked"),
        (lambda path: path + "&error=access_denied", 401, "cancelled or is not allowed"),
    ],
)
async def test_an_answer_with_one_thing_changed_is_refused(
    bob: Visitor, change: Callable[[str], str], status: int, why: str
) -> None:
    """On the log-in page, with the link to try again, and without a session; as it comes it is let in (above)."""
    answer = await bob.come(change(await bob.go("/login/start?issuer=0&to=mitmweb")))
    assert answer.code == status
    assert why in said(answer)
    assert 'href="/login/start?issuer=0' in answer.body.decode()
    assert not any(cookie.startswith("countersign-") for cookie in answer.headers.get_list("Set-Cookie"))
    assert not await bob.is_logged_in()


async def test_an_answer_counts_once(bob: Visitor) -> None:
    """Whoever finds it in the browser's history gets nothing."""
    path = await bob.go()
    assert (await bob.come(path)).code == 200
    again = await bob.come(path)
    assert (again.code, "is over already" in said(again)) == (403, True)


async def test_an_answer_is_for_the_browser_that_asked(bob: Visitor, provider: Provider) -> None:
    """Nobody is logged in as Mallory by opening Mallory's answer (login CSRF), with or without a log-in of their own."""
    mallory = Visitor(bob.stage, provider, "bob")
    for victim in (bob, Visitor(bob.stage, provider)):
        if victim is bob:
            await victim.go()
        answer = await victim.come(await mallory.go())
        assert (answer.code, "not begun in this browser" in said(answer)) == (403, True)
        assert not await victim.is_logged_in()
    assert (await mallory.come(await mallory.go())).code == 200


async def test_a_cookie_that_the_console_did_not_sign_binds_nothing(bob: Visitor) -> None:
    """Another site on the same host may plant one; it is as good as none."""
    path = await bob.go()
    (name,) = (name for name in bob.browser.cookies if name.endswith("-login"))
    signed = bob.browser.cookies[name]
    bob.browser.cookies[name] = signed[:-1] + ("0" if signed[-1] != "0" else "1")
    assert (await bob.come(path)).code == 403
    bob.browser.cookies[name] = signed
    assert (await bob.come(await bob.go())).code == 200


async def test_a_log_in_does_not_wait_for_ever(bob: Visitor) -> None:
    """After ten minutes it has to begin again."""
    for seconds, status in ((limits.LOGIN_SECONDS - 1, 200), (limits.LOGIN_SECONDS, 403)):
        path = await bob.go()
        bob.stage.clock.seconds += seconds
        assert (await bob.come(path)).code == status


async def test_who_is_not_in_the_rules_is_told(stage: Stage, provider: Provider) -> None:
    """An account at the provider is not enough."""
    mallory = Visitor(stage, provider, "mallory")
    answer = await mallory.come(await mallory.go())
    assert (answer.code, "stands for no person in identity.yaml" in said(answer)) == (403, True)
    assert not await mallory.is_logged_in()


async def test_a_provider_s_words_are_text(bob: Visitor) -> None:
    """Not markup, not control characters."""
    path = STATE.search(await bob.go())
    assert path is not None
    answer = await bob.come(
        "/login/callback?" + path[0] + "&" + urlencode({"error": "server_error", "error_description": "<b>\u202ehi"})
    )
    assert "server_error (&lt;b&gt;\\u202ehi)" in answer.body.decode()


async def test_failures_are_bounded(bob: Visitor) -> None:
    """Guessing states, or making the gateway ask the provider, ends after some tries; a minute later it goes on."""
    for _ in range(limits.MAX_FAILED_LOGINS_PER_MINUTE):
        assert (await bob.come("/login/callback?state=x&code=y")).code == 403
    path = await bob.go()
    assert (await bob.come(path)).code == 429
    bob.stage.clock.seconds += 60
    assert (await bob.come(path)).code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_only_the_console_s_own_page_begins_a_log_in(stage: Stage, site: str) -> None:
    """A link from elsewhere leads to the page, not through it."""
    elsewhere = {**FROM_ELSEWHERE, "Sec-Fetch-Site": site}
    assert (await stage.send("GET", "/login/start?issuer=0", elsewhere)).code == 403
    assert (await stage.send("GET", "/login", elsewhere)).code == 200
    assert (await stage.send("GET", "/login/start?issuer=0", {"Sec-Fetch-Site": "same-origin"})).code == 303


@pytest.mark.parametrize("issuer", ["1", "-1", "", "x", "\u0661", "9" * 100])
async def test_only_a_provider_of_the_page_is_gone_to(stage: Stage, issuer: str) -> None:
    """Any other number is refused."""
    answer = await stage.send("GET", "/login/start?" + urlencode({"issuer": issuer}))
    assert (answer.code, "no such provider" in said(answer)) == (401, True)


async def test_the_log_in_is_at_the_console_s_own_name(stage: Stage) -> None:
    """The provider leads back to that one, and its cookie would be missing there."""
    port = stage.console.url.rpartition(":")[2]
    host = {"Host": f"localhost:{port}"}
    answer = await stage.send("GET", f"/login/start?issuer=0&approval={APPROVAL}", host)
    assert answer.headers["Location"] == f"{stage.console.url}/login?approval={APPROVAL}"
    assert "Set-Cookie" not in answer.headers


async def test_without_such_issuers_there_is_a_token_only() -> None:
    """The field is not folded away, and no way leads anywhere."""
    async with on_stage() as stage:
        page = (await stage.send("GET", "/login")).body.decode()
        assert "<details" not in page
        assert "Log in with" not in page
        assert (await stage.send("GET", "/login/start?issuer=0")).code == 404
        assert (await stage.send("GET", "/login/callback?state=x&code=y")).code == 403


# -- a provider that gives what a test wants --------------------------------------------------------------------------


def tokens(server: KeyServer, nonce: str) -> dict[str, str]:
    """What `server` gives for a code of Bob's."""
    now = int(time.time())
    claims = {"aud": CONSOLE_CLIENT, "sub": "bob", "nonce": nonce, "iat": now, "exp": now + 60}
    return {"access_token": "a", "token_type": "Bearer", "id_token": rsa_key().token(claims_of(server.url, **claims))}


@asynccontextmanager
async def at_the_provider(server: KeyServer, **changes: Any) -> AsyncIterator[tuple[Stage, Browser, str]]:
    """A console, a browser that was sent to `server`, and the path that it is sent back to."""
    async with on_stage(browser_login=service(server.url, **changes)) as stage:
        browser = Browser(stage)
        answer = await browser.send("GET", "/login/start?issuer=0")
        query = dict(pair.split("=") for pair in urlsplit(answer.headers["Location"]).query.split("&"))
        server.token_answer = tokens(server, query["nonce"])
        yield stage, browser, f"/login/callback?state={query['state']}&code=c"


async def test_a_good_answer_of_that_provider() -> None:
    """The twin of the next ones."""
    async with serving(rsa_key()) as server, at_the_provider(server) as (_, browser, path):
        assert (await browser.send("GET", path)).code == 200
        assert (await browser.send("GET", "/flows")).code == 200


async def test_another_log_in_s_token_is_refused() -> None:
    """The provider's own, well signed, but with the nonce of another log-in."""
    async with serving(rsa_key()) as server, at_the_provider(server) as (_, browser, path):
        now = int(time.time())
        claims = claims_of(server.url, aud=CONSOLE_CLIENT, sub="bob", nonce="other", iat=now, exp=now + 60)
        server.token_answer["id_token"] = rsa_key().token(claims)
        answer = await browser.send("GET", path)
        assert (answer.code, "`nonce`" in said(answer)) == (401, True)
        assert (await browser.send("GET", "/flows")).code == 401


async def test_a_provider_that_must_name_itself_and_does_not() -> None:
    """RFC 9207: an answer without `iss` may be another provider's."""
    async with serving(rsa_key()) as server:
        server.configuration = {"authorization_response_iss_parameter_supported": True}
        async with at_the_provider(server) as (_, browser, path):
            assert (await browser.send("GET", path)).code == 401
        async with at_the_provider(server) as (_, browser, path):
            assert (await browser.send("GET", f"{path}&{urlencode({'iss': server.url})}")).code == 200


def way_to(answer: HTTPResponse) -> tuple[dict[str, str], str]:
    """What a provider is asked with, and the path that it is to lead back to."""
    asked = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    return asked, urlsplit(asked["redirect_uri"]).path


async def test_one_provider_gets_no_code_of_another() -> None:
    """A mix-up (RFC 9700, 4.4): a bad provider sends its visitor on to a good one, which does not name itself in its
    answers. Each has a way back of its own, so the answer comes to the wrong one, and nobody is sent the code."""
    async with serving(rsa_key()) as good, serving(rsa_key()) as bad:
        async with on_stage(browser_login=service(good.url, bad.url)) as stage:
            browser = Browser(stage)
            asked, back = way_to(await browser.send("GET", "/login/start?issuer=0"))
            bads, bads_back = way_to(await browser.send("GET", "/login/start?issuer=1"))
            assert [back, bads_back] == [f"/login/callback/{urlsplit(each.url).netloc}" for each in (good, bad)]
            answer = await browser.send("GET", f"{back}?state={bads['state']}&code=of-the-good-one")
            assert (answer.code, "another provider" in said(answer)) == (401, True)
            assert bad.token_requests == []
            good.token_answer = tokens(good, asked["nonce"])
            assert (await browser.send("GET", f"{back}?state={asked['state']}&code=c")).code == 200
            assert len(good.token_requests) == 1


async def test_a_provider_that_is_down_is_said() -> None:
    """On the way there and on the way back, with what to do."""
    async with serving(rsa_key()) as server, at_the_provider(server) as (_, browser, path):
        server.token_status = 503
        answer = await browser.send("GET", path)
        assert (answer.code, "try again in a minute" in said(answer)) == (503, True)
    async with on_stage(browser_login=service(server.url)) as stage:
        answer = await stage.send("GET", "/login/start?issuer=0")
        assert (answer.code, "try again in a minute" in said(answer)) == (503, True)


async def test_what_only_the_operator_can_mend_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger reads no file names of the gateway's."""
    secret = SecretPlace(None, "/run/secret")
    async with serving(rsa_key()) as server, at_the_provider(server, secret=secret) as (_, browser, path):
        with caplog.at_level(logging.WARNING):
            answer = await browser.send("GET", path)
    assert (answer.code, "its operator finds why" in said(answer)) == (503, True)
    assert b"/run/secret" not in answer.body
    assert "/run/secret cannot be read" in caplog.text


async def test_cookies_are_secure_where_people_come_over_tls() -> None:
    """And of a name that no other host can set."""
    async with serving(rsa_key()) as server:
        async with on_stage(browser_login=service(server.url), public_url="https://approve.example") as stage:
            answer = await stage.send("GET", "/login/start?issuer=0", {"Host": "approve.example"})
            assert "redirect_uri=https%3A%2F%2Fapprove.example%2Flogin%2Fcallback&" in answer.headers["Location"]
            assert answer.headers["Set-Cookie"].startswith("__Host-countersign-")
            assert "Secure" in answer.headers["Set-Cookie"]
