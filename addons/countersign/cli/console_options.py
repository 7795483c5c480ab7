"""What every command that talks to a console is given: its address, the person's token, and whom TLS trusts."""

from __future__ import annotations

import ipaddress
import os
import ssl
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from countersign.cli.console_client import ConsoleClient, Refused, Unreachable
from countersign.errors import BadInput
from countersign.visible_text import visible_line

_DEFAULT_CONSOLE = "http://127.0.0.1:8082"
_TOKEN_VARIABLE = "COUNTERSIGN_TOKEN"  # noqa: S105 - the name of a variable
_FILE = click.Path(path_type=Path)
_REFUSED, _UNREACHABLE = 1, 2


def on_console(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options; `command` gets a client and whether to print JSON instead.

    What the console refuses ends the command with exit code 1, a console that does not answer with 2.
    """

    @click.option(
        "--console",
        envvar="COUNTERSIGN_CONSOLE",
        default=_DEFAULT_CONSOLE,
        show_default=True,
        help="URL of the console.",
    )
    @click.option("--token-file", type=_FILE, help=f"File with your own token; without it, {_TOKEN_VARIABLE} is used.")
    @click.option("--ca-file", type=_FILE, help="Certificates to trust for the console, PEM.")
    @click.option("--json", "as_json", is_flag=True, help="Print the answer's JSON.")
    @wraps(command)
    def run(console: str, token_file: Path | None, ca_file: Path | None, **arguments: Any) -> None:
        try:
            client = ConsoleClient(_console_url(console), _token(token_file), _tls(ca_file))
        except BadInput as error:
            raise click.UsageError(error.detail) from None
        try:
            command(client, **arguments)
        except Refused as error:
            _end(_REFUSED, f"refused: {error}")
        except Unreachable as error:
            _end(_UNREACHABLE, str(error))

    return run


def _end(code: int, text: str) -> NoReturn:
    click.echo(visible_line(text), err=True)
    sys.exit(code)


def _console_url(url: str) -> str:
    """Raises BadInput where the token would travel in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput("--console must be the URL of the gateway's console, such as https://gateway.example:8082")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise BadInput("your token would go over the network unencrypted; use the console's https URL")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(token_file: Path | None) -> str:
    """Never from the command line, which every user of the machine can read. Raises BadInput."""
    if token_file is None:
        token = os.environ.get(_TOKEN_VARIABLE, "")
        place = _TOKEN_VARIABLE
    else:
        place = str(token_file)
        try:
            token = token_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise BadInput(f"{place} cannot be read as a token") from None
    token = token.strip()
    if not token:
        raise BadInput(f"no token: put your own into {_TOKEN_VARIABLE}, or into a file named with --token-file")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadInput(f"{place} does not hold one token and nothing else")
    return token


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError):
        raise BadInput(f"{ca_file} cannot be read as PEM certificates") from None
