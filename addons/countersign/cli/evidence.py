"""`countersign evidence`: look at the evidence of a gateway.

Reads the database directly, beside a running gateway or without one; never writes.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import click
from sqlite_utils import Database

from countersign.cli.evidence_places import places_of, source_options
from countersign.cli.moments import parse_moment
from countersign.evidence import account, store
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import TYPES, Record
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_TAMPERED = 1
_UNREADABLE = 2


@click.group()
def evidence() -> None:
    """What happened, who approved it, and whether the record of it is intact."""


@evidence.command("list")
@source_options
@click.option("--type", "kind", type=click.Choice(TYPES), help="Only records of this type.")
@click.option("--subject", help="Only this subject.")
@click.option("--caller", help="Only callers whose name holds this.")
@click.option("--since", metavar="TIME", help="Only later ones: 2026-01-31, 2026-01-31T12:00Z, or 90m, 24h, 7d ago.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_records(
    state: Path | None,
    db: Path | None,
    kind: str | None,
    subject: str | None,
    caller: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show records, newest first."""
    conditions: list[tuple[str, object]] = []
    if kind is not None:
        conditions.append(("type = ?", kind))
    if subject is not None:
        conditions.append(("subject = ?", subject))
    if caller is not None:
        conditions.append(("instr(caller, ?) > 0", caller))
    if since is not None:
        conditions.append(("time >= ?", parse_moment(since, "--since")))
    where = " and ".join(condition for condition, _ in conditions) or "1"
    parameters = [value for _, value in conditions]
    with _reading(state, db) as connection:
        for record in _first(
            limit, store.read_records(connection, where=where, parameters=parameters, newest_first=True)
        ):
            if as_json:
                click.echo(json.dumps(_as_json(record, with_payloads=False), sort_keys=True))
            else:
                what = account.sentence(record)
                exchange = visible_line(record.exchange or "-")
                click.echo(
                    f"{record.seq:>7}  {account.moment(record.time_us)}  {record.type:<15}  {exchange:<26}  {what}"
                )


@evidence.command("show")
@source_options
@click.argument("exchange_or_seq")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def show(state: Path | None, db: Path | None, exchange_or_seq: str, as_json: bool) -> None:
    """Show everything that is recorded of one exchange, given its id or the number of one of its records."""
    with _reading(state, db) as connection:
        found = _exchange(connection, exchange_or_seq)
        if not found:
            _fail(f"there is no exchange and no record {visible_line(exchange_or_seq)!r}")
        if as_json:
            click.echo(json.dumps([_as_json(record, with_payloads=True) for record in found], indent=2, sort_keys=True))
            return
        for record in found:
            for line in account.details(record):
                click.echo(line)
            click.echo()


def _exchange(connection: Database, wanted: str) -> list[Record]:
    """The records of an exchange, and those of the approvals it names (an approver's signature has no exchange)."""
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        found = list(store.read_records(connection, where="seq = ?", parameters=[int(wanted)]))
        if not found or found[0].exchange is None:
            return found
        wanted = found[0].exchange
    found = list(store.read_records(connection, where="exchange = ?", parameters=[wanted]))
    approvals = {record.fields["approval"] for record in found if isinstance(record.fields.get("approval"), str)}
    if approvals:
        steps = store.read_records(connection, where="type = ?", parameters=["approval"])
        others = (step for step in steps if step.exchange != wanted)
        found += [step for step in others if step.fields.get("approval") in approvals]
    return sorted(found, key=lambda record: record.seq)


def _as_json(record: Record, *, with_payloads: bool) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "seq": record.seq,
        "time": account.moment(record.time_us),
        "type": record.type,
        "exchange": record.exchange,
        "fields": dict(record.fields),
        "says": account.sentence(record),
    }
    if with_payloads:
        shown["payloads"] = {
            name: {"media_type": payload.media_type, "base64": base64.b64encode(payload.data).decode()}
            for name, payload in record.payloads.items()
        }
    return shown


@contextmanager
def _reading(state: Path | None, db: Path | None) -> Iterator[Database]:
    path = db or places_of(state).database
    try:
        with closing(store.open_for_reading(path)) as connection:
            yield connection
    except store.UNREADABLE as error:
        _fail(visible_line(f"{path}: cannot be read: {error}"))
    except EvidenceDamaged as error:
        click.echo(f"{path}: {visible_line(str(error))}; run `countersign evidence verify`", err=True)
        sys.exit(_TAMPERED)


def _first(limit: int, found: Iterator[Record]) -> Sequence[Record]:
    return [record for record, _ in zip(found, range(limit), strict=False)]


def _fail(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(_UNREADABLE)
