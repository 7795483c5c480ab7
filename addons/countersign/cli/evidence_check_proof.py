"""`countersign evidence check-proof`: what a proof that somebody was given shows, offline, and without any log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from countersign import limits
from countersign.cli.evidence_places import places_of, state_option
from countersign.cli.report_lines import second
from countersign.evidence import keys, proof_file, records
from countersign.evidence.cosignature import CosignatureVerifier, quorum_of
from countersign.evidence.errors import BadNote, BadProof, EvidenceDamaged, KeyFileError
from countersign.evidence.proof_file import Proven
from countersign.visible_text import visible_line

_FALSE, _UNREADABLE, _UNANCHORED = 1, 2, 3
_FILE = click.Path(path_type=Path)


@click.command("check-proof")
@click.argument("proof", type=_FILE)
@click.option("--leaf", type=_FILE, help="The record.  [default: beside the proof, ending in .leaf]")
@state_option
@click.option("--vkey", type=_FILE, help="File with the log's public keys.  [default: the state's]")
@click.option("--witness", "vkeys", metavar="VKEY", multiple=True, help="A witness whose cosignature counts; repeat.")
@click.option(
    "--quorum", type=click.IntRange(1), metavar="K", help="So many of the witnesses must vouch.  [default: all]"
)
def check_proof(
    proof: Path,
    leaf: Path | None,
    state: Path | None,
    vkey: Path | None,
    vkeys: tuple[str, ...],
    quorum: int | None,
) -> None:
    """Check a proof (.tlog-proof) that a record is in a log, and say in one line what it shows.

    Take the public keys of the log and of the witnesses from where the gateway cannot write. It shows that the log
    vouches for exactly this record, not that the record tells the truth.

    Ends with 0: it is in the log; 1: the proof is false; 2: cannot be read; 3: it is in the log, but fewer of the witnesses
    vouch for that than were asked.
    """
    try:
        witnesses = [CosignatureVerifier.parse(each) for each in vkeys]
        needed = quorum_of(witnesses, quorum)
        known = keys.read_vkeys(vkey or places_of(state).vkey)
        told = _read(proof, limits.MAX_PROOF_FILE_BYTES)
        record = _read(leaf or proof.with_suffix(".leaf"), limits.MAX_RECORD_BYTES)
    except (KeyFileError, BadNote, ValueError, OSError) as error:
        _end(str(error), _UNREADABLE)
    try:
        proven = proof_file.verify_proof(told, record, known, witnesses)
        kind = records.parse(record)
    except (BadProof, BadNote, EvidenceDamaged) as error:
        _end(f"{proof}: FALSE: {error}", _FALSE)
    record_of = f"record {proven.index} ({kind.type}, {second(kind.time_us)})"
    log = f"{proven.checkpoint.origin}, {_cosigned(proven)}"
    line = f"{proof}: {record_of} is one of the first {proven.checkpoint.size} of the log {log}."
    if len(proven.cosigned) < needed:
        _end(f"{line} {needed} of the {len(witnesses)} named witnesses were asked for: NOT ANCHORED", _UNANCHORED)
    click.echo(visible_line(line))


def _cosigned(proven: Proven) -> str:
    if not proven.cosigned:
        return "as the log's own key says"
    return "cosigned by " + " and ".join(
        f"{name} at {second(time * 1_000_000)}" for name, time in proven.cosigned.items()
    )


def _read(path: Path, limit: int) -> bytes:
    """One byte more than is allowed is enough for the parser to say so."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _end(what: str, code: int) -> NoReturn:
    click.echo(visible_line(what), err=True)
    sys.exit(code)
