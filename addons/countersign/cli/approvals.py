"""countersign approvals: see what is held, and take every step that the console offers, with one's own token.

Talks to the running gateway's console and decides nothing itself.
"""

from __future__ import annotations

import json
import time
from typing import Any, Literal

import click

from countersign.cli.console_client import ConsoleClient, checked_id
from countersign.cli.console_options import on_console
from countersign.cli.entry import Entry, entry_text, outcome, whole_text
from countersign.visible_text import visible


class _ApprovalId(click.ParamType[str]):
    """An id that can stand in a path."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return checked_id(value)
        except ValueError:
            self.fail("ID is the identifier that `countersign approvals list` shows", param, ctx)


_id = click.argument("approval_id", metavar="ID", type=_ApprovalId())
_optional_reason = click.option("--reason", default="", help="Recorded with it.")
_reason = click.option("--reason", required=True, help="Recorded with it, and told to the one who asked.")


@click.group("approvals")
def approvals() -> None:
    """See and decide the changes that wait for another person."""


@approvals.command("list")
@on_console
def list_approvals(client: ConsoleClient, as_json: bool) -> None:
    """What is held that you may see, oldest first; what broke the glass and needs a review comes before."""
    revision, documents = client.approvals()
    if as_json:
        _print_json({"revision": revision, "approvals": documents})
    elif not documents:
        click.echo("Nothing is held for you.")
    else:
        click.echo("\n\n".join(entry_text(Entry.of(document), time.time()) for document in documents))


@approvals.command()
@_id
@on_console
def show(client: ConsoleClient, approval_id: str, as_json: bool) -> None:
    """One approval, all of it; for its approvers, and for the one who asked."""
    document = client.approval(approval_id)
    if as_json:
        _print_json(document)
    else:
        click.echo(whole_text(document), nl=False)


@approvals.command()
@_id
@_optional_reason
@on_console
def approve(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Let the change through, under your name."""
    _take(client, approval_id, "approve", reason, as_json)


@approvals.command()
@_id
@_reason
@on_console
def deny(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Refuse the change, under your name."""
    _take(client, approval_id, "deny", reason, as_json)


@approvals.command()
@_id
@_reason
@on_console
def revoke(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Take back what you or others approved, while it is not used."""
    _take(client, approval_id, "revoke", reason, as_json)


@approvals.command()
@_id
@_optional_reason
@on_console
def withdraw(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Take back what you asked for yourself."""
    _take(client, approval_id, "withdraw", reason, as_json)


@approvals.command()
@_id
@click.option("--accept", "verdict", flag_value="accept", help="It was right to let it pass.")
@click.option("--object", "verdict", flag_value="object", help="It was not; needs a reason.")
@_optional_reason
@on_console
def review(
    client: ConsoleClient, approval_id: str, verdict: Literal["accept", "object"] | None, reason: str, as_json: bool
) -> None:
    """Say what you think of a change that broke the glass and passed without approval."""
    if verdict is None:
        raise click.UsageError("say --accept or --object")
    if verdict == "object" and not reason:
        raise click.UsageError("objecting needs a --reason")
    _take(client, approval_id, verdict, reason, as_json)


def _take(client: ConsoleClient, approval_id: str, action: str, reason: str, as_json: bool) -> None:
    document = client.take(approval_id, action, reason)
    if as_json:
        _print_json(document)
    else:
        click.echo(outcome(Entry.of(document), action))


def _print_json(document: Any) -> None:
    click.echo(visible(json.dumps(document, indent=2, ensure_ascii=False)))
