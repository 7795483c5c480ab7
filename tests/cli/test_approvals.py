"""countersign approvals against a real console: what it prints, and with which exit code it ends."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest
from click.testing import CliRunner

from countersign.cli.approvals import approvals
from countersign.rulebook.values import Requirement
from tests.cli.command import run
from tests.console.stage import CALLERS, Stage, approval_request

LEADS = ((Requirement(1, ("group:leads",)),),)


async def test_list_shows_what_is_held(stage: Stage) -> None:
    """Every held change is listed with who asks and what it does."""
    held = await stage.hold()
    result = await run(stage, "token-bob", "list")
    assert result.exit_code == 0
    for text in (held.request.id, "customer-value", "alice", "taxId becomes required", "age is at most 120 now"):
        assert text in result.output


async def test_list_says_when_there_is_nothing(stage: Stage) -> None:
    """An empty list is said in words, so that it is no mistake of the command."""
    assert "Nothing is held" in (await run(stage, "token-bob", "list")).output


async def test_show_prints_all_of_one(stage: Stage) -> None:
    """Nothing is cut: the changes, both schemas, and the request's body are there."""
    held = await stage.hold(message={"method": "POST", "url": "/x", "headers": [], "body": "y" * 20_000})
    result = await run(stage, "token-bob", "show", held.request.id)
    assert result.exit_code == 0
    assert '"maximum": 120' in result.output
    assert "y" * 20_000 in result.output


async def test_hostile_text_is_escaped(stage: Stage) -> None:
    """No escape sequence and no direction mark of a requester reaches the terminal, as text or as JSON."""
    held = await stage.hold(summary=("\x1b[2Jgone\u202eslow",))
    for arguments in (["list"], ["show", held.request.id], ["show", held.request.id, "--json"]):
        output = (await run(stage, "token-bob", *arguments)).output
        assert "\x1b" not in output
        assert "\u202e" not in output
        assert "\\u001b[2Jgone\\u202eslow" in output


async def test_json_is_the_answer(stage: Stage) -> None:
    """--json prints what the API said, for other programs."""
    held = await stage.hold()
    output = (await run(stage, "token-bob", "list", "--json")).output
    assert [approval["id"] for approval in json.loads(output)["approvals"]] == [held.request.id]


async def test_approve_is_recorded_for_the_token_s_person(stage: Stage) -> None:
    """The desk knows who approved and why."""
    held = await stage.hold()
    result = await run(stage, "token-bob", "approve", held.request.id, "--reason", "fine")
    assert result.exit_code == 0
    assert result.output == "Approved: the request can pass now, once.\n"
    (signature,) = stage.desk.get(held.request.id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", "approve", "fine")


async def test_the_first_of_two_signatures_is_not_called_done(stage: Stage) -> None:
    """Who signs first is told that others must."""
    held = await stage.hold(alternatives=((Requirement(2, ("group:stewards",)),),))
    said = (await run(stage, "token-bob", "approve", held.request.id)).output
    assert "1 more needed from other people: 2 people of the group stewards (1 missing)" in said


async def test_deny_needs_a_reason(stage: Stage) -> None:
    """Without a reason nothing is sent; with one the change is denied."""
    held = await stage.hold()
    assert (await run(stage, "token-bob", "deny", held.request.id)).exit_code == 2
    assert stage.desk.get(held.request.id).state == "pending"
    assert (await run(stage, "token-bob", "deny", held.request.id, "--reason", "no")).exit_code == 0
    assert stage.desk.get(held.request.id).why == "no"


async def test_a_refusal_ends_with_1_and_its_detail(stage: Stage) -> None:
    """Alice cannot approve her own change, and is told so."""
    held = await stage.hold()
    result = await run(stage, "token-alice", "approve", held.request.id)
    assert result.exit_code == 1
    assert "alice stands behind this request" in result.output
    assert stage.desk.get(held.request.id).state == "pending"


async def test_an_unknown_token_ends_with_1(stage: Stage) -> None:
    """A token that nobody issued is refused by the console, not by the command."""
    result = await run(stage, "token-of-nobody", "list")
    assert result.exit_code == 1
    assert "nobody issued this token" in result.output


async def test_no_console_ends_with_2() -> None:
    """Nobody listens there: said with the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert url in result.output


async def test_a_path_is_no_id(stage: Stage) -> None:
    """An id with a slash would reach another part of the API."""
    assert (await run(stage, "token-bob", "show", "../approvals")).exit_code == 2


async def test_help_needs_no_token() -> None:
    """Reading about the command works before one has a token."""
    result = await asyncio.to_thread(CliRunner().invoke, approvals, ["approve", "--help"])
    assert result.exit_code == 0
    assert "--token-file" in result.output


async def test_list_says_how_risky_how_long_and_who_is_missing(stage: Stage) -> None:
    """What a person needs to choose what to read first."""
    asked_at = int((time.time() - 3 * 3600 - 60) * 1_000_000)
    await stage.hold(requested_at=asked_at, reason=("deny",))
    output = (await run(stage, "token-bob", "list")).output
    for part in ("high risk, waits 3 h, 1 missing", "1 person of the group stewards", "approve, deny (with a reason)"):
        assert part in output


async def test_the_one_who_asked_sees_their_own_only(stage: Stage) -> None:
    """Alice is told how hers stand, and nothing of what is not hers; the console decides that."""
    mine = await stage.hold(1)
    other = await stage.hold(
        2, caller=CALLERS["token-carol"].as_evidence(), caller_people=("carol",), alternatives=LEADS
    )
    output = (await run(stage, "token-alice", "list")).output
    assert mine.request.id in output
    assert other.request.id not in output
    assert (await run(stage, "token-alice", "show", mine.request.id)).exit_code == 0
    assert (await run(stage, "token-alice", "show", other.request.id)).exit_code == 1


async def test_withdraw_takes_back_one_s_own(stage: Stage) -> None:
    """Only the one who asked can; a reason may be given."""
    held = await stage.hold()
    assert (await run(stage, "token-bob", "withdraw", held.request.id)).exit_code == 1
    result = await run(stage, "token-alice", "withdraw", held.request.id, "--reason", "a typo")
    assert (result.exit_code, result.output) == (0, "Recorded: the approval is withdrawn.\n")
    assert stage.desk.get(held.request.id).why == "by alice: a typo"


async def test_revoke_takes_back_what_was_approved(stage: Stage) -> None:
    """Not without a reason."""
    held = await stage.hold()
    await run(stage, "token-bob", "approve", held.request.id)
    assert (await run(stage, "token-bob", "revoke", held.request.id)).exit_code == 2
    assert stage.desk.get(held.request.id).state == "approved"
    assert (await run(stage, "token-carol", "revoke", held.request.id, "--reason", "wrong one")).exit_code == 0
    assert stage.desk.get(held.request.id).state == "revoked"


@pytest.mark.parametrize(("verdict", "said"), [("accept", "reviewed and accepted"), ("object", "objected to")])
async def test_review_says_what_one_thinks_of_broken_glass(stage: Stage, verdict: str, said: str) -> None:
    """It is recorded under the reviewer's name."""
    await stage.desk.break_glass(approval_request())
    result = await run(stage, "token-bob", "review", approval_request().id, f"--{verdict}", "--reason", "seen")
    assert result.exit_code == 0
    assert said in result.output
    (signature,) = stage.desk.get(approval_request().id).signatures
    assert (signature.person, signature.verdict, signature.reason) == ("bob", verdict, "seen")


@pytest.mark.parametrize("arguments", [[], ["--reason", "x"], ["--object"]])
async def test_a_review_without_a_verdict_or_its_reason_is_not_sent(stage: Stage, arguments: list[str]) -> None:
    """Nothing is guessed; accepting needs no reason."""
    await stage.desk.break_glass(approval_request())
    assert (await run(stage, "token-bob", "review", approval_request().id, *arguments)).exit_code == 2
    assert stage.desk.get(approval_request().id).state == "unreviewed"
    assert (await run(stage, "token-bob", "review", approval_request().id, "--accept")).exit_code == 0


async def test_a_step_as_json_is_the_approval_as_it_stands(stage: Stage) -> None:
    """For other programs."""
    held = await stage.hold()
    output = (await run(stage, "token-bob", "approve", held.request.id, "--json")).output
    assert json.loads(output)["state"] == "approved"
