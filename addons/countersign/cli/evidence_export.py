"""`countersign evidence prove` and `evidence export`: evidence for strangers, who verify it with software of their own.

Reads the database directly, beside a running gateway or without one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click
from sqlite_utils import Database

from countersign.evidence import checkpoint, keys, proof_file, store, tiles
from countersign.evidence.checkpoint import Checkpoint, Verifier
from countersign.evidence.checkpoint_file import read_notes
from countersign.evidence.errors import BadNote, BadProof, EvidenceDamaged, KeyFileError
from countersign.evidence.places import StatePlaces
from countersign.evidence.proof_file import ProofFile
from countersign.evidence.stored_tree import StoredTree
from countersign.evidence.tiles import ExportRefused
from countersign.strict_json import Json
from countersign.visible_text import visible_line

COSIGNED_NAME = "cosigned-checkpoints"
_TAMPERED = 1
_UNREADABLE = 2

#: Puts an export into the log, given what it is of; called before a byte of it is written, and what it raises ends it.
type RecordExport = Callable[[StatePlaces, dict[str, Json]], None]


def not_recorded(places: StatePlaces, fields: dict[str, Json]) -> None:
    """Nobody is told: the place where an export becomes a record of the log."""


def _source_options[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    state = click.option(
        "--state",
        envvar="COUNTERSIGN_STATE",
        type=click.Path(path_type=Path),
        help="State directory of the gateway.  [default: ~/.countersign]",
    )
    database = click.option("--db", type=click.Path(path_type=Path), help="The database itself, e.g. a copy.")
    return state(database(command))


@click.command("prove")
@_source_options
@click.argument("seq", type=click.IntRange(min=0))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The proof.  [default: record-SEQ.tlog-proof]")
@click.option(
    "--vkey", type=click.Path(path_type=Path), help="File with the log's public keys.  [default: the state's]"
)
def prove(state: Path | None, db: Path | None, seq: int, output: Path | None, vkey: Path | None) -> None:
    """Write a proof that record SEQ is in the log, and the record itself beside it (the same name, ending in .leaf).

    The proof is of the first checkpoint that covers the record; of the first that a witness cosigned, where there is
    one. It is in the form of C2SP tlog-proof, and is checked offline, given the record and the log's public keys.
    """
    places = _places(state)
    path = output or Path(f"record-{seq}.tlog-proof")
    leaf_path = path.with_suffix(".leaf")
    if leaf_path == path:
        raise click.BadParameter("the name of the proof must not end in .leaf", param_hint="--output")
    with _exits(db or places.database):
        verifiers = keys.read_vkeys(vkey or places.vkey)
        with closing(store.open_for_reading(db or places.database)) as connection:
            made = _proof(connection, seq, verifiers, None if db is not None else places.evidence / COSIGNED_NAME)
        _write_new(leaf_path, made.leaf)
        _write_new(path, made.text)
    click.echo(f"{path}: record {seq} is in the log of the first {made.size} records, {made.cosigned}.")
    click.echo(f"{leaf_path}: the record, byte for byte as it was signed.")


@click.command("export")
@_source_options
@click.option(
    "--tiles",
    "directory",
    type=click.Path(path_type=Path),
    required=True,
    help="New directory, in C2SP tlog-tiles form.",
)
@click.option("--with-payloads", is_flag=True, help="The masked messages too, not only their commitments.")
def export(state: Path | None, db: Path | None, directory: Path, with_payloads: bool) -> None:
    """Write the whole log to a directory that strangers can verify, in a public form."""
    with _exits(directory):
        last = export_tiles(_places(state), db, directory, with_payloads=with_payloads)
    click.echo(f"{directory}: {last.size} records of {last.origin}{', with payloads' if with_payloads else ''}.")
    click.echo(f"Verify it with: python standalone_verifier.py --vkey LOG.VKEY {directory}")


def export_tiles(
    places: StatePlaces,
    db: Path | None,
    directory: Path,
    *,
    with_payloads: bool,
    record_export: RecordExport = not_recorded,
) -> Checkpoint:
    """Export the log of a state directory, or the database `db`, a copy, whose export no log can record.

    Raises as `tiles.export`, and what `record_export` raises.
    """

    def note_export(last: Checkpoint) -> None:
        if db is None:
            what: dict[str, Json] = {"form": "tiles", "size": last.size, "root": last.root.hex()}
            record_export(places, {**what, "with_payloads": with_payloads})

    with closing(store.open_for_reading(db or places.database)) as connection:
        return tiles.export(connection, directory, with_payloads=with_payloads, note_export=note_export)


@dataclass(frozen=True, slots=True)
class _Made:
    """A proof that was checked once."""

    leaf: bytes
    text: bytes
    size: int
    cosigned: str


def _proof(db: Database, seq: int, verifiers: tuple[Verifier, ...], cosigned: Path | None) -> _Made:
    db.execute("begin")
    row = db.execute("select leaf from records where seq = ?", [seq]).fetchone()
    if row is None:
        _fail(f"there is no record {seq}")
    (last,) = db.execute("select max(seq) + 1 from records").fetchone()
    note = _first_covering(cosigned, seq, last) if cosigned is not None and cosigned.exists() else None
    said = "as witnesses cosigned it" if note is not None else "as the log's key signed it; no witness saw it"
    if note is None:
        found = db.execute("select note from checkpoints where size > ? order by size limit 1", [seq]).fetchone()
        if found is None:
            raise EvidenceDamaged(f"there is no checkpoint that covers record {seq}")
        note = found[0]
    size = checkpoint.parse(checkpoint.split_note(note)[0]).size
    try:
        text = ProofFile(seq, StoredTree(db).inclusion_proof(seq, size), note).text()
    except ValueError as error:  # the note calls itself smaller or larger than its place
        raise EvidenceDamaged(str(error)) from None
    proof_file.verify_proof(text, row[0], verifiers)
    return _Made(row[0], text, size, said)


def _first_covering(path: Path, seq: int, last: int) -> bytes | None:
    """The first cosigned checkpoint with more than `seq` records: the earliest time at which a witness saw the record."""
    for note in read_notes(path):
        size = checkpoint.parse(checkpoint.split_note(note)[0]).size
        if seq < size <= last:
            return note
    return None


@contextmanager
def _exits(path: Path) -> Iterator[None]:
    """Errors as exit codes, each with a line that says what to do."""
    try:
        yield
    except (EvidenceDamaged, BadNote, BadProof) as error:
        click.echo(f"{path}: {visible_line(str(error))}; run `countersign evidence verify`", err=True)
        sys.exit(_TAMPERED)
    except (ExportRefused, KeyFileError) as error:
        _fail(str(error))
    except FileExistsError as error:
        _fail(f"{error.filename}: is there already; name another file with -o")
    except (*store.UNREADABLE, OSError) as error:
        _fail(f"{path}: {error}")


def _fail(problem: str) -> NoReturn:
    click.echo(visible_line(problem), err=True)
    sys.exit(_UNREADABLE)


def _places(state: Path | None) -> StatePlaces:
    return StatePlaces.default(Path.home()) if state is None else StatePlaces(state)


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
