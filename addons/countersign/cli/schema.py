"""`countersign schema`: what changed between two JSON Schemas, and what it means for readers and writers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
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
    check_schema,
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
_OF_VALUES = ("enum-value-", "const-")  # null is a value, too
_WIDEST_PLACE = 60  # characters: values stand in line up to here, and longer places push only their own
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

    Exit code 0 whatever the verdict; 2: a file cannot be read, or holds no JSON or no schema.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    if batch is not None:
        if old is not None or new is not None:
            raise click.UsageError("--batch takes no OLD and NEW; leave them out")
        for number, line in _lines(batch):
            click.echo(json.dumps(_batch_answer(number, line, dialect)))
        return
    if old is None or new is None:
        raise click.UsageError("give two files, OLD and NEW, or --batch FILE")
    if str(old) == str(new) == "-":
        raise click.UsageError("only one of OLD and NEW can be the standard input")
    try:
        before, after = _read(old), _read(new)
    except BadInput as error:
        click.echo(visible_line(error.detail), err=True)
        context.exit(_UNREADABLE)
    found = compare(before, after, default_dialect=dialect)
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    for path, document in ((old, before), (new, after)):
        _warn_of_mistakes(path, document, dialect)
    _show(found)


def _read(path: Path) -> Json:
    """The schema in a file. Raises BadInput with the file's name, the place and what to do."""
    name = _name(path)
    try:
        with click.open_file(str(path), "rb") as file:
            data: bytes = file.read(limits.MAX_BODY_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror or 'cannot be read'}; give a file that you may read") from None
    if len(data) > limits.MAX_BODY_BYTES:
        raise BadInput(f"{name}: longer than {limits.MAX_BODY_BYTES} bytes; split the schema")
    try:
        document = loads(data, exact_numbers=True)
    except BadInput as error:
        raise BadInput(f"{name}: {error.detail}; give one schema, as JSON") from None
    return _schema(document, name)


def _name(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _schema(value: Json, name: str) -> Json:
    if not isinstance(value, dict | bool):
        raise BadInput(f"{name}: the root of a schema is an object, true or false; give one schema, as JSON")
    return value


def _warn_of_mistakes(path: Path, document: Json, dialect: str | None) -> None:
    """Say what is no valid schema: it is compared as far as it can be read, and what it means may be unknown."""
    try:
        check_schema(document, default_dialect=dialect)
    except BadInput as error:
        click.echo(visible_line(f"{_name(path)}: {error.detail}; compared as far as it can be read"), err=True)


def _lines(batch: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1; one that is too long comes in pieces, and none of them is JSON."""
    number = 1
    while line := batch.readline(2 * limits.MAX_BODY_BYTES):
        if line.strip():
            yield number, line
        number += line.endswith(b"\n")


def _batch_answer(number: int, line: bytes, dialect: str | None) -> Json:
    """The comparison that one line asks for, or what is wrong with the line."""
    try:
        pair = loads(line, max_depth=limits.MAX_JSON_DEPTH + 1, exact_numbers=True)
        if not isinstance(pair, dict) or not {"old", "new"} <= pair.keys():
            raise BadInput('not an object with "old" and "new"; a line looks like {"old": {…}, "new": {…}}')
        # null: there is no schema yet
        old = None if pair["old"] is None else _schema(pair["old"], "old")
        return compare(old, _schema(pair["new"], "new"), default_dialect=dialect).as_json()
    except CountersignError as error:
        return {"error": str(error), "line": number}
    except Exception as error:  # noqa: BLE001 - a batch never stops at a bad line, whatever is wrong with it
        return {"error": f"cannot be compared ({type(error).__name__}); please report this", "line": number}


def _show(found: SchemaDiff) -> None:
    verdicts: dict[str, Verdict] = {"backward": found.backward, "forward": found.forward}
    others = _other_reasons(found)
    for name, meaning in _MEANINGS:
        verdict = click.style(f"{verdicts[name]:<10}", fg=_VERDICT_COLOURS[verdicts[name]], bold=True)
        click.echo(f"{name:<8}  {verdict}  ({meaning})")
        for counterexample in found.counterexamples:
            if counterexample.direction == name:
                click.echo(f"{'':<10}{_example(counterexample)}")
        for reason in others:
            if reason.startswith(f"{name} "):
                click.echo(f"{'':<10}" + click.style(visible_line(reason.partition(": ")[2]), dim=True))
    click.echo("no changes" if not found.changes else "")
    for line in summarise(found.changes):
        click.echo(visible_line(line))
    if found.changes:
        click.echo("")
    widths = tuple(
        max((len(text) for text in column), default=0)
        for column in zip(*((change.effect, change.kind, _place(change)) for change in found.changes), strict=True)
    )
    for change in found.changes:
        click.echo(_row(change, widths))
        if change.counterexample is not None:
            click.echo(f"{'':<{widths[0] + 2}}{_example(change.counterexample)}")


def _other_reasons(found: SchemaDiff) -> list[str]:
    """The reasons that are more than a change, whose row says as much."""
    rows = {f"{change.kind} at {change.pointer or 'the root'} ({change.effect})" for change in found.changes}
    return [reason for reason in found.reasons if reason.partition(": ")[2] not in rows]


def _row(change: Change, widths: Sequence[int]) -> str:
    effect = click.style(f"{change.effect:<{widths[0]}}", fg=_EFFECT_COLOURS[change.effect])
    place = min(widths[2], _WIDEST_PLACE)
    return f"{effect}  {change.kind:<{widths[1]}}  {_place(change):<{place}}  {_values(change)}".rstrip()


def _place(change: Change) -> str:
    return visible_line(change.pointer) or "(root)"


def _values(change: Change) -> str:
    """What came, what went, or both."""
    if change.before is None and change.after is None and not change.kind.startswith(_OF_VALUES):
        return ""
    if change.kind.endswith("-added"):
        return _short(change.after)
    if change.kind.endswith("-removed"):
        return _short(change.before)
    return f"{_short(change.before)} -> {_short(change.after)}"


def _example(counterexample: Counterexample) -> str:
    value = visible_line(json.dumps(counterexample.value, ensure_ascii=False))
    backward = counterexample.direction == "backward"
    what = "is valid today and would be refused" if backward else "is refused today and would be valid"
    return click.style(f"for example `{value}` {what}", dim=True)


def _short(value: Json) -> str:
    return visible_line(json.dumps(value, ensure_ascii=False))
