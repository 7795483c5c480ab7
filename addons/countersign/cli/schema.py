"""`countersign schema`: what changed between two JSON Schemas, and what it means for readers and writers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from countersign import limits
from countersign.errors import BadInput, CountersignError
from countersign.schema_change import (
    DIALECT_NAMES,
    Change,
    ChangeEffect,
    Counterexample,
    SchemaDiff,
    Verdict,
    compare,
    summarise,
)
from countersign.strict_json import Json, loads
from countersign.visible_text import visible_line

_UNREADABLE = 2
_VERDICT_COLOURS: dict[Verdict, str] = {"compatible": "green", "breaking": "red", "unknown": "yellow"}
_EFFECT_COLOURS: dict[ChangeEffect, str] = {
    "narrows": "red",
    "narrows-and-widens": "red",
    "unknown": "yellow",
    "widens": "cyan",
    "none": "bright_black",
}
_MEANINGS = (
    ("backward", "does NEW accept everything that OLD accepts?"),
    ("forward", "does OLD accept everything that NEW accepts?"),
)


@click.group()
def schema() -> None:
    """Compare schemas."""


@schema.command()
@click.argument("old", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.argument("new", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option(
    "--batch",
    type=click.File("rb"),
    metavar="FILE",
    help='Read JSON lines {"old": …, "new": …}, write one JSON line for each, in order. `-` is the standard input.',
)
@click.option(
    "--dialect",
    type=click.Choice(DIALECT_NAMES),
    help="Of schemas that state no `$schema`; openapi-3.0 and kubernetes hold whatever they state.",
)
@click.pass_context
def diff(
    context: click.Context,
    old: Path | None,
    new: Path | None,
    as_json: bool,
    batch: BinaryIO | None,
    dialect: str | None,
) -> None:
    """Show the changes from the schema in file OLD to the one in file NEW (`-`: standard input).

    Exit code 0 whatever the verdict; 2: a file cannot be read as JSON.
    """
    if batch is not None:
        if old is not None or new is not None:
            raise click.UsageError("--batch takes no OLD and NEW; leave them out")
        for line in _lines(batch):
            click.echo(json.dumps(_batch_answer(line, dialect)))
        return
    if old is None or new is None:
        raise click.UsageError("give two files, OLD and NEW, or --batch FILE")
    if str(old) == str(new) == "-":
        raise click.UsageError("only one of OLD and NEW can be the standard input")
    try:
        found = compare(_read(old), _read(new), default_dialect=dialect)
    except BadInput as error:
        click.echo(visible_line(error.detail), err=True)
        context.exit(_UNREADABLE)
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        _show(found)


def _read(path: Path) -> Json:
    """The schema in a file. Raises BadInput with the file's name and the place."""
    name = "standard input" if str(path) == "-" else str(path)
    try:
        with click.open_file(str(path), "rb") as file:
            data: bytes = file.read(limits.MAX_BODY_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror or 'cannot be read'}") from None
    if len(data) > limits.MAX_BODY_BYTES:
        raise BadInput(f"{name}: longer than {limits.MAX_BODY_BYTES} bytes; split the schema")
    try:
        return _schema(loads(data, exact_numbers=True))
    except BadInput as error:
        raise BadInput(f"{name}: {error.detail}") from None


def _schema(value: Json) -> Json:
    if not isinstance(value, dict | bool):
        raise BadInput("the root of a schema is an object, true or false")
    return value


def _lines(batch: BinaryIO) -> Iterator[bytes]:
    """The lines that are not blank; one that is too long comes cut, and is no JSON then."""
    while line := batch.readline(2 * limits.MAX_BODY_BYTES):
        if line.strip():
            yield line


def _batch_answer(line: bytes, dialect: str | None) -> Json:
    """The comparison that one line asks for, or what is wrong with the line."""
    try:
        pair = loads(line, max_depth=limits.MAX_JSON_DEPTH + 1, exact_numbers=True)
        if not isinstance(pair, dict) or not {"old", "new"} <= pair.keys():
            raise BadInput('not an object with "old" and "new"')
        # null: there is no schema yet
        old = None if pair["old"] is None else _schema(pair["old"])
        return compare(old, _schema(pair["new"]), default_dialect=dialect).as_json()
    except CountersignError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - a batch never stops at a bad line, whatever is wrong with it
        return {"error": f"cannot be compared ({type(error).__name__}); please report this"}


def _show(found: SchemaDiff) -> None:
    verdicts: dict[str, Verdict] = {"backward": found.backward, "forward": found.forward}
    for name, meaning in _MEANINGS:
        verdict = click.style(f"{verdicts[name]:<10}", fg=_VERDICT_COLOURS[verdicts[name]], bold=True)
        click.echo(f"{name:<8}  {verdict}  ({meaning})")
        for counterexample in found.counterexamples:
            if counterexample.direction == name:
                click.echo(f"{'':<10}{_example(counterexample)}")
    click.echo("no changes" if not found.changes else "")
    for line in summarise(found.changes):
        click.echo(visible_line(line))
    if found.changes:
        click.echo("")
    for change in found.changes:
        click.echo(_row(change))
        if change.counterexample is not None:
            click.echo(f"{'':<20}{_example(change.counterexample)}")
    for reason in found.reasons:
        click.echo(click.style(visible_line(reason), dim=True))


def _row(change: Change) -> str:
    effect = click.style(f"{change.effect:<18}", fg=_EFFECT_COLOURS[change.effect])
    values = ""
    if change.before is not None or change.after is not None:
        values = f"  {_short(change.before)} -> {_short(change.after)}"
    return f"{effect}  {change.kind:<28}  {visible_line(change.pointer) or '(root)'}{values}"


def _example(counterexample: Counterexample) -> str:
    value = visible_line(json.dumps(counterexample.value, ensure_ascii=False))
    backward = counterexample.direction == "backward"
    what = "is valid today and would be refused" if backward else "is refused today and would be valid"
    return click.style(f"for example `{value}` {what}", dim=True)


def _short(value: Json) -> str:
    return "-" if value is None else visible_line(json.dumps(value, ensure_ascii=False))
