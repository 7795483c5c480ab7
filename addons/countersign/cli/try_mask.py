"""`countersign rules try-mask`: a message before and after masking, and which rule did what. Nothing is kept or sent."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from countersign import limits
from countersign.cli.masked_report import as_json, report
from countersign.cli.masking_trial import Question, tried
from countersign.cli.message_file import MessageFile, read_message
from countersign.cli.rules import rules_option
from countersign.errors import BadInput, CountersignError
from countersign.masking.values import KnownSchema
from countersign.rulebook.loading import load
from countersign.rulebook.problems import did_you_mean
from countersign.rulebook.values import Connection, MaskingDirection, Rulebook
from countersign.strict_json import loads
from countersign.visible_text import visible

_UNUSABLE: Final = 2
_DIRECTIONS: Final[tuple[MaskingDirection, ...]] = ("request", "response", "schema", "response-to-client")
_MEDIA_TYPES: Final = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}


@click.command("try-mask")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@rules_option
@click.option("--connection", metavar="NAME", help="Whose rules hold; needed where the rules have several.")
@click.option("--subject", metavar="SUBJECT", help="Whose rules hold; left out: of a request what it names, else all.")
@click.option(
    "--in",
    "direction",
    type=click.Choice(["request", "response", "schema", "response-to-client"]),
    help="What the file is. Left out: what its first line says, and else a request. `schema`: as approvers see it; "
    "`response-to-client`: a response as a caller gets it.",
)
@click.option("--group", "groups", metavar="GROUP", multiple=True, help="Of the caller; for `response-to-client`.")
@click.option("--content-type", metavar="TYPE", help="Of a body alone; a whole message has its own.")
@click.option(
    "--schema",
    "schema_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The schema of the data in FILE: what it marks is masked.",
)
@click.option("--json", "as_json_wanted", is_flag=True, help="Machine-readable, and without what is masked.")
@click.pass_context
def try_mask(
    context: click.Context,
    file: Path,
    directory: Path,
    connection: str | None,
    subject: str | None,
    direction: str | None,
    groups: tuple[str, ...],
    content_type: str | None,
    schema_file: Path | None,
    as_json_wanted: bool,
) -> None:
    """PRINTS FILE UNMASKED, beside what masking makes of it, and which rule did it.

    FILE (`-`: standard input) is a body (JSON, JSON lines, a form, ...), or a whole message, which starts with a line such
    as `POST /x HTTP/1.1` or `HTTP/1.1 200 OK`. Nothing is kept or sent. Keyed hashes are others each time.

    Exit code 0: it was masked (also where the body is of a kind that is not kept); 2: the file or the rules cannot be used.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    try:
        rulebook = load(directory)
        message = _read(file, content_type)
        asked = Question(
            _connection(rulebook, connection),
            subject,
            _direction(message, direction),
            frozenset(groups),
            (_known(schema_file),) if schema_file is not None else (),
        )
        if groups and asked.direction != "response-to-client":
            raise BadInput("--group speaks of the caller; it has a meaning with --in response-to-client only")
        trial = tried(rulebook, asked, message)
    except CountersignError as error:
        click.echo(visible(str(error)), err=True)
        context.exit(_UNUSABLE)
    if as_json_wanted:
        click.echo(json.dumps(as_json(trial, rulebook.masking)))
        return
    for line in report(trial, rulebook.masking):
        click.echo(line)


# -- what the options mean ------------------------------------------------------------------------------------------------


def _read(file: Path, content_type: str | None) -> MessageFile:
    """The message in `file`; a body alone gets the header that says what it is."""
    message = read_message(_contents(file, limits.MAX_BODY_BYTES + limits.MAX_UNREAD_BYTES))
    if message.direction is None:
        said = content_type or _MEDIA_TYPES.get(file.suffix.lower())
        return replace(message, headers=(("Content-Type", said),) if said else ())
    if content_type is not None:
        raise BadInput("--content-type is for a body alone; this file has header fields of its own")
    return message


def _contents(file: Path, most: int) -> bytes:
    name = "standard input" if str(file) == "-" else str(file)
    try:
        with click.open_file(str(file), "rb") as stream:
            data: bytes = stream.read(most + 1)
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror or 'cannot be read'}; give a file that you may read") from None
    if len(data) > most:
        raise BadInput(f"{name}: longer than {most} bytes, which is more than the gateway takes")
    return data


def _known(file: Path) -> KnownSchema:
    try:
        return KnownSchema(str(file), loads(_contents(file, limits.MAX_BODY_BYTES)), {})
    except BadInput as error:
        raise BadInput(f"--schema {file}: {error.detail}") from None


def _connection(rulebook: Rulebook, name: str | None) -> Connection:
    connections = {connection.name: connection for connection in rulebook.connections}
    if name is None and len(connections) == 1:
        return rulebook.connections[0]
    if name is None:
        raise BadInput(f"say with --connection whose rules hold; known here: {', '.join(sorted(connections))}")
    if name not in connections:
        raise BadInput(f"there is no connection {name!r}; {did_you_mean(name, connections)}")
    return connections[name]


def _direction(message: MessageFile, said: str | None) -> MaskingDirection:
    found = next((direction for direction in _DIRECTIONS if direction == said), message.direction or "request")
    is_of_a_response = found in ("response", "response-to-client")
    if message.direction is not None and found != "schema" and is_of_a_response != (message.direction == "response"):
        raise BadInput(f"--in {found}: the file starts as a {message.direction}")
    return found
