"""approvals watch on a real terminal, against a real console: what a person sees there, and what their keys do."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from countersign.rulebook.values import Requirement
from tests.cli.relay import on_relay
from tests.cli.terminal import Terminal, environment, on_terminal
from tests.console.stage import CALLERS, Stage, approval_request, on_stage

#: All that the screen itself writes: how it moves, clears, colours, and sets modes; and nothing that others could add.
OURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
NEEDED: dict[str, Any] = {"reason": ("approve", "deny")}


@asynccontextmanager
async def watching(stage: Stage, token: str = "token-bob", **more: str) -> AsyncIterator[Terminal]:
    """`approvals watch` on a terminal, once its first list is there."""
    async with on_terminal(environment(stage.console.url, token, **more), "approvals", "watch") as terminal:
        await terminal.shows("live", "q quit")
        yield terminal


def hold_id(number: int) -> str:
    return approval_request(number).id


async def test_what_is_held_appears_and_what_comes_appears_live(stage: Stage) -> None:
    """With who, what, where, how risky, how long, and what is missing."""
    now = int(time.time() * 1_000_000)
    await stage.hold(1, requested_at=now - 7300 * 1_000_000)
    async with watching(stage) as terminal:
        text = await terminal.shows("1 open, 1 for you", 'register of "customer-value"')
        row = next(line for line in text.splitlines() if line.startswith("> "))
        for part in ("HIGH", "2 h", "1 missing", "ad", "registry", "alice"):
            assert part in row
        await stage.hold(2, subject="orders-value", alternatives=((Requirement(2, ("group:stewards",)),),))
        text = await terminal.shows("2 open", '"orders-value"', "2 missing")
        assert "> HIGH   2 h" in text
        terminal.press("q")
        assert await terminal.ends() == 0


async def test_a_and_y_approve_it(stage: Stage) -> None:
    """The desk has the signature of the token's person, with the typed reason; the screen says what became of it."""
    held = await stage.hold()
    async with watching(stage) as terminal:
        terminal.press("a")
        await terminal.shows("APPROVE", held.request.id, "may be left out")
        terminal.press("seen by", " me", "enter")
        await terminal.shows("reason: seen by me", "y = yes")
        assert stage.desk.get(held.request.id).signatures == ()
        terminal.press("y")
        await terminal.shows("Approved: the request can pass now", "granted")
    (signature,) = stage.desk.get(held.request.id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", "approve", "seen by me")


async def test_anything_but_y_sends_nothing(stage: Stage) -> None:
    """Enter pressed twice, n, or Esc: back to the reason."""
    held = await stage.hold()
    async with watching(stage) as terminal:
        terminal.press("a", "enter")
        for key in ("enter", "n", "escape"):
            await terminal.shows("y = yes")
            terminal.press(key)
            await terminal.shows("Your reason")
            terminal.press("enter")
        await terminal.shows("y = yes")
        terminal.press("x", "escape")
        await terminal.shows("q quit")
        assert stage.desk.get(held.request.id).state == "pending"
        assert not stage.store.events[1:]


async def test_deny_without_a_needed_reason_is_refused_and_what_was_typed_is_kept(stage: Stage) -> None:
    """First by the screen; then by the console, where somebody was faster."""
    held = await stage.hold(**NEEDED)
    async with watching(stage) as terminal:
        terminal.press("d", " ... ", "enter")
        await terminal.shows("A reason is needed to deny", ">  ...")
        terminal.press("not today", "enter")
        await terminal.shows("reason:  ... not today", "y = yes")
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", "never")
        await terminal.shows("meanwhile it is denied by carol: never")
        terminal.press("y")
        await terminal.shows("refused: the approval is denied already: never (409)", ">  ... not today")
        terminal.press("escape")
        await terminal.shows("what you typed is kept")
    assert [signature.person for signature in stage.desk.get(held.request.id).signatures] == ["carol"]


async def test_a_row_that_moves_under_the_cursor_is_not_decided(stage: Stage) -> None:
    """The selected approval ends, its neighbour takes its row: the keys that follow are not about the neighbour."""
    first, second, third = [await stage.hold(number) for number in (1, 2, 3)]
    async with watching(stage) as terminal:
        await terminal.shows("3 open")
        terminal.press("down")
        await terminal.shows(f"-- {second.request.id}")
        await stage.desk.act(second.request.id, CALLERS["token-alice"], "withdraw", "")
        await terminal.shows("2 open", "withdrawn by alice")
        terminal.press("a", "enter", "y")
        await terminal.shows(f"Approval {second.request.id}, withdrawn by alice", "(withdrawn)")
        terminal.press("q")
        await terminal.shows("q quit")
        await stage.desk.act(first.request.id, CALLERS["token-alice"], "withdraw", "")
        text = await terminal.shows("1 open", "withdrawn by alice")
        assert re.search(r"^> .* withdrawn ", text, re.MULTILINE)
        terminal.press("down", "a")
        await terminal.shows("APPROVE", f"approval {third.request.id}")
        await stage.hold(4)
        await terminal.shows("2 open")
        terminal.press("enter")
        await terminal.shows("y = yes")
        terminal.press("y")
        await terminal.shows("Approved: the request can pass")
    states = [stage.desk.get(hold_id(number)).state for number in (1, 2, 3, 4)]
    assert states == ["withdrawn", "withdrawn", "approved", "pending"]


@pytest.mark.parametrize(
    ("key", "token", "before", "typed", "state"),
    [
        ("d", "token-bob", "pending", "no", "denied"),
        ("w", "token-alice", "pending", "", "withdrawn"),
        ("v", "token-bob", "approved", "wrong one", "revoked"),
        ("ra", "token-bob", "unreviewed", "", "reviewed"),
        ("ro", "token-bob", "unreviewed", "too late", "reviewed"),
    ],
)
async def test_every_other_step(stage: Stage, key: str, token: str, before: str, typed: str, state: str) -> None:
    """Each is there for those who may, and ends as its name says."""
    if before == "unreviewed":
        await stage.desk.break_glass(approval_request())
    else:
        await stage.hold()
    if before == "approved":
        await stage.desk.act(hold_id(1), CALLERS["token-carol"], "approve", "")
    async with watching(stage, token) as terminal:
        await terminal.shows(f"-- {hold_id(1)}")
        terminal.press(*key)
        await terminal.shows("Your reason")
        terminal.press(typed, "enter")
        await terminal.shows("y = yes")
        terminal.press("y")
        await terminal.shows("Recorded")
    assert stage.desk.get(hold_id(1)).state == state


async def test_enter_opens_all_of_it(stage: Stage) -> None:
    """Nothing is cut: the end of a long body is reached, a page at a time and at once."""
    await stage.hold(message={"method": "POST", "url": "/x", "headers": [], "body": "y" * 5000 + "the end"})
    async with watching(stage) as terminal:
        terminal.press("enter")
        await terminal.shows("Summary", "lines 1 to 20 of ")
        seen = terminal.text
        terminal.press("pagedown")
        await terminal.shows("lines 21 to 40 of ")
        seen += terminal.text
        terminal.press("G")
        await terminal.shows("the end")
        assert "required-added" in seen
        terminal.press("q")
        await terminal.shows("q quit")


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[1;1HGONE\x9b2J\u202egnorw\u2066\u200b\r\x08\x1bc" + "\u0301" * 300 + "W" * 10_000


async def test_hostile_text_cannot_move_the_cursor_or_hide_anything(stage: Stage) -> None:
    """Not in the list, not in a question, not in the open approval, not in a refusal: no byte of theirs is a control."""
    hostile: dict[str, Any] = {
        "subject": HOSTILE,
        "connection": HOSTILE,
        "caller_people": (HOSTILE,),
        "summary": (HOSTILE, *(f"change {number}" for number in range(500))),
        "justification": HOSTILE,
        "why": HOSTILE,
    }
    held = await stage.hold(1, **hostile)
    await stage.hold(2)
    async with watching(stage) as terminal:
        text = await terminal.shows("2 open", "> HIGH", "  HIGH", "q quit", "Enter shows all")
        assert "\\u001b]0;owned" in text
        terminal.press("a")
        await terminal.shows("APPROVE", held.request.id, "Your reason", "characters, Enter shows all")
        await stage.desk.act(held.request.id, CALLERS["token-carol"], "deny", HOSTILE[:1900])
        terminal.press("enter")
        await terminal.shows("y = yes")
        terminal.press("y")
        await terminal.shows("refused: the approval is denied already", "Your reason")
        terminal.press("escape")
        await terminal.shows("q quit")
        terminal.press("enter")
        await terminal.shows("lines 1 to 20 of", "W" * 60)
        terminal.press("G")
        await terminal.until(lambda screen: bool(re.search(r"lines (\d+) to (\d+) of \2 ", screen)))
        controls = OURS.sub(b"", terminal.raw)
        assert not set(controls) & (set(range(32)) - set(b"\r\n\x08"))
        decoded = controls.decode()
        assert not set(decoded) & set("\x9b\u202e\u2066\u200b")
        for attack in (b"\x1b]0;", b"\x1bc", b"\x1b[1;1HGONE"):
            assert attack not in terminal.raw


async def test_the_screen_follows_its_size(stage: Stage) -> None:
    """Wider, then smaller than anybody uses, then back."""
    for number in range(1, 31):
        await stage.hold(number)
    async with watching(stage) as terminal:
        await terminal.shows("30 open")
        terminal.resize(120, 40)
        await terminal.until(lambda screen: len(screen.splitlines()[0]) == 120 and screen.count("HIGH") == 31)
        terminal.resize(50, 10)
        await terminal.until(lambda screen: len(screen.splitlines()[0]) == 50 and "q quit" in screen.splitlines()[-1])
        terminal.resize(80, 24)
        await terminal.until(lambda screen: len(screen.splitlines()[0]) == 80 and "> HIGH" in screen)


async def test_a_console_that_goes_and_comes_back() -> None:
    """Said while it lasts, with the list as it was; a step in the meantime fails and keeps its reason; then live again."""
    async with on_relay() as relay, on_stage(public_url=relay.url) as stage:
        relay.to_port = stage.console.address[1]
        held = await stage.hold()
        async with watching(stage) as terminal:
            await relay.cut()
            await terminal.shows("no answer since", "trying again", "> HIGH")
            terminal.press("d", "because", "enter")
            await terminal.shows("y = yes")
            terminal.press("y")
            await terminal.shows("nobody knows yet whether this is recorded", "> because")
            assert stage.desk.get(held.request.id).state == "pending"
            await relay.mend()
            await terminal.shows(" live")
            terminal.press("enter")
            await terminal.shows("y = yes")
            terminal.press("y")
            await terminal.shows("Recorded: the approval is denied")
        assert stage.desk.get(held.request.id).why == "because"


@pytest.mark.parametrize("how", ["list", "step"])
async def test_a_token_that_is_over_ends_it_with_1(stage: Stage, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Whether the list or a step is refused: the screen is gone, and a line says why."""
    await stage.hold()
    async with watching(stage) as terminal:
        if how == "step":
            terminal.press("a", "enter")
            await terminal.shows("y = yes")
        monkeypatch.delitem(CALLERS, "token-bob")
        if how == "step":
            terminal.press("y")
        else:
            await stage.hold(2)
        assert await terminal.ends() == 1
        assert b"refused: nobody issued this token (401)" in terminal.raw[terminal.raw.rindex(b"\x1b[?1049l") :]


async def test_a_console_that_was_never_there_ends_it_with_2() -> None:
    """With a line that says which."""
    async with on_terminal(environment("http://127.0.0.1:1", "token-bob"), "approvals", "watch") as terminal:
        assert await terminal.ends() == 2
        assert b"http://127.0.0.1:1 does not answer" in terminal.raw


async def test_ctrl_c_leaves_from_everywhere(stage: Stage) -> None:
    """Also while a reason is typed; nothing is sent."""
    held = await stage.hold()
    async with watching(stage) as terminal:
        terminal.press("a", "half a reason")
        await terminal.shows("half a reason")
        terminal.press("\x03")
        assert await terminal.ends() == 0
    assert stage.desk.get(held.request.id).state == "pending"


async def test_no_color_is_honoured(stage: Stage) -> None:
    """With it no colour is written; without it there are some."""
    await stage.hold()
    colour = re.compile(rb"\x1b\[[0-9;]*\b(3[0-8]|9[0-7])[;m]")
    async with watching(stage, NO_COLOR="1") as terminal:
        await terminal.shows("HIGH risk")
        assert not colour.search(terminal.raw)
    async with watching(stage) as terminal:
        await terminal.shows("HIGH risk")
        assert colour.search(terminal.raw)


async def test_a_pasted_text_is_no_series_of_keys(stage: Stage) -> None:
    """In the list it does nothing; in a reason it is text, on one line."""
    held = await stage.hold()
    async with watching(stage) as terminal:
        terminal.press("\x1b[200~a\ry\x1b[201~", "d")
        await terminal.shows("DENY")
        terminal.press("\x1b[200~one\rtwo\ny\x1b[201~")
        await terminal.shows("> one two y")
    assert stage.desk.get(held.request.id).state == "pending"


async def test_help_says_which_keys_there_are(stage: Stage) -> None:
    """And goes with any key."""
    async with watching(stage) as terminal:
        terminal.press("?")
        await terminal.shows("a  approve", "r  review", "any key: back")
        terminal.press("x")
        await terminal.shows("Nothing is held for you")
