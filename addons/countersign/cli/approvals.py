"""countersign approvals: see what is held, approve it, deny it, in a terminal, with one's own token.

Talks to the running gateway's console and decides nothing itself.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

import click

from countersign import limits
from countersign.approvals.change_text import approval_text, moment
from countersign.errors import BadInput, CountersignError
from countersign.visible_text import visible, visible_line

_DEFAULT_CONSOLE = "http://127.0.0.1:8082"
_TOKEN_VARIABLE = "COUNTERSIGN_TOKEN"  # noqa: S105 - the name of a variable
_FILE = click.Path(path_type=Path)
_REFUSED, _UNREACHABLE = 1, 2
_APPROVAL_ID = re.compile(r"[0-9a-f-]{1,64}")


class Refused(CountersignError):
    """The console understood and said no; the text is its own."""


class Unreachable(CountersignError):
    """No answer, or none that a console would give."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ConsoleClient:
    """The console's API, with one person's token. HTTPS_PROXY is ignored: on these machines it is the gateway."""

    url: str
    token: str
    tls: ssl.SSLContext

    def ask(self, method: str, path: str, document: dict[str, str] | None = None) -> Any:
        """The JSON of the answer. Raises Refused or Unreachable."""
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - the scheme was checked
        request.add_header("Authorization", f"Bearer {self.token}")
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls), _NoRedirect()
        )
        try:
            with opener.open(request, timeout=limits.CONSOLE_TIMEOUT_SECONDS) as answer:
                return _json(answer.read(limits.MAX_CONSOLE_ANSWER_BYTES + 1))
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                f"{self.url} does not answer: {reason}; is the gateway running, and is this its console?"
            ) from None


@click.group("approvals")
def approvals() -> None:
    """See and decide the changes that wait for another person."""


def _on_console(command: Callable[..., None]) -> Callable[..., None]:
    """The options every command here has; `command` gets a client and whether to print JSON instead."""

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
        command(client, **arguments)

    return run


@approvals.command("list")
@_on_console
def list_approvals(client: ConsoleClient, as_json: bool) -> None:
    """What is held that you may see, oldest first."""
    answer = _ask(client, "GET", "/api/approvals")
    if as_json:
        _print_json(answer)
    elif not answer["approvals"]:
        click.echo("Nothing is held for you.")
    else:
        click.echo("\n\n".join(_entry(approval) for approval in answer["approvals"]))


@approvals.command()
@click.argument("approval_id", metavar="ID")
@_on_console
def show(client: ConsoleClient, approval_id: str, as_json: bool) -> None:
    """One approval, all of it."""
    answer = _ask(client, "GET", _path(approval_id))
    if as_json:
        _print_json(answer)
    else:
        click.echo(approval_text(answer), nl=False)


@approvals.command()
@click.argument("approval_id", metavar="ID")
@click.option("--reason", default="", help="Recorded with your decision.")
@_on_console
def approve(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Let the change through, under your name."""
    _decide(client, approval_id, "approve", reason, as_json)


@approvals.command()
@click.argument("approval_id", metavar="ID")
@click.option("--reason", required=True, help="Recorded with your decision, and told to the one who asked.")
@_on_console
def deny(client: ConsoleClient, approval_id: str, reason: str, as_json: bool) -> None:
    """Refuse the change, under your name."""
    _decide(client, approval_id, "deny", reason, as_json)


def _decide(client: ConsoleClient, approval_id: str, verdict: str, reason: str, as_json: bool) -> None:
    answer = _ask(client, "POST", f"{_path(approval_id)}/{verdict}", {"reason": reason})
    if as_json:
        _print_json(answer)
    elif answer["state"] == "pending":
        click.echo(f"Recorded; {answer['missing']} more needed from other people.")
    else:
        click.echo(f"Recorded; the approval is {visible_line(str(answer['state']))} now.")


# -- texts ------------------------------------------------------------------------------------------------------------


def _entry(approval: dict[str, Any]) -> str:
    subject = approval["subject"] if approval["subject"] is not None else "the service as a whole"
    head = f"{approval['id']}  {approval['state']}, {approval['missing']} missing, ends {moment(approval['deadline'])}"
    what = f"{approval['effect']} of {subject} at {approval['connection']}, by {', '.join(approval['caller_people'])}"
    return "\n".join(
        visible_line(line) for line in (head, f"  {what}", *(f"  * {line}" for line in approval["summary"]))
    )


def _print_json(document: Any) -> None:
    click.echo(visible(json.dumps(document, indent=2, ensure_ascii=False)))


def _fail(code: int, text: str) -> NoReturn:
    click.echo(visible_line(text), err=True)
    sys.exit(code)


# -- the console's answers --------------------------------------------------------------------------------------------


def _ask(client: ConsoleClient, method: str, path: str, document: dict[str, str] | None = None) -> Any:
    try:
        return client.ask(method, path, document)
    except Refused as error:
        _fail(_REFUSED, f"refused: {error}")
    except Unreachable as error:
        _fail(_UNREACHABLE, str(error))


def _refusal(error: urllib.error.HTTPError) -> CountersignError:
    """What a problem document says; an answer that is none does not come from a console."""
    try:
        problem = _json(error.read(limits.MAX_CONSOLE_BODY_BYTES))
        return Refused(f"{problem['detail']} ({error.code})")
    except (Unreachable, OSError, HTTPException, KeyError, TypeError):
        return Unreachable(f"the answer is {error.code} and not a console's; is this the URL of the gateway's console?")


def _json(data: bytes) -> Any:
    if len(data) > limits.MAX_CONSOLE_ANSWER_BYTES:
        raise Unreachable("the answer is too large; ask for one approval with `show`")
    try:
        return json.loads(data)
    except ValueError:
        raise Unreachable("the answer is not JSON; is this the URL of the gateway's console?") from None


# -- what the command was given ---------------------------------------------------------------------------------------


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


def _path(approval_id: str) -> str:
    if not _APPROVAL_ID.fullmatch(approval_id):
        raise click.UsageError("ID is the identifier that `countersign approvals list` shows")
    return f"/api/approvals/{approval_id}"
