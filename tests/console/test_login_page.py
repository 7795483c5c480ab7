"""The log-in page itself, and who may enter."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

import pytest

from countersign.console.login_page import require_one_person
from countersign.console.problems import Problem
from countersign.identity import BrowserLogin, TokenVerifier
from countersign.rulebook.secret_values import read_secret
from countersign.rulebook.values import IdentityRules, LoginClient
from tests.console.stage import Browser, Stage, caller, on_stage
from tests.identity.issuing import fetch, issuer_at, post

CLIENT = LoginClient("console", None, ("openid",))


def service(*urls: str) -> BrowserLogin:
    rules = IdentityRules(tuple(issuer_at(url, login=CLIENT) for url in urls), ())
    return BrowserLogin(rules, TokenVerifier(rules, fetch, time.time), post, read_secret, secrets.token_urlsafe)


async def test_every_provider_has_its_link() -> None:
    """In the order of the rules, by a name that tells them apart, and carrying where the person was going."""
    async with on_stage(browser_login=service("https://b.example/one", "https://b.example/two&three")) as stage:
        page = (await stage.send("GET", "/login?to=mitmweb")).body.decode()
    assert '<a class="provider" href="/login/start?issuer=0&amp;to=mitmweb">Log in with b.example/one</a>' in page
    assert (
        '<a class="provider" href="/login/start?issuer=1&amp;to=mitmweb">Log in with b.example/two&amp;three</a>'
        in page
    )
    assert '<input type="hidden" name="to" value="mitmweb">' in page


async def test_a_refused_token_leaves_its_field_open() -> None:
    """The person sees what was wrong and where to mend it."""
    async with on_stage(browser_login=service("https://b.example")) as stage:
        browser = Browser(stage)
        assert b"<details>" in (await browser.send("GET", "/login")).body
        answer = await browser.log_in("token-of-nobody")
        assert b"<details open>" in answer.body
        assert b'role="alert">nobody issued this token' in answer.body


async def test_the_policy_allows_one_style_and_own_forms(stage: Stage) -> None:
    """No script, no image, no frame, nothing from elsewhere."""
    policy = (await stage.send("GET", "/login")).headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives.pop("style-src").startswith("'sha256-")
    assert directives == {
        "default-src": "'none'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


async def test_a_session_cookie_that_is_not_ours_names_no_session(stage: Stage) -> None:
    """Nobody ends another's session with an id that they have made up."""
    browser = await stage.browser("token-bob")
    forger = Browser(stage)
    forger.cookies = {name: value[:-4] + "0000" for name, value in browser.cookies.items() if "xsrf" not in name}
    await forger.log_in("token-carol")
    assert (await browser.send("GET", "/flows")).code == 200


def test_one_person_enters() -> None:
    """Nobody known, or several at once, are told so."""
    require_one_person(caller("bob"))
    for people, why in ((), "no person"), (("bob", "carol"), "more than one person"):
        with pytest.raises(Problem) as caught:
            require_one_person(caller(*people))
        assert caught.value.status_code == 403
        assert why in caught.value.detail


def test_what_a_person_started_does_not_enter_for_them() -> None:
    """It could not decide anything, and would take the places of the person's own sessions, which end then."""
    with pytest.raises(Problem) as caught:
        require_one_person(replace(caller("bob"), may_sign=False))
    assert caught.value.status_code == 403
    assert "log in with your own" in caught.value.detail
