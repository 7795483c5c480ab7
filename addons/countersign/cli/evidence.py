"""`countersign evidence`: look at the evidence of a gateway, and verify it.

Reads the database directly, beside a running gateway or without one; never writes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
from sqlite_utils import Database

from countersign.evidence import account, anchors, keys, store, verification
from countersign.evidence.errors import EvidenceDamaged, KeyFileError
from countersign.evidence.places import StatePlaces
from countersign.evidence.records import TYPES, Record
from countersign.evidence.report import Report
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_TAMPERED = 1
_UNREADABLE = 2
_PERIOD = re.compile(r"([0-9]{1,6})([smhd])")
_PERIOD_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ANCHORS = (
    "No checkpoint that was kept elsewhere was compared (--anchor). So all of it rests on the log's signing key alone:",
    "who holds it could have written the log anew, and who may write the database could have cut off its end.",
)


@click.group()
def evidence() -> None:
    """What happened, who approved it, and whether the record of it is intact."""


def _database_option[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    state = click.option(
        "--state",
        envvar="COUNTERSIGN_STATE",
        type=click.Path(path_type=Path),
        help="State directory of the gateway.  [default: ~/.countersign]",
    )
    database = click.option("--db", type=click.Path(path_type=Path), help="The database itself, e.g. a copy.")
    return state(database(command))


@evidence.command("list")
@_database_option
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
        conditions.append(("time >= ?", _since(since)))
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
@_database_option
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


@evidence.command("verify")
@_database_option
@click.option("--vkey", type=click.Path(path_type=Path), help="File with the log's public key.  [default: the state's]")
@click.option(
    "--anchor", "files", type=click.Path(path_type=Path), multiple=True, help="A checkpoint file kept elsewhere."
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object.")
def verify(state: Path | None, db: Path | None, vkey: Path | None, files: tuple[Path, ...], as_json: bool) -> None:
    """Check every record against the log's public keys, and against the checkpoints that were kept elsewhere.

    Ends with 0: intact, 1: tampered with, 2: cannot be read.
    """
    places = _places(state)
    try:
        key = "\n".join(key.vkey() for key in keys.read_vkeys(vkey or places.vkey))
    except KeyFileError as error:
        _fail(str(error))
    report = verification.verify(db or places.database, key, [anchors.of_file(path) for path in files])
    if as_json:
        click.echo(json.dumps(_report_as_json(report), indent=2, sort_keys=True))
    else:
        for line in _report_lines(report):
            click.echo(visible_line(line), err=not report.ok)
    sys.exit(_UNREADABLE if report.unreadable is not None else 0 if report.ok else _TAMPERED)


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


def _report_as_json(report: Report) -> dict[str, Json]:
    return {
        "ok": report.ok,
        "origin": report.origin,
        "records": report.records,
        "payloads": report.payloads,
        "checkpoints": report.checkpoints,
        "vouched_size": report.vouched_size,
        "vouched_root": base64.b64encode(report.vouched_root).decode(),
        "anchored_size": report.anchored_size,
        "anchors": [{"name": each.name, "size": each.size, "checkpoints": each.checkpoints} for each in report.anchors],
        "epochs": [{"vkey": each.vkey, "begin": each.begin, "end": each.end} for each in report.epochs],
        "erased": report.erased,
        "problem_count": report.problem_count,
        "problems": [{"seq": problem.seq, "what": problem.what} for problem in report.problems],
        "remarks": [{"seq": remark.seq, "what": remark.what} for remark in report.remarks],
        "open_intents": list(report.open_intents),
        "unreadable": report.unreadable,
    }


def _report_lines(report: Report) -> Iterator[str]:
    if report.unreadable is not None:
        yield f"cannot be read: {report.unreadable}"
        return
    verdict = "intact" if report.ok else "TAMPERED WITH OR DAMAGED"
    yield f"{report.origin}: {verdict}"
    yield f"{report.records} records, {report.payloads} payloads and {report.checkpoints} checkpoints were read, none skipped."
    root = base64.b64encode(report.vouched_root).decode()
    yield f"The log's key vouches for the first {report.vouched_size} records (root {root})."
    if len(report.epochs) > 1:
        yield f"It had {len(report.epochs)} keys, one after the other."
    if report.erased:
        yield f"{report.erased} payloads were erased by rule; the records of what happened are whole."
    for anchor in report.anchors:
        yield f"{anchor.name} vouches for the first {anchor.size} records ({anchor.checkpoints} checkpoints)."
    if not report.anchors:
        yield from _ANCHORS
    for problem in report.problems:
        yield f"problem: {problem}"
    if report.problem_count > len(report.problems):
        yield f"... and {report.problem_count - len(report.problems)} more problems."
    for remark in report.remarks:
        yield f"remark: {remark}"
    if report.open_intents:
        yield f"{len(report.open_intents)} requests are still open (their outcome is not recorded yet)."


@contextmanager
def _reading(state: Path | None, db: Path | None) -> Iterator[Database]:
    path = db or _places(state).database
    try:
        with closing(store.open_for_reading(path)) as connection:
            yield connection
    except store.UNREADABLE as error:
        _fail(visible_line(f"{path}: cannot be read: {error}"))
    except EvidenceDamaged as error:
        click.echo(f"{path}: {visible_line(str(error))}; run `countersign evidence verify`", err=True)
        sys.exit(_TAMPERED)


def _places(state: Path | None) -> StatePlaces:
    return StatePlaces.default(Path.home()) if state is None else StatePlaces(state)


def _first(limit: int, found: Iterator[Record]) -> Sequence[Record]:
    return [record for record, _ in zip(found, range(limit), strict=False)]


def _since(text: str) -> int:
    """Microseconds since 1970. Times without an offset are UTC, as the list shows them."""
    try:
        if period := _PERIOD.fullmatch(text):
            moment = datetime.now(UTC) - timedelta(**{_PERIOD_UNITS[period[2]]: int(period[1])})
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            "give a date, a time, or a period such as 90m, 24h or 7d", param_hint="--since"
        ) from None


def _fail(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(_UNREADABLE)
