"""`countersign evidence verify`: whether a log, or every log of a fleet, is what was written, and who vouches for it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import click

from countersign.cli import report_lines
from countersign.cli.evidence_nodes import read_fleet
from countersign.cli.evidence_places import places_of, source_options
from countersign.cli.moments import parse_moment
from countersign.errors import CountersignError, RulesError
from countersign.evidence import anchors, fleet, keys, verification
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.errors import BadNote, KeyFileError
from countersign.evidence.fleet import NodeReport, Verdict
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_INTACT, _TAMPERED, _UNREADABLE, _UNANCHORED = 0, 1, 2, 3
_NODE_CODES = {Verdict.INTACT: _INTACT, Verdict.UNREADABLE: _UNREADABLE, Verdict.UNANCHORED: _UNANCHORED}
_FILE = click.Path(path_type=Path)


@click.command("verify")
@click.argument("log", type=_FILE, required=False)
@source_options
@click.option("--vkey", type=_FILE, help="File with the log's public keys.  [default: the state's]")
@click.option("--anchor", "files", type=_FILE, multiple=True, help="A checkpoint file that was kept elsewhere; repeat.")
@click.option("--witness", "vkeys", metavar="VKEY", multiple=True, help="A witness whose cosignatures count; repeat.")
@click.option(
    "--quorum", type=click.IntRange(1), metavar="K", help="So many of the witnesses must vouch.  [default: all]"
)
@click.option("--require-anchor", is_flag=True, help="End with 3 where nothing was kept elsewhere to compare with.")
@click.option("--nodes", type=_FILE, help="Verify every log that this file lists, instead of one.")
@click.option(
    "--at", metavar="TIME", help="With --nodes: judge ages as of then, e.g. when copies were made.  [default: now]"
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object.")
def verify(
    log: Path | None,
    state: Path | None,
    db: Path | None,
    vkey: Path | None,
    files: tuple[Path, ...],
    vkeys: tuple[str, ...],
    quorum: int | None,
    require_anchor: bool,
    nodes: Path | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Check every record of a log against its public keys, and against what was kept elsewhere. Nothing is sampled.

    LOG is a database, or a directory that `evidence export --tiles` wrote; left out, it is the gateway's own. Cosigned
    checkpoints are found beside it, and in --anchor files; they count for the witnesses that are named, and only when the
    cosignature verifies. Take the public keys and the anchors from where the gateway cannot write.

    With --nodes FILE every gateway that the file lists must be there, intact, anchored as it says, and recent:

    \b
      max_age_seconds: 900            # of the newest record; of the newest that is anchored, where there are anchors
      directory: collected            # a log in here that is no node's is remarked on
      nodes:
        - origin: example.com/audit/gateway-1
          vkeys: [example.com/audit/gateway-1+...]      # the lines of its log.vkey
          log: collected/gateway-1/evidence.db          # or an export; places are below this file's directory
          anchors: {checkpoint_files: [...], witnesses: [VKEY, ...], quorum: 1}

    Ends with 0: intact; 1: tampered with (or a node is missing, or silent for too long); 2: cannot be read; 3: intact, but
    not anchored: fewer witnesses vouch than were asked, or --require-anchor was given and nothing does.
    """
    if nodes is not None:
        if log or db or vkey or files or vkeys or quorum or require_anchor:
            raise click.UsageError(
                "--nodes says all of it: leave out LOG, --db, --vkey, --anchor, --witness and --quorum"
            )
        _verify_fleet(nodes, time.time_ns() // 1000 if at is None else parse_moment(at, "--at"), as_json=as_json)
    if at is not None:
        raise click.UsageError("--at needs --nodes: nothing else has an age")
    if log is not None and db is not None:
        raise click.UsageError("give LOG or --db, not both")
    places = places_of(state)
    source = log or db or places.database
    try:
        known = "\n".join(key.vkey() for key in keys.read_vkeys(vkey or places.vkey))
        witnesses = [_witness(each) for each in vkeys]
        kept = [*map(anchors.of_file, files), *anchors.beside(source, witnesses)]
        report = verification.verify(source, known, kept, witnesses, quorum)
    except (KeyFileError, BadNote, ValueError) as error:
        _fail(str(error))
    needs_anchor = require_anchor or bool(witnesses)
    if as_json:
        _print_json(report_lines.as_json(report))
    else:
        _print(report_lines.lines(report, needs_anchor=needs_anchor), is_good=report.ok)
    if report.unreadable is not None:
        sys.exit(_UNREADABLE)
    sys.exit(_TAMPERED if not report.ok else _UNANCHORED if needs_anchor and not report.is_anchored else _INTACT)


def _verify_fleet(path: Path, now_us: int, *, as_json: bool) -> NoReturn:
    try:
        expected = read_fleet(path)
        found = [fleet.verify_node(node, now_us) for node in expected.nodes]
        remarks = [
            f"{place} is of no node that is listed; it calls itself {origin}"
            for place, origin in fleet.strangers(expected)
        ]
    except (RulesError, CountersignError, OSError) as error:
        _fail(str(error))
    if as_json:
        _print_json(report_lines.fleet_as_json(found, remarks))
    else:
        _print(report_lines.fleet_lines(found, remarks), is_good=all(each.ok for each in found))
    sys.exit(_worst(found))


def _worst(found: Sequence[NodeReport]) -> int:
    """What is missing where it must be, or ends before it should, was taken away as far as anybody can tell."""
    codes = {_NODE_CODES.get(each.verdict, _TAMPERED) for each in found}
    return next(code for code in (_TAMPERED, _UNREADABLE, _UNANCHORED, _INTACT) if code in codes)


def _witness(vkey: str) -> CosignatureVerifier:
    try:
        return CosignatureVerifier.parse(vkey)
    except BadNote as error:
        raise BadNote(f"--witness: {error}") from None


def _print(lines: Iterator[str], *, is_good: bool) -> None:
    for line in lines:
        click.echo(visible_line(line), err=not is_good)


def _print_json(document: dict[str, Json]) -> None:
    click.echo(json.dumps(document, indent=2, sort_keys=True))


def _fail(problem: str) -> NoReturn:
    for line in problem.splitlines():
        click.echo(visible_line(line), err=True)
    sys.exit(_UNREADABLE)
