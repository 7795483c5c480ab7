"""countersign approvals watch: a live list on a terminal, or one line for each change where there is none."""

from __future__ import annotations

import os
import sys
import time

import click

from countersign.cli.console_client import ConsoleClient
from countersign.cli.console_options import on_console
from countersign.cli.news import news
from countersign.cli.watch_lines import lines


@click.command()
@on_console
def watch(client: ConsoleClient, as_json: bool) -> None:
    """See what is held as it comes, and decide it from the list; ? shows the keys.

    Where the output is no terminal, or with --json, it prints one line for each change until it is interrupted.
    """
    if as_json or not _is_terminal():
        _print_lines(client, as_json)
    else:
        from countersign.cli.watch_screen import (
            WatchScreen,
        )  # here: no other command needs a quarter of a second for it

        WatchScreen(client).run()


def _print_lines(client: ConsoleClient, as_json: bool) -> None:
    try:
        for line in lines(
            client, news(client, time.sleep), time.time, as_json, lambda text: click.echo(text, err=True)
        ):
            click.echo(line)
    except KeyboardInterrupt:
        return  # being interrupted is how this ends


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb")
